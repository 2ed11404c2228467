"""Paths: the behaviours of a person on an item in order, up to the outcome, and who gets the credit for it.

::

    view view cart purchase     path view → cart, converted       repeats in a row are joined
    view                        path view, lost
    cart (share of the credit)  one rule a row of the ledger, the causal share beside them

Every rule shares out what happened (:mod:`.credit`); none says what would have happened otherwise. Shapes: J journeys
(a person and an item), P different paths, W behaviours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import OutcomeError
from swayline.core.types import Bools, Floats, Ints
from swayline.engine import Engine
from swayline.engine.operators import episodes
from swayline.influence.effects.episodes import timeline

HALF_LIFE_S = 7 * 86_400.0
"""Seconds after which the rule of time decay gives a step half the credit; seven days, as analytics tools do."""


@dataclass(frozen=True)
class Journeys:
    """What every person did on every item up to the outcome.

    Parameters
    ----------
    words : tuple of str
        The W behaviours.
    paths : tuple of tuple of int
        The P different paths, as numbers of behaviours.
    path, user : (J,) int64
    converted : (J,) bool
    decayed : three arrays (D,)
        Credit by time decay: journey (converted ones), behaviour, share; the shares of a journey add to 1.
    """

    words: tuple[str, ...]
    paths: tuple[tuple[int, ...], ...]
    path: Ints
    user: Ints
    converted: Bools
    decayed: tuple[Ints, Ints, Floats]

    @classmethod
    def of_counts(cls, counts: Mapping[tuple[str, ...], tuple[int, int]]) -> "Journeys":
        """Paths with how many took each and how many of those converted; each a person of their own, without times.

        >>> Journeys.of_counts({("view", "cart"): (2, 1)}).converted.tolist()
        [True, False]
        """
        words = sorted({word for path in counts for word in path})
        paths = tuple(tuple(words.index(word) for word in path) for path in counts)
        n, won = (np.array([one[k] for one in counts.values()], np.int64) for k in (0, 1))
        path = np.repeat(np.arange(len(paths)), n)
        within = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
        nothing = np.zeros(0, np.int64)
        return cls(
            tuple(words), paths, path, np.arange(len(path)), within < won[path], (nothing, nothing, np.zeros(0))
        )  # fmt: skip


def journeys(engine: Engine, events: pa.Table, outcome: str, half_life_s: float = HALF_LIFE_S) -> Journeys:
    """The behaviours of every (user, item) pair in order, up to the outcome.

    Parameters
    ----------
    events : the house's event table
    half_life_s : float
        Of the rule of time decay: a step so long before the outcome has half the weight of one at it.

    Raises
    ------
    OutcomeError
        Nothing precedes the outcome, or nobody who did anything before came to it.
    """
    log = timeline(events)
    code = log.code(outcome)
    engine.register("behaviors_ev", log.table)
    table = engine.collect(episodes.path_steps("behaviors_ev", code))
    u, i, b, t, y = (table.column(name).to_numpy() for name in ("u", "i", "b", "t", "y"))
    if len(u) == 0:
        raise OutcomeError(f"no event precedes {outcome!r}: there is no path to share credit along")
    new = np.concatenate([[True], (u[1:] != u[:-1]) | (i[1:] != i[:-1])])
    # A step is the last of repeats in a row: what stands nearest to the outcome.
    last = np.concatenate([new[1:] | (b[1:] != b[:-1]), [True]])
    journey = (np.cumsum(new) - 1)[last]
    starts = np.flatnonzero(np.diff(journey, prepend=-1))
    words, time, until = b[last], t[last], pc.fill_null(table["until"], 0).to_numpy()[last]
    found: dict[tuple[int, ...], int] = {}
    path = np.empty(len(starts), np.int64)
    for at, (start, stop) in enumerate(zip(starts, [*starts[1:], len(words)], strict=True)):
        path[at] = found.setdefault(tuple(words[start:stop].tolist()), len(found))
    converted = y[last][starts] > 0
    if not converted.any():
        raise OutcomeError(f"{outcome!r} never follows another behavior: there is no credit to share")
    mine = np.flatnonzero(converted[journey])
    weight = np.exp2(-(until[mine] - time[mine]) / 1e6 / half_life_s)
    whole = np.bincount(journey[mine], weight, len(starts))
    # So old that nothing is left of its weight: the last step has it all.
    old = whole[journey[mine]] <= 0
    weight[old] = np.concatenate([np.diff(journey[mine]) > 0, [True]])[old]
    whole = np.bincount(journey[mine], weight, len(starts))
    decayed = journey[mine], words[mine].astype(np.int64), weight / whole[journey[mine]]
    used = sorted({word for one in found for word in one})
    place = np.full(len(log.behaviors), -1)
    place[used] = np.arange(len(used))
    return Journeys(
        tuple(log.behaviors[word] for word in used), tuple(tuple(place[list(one)].tolist()) for one in found), path,
        u[last][starts].astype(np.int64), converted, (decayed[0], place[decayed[1]], decayed[2]),
    )  # fmt: skip


def shown_paths(taken: Journeys, most: int = 20) -> Sequence[tuple[str, int, int]]:
    """The most frequent paths as words, with how many took and how many converted.

    >>> shown_paths(Journeys.of_counts({("view", "cart"): (2, 1)}))
    [('view → cart', 2, 1)]
    """
    n = np.bincount(taken.path, minlength=len(taken.paths))
    won = np.bincount(taken.path, taken.converted, len(taken.paths)).astype(int)
    named = [" → ".join(taken.words[word] for word in path) for path in taken.paths]
    order = sorted(range(len(named)), key=lambda one: (-n[one], named[one]))
    return [(named[one], int(n[one]), int(won[one])) for one in order[:most]]
