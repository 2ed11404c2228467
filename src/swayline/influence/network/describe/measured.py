"""People as measured: the fit and all that was read off it, so that pages and estimator need not know each other."""

from dataclasses import dataclass

import pyarrow as pa

from swayline.influence.network.describe.channels import ChannelEstimates
from swayline.influence.network.fit.intervals import TieEstimates
from swayline.influence.network.fit.model import HawkesFit
from swayline.influence.network.reading import People


@dataclass(frozen=True)
class MeasuredPeople:
    """What a fitted :class:`~swayline.influence.network.estimator.PeopleInfluence` knows.

    Parameters
    ----------
    read : People
        The log as the model sees it.
    fit : HawkesFit
    ties : TieEstimates
    channels : ChannelEstimates, optional
    ledger, people : pa.Table
        Rows of ties, and scores of people.
    radius : float
        Spectral radius of the branching.
    seed : int
    """

    read: People
    fit: HawkesFit
    ties: TieEstimates
    channels: ChannelEstimates | None
    ledger: pa.Table
    people: pa.Table
    radius: float
    seed: int
