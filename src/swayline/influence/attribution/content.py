"""What an item's picture, title or sound does to its recommendation: the model's answer with another in its place.

::

    replacement   score (j) with its own picture  −  mean score with pictures of other items, drawn
    removal       score (j) with its own picture  −  score with none

The history, the other items and the item's other modalities stay as they are. Replacement is the primary answer: an
item without any picture is rare, one with another picture is what somebody could have uploaded.

Shapes: Q recommendations, D draws, F features.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from swayline.core.errors import UsageError
from swayline.core.rng import generator
from swayline.core.types import Floats, Ints
from swayline.dataset import Dataset, Sequences
from swayline.influence.attribution.rows import TOP, clustered_mean
from swayline.ledger import Figure, ModelRow, ledger, recommendation_id
from swayline.ledger.ids import escape
from swayline.models import Recommender
from swayline.models.multimodal.model import Multimodal

ASSUMPTIONS = (
    "exact answer of the model to an edited item; says what moves the recommendation, not what moves the person"
)
DRAWS = 8
_REPLACED = "replacement by other items' content"
_REMOVED = "removal of the content"


def content_rows(
    model: Recommender,
    dataset: Dataset,
    histories: Sequences,
    people: Sequence[str],
    users: Ints,
    items: Ints,
    *,
    exclude_seen: bool = False,
    seed: int = 0,
) -> pa.Table:
    """Ledger rows of ``cause_kind`` content: ``score_change`` and ``rank_change`` of each recommendation and modality.

    The cause of a row is ``item|modality``; rows about :data:`~swayline.influence.attribution.rows.TOP` are means over
    people for a whole modality, with intervals, and the primary ones. The interval of a single replacement says how
    much the draws differ.

    Parameters
    ----------
    people : (H,) outside ids of the histories' users
    users, items : (Q,)
        The recommendations: row of the history, row of the item.

    Raises
    ------
    UsageError
        The model does not read content.
    """
    if not isinstance(model, Multimodal):
        raise UsageError(
            f"influence of content needs a model that reads it, not {getattr(model, 'name', 'this one')!r}:"
            " fit one with --model multimodal"
        )
    scores = _standing(model, histories, users, exclude_seen)
    rows: list[ModelRow] = []
    for at, modality in enumerate(model.modalities_.names):
        told = np.flatnonzero(model.told_[at][items])
        if not len(told):
            continue
        stand_ins = _stand_ins(model, at, items[told], generator(seed, "content", modality))
        asked = histories.take(users[told])
        features = model.modalities_.features[at]
        changes = np.stack([
            model.content_change(asked, items[told], modality, features[drawn]) for drawn in stand_ins.T
        ]).astype(np.float64)  # fmt: skip
        removed = model.content_change(asked, items[told], modality, np.zeros_like(features[items[told]]))
        edits = {_REPLACED: changes, _REMOVED: removed[None].astype(np.float64)}
        for method, change in edits.items():
            found = _Told(modality, method, change, _rank_changes(scores[told], items[told], change))
            rows += found.means(users[told])
            rows += found.each(dataset, people, users[told], items[told])
    return ledger(rows)


class _Told:
    """The answers for one modality and one kind of edit; changes are (D, Q)."""

    def __init__(self, modality: str, method: str, scores: Floats, ranks: Floats) -> None:
        self.modality, self.method = modality, method
        self.changes = (("score_change", "score", scores), ("rank_change", "rank", ranks))

    def means(self, users: Ints) -> list[ModelRow]:
        """Over all recommendations, clustered by person."""
        rows = []
        for estimand, unit, change in self.changes:
            mean, low, high, n = clustered_mean(change.mean(axis=0), users)
            rows.append(ModelRow(
                cause_kind="content", cause=self.modality, effect=TOP, estimand=estimand, unit=unit, method=self.method,
                figure=Figure(mean, low, high), n=n, primary=self.method == _REPLACED, assumptions=ASSUMPTIONS,
            ))  # fmt: skip
        return rows

    def each(self, dataset: Dataset, people: Sequence[str], users: Ints, items: Ints) -> list[ModelRow]:
        """Of every recommendation."""
        rows = []
        for estimand, unit, change in self.changes:
            n_draws = len(change)
            half = 1.959963984540054 * change.std(axis=0, ddof=1) / np.sqrt(n_draws) if n_draws > 1 else None
            for at, (user, item) in enumerate(zip(users, items, strict=True)):
                name, mean = dataset.items.names[item], float(change[:, at].mean())
                figure = Figure(mean) if half is None else Figure(mean, mean - half[at], mean + half[at])
                rows.append(ModelRow(
                    cause_kind="content", cause=f"{escape(name)}|{escape(self.modality)}", estimand=estimand, unit=unit,
                    method=self.method, figure=figure, n=n_draws, assumptions=ASSUMPTIONS,
                    effect=recommendation_id(people[user], name),
                ))  # fmt: skip
        return rows


def _standing(model: Multimodal, histories: Sequences, users: Ints, exclude_seen: bool) -> Floats:
    """(Q, I) what every item scores for the person of each recommendation; -inf for what cannot be shown."""
    scores = model.score(histories)
    if exclude_seen:
        scores[histories.users, histories.items] = -np.inf
    found: Floats = scores[users]
    return found


def _stand_ins(model: Multimodal, at: int, items: Ints, rng: np.random.Generator) -> Ints:
    """(Q, D) other items that have the modality."""
    told = np.flatnonzero(model.told_[at])
    if len(told) < 2:
        raise UsageError(f"only one item has {model.modalities_.names[at]}: there is none to stand in its place")
    place = np.searchsorted(told, items)
    drawn = rng.integers(len(told) - 1, size=(len(items), DRAWS))
    found: Ints = told[drawn + (drawn >= place[:, None])]
    return found


def _rank_changes(scores: Floats, items: Ints, change: Floats) -> Floats:
    """(D, Q) by how many places its own content lifts the item: above zero where it stands higher with it."""
    own = scores[np.arange(len(items)), items]
    then = (scores > own[:, None]).sum(axis=1)
    edited = own[None] - change
    now = np.stack([(scores > row[:, None]).sum(axis=1) - ((own > row) & np.isfinite(own)) for row in edited])
    found: Floats = (now - then[None]).astype(np.float64)
    return found
