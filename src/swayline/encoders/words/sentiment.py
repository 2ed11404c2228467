"""How much a text speaks for or against: the valence of reviews and comments, as an attribute of the event.

Two ways to know. Where a log's own reviews carry ratings, a ridge regression of the rating on the text's vector is
learned from them (each review is judged by a model that did not see it). Where they do not, a text is placed between
what clearly praises and what clearly complains, and the zero is where plain statements lie. ::

    side     =  mean cosine with praise - mean cosine with complaint
    valence  =  tanh( sharpness · (side - mean side of plain statements) )                        without ratings

Shapes: n texts, D width.

References
----------
Turney, "Thumbs Up or Thumbs Down? Semantic Orientation Applied to Unsupervised Classification of Reviews", ACL 2002.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import SchemaError, UsageError, shown
from swayline.core.names import BEHAVIOR, TEXT, VALUE
from swayline.core.rng import generator
from swayline.encoders.text.encoder import TextEncoder
from swayline.numerics.ridge import fit_ridge, predict_linear

Values = npt.NDArray[np.float64]
VALENCE = "valence"
ENOUGH_RATED = 200
"""Rated texts from which a log's own ratings say better what praise is."""
_FOLDS = 5
_SHARPNESS = 12.0
_RIDGE = 5.0
SPEAKING = ("review", "comment", "rate")
"""Behaviours whose texts are opinions; the text of a search is none."""
PRAISE = (
    "I love it, excellent quality, works perfectly.", "Great product, highly recommended, will buy again.",
    "Wonderful, exactly what I wanted, very happy with it.", "Amazing, the best one I have ever had.",
    "Good, it does its job well.", "I really enjoyed this, five stars.",
)  # fmt: skip
COMPLAINT = (
    "I hate it, terrible quality, it does not work.", "Awful product, do not buy it, waste of money.",
    "Very disappointed, not what I wanted, I returned it.", "Horrible, the worst one I have ever had.",
    "Bad, it broke after a few days.", "I really disliked this, one star.",
)  # fmt: skip


NEUTRAL = (
    "It is 20 cm long and weighs half a kilo.", "The package contains two of them.", "I bought this in March.",
    "It comes in red and blue.", "My sister uses it on weekdays.", "It was shipped from a warehouse.",
)  # fmt: skip
"""What takes no side: their mean is the zero."""


class Valence:
    """Says how much texts speak for (towards 1) or against (towards -1).

    Parameters
    ----------
    encoder : TextEncoder, optional
        By default MiniLM. Without ratings to learn from, its texts must be English ones.

    Attributes
    ----------
    learned_ : bool
        After :meth:`fit`: whether it was the log's own ratings that said what praise is.

    >>> good, bad = Valence().score(["Lovely colour, I adore it", "Broke at once, what a rip-off"])
    >>> bool(good > 0 > bad)
    True
    """

    def __init__(self, encoder: TextEncoder | None = None, *, seed: int = 0) -> None:
        self.encoder, self.seed = encoder or TextEncoder(), seed
        self.learned_ = False
        self._weights: Values | None = None

    def fit(self, texts: Sequence[str], ratings: Sequence[float] | Values) -> "Valence":
        """Learn from rated texts what this log's praise sounds like; with too few of them, stay with the default's.

        Raises
        ------
        UsageError
            Texts and ratings are not of one length.
        """
        said = np.asarray(ratings, np.float64)
        if len(said) != len(texts):
            raise UsageError(f"{len(texts)} texts need as many ratings, not {len(said)}")
        known = np.isfinite(said) & np.array([bool(text.strip()) for text in texts])
        self.learned_ = bool(known.sum() >= ENOUGH_RATED and np.ptp(said[known]) > 0)
        if self.learned_:
            vectors = self.encoder.encode([text for text, one in zip(texts, known, strict=True) if one])
            self._weights = fit_ridge(vectors.astype(np.float64), _scaled(said[known]), _RIDGE)
        return self

    def score(self, texts: Sequence[str]) -> Values:
        """(n,) valence between -1 and 1; NaN where there is no text."""
        vectors = self.encoder.encode(texts)
        if self._weights is not None:
            found = np.asarray(np.clip(predict_linear(self._weights, vectors), -1.0, 1.0), np.float64)
        else:
            axis = self.encoder.encode(PRAISE).mean(axis=0) - self.encoder.encode(COMPLAINT).mean(axis=0)
            zero = float((self.encoder.encode(NEUTRAL) @ axis).mean())
            found = np.tanh(_SHARPNESS * ((vectors @ axis).astype(np.float64) - zero))
        found[~vectors.any(axis=1)] = np.nan
        return found

    def score_held_out(self, texts: Sequence[str], ratings: Sequence[float] | Values) -> Values:
        """(n,) valence where each rated text is judged by a model that did not see it; the others by :meth:`fit`'s."""
        said = np.asarray(ratings, np.float64)
        found = self.fit(texts, said).score(texts)
        if not self.learned_:
            return found
        rated = np.flatnonzero(np.isfinite(said) & np.isfinite(found))
        vectors = self.encoder.encode([texts[row] for row in rated.tolist()])
        fold = generator(self.seed, "valence").permutation(len(rated)) % _FOLDS
        target = _scaled(said[rated])
        for one in range(_FOLDS):
            weights = fit_ridge(vectors[fold != one].astype(np.float64), target[fold != one], _RIDGE)
            found[rated[fold == one]] = np.clip(
                predict_linear(weights, vectors[fold == one].astype(np.float64)), -1.0, 1.0
            )
        return found


