"""Words and values: names and texts alike by their letters, and columns that hold the same value."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from swayline.core.names import USER
from swayline.identities.evidence.signal import Signal
from swayline.identities.platform import Platform
from swayline.identities.walls import values_of
from swayline.numerics.tfidf import TfIdf

_LETTERS = 3


def signals_of_words(a: Platform, b: Platform, texts: Sequence[str], apart: Sequence[str]) -> Iterator[Signal]:
    """A signal for each column of texts (by runs of letters), one for each other column that both users tables have.

    Parameters
    ----------
    texts : sequence of str
        Columns of names or texts: alike, not equal.
    apart : sequence of str
        Columns that are something else (keys, walls).
    """
    for column in texts:
        sides = [[_runs(value) for value in values_of(platform, column).to_pylist()] for platform in (a, b)]
        weights = TfIdf.of([*sides[0], *sides[1]], min_texts=2, max_texts=len(a) + len(b))
        yield Signal(f"{column} alike", weights.vectors(sides[0]), weights.vectors(sides[1]))
    if a.users is None or b.users is None:
        return
    both = [name for name in a.users.column_names if name in b.users.column_names and name != USER]
    for column in both:
        if column not in (*texts, *apart):
            yield _equal(a, b, column)


def _runs(value: str | None) -> list[str]:
    """Runs of three letters, the ends marked.

    >>> _runs("Ann")
    ['^an', 'ann', 'nn$']
    """
    text = f"^{' '.join((value or '').lower().split())}$"
    return [text[at : at + _LETTERS] for at in range(len(text) - _LETTERS + 1)] if value else []


def _equal(a: Platform, b: Platform, column: str) -> Signal:
    """Equal values, a rare one more than a common one."""
    sides = [values_of(platform, column) for platform in (a, b)]
    known = pc.unique(pa.concat_arrays(sides)).drop_null()
    codes = [np.asarray(pc.fill_null(pc.index_in(one, value_set=known), -1), np.int64) for one in sides]
    counts = sum(np.bincount(one[one >= 0], minlength=len(known)) for one in codes)
    weight = np.sqrt(np.log((2 + len(a) + len(b)) / (1 + counts)))
    matrices = []
    for one, size in zip(codes, (len(a), len(b)), strict=True):
        rows = np.flatnonzero(one >= 0)
        matrices.append(sparse.csr_array((weight[one[rows]], (rows, one[rows])), (size, len(known))))
    return Signal(f"same {column}", matrices[0], matrices[1])
