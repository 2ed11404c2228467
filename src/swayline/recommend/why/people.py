"""Other people's part in a recommendation: whose data it rests on, as person → recommendation rows."""

import numpy as np
import pyarrow as pa

from swayline.core.errors import UsageError
from swayline.core.types import Floats
from swayline.influence.attribution.covisits import people_behind
from swayline.ledger import Figure, ModelRow, ledger, recommendation_id
from swayline.models import ItemKNN
from swayline.recommend.why.questions import Questions

MOST = 10
"""People named for a recommendation: those whose absence would move it most."""
_COVISITS = (
    "score less that of the same neighbours counted without the person; a refit may keep other neighbours; says what "
    "moves the recommendation, not what moves the person"
)
_TRACIN = (
    "product of the gradients of the last layer at the fitted weights, over the person's training events; an "
    "approximation of what training without them would do, on a scale of its own"
)


def people_rows(asked: Questions) -> pa.Table:
    """Rows of the :data:`MOST` people behind each recommendation, its own person left out.

    ``item-knn`` is counted without each person, exactly; the Transformer is answered by TracIn's last layer.

    Raises
    ------
    UsageError
        The model can be followed to nobody's data.
    """
    fitted, train = asked.fitted, asked.fitted.dataset.sequences
    parts, method, unit, words = _parts(asked)
    rows = []
    names = fitted.dataset.users.names
    for question, (row, item) in enumerate(zip(asked.rows, asked.items, strict=True)):
        mine = parts[question].copy()
        mine[asked.drawn[row]] = 0.0
        for person in np.argsort(-np.abs(mine), kind="stable")[:MOST]:
            if mine[person] == 0.0:
                break
            rows.append(ModelRow(
                cause_kind="user", cause=names[int(person)], estimand="score_change", unit=unit, method=method,
                effect=recommendation_id(asked.people[row], fitted.dataset.items.names[int(item)]),
                figure=Figure(float(mine[person])), n=int(train.lengths[person]), assumptions=words,
            ))  # fmt: skip
    return ledger(rows)


def _parts(asked: Questions) -> tuple[Floats, str, str, str]:
    """(Q, U) what each training person adds to each recommendation, and how that is called."""
    model, train = asked.fitted.model, asked.fitted.dataset.sequences
    if isinstance(model, ItemKNN):
        found = [
            people_behind(model, train, asked.histories.take(np.array([row])), int(item)).change
            for row, item in zip(asked.rows, asked.items, strict=True)
        ]
        every: Floats = np.array(found, np.float64).reshape(len(found), len(train))
        return every, "co-visits", "logit", _COVISITS
    products = getattr(model, "gradient_products", None)
    if products is None:
        raise UsageError(
            f"{model.name} cannot be followed to the people whose data it rests on: fit item-knn (exact) or transformer"
        )
    return products(train, asked.histories.take(asked.rows), asked.items).T, "tracin", "score", _TRACIN
