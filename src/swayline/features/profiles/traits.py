"""What sets each person or item apart: categories, words, neighbours, as lists with weights.

Shapes: O owners (people or items).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import CATEGORY, DESCRIPTION, ITEM, TEXT, TITLE
from swayline.engine import Engine
from swayline.engine.operators import habits
from swayline.features.profiles.acts import Acts
from swayline.numerics.tfidf import shared_words
from swayline.numerics.words import telling_words

PULL = 3.0
"""Events' worth by which a mixture is pulled towards everybody's: one act is no passion."""
_MAX_WORD_SHARE, _MIN_TEXTS = 0.3, 2
_FEW = 10

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Words:
    """The words of the log's texts.

    Parameters
    ----------
    table : pa.Table
        ``text``, ``word``: numbers, one row a text and word in it.
    names : pa.Array of string
        The words.
    of_item : pa.Table
        ``i``, ``text``: the text of each item's title, description and category.
    of_act : pa.Table
        ``row``, ``text``: the act's own text, such as a search.
    """

    table: pa.Table
    names: pa.Array
    of_item: pa.Table
    of_act: pa.Table


def words_in(acts: Acts, events: pa.Table, side: pa.Table | None) -> Words | None:
    """The words of titles and of what people wrote; None where the log has neither.

    A word in more than three texts of ten, or in one text alone, tells nobody apart and is left out.
    """
    item_texts = _item_texts(acts.items, side)
    own = events[TEXT].cast(pa.string()) if TEXT in events.column_names else None
    said = events.filter(pc.is_valid(own)) if own is not None else events.slice(0, 0)
    if item_texts.null_count == len(item_texts) and not len(said):
        return None
    spoken = said[TEXT].cast(pa.string()) if len(said) else pa.chunked_array([pa.array([], pa.string())])
    texts = pa.concat_arrays([item_texts, spoken.combine_chunks()]).dictionary_encode()
    codes = texts.indices
    table, names = _words(texts.dictionary.to_pylist())
    of_item = pa.table({"i": np.arange(len(item_texts)), "text": codes.slice(0, len(item_texts))})
    of_act = pa.table({"row": said["row"], "text": codes.slice(len(item_texts))})
    return Words(table, names, of_item.filter(pc.is_valid(of_item["text"])), of_act)


def _item_texts(ids: pa.Array, side: pa.Table | None) -> pa.Array:
    names = [] if side is None else [name for name in (TITLE, DESCRIPTION, CATEGORY) if name in side.column_names]
    if side is None or not names:
        return pa.nulls(len(ids), pa.string())
    place = pc.index_in(ids, value_set=side[ITEM].combine_chunks())
    parts = [_text(side[name]).take(place) for name in names]
    joined = pc.binary_join_element_wise(*parts, " ", null_handling="skip")
    blank = pc.equal(pc.utf8_trim_whitespace(joined), "")
    return pc.if_else(blank, None, joined).combine_chunks()


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pc.binary_join(column.cast(pa.list_(pa.string())), " ")
    return column.cast(pa.string())


def _words(texts: Sequence[str]) -> tuple[pa.Table, pa.Array]:
    """(text, word) rows and the words' names."""
    found = [set(telling_words(text)) for text in texts]
    few = len(texts) < _FEW
    most = len(texts) if few else max(_MIN_TEXTS, _MAX_WORD_SHARE * len(texts))
    kept = list(shared_words(found, 1 if few else _MIN_TEXTS, most))
    place = {word: at for at, word in enumerate(kept)}
    pairs = [(text, place[word]) for text, words in enumerate(found) for word in words if word in place]
    rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
    table = pa.table({"text": pa.array(rows, pa.int64()), "word": pa.array(columns, pa.int64())})
    return table, pa.array(kept, pa.string())


def word_marks(engine: Engine, words: Words, acts: str, who: str, most: int) -> pa.Table:
    """The words that set each person or item apart, as :func:`~swayline.engine.operators.habits.marks` gives them."""
    engine.register("profile_words", words.table)
    engine.register("profile_item_texts", words.of_item)
    engine.register("profile_act_texts", words.of_act)
    if who == "i":
        titles = habits.item_words("profile_item_texts")
    else:
        titles = habits.traits_of(habits.pairs(acts, who, "i"), "profile_item_texts", "i", "text")
    said = habits.texts_of_acts(acts, who, "profile_act_texts")
    words_of = habits.traits_of(titles.union(said), "profile_words", "text", "word")
    engine.register("profile_worded", engine.collect(words_of))
    return engine.collect(habits.marks("profile_worded", PULL, most))


def as_lists(rows: pa.Table, n_owners: int, fields: dict[str, pa.Array | pa.ChunkedArray]) -> pa.ListArray:
    """(O,) lists of structs, from rows ordered by ``owner`` and then by place; who has none has an empty list.

    >>> rows = pa.table({"owner": [0, 0, 2]})
    >>> as_lists(rows, 3, {"word": pa.array(["a", "b", "c"])}).to_pylist()
    [[{'word': 'a'}, {'word': 'b'}], [], [{'word': 'c'}]]
    """
    counts = np.bincount(rows["owner"].to_numpy().astype(np.int64), minlength=n_owners)
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
    arrays = [one.combine_chunks() if isinstance(one, pa.ChunkedArray) else one for one in fields.values()]
    return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(arrays, names=list(fields)))


def named(names: pa.Array, rows: pa.Table, column: str = "trait") -> pa.Array:
    """The names of a column of numbers."""
    return names.take(rows[column].combine_chunks().cast(pa.int64()))


def rounded(column: pa.ChunkedArray, digits: int) -> pa.Array:
    """Floats with as many digits as they mean."""
    return pc.round(column.cast(pa.float64()), digits).combine_chunks()
