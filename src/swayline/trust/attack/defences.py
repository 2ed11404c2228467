"""What stands between an attack and a model: a log in, the log that the model may learn from out.

::

    none         the log as it is
    quarantine   without the events of people whom the detection flags; they are kept aside, not deleted
    trimming     without the events of the most suspicious twentieth, whether flagged or not
    cap          at most as many events of one person as three quarters of the people have

References
----------
Diakonikolas and Kane, "Algorithmic High-Dimensional Robust Statistics", 2023 (trimming what is far from the rest).
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.names import USER
from swayline.core.rng import generator
from swayline.engine import Engine
from swayline.events import EventLog
from swayline.trust.fraud.detect import Fraud, detect_fraud

DEFENCES = ("none", "quarantine", "trimming", "cap")
TRIMMED = 0.05
CAP_QUANTILE = 0.75


@dataclass(frozen=True)
class Defended:
    """What a model may learn from.

    Parameters
    ----------
    log : EventLog
        The log without what the defence holds back.
    held_back : frozenset of str
        People none of whose events is left.
    """

    log: EventLog
    held_back: frozenset[str] = frozenset()


def check_defences(names: tuple[str, ...]) -> None:
    """Refuse a defence that does not exist.

    Raises
    ------
    UsageError
        As said.
    """
    for name in names:
        if name not in DEFENCES:
            raise UsageError(f"--defence {shown(name)} is unknown: {nearest(name, DEFENCES)}")


def defend(engine: Engine, log: EventLog, names: tuple[str, ...], seed: int = 0) -> dict[str, Defended]:
    """The log under each defence; suspicious people are looked for once."""
    check_defences(names)
    found = detect_fraud(engine, log, seed=seed) if {"quarantine", "trimming"} & set(names) else None
    return {name: _defended(log, name, found, seed) for name in names}


def without_people(log: EventLog, people: frozenset[str]) -> EventLog:
    """The log without the events of some people."""
    if not people:
        return log
    kept = pc.invert(pc.is_in(log.events[USER].cast(pa.string()), value_set=pa.array(sorted(people), pa.string())))
    return replace(log, events=log.events.filter(kept))


def _defended(log: EventLog, name: str, found: Fraud | None, seed: int) -> Defended:
    if name == "none":
        return Defended(log)
    if name == "cap":
        return Defended(_capped(log, seed))
    assert found is not None
    held = frozenset(found.flagged()) if name == "quarantine" else _most_suspicious(found)
    return Defended(without_people(log, held), held)


def _most_suspicious(found: Fraud) -> frozenset[str]:
    scores = found.scores()
    order = sorted(scores, key=lambda one: (-scores[one], one))
    return frozenset(order[: round(TRIMMED * len(order))])


def _capped(log: EventLog, seed: int) -> EventLog:
    """At most so many events of one person, drawn at random."""
    encoded = log.events[USER].cast(pa.string()).combine_chunks().dictionary_encode()
    user = np.asarray(encoded.indices, np.int64)
    most = max(1, int(np.quantile(np.bincount(user), CAP_QUANTILE)))
    order = np.lexsort((generator(seed, "cap").random(len(user)), user))
    starts = np.concatenate([[0], np.cumsum(np.bincount(user))])
    kept = np.sort(order[np.arange(len(user)) - starts[user[order]] < most])
    return replace(log, events=log.events.take(pa.array(kept)))
