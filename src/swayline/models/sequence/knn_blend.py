"""Item neighbours beside a sequence model: counting remembers pairs that a network has too few events to learn.

::

    score (j)  =  scale · ( network (j)  +  share · neighbours (j) / max over all items )

Neighbours are those of :class:`~swayline.models.classical.item_knn.ItemKNN`, counted with its middle of the road. How
much pairs
count against their order, how fast the history fades, the share and the scale are chosen together on validation
questions: what serves beside a network is not what serves alone. The tables that choose have not counted the last
event of a validation history, just as tables in service have not.

Shapes: Q questions, I items, B questions of a batch.

References
----------
Cheng et al., "Wide & Deep Learning for Recommender Systems", DLRS 2016 (memory beside generalisation).
Maron and Moore, "Hoeffding Races: Accelerating Model Selection Search", NIPS 1993 (what has lost is asked no more).
Breiman, "Stacked Regressions", Machine Learning 1996; Guo et al., "On Calibration of Modern Neural Networks", ICML 2017
(the scale is their temperature).
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from swayline.core.progress import task
from swayline.core.settings import NotNegative, Share, Size, checked
from swayline.core.types import Ints, ItemRows
from swayline.dataset import Sequences, Targets
from swayline.models import artifact
from swayline.models.classical.item_knn import ItemKNN, ItemKNNSettings
from swayline.models.counts.decayed_sum import entries
from swayline.models.protocol import Scores
from swayline.models.topk import mask_seen
from swayline.models.tuning import unseen_last
from swayline.models.validation import ValidationScorer
from swayline.numerics.cores import each_part

_BACKWARD = (0.2, 0.7, 1.0)
_DECAYS = (0.65, 0.8, 0.9, 1.0)
_SHARES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
_STEPS = (0.5, 0.5, 0.5, 0.5, 1.0, 1.0, 2.0, 2.0)
"""From each share to the next: as long as the one before, or twice as long."""
_SCALES = (0.55, 0.7, 0.85, 1.0, 1.2)
_SCORES_AT_ONCE = 1 << 25
"""Scores held at a time while choosing: 128 MiB of float32."""
_ROWS_AT_ONCE = 512
_QUESTIONS_AT_ONCE = 256
_LOST = 4.0
"""Standard errors of the mean loss by which a way must be behind the best so far to be asked no more."""
Losses = npt.NDArray[np.float64]
_Way = tuple[int, bool]
"""How neighbours fade, and whether items of the history may profit."""
_SURE = 2.0
"""Standard errors that the gain in log-likelihood must reach."""


@checked
@dataclass(frozen=True)
class BlendWeights:
    """What validation chose."""

    backward: Share = 0.7
    decay: Share = 0.8
    share: NotNegative = 1.0
    scale: NotNegative = 1.0
    returning: bool = False
    """Whether items of the history itself may profit, as where people return to them."""
    n_neighbours: Size | None = None
    """Neighbours of an item; None: as many as item-knn keeps."""


@dataclass(frozen=True)
class KnnBlend:
    """Neighbours and how much they count."""

    neighbours: ItemKNN
    chosen: BlendWeights

    @classmethod
    def counted(cls, train: Sequences, chosen: BlendWeights) -> Self:
        """Count the pairs of some histories."""
        settings = ItemKNNSettings(
            neighbours=chosen.n_neighbours, backward=chosen.backward, decay=chosen.decay, value_weight=0.0
        )
        return cls(ItemKNN(settings).fit(train), chosen)

    def fading(self, decay: float) -> Self:
        """The same neighbours under another decay of the history."""
        return dataclasses.replace(self, neighbours=self.neighbours.fading(decay))

    def letting_return(self, returning: bool) -> Self:
        """The same neighbours, speaking for items of the history or not."""
        return dataclasses.replace(self, chosen=dataclasses.replace(self.chosen, returning=returning))

    def added(self, history: Sequences) -> sparse.csr_array:
        """(Q, I) what is added to the network's scores, before ``scale``; nothing where no neighbour is."""
        return self.level(history) * np.float32(self.chosen.share)

    def join(self, scores: Scores, history: Sequences) -> None:
        """Make the (Q, I) scores of the network those of both, in place."""
        more = self.added(history)
        scores[_rows(more), more.indices] += more.data
        scores *= np.float32(self.chosen.scale)

    def of_items(self, history: Sequences, items: ItemRows | Ints) -> Scores:
        """(Q,) what is added to one item a row, before ``scale``."""
        found = np.zeros(len(history), np.float32)
        for start in range(0, len(history), _ROWS_AT_ONCE):
            rows = np.arange(start, min(start + _ROWS_AT_ONCE, len(history)))
            more = self.added(history.take(rows))
            row = rows[_rows(more)]
            at = more.indices == items[row]
            found[row[at]] = more.data[at]
        return found

    def of_pairs(
        self, scores: npt.NDArray[np.floating], history: Sequences, rows: Ints, items: Ints
    ) -> npt.NDArray[np.floating]:
        """(R,) the network's scores of ``items`` (R,) after histories ``rows`` (R,) as those of both."""
        more = np.empty(len(rows))
        order = np.argsort(rows, kind="stable")
        for start in range(0, len(history), _ROWS_AT_ONCE):
            asked = order[slice(*np.searchsorted(rows[order], [start, start + _ROWS_AT_ONCE]))]
            some = np.arange(start, min(start + _ROWS_AT_ONCE, len(history)))
            more[asked] = entries(self.added(history.take(some)), rows[asked] - start, items[asked].astype(np.int64))
        joined: npt.NDArray[np.floating] = (scores + more.astype(scores.dtype)) * scores.dtype.type(self.chosen.scale)
        return joined

    def level(self, history: Sequences, found: sparse.csr_array | None = None) -> sparse.csr_array:
        """(Q, I) the neighbours' scores, each row divided by its largest; ``found`` as they are, if known."""
        found = self.neighbours.found(history) if found is None else found.copy()
        if not self.chosen.returning:
            met = sparse.csr_array(  # copies: SciPy joins repeated entries in place
                (np.ones_like(history.items), history.items.copy(), history.offsets.copy()), shape=found.shape
            )
            found = (found - found.multiply(met > 0)).tocsr()
        row, most = _rows(found), np.zeros(len(history), np.float32)
        np.maximum.at(most, row, found.data)
        found.data /= np.where(most > 0, most, 1.0)[row]
        return found

    def learned(self) -> tuple[dict[str, object], dict[str, np.ndarray]]:
        """Sizes and choices, and arrays, as a folder holds them."""
        sizes, arrays = self.neighbours.learned()
        return sizes | {"beside": dataclasses.asdict(self.chosen)}, arrays

    @classmethod
    def restored(cls, folder: Path, stored: artifact.Stored) -> Self:
        """What a part of a folder holds."""
        return cls(ItemKNN.restored(folder, stored), artifact.part_of(folder, stored, "beside", BlendWeights))


