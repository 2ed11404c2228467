"""The temporal model: who takes what next, by what happened when; every item scored by features of the moment.

::

    for each item:  how popular, how lately, at this hour        (everybody)
                    met how often, how lately, at which hours    (the person's own events)
                    what follows the last items; temporal walks over people who met the same
                    how far from the last place                  (where the log has places)
    score        =  a small network over these 48 numbers

The state is arrays and rings that one pass through the log fills, event by event; on the way, questions drawn from it
("what did this person do now?") are gathered with what was known strictly before, and the network learns from them.
Nothing is scored by what came later.

Shapes: Q histories, I items, U users, F features.

References
----------
Lu et al., "Improving Temporal Link Prediction via Temporal Walk Matrix Projection" (TPNet), NeurIPS 2024 (walks).
Cornell et al., "Are We Really Measuring Progress? Simple heuristics on temporal graphs", 2025 (recency as a baseline).
Poursafaei et al., "Towards Better Evaluation for Dynamic Link Prediction" (EdgeBank), NeurIPS 2022.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, ClassVar, Self

import numpy as np
import torch
from pydantic import Field

from swayline.core.errors import ArtifactError, EmptyLogError
from swayline.core.extras import require
from swayline.core.settings import Count, checked
from swayline.dataset import Sequences, Targets
from swayline.dataset.adjacency import clock_of
from swayline.models import artifact
from swayline.models.epochs import Line
from swayline.models.protocol import Scores
from swayline.models.temporal.compiled.shapes import N_FEATURES, N_HALF_LIVES, Events, Known, Questions, State
from swayline.models.temporal.learning import Histories, Walk, some_places
from swayline.models.temporal.network import Part, Scorer, learn, scores_of
from swayline.models.temporal.state import check_state, empty_state, half_lives_of, known_of, shapes_of
from swayline.models.temporal.stream import Stream, part_of, questions_of, stream_of

_IN_EPOCHS, _LEAST_TO_STOP = 8_192, 50
"""Questions up to which a log is learned from in several epochs; and from which some of them say when to stop."""
_WARM_SHARE = 0.1
"""Of the stream, before anything is asked."""
_NETWORK, _STATE, _KNOWN = "network.", "state.", "state.known."


@checked
@dataclass(frozen=True)
class TemporalSettings:
    """What is learned from, how much the network holds, and whether the moment of the answer is known.

    ``target_time``: ages and hours count from the moment that is asked about (a request, a check-in); without it from
    the person's last event, as where nobody says when the next one comes.
    """

    n_questions: Count = 100_000
    n_candidates: Annotated[int, Field(ge=8, le=4096)] = 160
    hidden_dim: Annotated[int, Field(ge=4, le=1024)] = 64
    max_epochs: Count = 10
    learning_rate: Annotated[float, Field(ge=1e-5, le=0.1)] = 3e-3
    target_time: bool = False
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class Temporal:
    """The next item by recency, counts, rhythm, what follows what, walks and distance."""

    name: ClassVar[str] = "temporal"
    reads_values: ClassVar[bool] = False
    Settings: ClassVar[type[TemporalSettings]] = TemporalSettings

    def __init__(self, settings: TemporalSettings | None = None) -> None:
        self.settings = settings or TemporalSettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Walk through the log and learn; the last tenth of its own questions says when to stop.

        Raises
        ------
        MissingExtraError
            The library ``numba`` is not installed.
        EmptyLogError
            There is no event to learn from.
        """
        require("numba", extra="people")
        if not len(train.items):
            raise EmptyLogError(f"{self.name} has no event to learn from")
        self.half_lives_ = half_lives_of(stream_of(train).events.times)
        settings, stream = self.settings, stream_of(train)
        able = np.arange(int(len(stream) * _WARM_SHARE), len(stream))
        places = some_places(able, settings.n_questions, settings.seed)
        asked = questions_of(stream, places, strict=False, target_time=settings.target_time)
        walk = self.start(train, stream)
        self.learn_from(walk, asked)
        self.state_, self.known_ = walk.to_end(), walk.known
        self.end_s_ = float(stream.events.times[-1])
        return self

    def refit(self, train: Sequences) -> Self:
        """Walk through a (longer) log and learn again; its own last questions say anew when to stop."""
        return self.fit(train)

    def start(self, sequences: Sequences, stream: Stream) -> Walk:
        """A walk through a stream with nothing known yet, by the half-lives already chosen."""
        known = known_of(sequences, self.half_lives_)
        n_categories = int(known.category.max(initial=-1)) + 1
        return Walk.through(stream, empty_state(sequences.n_items, len(sequences), n_categories), known)

    def learn_from(self, walk: Walk, asked: Questions) -> Self:
        """Gather the questions on the walk and train the network on them.

        A few are learned from in several epochs, their last tenth saying when to stop; many in one pass, as they come.
        """
        settings, n = self.settings, len(asked.start)
        gather = partial(walk.candidates, width=settings.n_candidates, seed=settings.seed)
        few = n <= _IN_EPOCHS
        n_kept = n - n // 10 if few and n >= _LEAST_TO_STOP else min(n, _IN_EPOCHS)
        first, later = gather(part_of(asked, 0, n_kept)), None
        if few and n_kept < n:
            later = gather(part_of(asked, n_kept, n))

        def parts(epoch: int) -> Iterator[Part]:
            yield first
            if not few:
                for start in range(n_kept, n, _IN_EPOCHS):
                    yield gather(part_of(asked, start, min(start + _IN_EPOCHS, n)))

        self.network_ = Scorer(N_FEATURES, settings.hidden_dim)
        self.network_.start(settings.seed, first[0].reshape(-1, N_FEATURES)[:: max(1, n_kept // 500)])
        trained = learn(
            self.network_, parts, n_kept if few else n, max_epochs=settings.max_epochs if few else 1,
            learning_rate=settings.learning_rate, seed=settings.seed, asked=later,
        )  # fmt: skip
        self.best_epoch_ = trained.best_epoch
        self.history_: list[Line] = [
            {"epoch": one.epoch, "loss": one.loss, "quality_of_candidates": one.judged, "seconds": one.seconds}
            for one in trained.epochs
        ]
        return self

    def score(self, history: Sequences) -> Scores:
        """(Q, I) scores of every item, by the state as of the end of the log that was learned from."""
        timed = self.known_.timed and history.timed
        seconds = clock_of(history) * (1e-6 if history.timed else 1.0)
        start, stop = history.offsets[:-1], history.offsets[1:]
        own_now = np.where(stop > start, seconds[np.maximum(stop, 1) - 1] if len(seconds) else 0.0, self.end_s_)
        now = np.full(len(history), self.end_s_)
        if timed:
            asked_at = history.asked_at
            if self.settings.target_time:
                asked_at = history.answered_at if asked_at is None else asked_at
                own_now = np.maximum(own_now, asked_at * 1e-6 if asked_at is not None else own_now)
            now = np.maximum(now, own_now)
        nothing = np.zeros(len(history), np.int64)
        asked = Questions(start, stop, own_now, now, nothing, nothing - 1)
        none = np.zeros(0, np.int64)
        histories = Histories(history.items.astype(np.int64), np.asarray(seconds, np.float64))
        walk = Walk(self.state_, self.known_, Events(none, none, np.zeros(0)), histories)
        scores = np.empty((len(history), history.n_items), np.float32)
        for part, features in walk.every_item(asked):
            scores[part] = scores_of(self.network_, features)
        return scores

    def save(self, folder: Path) -> None:
        """Write the state, what is known of items, and the network."""
        learned = {
            "n_items": len(self.state_.n_met), "n_users": len(self.state_.n_own),
            "n_categories": len(self.state_.category_count), "best_epoch": self.best_epoch_,
            "timed": int(self.known_.timed), "end_s": self.end_s_,
        }  # fmt: skip
        arrays = {f"{_STATE}{name}": value for name, value in self.state_._asdict().items()}
        arrays |= {f"{_KNOWN}{name}": getattr(self.known_, name) for name in ("category", "place", "half_lives")}
        arrays |= {f"{_NETWORK}{name}": value.numpy() for name, value in self.network_.state_dict().items()}
        artifact.write(folder, self.name, dataclasses.asdict(self.settings), learned, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        require("numba", extra="people")
        stored = artifact.read(folder, cls.name)
        model = cls(artifact.settings_of(folder, stored, TemporalSettings))
        n_items, n_users, n_categories, model.best_epoch_, timed = artifact.sizes_of(
            folder, stored, "n_items", "n_users", "n_categories", "best_epoch", "timed"
        )
        (model.end_s_,) = artifact.numbers_of(folder, stored, "end_s")
        shapes: dict[str, tuple[tuple[int, ...] | None, str]] = {
            f"{_STATE}{name}": one for name, one in shapes_of(n_items, n_users, n_categories).items()
        }
        shapes |= {f"{_KNOWN}category": ((n_items,), "int64"), f"{_KNOWN}place": ((n_items, 3), "float64")}
        shapes[f"{_KNOWN}half_lives"] = ((N_HALF_LIVES,), "float64")
        with torch.device("meta"):
            network = Scorer(N_FEATURES, model.settings.hidden_dim)
        shapes |= {f"{_NETWORK}{name}": (tuple(v.shape), "float32") for name, v in network.state_dict().items()}
        artifact.check_arrays(folder, stored, shapes)
        arrays = stored.arrays
        model.state_ = State(**{name: arrays[f"{_STATE}{name}"] for name in State._fields})
        check_state(folder, model.state_, n_items, n_users)
        category, place, model.half_lives_ = (arrays[f"{_KNOWN}{name}"] for name in ("category", "place", "half_lives"))
        if (model.half_lives_ <= 0).any() or (category >= max(n_categories, 1)).any():
            raise ArtifactError(f"{folder / artifact.WEIGHTS_FILE}: half_lives or category are out of range")
        model.known_ = Known(model.half_lives_, category, place, bool(timed))
        tensors = {name: torch.from_numpy(arrays[f"{_NETWORK}{name}"]) for name in network.state_dict()}
        network.load_state_dict(tensors, assign=True)
        model.network_, model.history_ = network.eval(), []
        return model