def _scaled(ratings: Values) -> Values:
    """Ratings from -1 (the lowest there is) to 1."""
    scaled: Values = 2.0 * (ratings - ratings.min()) / max(np.ptp(ratings), 1e-12) - 1.0
    return scaled


def with_valence(events: pa.Table, encoder: TextEncoder | None = None, seed: int = 0) -> pa.Table:
    """The events with a column ``valence`` (-1 to 1): what the text of each opinion says; null where there is none.

    Raises
    ------
    SchemaError
        The events carry no texts.
    """
    if TEXT not in events.column_names:
        raise SchemaError(f"the events carry no texts: name the column with --map {TEXT}=COLUMN")
    opinion = pc.is_in(events[BEHAVIOR].cast(pa.string()), value_set=pa.array(SPEAKING))
    texts = pc.fill_null(pc.if_else(opinion, events[TEXT], None), "").to_pylist()
    model = Valence(encoder, seed=seed)
    if VALUE in events.column_names:
        found = model.score_held_out(texts, pc.fill_null(events[VALUE].cast(pa.float64()), np.nan).to_numpy())
    else:
        found = model.score(texts)
    column = pa.array(found, pa.float64(), mask=np.isnan(found))
    return events.append_column(VALENCE, column)


def split_by_valence(events: pa.Table, behavior: str = "review", least: float = 0.2) -> pa.Table:
    """The events with opinions told apart: ``review`` becomes ``review_praise`` or ``review_complaint``.

    So that effects of what was said can be asked for like those of any behaviour
    (``--treatment review_complaint``). Opinions between ``-least`` and ``least`` stay as they are.

    >>> table = pa.table({"behavior": ["review", "view"], "valence": [-0.9, None]})
    >>> split_by_valence(table)["behavior"].to_pylist()
    ['review_complaint', 'view']
    """
    if VALENCE not in events.column_names:
        raise SchemaError("the events carry no valence: give them one with with_valence(events) first")
    if not 0 <= least < 1:
        raise UsageError(f"least must be from 0 to below 1, not {shown(least)}")
    kind, valence = events[BEHAVIOR].cast(pa.string()), pc.fill_null(events[VALENCE], 0.0)
    spoken = pc.equal(kind, behavior)
    kind = pc.if_else(pc.and_(spoken, pc.greater(valence, least)), f"{behavior}_praise", kind)
    kind = pc.if_else(pc.and_(spoken, pc.less(valence, -least)), f"{behavior}_complaint", kind)
    return events.set_column(events.column_names.index(BEHAVIOR), BEHAVIOR, kind)
