"""The fewest events without which somebody's first item would be another, and what to do to be shown an item."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.progress import task
from swayline.core.types import Ints
from swayline.influence.attribution import ASSUMPTIONS, event_name, minimal_set, to_be_shown
from swayline.ledger import Figure, ModelRow, ledger, recommendation_id
from swayline.recommend.why.left_out import ranked
from swayline.recommend.why.questions import Questions, questions
from swayline.training.bundle import ModelBundle

POOL = 200
"""Items that may be acted on to be shown another: those met most by people who met it, then the most popular."""


def minimal_rows(asked: Questions) -> pa.Table:
    """A ``rank_change`` row for each person with such a set: its events as the cause, the new first as reference.

    An item that is asked about and does not stand first is asked what holds it in the first places down to its own.
    """
    fitted, rows = asked.fitted, []
    _, ranks = ranked(asked, asked.histories, asked.rows, asked.items, np.arange(len(asked.histories)))
    with task("minimal sets", total=len(asked.rows)) as bar:
        for row, item, rank in zip(asked.rows, asked.items, ranks.astype(int), strict=True):
            found = minimal_set(
                fitted.model, asked.histories, int(row), int(item), k=int(rank), exclude_seen=fitted.exclude_seen
            )
            bar.advance()
            if found is None:
                continue
            places = found.position + asked.histories.offsets[row]
            names = [event_name(fitted.dataset, asked.histories, int(one), fitted.event_ids) for one in places]
            new = None if found.instead < 0 else fitted.dataset.items.names[found.instead]
            rows.append(ModelRow(
                cause_kind="event", cause=" + ".join(names), estimand="rank_change", unit="rank",
                method="minimal set", effect=recommendation_id(
                    asked.people[row], fitted.dataset.items.names[int(item)]
                ),
                figure=Figure(float(found.rank - rank)), n=len(names), primary=True, reference=new,
                assumptions=f"{ASSUMPTIONS}; no event of the set can be put back, others may be fewer",
            ))  # fmt: skip
    return ledger(rows)


def shown_rows(
    fitted: ModelBundle, users: Sequence[str | int] | None, item: str | int, *, behavior: str | None = None,
    seed: int = 0, k: int = 10,
) -> pa.Table:  # fmt: skip
    """What each person would have to do to be shown an item: a ``rank_change`` row with the acts as the cause.

    People for whom five acts of :data:`POOL` items are not enough have no row.

    Parameters
    ----------
    behavior : str, optional
        How to act; by default the behaviour that most events show.

    Raises
    ------
    UsageError
        The item, a user or the behaviour is unknown.
    """
    asked = questions(fitted, users, item=item, seed=seed, k=k)
    known = list(fitted.behaviors.names)
    if behavior is not None and behavior not in known:
        raise UsageError(f"behavior {shown(behavior)} is not in the log; {nearest(behavior, known)}")
    counts = np.bincount(fitted.dataset.sequences.behaviors, minlength=len(known))
    act = int(counts.argmax()) if behavior is None else known.index(behavior)
    pool = acted_on(fitted, int(asked.items[0]))
    rows = []
    for row, wanted in zip(asked.rows, asked.items, strict=True):
        found = to_be_shown(
            fitted.model, asked.histories, int(row), int(wanted), pool, k=k, behavior=act,
            exclude_seen=fitted.exclude_seen,
        )  # fmt: skip
        if found is None or not len(found.items):
            continue
        acts = [f"{known[act]} {fitted.dataset.items.names[int(one)]}" for one in found.items]
        rows.append(ModelRow(
            cause_kind="event", cause=" + ".join(acts), estimand="rank_change", unit="rank", method="addition",
            effect=recommendation_id(asked.people[row], fitted.dataset.items.names[int(wanted)]),
            figure=Figure(float(found.before - found.rank)), n=len(acts), primary=True,
            assumptions=f"{ASSUMPTIONS}; acts added at the end, chosen greedily among {len(pool)} items",
        ))  # fmt: skip
    return ledger(rows)


def acted_on(fitted: ModelBundle, item: int) -> Ints:
    """Items met most by people who met an item, then the most popular ones, :data:`POOL` in all."""
    log = fitted.dataset.sequences
    met = np.zeros(len(log), bool)
    met[log.users[log.items == item]] = True
    beside = np.bincount(log.items[met[log.users]], minlength=log.n_items)
    everywhere = np.bincount(log.items, minlength=log.n_items)
    order = np.lexsort((-everywhere, -beside))
    found: Ints = order[: POOL + 1][order[: POOL + 1] != item][:POOL]
    return found