def _rows(matrix: sparse.csr_array) -> Ints:
    """The row that each stored number stands in."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def choose_blend(
    train: Sequences,
    judge: ValidationScorer,
    score: Callable[[Sequences], Scores],
    n_neighbours: int | None = None,
) -> KnnBlend | None:
    """Neighbours with the choices under which validation answers are likeliest; None where that may be chance.

    The likelihood chooses, since it feels every answer (the share it finds is where NDCG@10 is highest), and since
    NDCG@10 of the same questions chose when training stopped: it would compare the network at its luckiest.

    Parameters
    ----------
    score : callable
        (B, I) the network's scores of some histories.
    n_neighbours : int, optional
        Neighbours of an item; by default as many as item-knn keeps.
    """
    earlier = unseen_last(train, judge.questions)
    counted = [KnnBlend.counted(earlier, BlendWeights(backward, n_neighbours=n_neighbours)) for backward in _BACKWARD]
    fading = [one.fading(decay) for one in counted for decay in _DECAYS]
    nothing = np.empty((len(_SCALES), len(_SHARES), 0))
    ways: dict[_Way, Losses] = {(at, way): nothing for at in range(len(fading)) for way in _returning(judge)}
    for part, scores in _batches(judge, score):
        alone = _NetworkScores.of(scores, part.items)
        found = each_part(partial(_losses_of, alone, part.history, fading, list(ways)), sorted({at for at, _ in ways}))
        more = {way: losses for some in found for way, losses in some.items()}
        ways = _still_likely({way: np.concatenate([before, more[way]], axis=-1) for way, before in ways.items()})
    (at, returning), losses = min(ways.items(), key=lambda one: one[1].sum(axis=-1).min())
    total = losses.sum(axis=-1)
    best = np.unravel_index(int(total.argmin()), total.shape)
    chosen = dataclasses.replace(
        fading[at].chosen, decay=_DECAYS[at % len(_DECAYS)], share=_SHARES[best[1]], scale=_SCALES[best[0]],
        returning=returning,
    )  # fmt: skip
    gained = losses[total[:, 0].argmin(), 0] - losses[best]  # over the network with a scale alone
    distinguishable = gained.sum() > _SURE * np.sqrt(len(gained)) * gained.std()
    return KnnBlend.counted(train, chosen) if distinguishable else None


def _losses_of(
    alone: "_NetworkScores", history: Sequences, fading: Sequence[KnnBlend], ways: Sequence[_Way], at: int
) -> dict[_Way, Losses]:
    """The losses of some questions with neighbours that fade in the way ``at``, for all the ways that are asked."""
    one = fading[at]
    found = one.neighbours.found(history)
    return {way: alone.losses(one.letting_return(way[1]).level(history, found)) for way in ways if way[0] == at}


def _still_likely(ways: Mapping[_Way, Losses]) -> dict[_Way, Losses]:
    """Ways that may yet turn out best: the others have lost by more than chance explains, and are asked no more.

    ``ways``: (scales, shares, questions so far) losses of each.
    """
    at_best = {way: one.reshape(-1, one.shape[-1])[one.sum(axis=-1).argmin()] for way, one in ways.items()}
    first = min(at_best.values(), key=lambda one: float(one.sum()))
    lost = {way: one - first for way, one in at_best.items()}
    return {way: ways[way] for way, gap in lost.items() if gap.sum() <= _LOST * np.sqrt(len(gap)) * gap.std() + 1e-9}


def _returning(judge: ValidationScorer) -> tuple[bool, ...]:
    """Whether neighbours may speak for items of the history: where these stay, validation says."""
    return (False,) if judge.hides_seen else (True, False)


def _batches(judge: ValidationScorer, score: Callable[[Sequences], Scores]) -> Iterator[tuple[Targets, Scores]]:
    """Validation questions and the network's scores of them, seen items left out where they never answer."""
    questions = judge.questions
    step = max(1, min(_QUESTIONS_AT_ONCE, _SCORES_AT_ONCE // max(1, questions.history.n_items)))
    starts = range(0, len(questions), step)
    with task("weigh neighbours", total=len(starts)) as bar:
        for start in starts:
            part = questions.take(np.arange(start, min(start + step, len(questions))))
            scores = score(part.history)
            yield part, mask_seen(scores, part.history) if judge.hides_seen else scores
            bar.advance()


@dataclass(frozen=True)
class _NetworkScores:
    """What the network alone says of B questions, ready to be asked under many weights."""

    scores: Scores
    """(B, I) less the largest of the row."""
    answers: ItemRows
    wholes: npt.NDArray[np.float64]
    """(scales, B) sums of exp(scale · score) over all items."""

    @classmethod
    def of(cls, scores: Scores, answers: ItemRows) -> Self:
        """From (B, I) scores."""
        most = scores.max(axis=1, keepdims=True)
        scores = scores - np.where(np.isfinite(most), most, np.float32(0.0))  # a history may hide the whole catalogue
        return cls(scores, answers, np.stack([_sums_of_exp(row) for row in scores], axis=1))

    def losses(self, level: sparse.csr_array) -> npt.NDArray[np.float64]:
        """(scales, shares, B) -log softmax of each answer with each share of ``level`` (B, I) added; 0 of a hidden one.

        Only what stands in ``level`` changes the sum that a softmax divides by.
        """
        found = np.empty((len(_SCALES), len(_SHARES), len(self.answers)))
        scales, shares = np.asarray(_SCALES, np.float32)[:, None], np.asarray(_SHARES, np.float32)
        for row, answer in enumerate(self.answers):  # one row's numbers stay in the processor's cache
            part = slice(level.indptr[row], level.indptr[row + 1])
            items, more, scores = level.indices[part], level.data[part], self.scores[row]
            own, own_more = scores[answer], more[items == answer].sum()
            if not np.isfinite(own):
                found[:, :, row] = 0.0
                continue
            grown = _sums_by_share(np.exp(scales * scores[items]), scales * more)
            whole = self.wholes[:, row, None] + grown - grown[:, :1]
            found[:, :, row] = np.log(whole) - scales * (own + shares * own_more)
        return found


def _sums_by_share(weights: Scores, more: Scores) -> npt.NDArray[np.float64]:
    """(scales, shares) sums of weights · exp(share · more) over n items, from (scales, n) of either.

    An exponential costs ten products: that of one share is the one before times what lies between.
    """
    between = {_STEPS[0]: np.exp(np.float32(_STEPS[0]) * more)}
    for step in _STEPS[1:]:
        if step not in between:  # twice the one before
            between[step] = between[step / 2] ** 2
    found = np.empty((len(weights), len(_SHARES)))
    found[:, 0] = weights.sum(axis=1)
    for at, step in enumerate(_STEPS, 1):
        weights *= between[step]
        found[:, at] = weights.sum(axis=1)
    return found


def _sums_of_exp(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """(scales,) sums of exp(scale · score)."""
    return np.array([np.exp(np.float32(scale) * scores).sum(dtype=float) for scale in _SCALES])
