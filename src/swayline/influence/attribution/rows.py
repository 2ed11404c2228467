"""The model's answers as rows of the influence table."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from swayline.core.time import iso
from swayline.core.types import Floats, Ints
from swayline.dataset import NO_TIME, Dataset, Sequences
from swayline.influence.attribution.approximate import Attributions
from swayline.influence.attribution.removal import EventRemovals, remove_behavior
from swayline.influence.attribution.scoring import score_and_rank
from swayline.ledger import EventRows, Figure, ModelRow, event_id, ledger, recommendation_id
from swayline.models import Recommender

ASSUMPTIONS = (
    "exact answer of the model to an edited history; says what moves the recommendation, not what moves the person"
)
SAID = {
    "removal": ASSUMPTIONS,
    "gradient": "slope of the network's logit along the event's item; not what leaving the event out would do",
    "integrated-gradients": "slope of the network's logit on the way from no items to these; parts add up to the logit "
    "less the one with no items",
    "attention": "share of the event in what the last state attends to; says nothing of up or down",
    "shapley": "mean gain when the event joins a random part of the others; parts add up to the score less the one of "
    "an empty history",
}
"""Method → what it says."""
TOP = "top recommendations"
"""The ``effect`` of rows about a user's whole list."""


def event_rows(
    dataset: Dataset,
    histories: Sequences,
    people: Sequence[str],
    users: Ints,
    items: Ints,
    said: EventRemovals | Attributions,
    ids: Mapping[int, str] | None = None,
) -> pa.Table:
    """One row for each event and recommendation: ``score_change``, or ``attention_share`` of attention.

    Parameters
    ----------
    people : (H,) outside ids of the histories' users
    users, items : (Q,)
        The recommendations: row of the history, row of the item.
    ids : mapping, optional
        Source row of an event → its ``event_id``, where the log has them.
    """
    found = said if isinstance(said, Attributions) else Attributions("removal", said)
    estimand, unit = ("attention_share", "share") if found.method == "attention" else ("score_change", "logit")
    about = ModelRow(
        cause_kind="event", cause="", effect="", estimand=estimand, unit=unit, method=found.method, figure=Figure(),
        n=1, assumptions=SAID[found.method],
    )  # fmt: skip
    # An event is asked about once a recommendation, and the other way round: each is named once.
    positions, event = np.unique(found.events.position, return_inverse=True)
    causes = [event_name(dataset, histories, int(position), ids) for position in positions]
    effects = [
        recommendation_id(people[user], dataset.items.names[item]) for user, item in zip(users, items, strict=True)
    ]
    return ledger([EventRows(
        about, pa.array(causes, pa.string()).take(pa.array(event)),
        pa.array(effects, pa.string()).take(pa.array(found.events.recommendation)), found.events.score_change,
        None if found.error is None else 1.959963984540054 * found.error,
    )])  # fmt: skip


def event_name(dataset: Dataset, histories: Sequences, position: int, ids: Mapping[int, str] | None = None) -> str:
    """The id of an event, given by its flat position: the log's own where it has them."""
    return (ids or {}).get(int(histories.events[position])) or event_id(
        dataset.items.names[histories.items[position]],
        dataset.behaviors.names[histories.behaviors[position]],
        moment(histories.times[position]),
    )


def behavior_rows(model: Recommender, dataset: Dataset, histories: Sequences, users: Ints, items: Ints) -> pa.Table:
    """For each behaviour, how far removing all its events moves the recommended items: means over users with intervals.

    Only users who have the behaviour and something besides it count. The interval is normal, clustered by user.
    """
    rows = []
    before = score_and_rank(model, histories, users, items) if len(users) else None
    for behavior, name in enumerate(dataset.behaviors.names):
        has = np.bincount(histories.users[histories.behaviors == behavior], minlength=len(histories)) > 0
        other = np.bincount(histories.users[histories.behaviors != behavior], minlength=len(histories)) > 0
        asked = (has & other)[users]
        if before is None or not asked.any():
            continue
        stood = before[0][asked], before[1][asked]
        changes = remove_behavior(model, histories, users[asked], items[asked], behavior, stood)
        for estimand, change, unit in zip(("score_change", "rank_change"), changes, ("logit", "rank"), strict=True):
            mean, low, high, n = clustered_mean(change, users[asked])
            rows.append(ModelRow(
                cause_kind="behavior", cause=name, effect=TOP, estimand=estimand, unit=unit, method="removal",
                figure=Figure(mean, low, high), n=n, primary=True, assumptions=ASSUMPTIONS,
            ))  # fmt: skip
    return ledger(rows)


def moment(time_us: int) -> str:
    """An event's time as ids write it; empty in ordered logs."""
    return "" if time_us == NO_TIME else iso(datetime.fromtimestamp(int(time_us) / 1e6, UTC))


def clustered_mean(values: Floats, clusters: Ints) -> tuple[float, float | None, float | None, int]:
    """Mean of values, its 95% interval from the means of clusters, and how many clusters there are."""
    _, cluster = np.unique(clusters, return_inverse=True)
    means = np.bincount(cluster, values) / np.bincount(cluster)
    if len(means) < 2:
        return float(means.mean()), None, None, len(means)
    half = 1.959963984540054 * float(means.std(ddof=1)) / np.sqrt(len(means))
    return float(means.mean()), float(means.mean() - half), float(means.mean() + half), len(means)
