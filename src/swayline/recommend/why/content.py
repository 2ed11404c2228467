"""What pictures, titles and sounds of items do to people's lists, as rows of the influence table."""

from collections.abc import Sequence

import pyarrow as pa

from swayline.influence.attribution.content import content_rows
from swayline.recommend.why.questions import questions
from swayline.training.bundle import ModelBundle


def explain_content(
    fitted: ModelBundle, users: Sequence[str | int] | None, *, item: str | int | None = None, seed: int = 0, k: int = 10
) -> pa.Table:
    """Ledger rows of ``cause_kind`` content: how far an item's picture (title, sound) moves its recommendation.

    Parameters
    ----------
    users : sequence of str or int, optional
        Outside ids; by default 100 drawn by the seed.
    item : str, optional
        Ask about this item for everybody; by default each user's top ``k``.

    Raises
    ------
    UsageError
        A user or the item is unknown, or the model reads no content.
    """
    asked = questions(fitted, users, item=item, seed=seed, k=k)
    return content_rows(
        fitted.model, fitted.dataset, asked.histories, asked.people, asked.rows, asked.items,
        exclude_seen=fitted.exclude_seen, seed=seed,
    )  # fmt: skip
