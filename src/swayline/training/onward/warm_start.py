"""A fitted model and tomorrow's events: it learns on, with replay, and says what changed.

::

    old bundle + newer log ─ one dataset ─ hold out newest events of a few ─┬─ carried, untrained: before
                                                                            └─ trained on new people and a replay: after

The Transformer goes on from its weights; first rows of newcomers come from what their people met, else from what they
share with known items. A model that counts is counted again over everything, which is what one fit would give.
"""

import copy
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from swayline.core.progress import task
from swayline.core.rng import generator
from swayline.core.types import Ints
from swayline.dataset import Dataset, Sequences, Targets, last_out, seen_leave
from swayline.engine import Engine
from swayline.events import EventLog
from swayline.models import Recommender
from swayline.models.sequence.continued import Carried
from swayline.models.sequence.transformer import Transformer
from swayline.models.validation import ask, ndcg_of
from swayline.training.bundle import ModelBundle
from swayline.training.onward.refit_with import joined_data, labels_of
from swayline.training.provenance import Provenance

MOST_ASKED, _SHARE, _LEAST_ASKED, _RESAMPLES = 2_048, 0.05, 30, 1_000


@dataclass(frozen=True)
class Changed:
    """What tomorrow's events changed.

    Parameters
    ----------
    events, people, items, behaviors : int
        New ones.
    newcomers : dict
        What first rows of new items came from: ``people``, ``content``, ``average``; empty for models without rows.
    trained_on : int
        People whose histories were trained on, replay among them; 0 for a model that counts.
    questions : int
        Newest events held out, of which the next two are told.
    before, after : float or None
        NDCG@10 on them of the model as it was and as it is.
    ci_low, ci_high : float or None
        95% interval of the difference, over people (bootstrap).
    alarm : str
        What a person should look at before the new model serves; empty where nothing is.
    """

    events: int
    people: int
    items: int
    behaviors: int
    newcomers: dict[str, int]
    trained_on: int
    questions: int = 0
    before: float | None = None
    after: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    alarm: str = ""

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    def lines(self) -> list[str]:
        """As sentences."""
        told = [f"{self.events:,} new events: {self.people:,} new people, {self.items:,} new items"]
        if self.newcomers:
            how = {"people": "what their people met too", "content": "what they share with known items",
                   "average": "the mean of all items"}  # fmt: skip
            told.append(
                "first rows of new items: " + ", ".join(f"{n:,} from {how[a]}" for a, n in self.newcomers.items())
            )
        if self.trained_on:
            told.append(f"trained on the histories of {self.trained_on:,} people, replay among them")
        if self.questions:
            told.append(
                f"NDCG@10 on {self.questions:,} held-out newest events: {self.before:.4f} before, {self.after:.4f} "
                f"after (difference {self.ci_low:.4f} to {self.ci_high:.4f})"
            )
        return [*told, *([f"alarm: {self.alarm}"] if self.alarm else [])]


def warm_start(
    engine: Engine, fitted: ModelBundle, log: EventLog, *, replay: float = 0.5, epochs: int = 3, seed: int = 0
) -> tuple[ModelBundle, Changed]:
    """The model after further events; the one given stays as it is.

    Parameters
    ----------
    replay : float
        People without a new event that are trained on beside those with one, as a share of these.
    epochs : int
        At most; the best on held-out newest events is kept.

    Raises
    ------
    DataError
        One of the two logs has times and the other has none.
    """
    known = fitted.dataset
    data = joined_data(engine, fitted, log)
    dataset = _with_behaviors(data.dataset, known)
    flat = dataset.sequences
    is_new = flat.events > int(known.sequences.events.max(initial=-1))
    exclude_seen = seen_leave(flat)
    counts: dict[str, Any] = {
        "events": int(is_new.sum()), "people": len(dataset.users) - len(known.users),
        "items": len(dataset.items) - len(known.items), "behaviors": len(dataset.behaviors) - len(known.behaviors),
    }  # fmt: skip
    if isinstance(fitted.model, Transformer) and not counts["behaviors"] and counts["events"]:
        model, more = _continued(fitted, dataset, is_new, replay, epochs, seed)
    else:
        with task(f"refit {fitted.model.name}"):
            model, more = copy.copy(fitted.model).refit(flat), {"newcomers": {}, "trained_on": 0}
    bundle = replace(
        fitted, model=model, dataset=dataset, labels=labels_of(fitted, data), exclude_seen=exclude_seen, event_ids={},
        made=Provenance.of(dataset), n_served=None, match=None, quality=None, plan=None,
    )  # fmt: skip
    return bundle, Changed(**(counts | more))


