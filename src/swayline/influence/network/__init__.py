"""Who sways whom: self-exciting influence on ties, personal rhythms beside it so that likeness is not called sway."""

from swayline.influence.network.acts import Acts, Ties, make_acts, make_ties
from swayline.influence.network.describe.figures import Network, league_table, network_tables
from swayline.influence.network.estimator import PeopleInfluence
from swayline.influence.network.fit.goodness import Goodness, goodness_of_fit, held_out_log_likelihood
from swayline.influence.network.fit.hawkes import Solving, fit_hawkes
from swayline.influence.network.fit.intervals import TieEstimates, tie_estimates
from swayline.influence.network.fit.kernels import Delays, exponential
from swayline.influence.network.fit.model import HawkesFit
from swayline.ledger.standing import LEAST_ACTS, Standing, standing_ties

__all__ = [
    "LEAST_ACTS", "Acts", "Delays", "Goodness", "HawkesFit", "Network", "PeopleInfluence", "Solving", "Standing",
    "TieEstimates", "Ties", "exponential", "fit_hawkes", "goodness_of_fit", "held_out_log_likelihood", "league_table",
    "make_acts", "make_ties", "network_tables", "standing_ties", "tie_estimates",
]  # fmt: skip
