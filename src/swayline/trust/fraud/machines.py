"""People who act faster or more evenly than anybody can: bots, by the rules of :mod:`swayline.features.bots`.

Only two of those rules accuse here. Sleeplessness and a great number of acts are what a household's shared account and
a devoted person show as well, and somebody whose events carry the times of an import has no speed at all.
"""

import pyarrow as pa

from swayline.core.names import REASON, USER
from swayline.core.types import Bools
from swayline.engine import Engine
from swayline.features.bots import EVEN, RATE, flag_bots
from swayline.trust.acts import Acts

_ACCUSE = (RATE, EVEN)


def find_machines(engine: Engine, events: pa.Table, acts: Acts, bulk: Bools) -> dict[int, str]:
    """Person → what was seen, for everybody who acts like a machine at times that can be believed.

    Parameters
    ----------
    bulk : (U,) bool
        People most of whose events cannot have happened when they say.
    """
    place = {name: at for at, name in enumerate(acts.users)}
    found: dict[int, str] = {}
    for one in flag_bots(engine, events).table.to_pylist():
        at = place.get(one[USER])
        if at is not None and one[REASON] in _ACCUSE and not bulk[at]:
            found.setdefault(at, f"acts like a machine: {one['explanation']}")
    return found
