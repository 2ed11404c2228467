"""A placebo for episodes: the person's own outcomes before the treatment could act, which it cannot have caused."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.core.rng import generator
from swayline.engine import Engine
from swayline.influence.behaviors import history
from swayline.influence.behaviors.episodes import Episodes, Timeline
from swayline.influence.behaviors.estimators import partial_slope
from swayline.influence.behaviors.frame import learn_encoder
from swayline.influence.behaviors.nuisance import crossfit, default_learners, folds
from swayline.influence.behaviors.refute import Refutation, placebo_outcome

FEWEST_TREATED = 20
_FEWEST_PEOPLE = 10


def placebo_before(
    engine: Engine,
    line: Timeline,
    made: Episodes,
    controls: pa.Table,
    all_moments: history.Moments,
    at: npt.NDArray[np.int64],
    clusters: npt.NDArray[np.int64],
    outcome: str,
    seed: int,
) -> dict[str, Refutation]:
    """The person's outcomes in the horizon before t0, which what came after cannot have caused.

    Controls on the person's own outcomes are taken as of that earlier time, since they would give it away. Nothing is
    returned where there are too few of either to say.
    """
    back = int(made.horizon_s * 1e6)
    columns = ("order", "user", "unit", "category", "time")
    moments = history.Moments(*(getattr(all_moments, name)[at] for name in columns))
    happened, earlier = history.own_outcomes(engine, line, moments, outcome, back)
    early = moments.time - back >= line.start_us
    y, t = (happened > 0).astype(np.float64)[early], made.treated[at][early].astype(np.float64)
    if min(y.sum(), t.sum()) < FEWEST_TREATED or min((1 - y).sum(), (1 - t).sum()) < FEWEST_TREATED:
        return {}
    told = [f"own: {outcome}", f"own: time since {outcome}", f"own in category: {outcome}"]
    kept = [name for name in controls.column_names if name not in told]
    table = controls.select(kept).take(pa.array(at[early]))
    encoder, x = learn_encoder(
        table.append_column("own: earlier outcomes", pa.array(np.log1p(earlier[early]))),
        [*kept, "own: earlier outcomes"],
    )
    packed = np.unique(clusters[early], return_inverse=True)[1].astype(np.int64)
    if packed.max() < _FEWEST_PEOPLE:
        return {}
    fold = folds(len(y), 5, packed, generator(seed, "placebo"))
    learners = default_learners(x, encoder.groups, True, "linear", seed)[0]
    left_t, left_y = (values - crossfit(x, values, fold, learners)[0] for values in (t, y))
    return {"placebo outcome": placebo_outcome(partial_slope(left_t, left_y, packed), f"{outcome!r} before t0")}
