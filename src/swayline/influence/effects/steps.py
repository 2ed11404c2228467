"""Is a treatment a step of an outcome that was decided on? Then it comes right before it, as no other act does."""

import numpy as np
import numpy.typing as npt

from swayline.causal.inference.intervals import difference_in_means
from swayline.causal.inference.refutation import Refutation
from swayline.influence.effects.episodes import NEVER, Int64s, Pairs, Timeline

RIGHT_BEFORE_S = 300.0
"""So soon after an act an outcome counts as following at once."""
MOST_MORE = 0.2
"""The share of outcomes at once may be larger after treatments than after other acts by this much."""
FEWEST = 20
_ALARM = 0.001
_COARSE_S = 3600


def right_before(line: Timeline, found: Pairs, treatment: str, outcome: str) -> dict[str, Refutation]:
    """Whether outcomes follow the treatment within minutes, far more often than they follow what else came last.

    An outcome that people had decided on takes its own steps with it (the cart a minute before the purchase): such a
    treatment is caused by the outcome to come. A treatment that truly acts within minutes looks the same, so that this
    check fails there, too. Nothing is returned where times are no finer than an hour, or outcomes are few.

    Parameters
    ----------
    found : pairs; each counts by its first treatment and its first outcome
    """
    treated, ended = found.first[treatment], found.first[outcome]
    done = np.flatnonzero((ended != NEVER) & (ended > found.opened))
    after = treated[done] < ended[done]
    time = line.column("t")
    came = np.where(after, np.minimum(treated[done], len(time) - 1), _last_before(line, ended[done]))
    lag_s = (time[ended[done]] - time[came]) / 1e6
    if after.sum() < FEWEST or not (lag_s % _COARSE_S).any():
        return {}
    at_once = (lag_s <= RIGHT_BEFORE_S).astype(np.float64)
    share = float(at_once[after].mean())
    words = f"{share:.0%} of the {int(after.sum()):,} {outcome!r} after {treatment!r} come within five minutes of it"
    if (~after).sum() < FEWEST:
        return {"right before the outcome": Refutation(share <= 0.5, share, f"{words}, and hardly any comes without")}
    people = np.unique(found.user[done], return_inverse=True)[1].astype(np.int64)
    gap = difference_in_means(after, at_once, people)
    passed = gap.value <= MOST_MORE or not gap.p < _ALARM
    other = float(at_once[~after].mean())
    return {"right before the outcome": Refutation(bool(passed), gap.value, f"{words}; {other:.0%} after other acts")}


def _last_before(line: Timeline, order: Int64s) -> npt.NDArray[np.int64]:
    """Order numbers of the last event of the same pair before each event, which must have one."""
    pair = line.column("u") * (int(line.column("i").max()) + 2) + line.column("i")
    by_pair = np.lexsort((np.arange(len(pair)), pair))
    place = np.empty(len(pair), dtype=np.int64)
    place[by_pair] = np.arange(len(pair))
    return np.asarray(by_pair[np.maximum(place[order] - 1, 0)], dtype=np.int64)
