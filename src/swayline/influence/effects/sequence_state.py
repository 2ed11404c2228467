"""What a sequence model expected of a person just before t0, as controls: a summary of the order of all they did.

::

    events before --from          two models, each learned from one half of the users
    users of half A  ── model B ── their events strictly before t0 ──> what B expects next

No model ever learns from an event of an episode's time or of the user it speaks about. Controls are logits, which mean
the same in both models: of the episode's own item, and of the most popular items, each less the mean of all items.

Shapes: Q moments.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core import names
from swayline.core.errors import EmptyLogError, IdentificationError
from swayline.core.progress import task
from swayline.core.rng import generator
from swayline.dataset import Dataset, Sequences, build_dataset
from swayline.engine import Engine
from swayline.influence.effects.covariates import Moments
from swayline.influence.effects.episodes import Int64s, Timeline
from swayline.models import Recommender, create

Floats = npt.NDArray[np.float64]
LAST = 50
"""Events of a history that are read."""
EPOCHS = 10
FEWEST = 100
"""Users a half needs before a model can be learned from it."""
_AT_ONCE = 2048


class SequenceState:
    """Controls from two sequence models, learned from what came before every episode.

    Parameters
    ----------
    numbers : int
        Popular items whose logits are controls, besides the episode's own item.
    model : str
        Any model of the registry.
    """

    def __init__(self, numbers: int, model: str = "transformer", seed: int = 0) -> None:
        self.numbers = numbers
        self.model = model
        self.seed = seed

    def fit(self, engine: Engine, line: Timeline, events: pa.Table, from_us: int) -> "SequenceState":
        """Learn both models from the events before ``from_us``.

        Raises
        ------
        IdentificationError
            Too few people did anything before.
        """
        time = events.column(names.TIME).cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
        early = events.filter(pc.fill_null(pc.less(time, from_us), False))
        # The moments asked about carry no values (see _Past), so the models learn without them.
        early = early.select([name for name in early.column_names if name != names.VALUE])
        try:
            self.dataset_: Dataset = build_dataset(engine, early)
        except EmptyLogError:
            raise IdentificationError(
                "no event comes before the first episode, so no sequence model can be learned from what came before: "
                "give a later start with --from (from_date)"
            ) from None
        self.half_ = generator(self.seed, "state halves").permutation(np.arange(len(line.users)) % 2)
        known = np.asarray(pc.index_in(self.dataset_.users.ids.cast(line.users.type), value_set=line.users).to_numpy())
        of_row = self.half_[known]
        if min(np.bincount(of_row, minlength=2)) < FEWEST:
            raise IdentificationError(
                f"{len(of_row)} people did anything before the first episode; a sequence model needs {2 * FEWEST}: "
                "give a later start with --from (from_date)"
            )
        histories = self.dataset_.sequences
        with task("sequence models before the first episode", total=2) as bar:
            self.models_: list[Recommender] = []
            for half in (0, 1):
                settings = {"max_epochs": EPOCHS, "embedding_dim": 32} if self.model == "transformer" else {}
                self.models_.append(create(self.model, **settings).fit(histories.take(np.flatnonzero(of_row == half))))
                bar.advance()
        popular = np.bincount(histories.items, minlength=histories.n_items)
        self.anchors_: Int64s = np.argsort(-popular, kind="stable")[: self.numbers]
        return self

    def controls(self, line: Timeline, at: Moments) -> dict[str, Floats]:
        """The controls of every moment, each (Q,); NaN where the models do not know the item."""
        item_of = _codes(line.units, self.dataset_.items.ids)
        behavior_of = _codes(pa.array(line.behaviors), self.dataset_.behaviors.ids)
        past = _past(line, item_of, behavior_of, self.dataset_.sequences)
        own = item_of[at.unit]
        # Events of the very moment are not seen either: a history ends at the first order number of its time.
        first = np.searchsorted(line.column("t"), at.time, side="left")
        found = np.full((len(at.order), self.numbers + 1), np.nan)
        for half, model in enumerate(self.models_):
            rows = np.flatnonzero(self.half_[at.user] != half)
            for start in range(0, len(rows), _AT_ONCE):
                some = rows[start : start + _AT_ONCE]
                logits = model.score(past.before(at.user[some], first[some])).astype(np.float64)
                logits -= logits.mean(axis=1, keepdims=True)
                found[some, 1 : 1 + len(self.anchors_)] = logits[:, self.anchors_]
                known = own[some] >= 0
                found[some[known], 0] = logits[np.flatnonzero(known), own[some[known]]]
        labels = ["expects this item", *(f"expects {self.dataset_.items.names[int(k)]}" for k in self.anchors_)]
        return {f"state: {label}": found[:, k] for k, label in enumerate(labels)}


def _codes(ids: pa.Array, known: pa.Array) -> Int64s:
    """Row of each id among the known ones, -1 where it is not."""
    return np.asarray(
        pc.fill_null(pc.index_in(ids.cast(pa.string()), value_set=known.cast(pa.string())), -1).to_numpy(
            zero_copy_only=False
        ),
        dtype=np.int64,
    )


class _Past:
    """Everybody's events that the models know, by user and order, to be cut at any moment."""

    def __init__(self, order: Int64s, user: Int64s, items: Int64s, behaviors: Int64s, times: Int64s, like: Sequences):
        by = np.lexsort((order, user))
        self._order, self._user, self._like = order[by], user[by], like
        self._items, self._behaviors, self._times = items[by], behaviors[by], times[by]
        self._total = int(order.max(initial=0)) + 2
        self._place = self._user * self._total + self._order

    def before(self, user: Int64s, order: Int64s) -> Sequences:
        """Each user's last events strictly before an order number."""
        end = np.searchsorted(self._place, user * self._total + order, side="left")
        start = np.maximum(np.searchsorted(self._place, user * self._total, side="left"), end - LAST)
        lengths = end - start
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        index = np.repeat(start - offsets[:-1], lengths) + np.arange(offsets[-1])
        return Sequences(
            offsets, self._items[index].astype(np.int32), self._behaviors[index].astype(np.int16), self._times[index],
            index, self._like.n_items, self._like.n_behaviors, self._like.catalogue,
        )  # fmt: skip


def _past(line: Timeline, item_of: Int64s, behavior_of: Int64s, like: Sequences) -> _Past:
    unit, behavior = line.column("i"), behavior_of[line.column("b")]
    item = np.where(unit >= 0, item_of[np.maximum(unit, 0)], -1)
    kept = np.flatnonzero((item >= 0) & (behavior >= 0))
    return _Past(kept, line.column("u")[kept], item[kept], behavior[kept], line.column("t")[kept], like)
