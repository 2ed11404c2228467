"""A placebo for episodes: the person's own outcomes before the treatment could act, which it cannot have caused."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.causal.estimate.estimators import partial_slope
from swayline.causal.inference.refutation import Refutation
from swayline.causal.nuisance.cross_fitting import crossfit_all, default_learners, folds
from swayline.causal.refute.refutations import placebo_outcome
from swayline.causal.table.folds import FoldedDesign
from swayline.causal.table.frame import learn_encoder
from swayline.core.rng import generator

FEWEST_TREATED = 20
_FEWEST_PEOPLE = 10


def placebo_before(
    controls: pa.Table,
    treated: npt.NDArray[np.bool_],
    happened: npt.NDArray[np.float64],
    earlier: npt.NDArray[np.float64],
    early: npt.NDArray[np.bool_],
    clusters: npt.NDArray[np.int64],
    outcome: str,
    seed: int,
) -> dict[str, Refutation]:
    """The person's outcomes in the horizon before t0, which what came after cannot have caused.

    Controls on the person's own outcomes are taken as of that earlier time, since they would give it away. Nothing is
    returned where there are too few of either to say.

    Parameters
    ----------
    controls : as of t0, a row an episode
    treated : shape (n,)
    happened, earlier : the person's outcomes in the horizon before t0, and before that, each (n,)
    early : whether the log reaches back a horizon before t0, shape (n,)
    clusters : shape (n,)
    """
    y, t = (happened > 0).astype(np.float64)[early], treated[early].astype(np.float64)
    if min(y.sum(), t.sum()) < FEWEST_TREATED or min((1 - y).sum(), (1 - t).sum()) < FEWEST_TREATED:
        return {}
    told = [f"own: {outcome}", f"own: time since {outcome}", f"own in category: {outcome}"]
    kept = [name for name in controls.column_names if name not in told]
    table = controls.select(kept).filter(pa.array(early))
    encoder, x = learn_encoder(
        table.append_column("own: earlier outcomes", pa.array(np.log1p(earlier[early]))),
        [*kept, "own: earlier outcomes"],
    )
    packed = np.unique(clusters[early], return_inverse=True)[1].astype(np.int64)
    if packed.max() < _FEWEST_PEOPLE:
        return {}
    fold = folds(len(y), 5, packed, generator(seed, "placebo"))
    learners = default_learners(x, encoder.groups, True, "linear", seed)[0]
    targets = np.column_stack([t, y])
    left_t, left_y = (targets - crossfit_all(FoldedDesign(x, fold), targets, learners)[0]).T
    return {"placebo outcome": placebo_outcome(partial_slope(left_t, left_y, packed), f"{outcome!r} before t0")}
