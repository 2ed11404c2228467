"""What the people whom somebody follows did, and what of it the ledger says brings acts.

=============================  =======================================================================================
what is known                  weight of an item
=============================  =======================================================================================
ties alone                     share of the person's ties who met it: likeness and liking, no claim that they sway
``excitation``, ``spread``     sum over those who met it of their influence on the person
``peer_effect``, with ties     the effect times the ties who did that behaviour to it within its horizon before
=============================  =======================================================================================

Rows count only where the ledger supports them: a verdict that is not "no" and an interval above zero. A ledger that has
asked and supports nothing gives no weight, whatever the ties.

Shapes: Q questions, I items, U people.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc
from scipy import sparse

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.time import format_duration
from swayline.core.types import Ints
from swayline.dataset import NO_TIME
from swayline.ledger.usable import usable_peer_effects, usable_ties
from swayline.recommend.context import Context
from swayline.recommend.slate import Slate
from swayline.recommend.why.sentences import ENGLISH


@dataclass(frozen=True)
class Followed:
    """What people followed add for each question and item, (Q, I).

    Parameters
    ----------
    weight : what they weigh
    people : how many of them did it
    words : behaviour and span of each part that the ledger supports, with its own (Q, I) counts; empty without a claim
    """

    weight: sparse.csr_array
    people: sparse.csr_array
    words: tuple[tuple[str, sparse.csr_array], ...] = ()

    def reason(self, row: int, item: int) -> str | None:
        """``because 2 people you follow bought it in the last 7 d``; None where the ledger supports none."""
        for words, count in self.words:
            n = int(count[row, item])
            if n:
                return words.format(who=f"{n:,} people you follow" if n > 1 else "somebody you follow")
        return None


def asked_of_ties(context: Context) -> bool:
    """Whether the ledger holds rows about ties at all, whatever they say."""
    if context.ledger is None:
        return False
    people = (pc.field("cause_kind") == "user") & (pc.field("effect_kind") == "user")
    about = people | (pc.field("estimand") == "peer_effect")
    return bool(context.once("asked of ties", lambda: len(context.ledger.filter(about)) > 0))


def through_ties(slate: Slate) -> Followed:
    """What those did whom each person follows; what a query says of ties counts one in all."""
    parts = []
    for moment, rows in slate.by_moment().items():
        parts.append((rows, _at(slate, moment, rows)))
    if len(parts) == 1:
        return parts[0][1]
    order = np.argsort(np.concatenate([rows for rows, _ in parts]), kind="stable")

    def stacked(of: list[sparse.csr_array]) -> sparse.csr_array:
        return sparse.vstack(of).tocsr()[order]

    words = tuple(
        (told, stacked([one.words[at][1] for _, one in parts])) for at, (told, _) in enumerate(parts[0][1].words)
    )
    return Followed(stacked([one.weight for _, one in parts]), stacked([one.people for _, one in parts]), words)


def _at(slate: Slate, moment: int | None, rows: Ints) -> Followed:
    """The questions of one moment."""
    context = slate.context
    picked, named = _picked(slate, rows), _named(slate, rows)
    acts = context.acts(moment)
    if not asked_of_ties(context):
        weights = picked @ context.tie_weights + named
        return Followed((weights @ acts).tocsr(), ((weights > 0).astype(np.float64) @ acts).tocsr())
    weight, words = named @ acts, []
    swaying = context.once("swaying ties", lambda: _swaying(context))
    if swaying.nnz:
        weight = weight + picked @ swaying @ acts
        count = picked @ (swaying > 0).astype(np.float64) @ acts
        words.append(("because {who}, whose acts bring yours, met it", count.tocsr()))
    for behavior, (effect, horizon_s) in usable_peer_effects(context.ledger).items():
        known, recent = _known_ties(context), _recent(context, moment, behavior, horizon_s)
        if known is None or recent is None:
            continue
        count = (picked @ known @ recent).tocsr()
        weight = weight + effect * count
        did = ENGLISH.acts.get(behavior, ENGLISH.act).format(what="it", when="", behavior=behavior)
        words.append((f"because {{who}} {did} in the last {format_duration(horizon_s)}", count))
    people = named @ acts
    for _, count in words:
        people = people + count
    return Followed(weight.tocsr(), people.tocsr(), tuple(words[::-1]))


def _swaying(context: Context) -> sparse.csr_array:
    """(U, U) influence of everybody (columns) on everybody (rows) that the ledger supports."""
    assert context.ledger is not None
    rows, users, n = usable_ties(context.ledger), context.bundle.dataset.users, len(context.histories)
    ends = [users.rows(rows[name]) for name in ("effect", "cause")]
    known = (ends[0] >= 0) & (ends[1] >= 0)
    weight = np.asarray(rows["estimate"].to_numpy(), np.float64)
    return sparse.csr_array((weight[known], (ends[0][known], ends[1][known])), shape=(n, n))


def _known_ties(context: Context) -> sparse.csr_array | None:
    """(U, U) one for each tie of the table of ties; None without one."""
    if context.ties is None:
        return None
    ones = (context.even_ties > 0).astype(np.float64)
    return ones.tocsr()


def _recent(context: Context, moment: int | None, behavior: str, horizon_s: float) -> sparse.csr_array | None:
    """(U, I) who did a behaviour to what within the horizon before a moment; None where the log cannot say."""
    names = context.bundle.dataset.behaviors.names
    if behavior not in names or not context.histories.timed:
        return None
    some = context.until(moment)
    end = context.now_us if moment is None else moment
    kept = (some.behaviors == names.index(behavior)) & (some.times > end - horizon_s * 1e6) & (some.times != NO_TIME)
    found = sparse.csr_array(
        (np.ones(int(kept.sum())), (some.users[kept], some.items[kept])), shape=(len(some), some.n_items)
    )
    found.data[:] = 1.0
    return found


def _picked(slate: Slate, rows: Ints) -> sparse.csr_array:
    """(rows, U) one at each question's own person."""
    own = slate.rows[rows]
    known = np.flatnonzero(own >= 0)
    return sparse.csr_array((np.ones(len(known)), (known, own[known])), shape=(len(rows), len(slate.context.histories)))


def _named(slate: Slate, rows: Ints) -> sparse.csr_array:
    """(rows, U) the people whom a query says its person knows, one in all."""
    context, users = slate.context, slate.context.bundle.dataset.users
    found = sparse.lil_array((len(rows), len(context.histories)))
    for place, row in enumerate(rows):
        named = [str(one) for one in slate.queries[row].ties]
        if named:
            ties = users.rows(named)
            if (ties < 0).any():
                first = named[int(np.flatnonzero(ties < 0)[0])]
                raise UsageError(
                    f"ties: {shown(first)} has no history in this log: {nearest(first, users.names[:2000])}"
                )
            found[place, ties] = 1.0 / len(ties)
    return found.tocsr()
