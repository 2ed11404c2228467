"""Everything that is looked at in a log, together: what each signal says of whom.

::

    choices drawn at random ─┐
    ratings against everybody┤
    copies of profiles ──────┼─ items shared beyond chance ── people flagged, items flagged
    lockstep in time ────────┤
    machines, copied texts ──┘
    praise in company, thin accounts ── order of everybody else; nobody is flagged by these alone
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy import sparse

from swayline.core.types import Ints
from swayline.engine import Engine
from swayline.trust.acts import Acts, Floats
from swayline.trust.fraud.agreement import company
from swayline.trust.fraud.contrary import contrary
from swayline.trust.fraud.copies import Copies, find_copies
from swayline.trust.fraud.lockstep import Lockstep, find_lockstep
from swayline.trust.fraud.machines import find_machines
from swayline.trust.fraud.targets import Targets, find_targets
from swayline.trust.fraud.taste import Taste, taste
from swayline.trust.fraud.texts import copied_texts

_LEAST_ODD = 1.0
_LEAST_COPIED = 0.5


@dataclass(frozen=True)
class Campaign:
    """Targets of one kind of suspicious people, with what they did to the target.

    Parameters
    ----------
    who : str
        What is said of the people.
    did : str
        What they did with the target.
    evidence : (U,) float64
        What they were suspicious for.
    """

    who: str
    did: str
    evidence: Floats
    targets: Targets


@dataclass(frozen=True)
class Signals:
    """What was seen in a log."""

    taste: Taste
    contrary: Floats
    copies: Copies
    campaigns: tuple[Campaign, ...]
    lockstep: Lockstep
    machines: dict[int, str]
    texts: Ints
    company: Floats


def look(engine: Engine, events: pa.Table, acts: Acts, seed: int = 0) -> Signals:
    """Ask every signal."""
    odd, against, copies, lockstep = taste(acts, seed), contrary(acts), find_copies(acts), find_lockstep(acts)
    campaigns = (
        *_campaigns(acts, "whose choices look drawn at random", odd.evidence, _LEAST_ODD, acts.matrix),
        *_campaigns(acts, "whose ratings contradict everybody's", against, _LEAST_ODD, acts.matrix),
        *_campaigns(acts, "who copy somebody else's history", copies.excess, _LEAST_COPIED, copies.beyond),
    )
    machines = find_machines(engine, events, acts, lockstep.bulk)
    return Signals(odd, against, copies, campaigns, lockstep, machines, copied_texts(acts), company(acts))


def _campaigns(acts: Acts, who: str, evidence: Floats, least: float, pairs: sparse.csr_array) -> list[Campaign]:
    """Targets among all pairs, and where the log has ratings among those of the highest and of the lowest value."""
    found = [Campaign(who, "met it", evidence, find_targets(acts, evidence, least, pairs))]
    values = acts.pair_values
    if values is None:
        return found
    people, items = acts.pairs
    known = values[~np.isnan(values)]
    for value in (known.max(), known.min()):
        at = values == value
        chosen = sparse.csr_array((np.ones(int(at.sum())), (people[at], items[at])), shape=acts.matrix.shape)
        some = chosen.multiply(pairs).tocsr()
        found.append(Campaign(who, f"gave it {value:g}", evidence, find_targets(acts, evidence, least, some)))
    return found
