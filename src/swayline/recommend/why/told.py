"""Sentences for people's lists."""

from collections.abc import Sequence

import pyarrow as pa

from swayline.core.ids import one_id
from swayline.recommend.why.attribute import HasBundle
from swayline.recommend.why.evidence import evidence
from swayline.recommend.why.questions import questions
from swayline.recommend.why.sentences import Words, sentence
from swayline.training.bundle import ModelBundle


def why_sentences(
    model: HasBundle | ModelBundle, users: Sequence[str | int] | None, *, item: str | int | None = None, k: int = 10,
    language: str | Words = "en", private: bool = False, seed: int = 0,
) -> pa.Table:  # fmt: skip
    """Why each item of a list stands where it stands, in words that leaving events out has proven.

    Parameters
    ----------
    model : Recommender or ModelBundle
        A fitted one.
    users : sequence of str or int, optional
        Outside ids; by default 100 drawn by the seed.
    item : str or int, optional
        Explain this item; by default each person's top ``k``.
    language : ``en``, ``zh``, or the :class:`.Words` of another
    private : bool
        Past things are named by their category alone.

    Returns
    -------
    pa.Table
        ``user``, ``item``, ``rank``, ``rank_without`` (the first cause; null where no event holds the item up),
        ``reason``.

    Raises
    ------
    UsageError
        A user, the item or the language is unknown.
    """
    fitted = model if isinstance(model, ModelBundle) else model.bundle()
    asked = questions(fitted, None if users is None else [one_id(user) for user in users], item=item, seed=seed, k=k)
    found = evidence(asked)
    return pa.table({
        "user": pa.array([one.user for one in found], pa.string()),
        "item": pa.array([one.item for one in found], pa.string()),
        "rank": pa.array([one.rank for one in found], pa.int64()),
        "rank_without": pa.array([one.rank_without for one in found], pa.int64()),
        "reason": pa.array([sentence(one, language, private=private) for one in found], pa.string()),
    })  # fmt: skip