def _with_behaviors(dataset: Dataset, known: Dataset) -> Dataset:
    """The dataset with the known behaviours first, in the order in which the model knows them."""
    new = [name for name in dataset.behaviors.names if name not in known.behaviors.names]
    if new:
        return dataset
    number = known.behaviors.rows(dataset.behaviors.ids)
    flat = dataset.sequences
    behaviors = number[flat.behaviors].astype(flat.behaviors.dtype)
    sequences = replace(flat, behaviors=behaviors, n_behaviors=len(known.behaviors))
    return replace(dataset, behaviors=known.behaviors, sequences=sequences)


def _continued(
    fitted: ModelBundle, dataset: Dataset, is_new: np.ndarray, replay: float, epochs: int, seed: int
) -> tuple[Recommender, dict[str, Any]]:
    """The Transformer trained on, and what that brought."""
    model, flat = fitted.model, dataset.sequences
    assert isinstance(model, Transformer)
    active = np.unique(flat.users[is_new])
    asked = _asked(flat, is_new, active, seed)
    train = flat.keep(~np.isin(flat.events, asked.events)) if len(asked) else flat
    part = _part(train, active, replay, seed)
    carried = Carried(dataset.items.rows(fitted.dataset.items.ids), _profile_codes(fitted.dataset, dataset))
    before = model.continued(train, part, asked, carried, 0)
    after = model.continued(train, part, asked, carried, epochs)
    told = {"newcomers": after.newcomers_, "trained_on": len(np.unique(part.users))}
    if len(asked) < _LEAST_ASKED:
        return after, told
    exclude = seen_leave(train)
    old, new = (_gains(one, asked, exclude) for one in (before, after))
    low, high = _interval(new - old, seed)
    alarm = ""
    if high < 0:
        alarm = "the model is worse on the newest events than before: keep the old one, or fit anew"
    elif fitted.quality is not None and (drop := _drop(old, fitted.quality.value, fitted.quality.n_questions, seed)):
        alarm = drop
    return after, told | {
        "questions": len(asked), "before": float(old.mean()), "after": float(new.mean()), "ci_low": low,
        "ci_high": high, "alarm": alarm,
    }  # fmt: skip


def _asked(flat: Sequences, is_new: np.ndarray, active: Ints, seed: int) -> Targets:
    """The last events, all of them new, of at most a twentieth of the people with one."""
    whole = last_out(flat)
    new = set(flat.events[is_new].tolist())
    able = np.flatnonzero([event in new for event in whole.test.events.tolist()])
    n = min(MOST_ASKED, max(_LEAST_ASKED, int(len(active) * _SHARE)), len(able) // 2)
    return whole.test.take(np.sort(generator(seed, "warm start").permutation(able)[:n]))


def _part(train: Sequences, active: Ints, replay: float, seed: int) -> Sequences:
    """The histories of those with something new, and of some of the others."""
    others = np.setdiff1d(np.flatnonzero(train.lengths > 0), active)
    n = min(len(others), round(len(active) * replay))
    drawn = generator(seed, "replay").permutation(others)[:n]
    return train.take(np.sort(np.concatenate([active, drawn])))


def _profile_codes(before: Dataset, after: Dataset) -> Ints:
    """Code now of each value of the users table before; -1 of one that is gone."""
    if before.people is None or after.people is None:
        return np.zeros(0, np.int64)
    now = {(one["column"], one["value"]): one["code"] for one in after.people.table.to_pylist()}
    rows = before.people.table.to_pylist()
    found = np.full(max((one["code"] for one in rows), default=0) + 1, -1, np.int64)
    for one in rows:
        found[one["code"]] = now.get((one["column"], one["value"]), -1)
    found[0] = 0
    return found


def _gains(model: Recommender, asked: Targets, exclude_seen: bool) -> np.ndarray:
    """(Q,) NDCG@10 of each question."""
    return np.concatenate([ndcg_of(part.scores, part.questions) for part in ask(model, asked, exclude_seen)])


def _interval(values: np.ndarray, seed: int) -> tuple[float, float]:
    draws = generator(seed, "warm interval").integers(len(values), size=(_RESAMPLES, len(values)))
    low, high = np.quantile(values[draws].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


def _drop(old: np.ndarray, usual: float, n_usual: int, seed: int) -> str:
    """An alarm where the model as it was does surely worse on what is new than on what it was judged on."""
    _, high = _interval(old, seed)
    spread = float(old.std()) / np.sqrt(max(n_usual, 1))
    if high >= usual - 1.96 * spread:
        return ""
    return (
        f"the log drifts: the model as it was reached NDCG@10 {old.mean():.4f} on the newest events and {usual:.4f} "
        "where it was fitted; fit anew where that stays so"
    )
