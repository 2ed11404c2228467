"""How a model chooses what was left open: one setting at a time, around the best found so far, on validation questions.

A model has two dataclasses: its settings, where None leaves a number to validation, and ``Chosen``, where nothing is
open and the defaults are the middle of the road.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from swayline.core.progress import task
from swayline.core.settings import build
from swayline.dataset import Sequences, Targets
from swayline.models.validation import ValidationScorer

C = TypeVar("C")
Choices = Mapping[str, tuple[Any, ...]]
_ROUNDS = 2


def judge_of(valid: Targets | None) -> ValidationScorer | None:
    """The judge of some validation questions; None where there are none."""
    return ValidationScorer(valid) if valid is not None and len(valid) else None


def unseen_last(train: Sequences, valid: Targets | None) -> Sequences:
    """The training histories without the last event of every validation history.

    A person is always a step ahead of the tables that were counted of them: the last event of a served history came
    after the model was fitted. Validation histories end where training ends, so choices are made on tables that have
    not counted their last event either; otherwise a log of thin items leads to a memory of one event, which finds the
    person's own next steps by their own counts.

    >>> from swayline.dataset import from_lists, last_out
    >>> split = last_out(from_lists([[1, 2, 3, 4], [5]], n_items=6))
    >>> unseen_last(split.train, split.valid).items.tolist()
    [1, 5]
    """
    if valid is None or not len(valid.history.events):
        return train
    ends = valid.history.offsets[1:][valid.history.lengths > 0]
    return train.keep(~np.isin(train.events, valid.history.events[ends - 1]))


def choose(
    label: str,
    settings: Any,
    kind: type[C],
    choices: Choices,
    found: Callable[[C], float] | None,
    rounds: int = _ROUNDS,
) -> C:
    """The settings with nothing left open: what was said stands, the rest is what ranks validation answers best.

    Coordinate search: of each open setting every choice is tried with the others at the best found so far, some rounds
    long. The order of ``choices`` decides which setting goes first; no combination is tried twice.

    Parameters
    ----------
    settings : dataclass
        As the caller gave them; fields that ``kind`` does not have are left alone.
    found : callable, optional
        NDCG@10 of the model with some settings. Without it the defaults of ``kind`` fill the gaps.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Settings:
    ...     width: int | None = None
    ...     depth: int | None = 3
    >>> @dataclasses.dataclass(frozen=True)
    ... class Chosen:
    ...     width: int = 4
    ...     depth: int = 1
    >>> choose("toy", Settings(), Chosen, {"width": (2, 4, 8)}, lambda trial: -abs(trial.width - 8))
    Chosen(width=8, depth=3)
    """
    fields = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    said = {name: value for name, value in dataclasses.asdict(settings).items() if value is not None and name in fields}
    best = build(kind, said)
    free = [name for name in choices if name not in said]
    if found is None or not free:
        return best
    tries = [(name, value) for _ in range(rounds) for name in free for value in choices[name]]
    best_found, seen = found(best), {best}
    with task(f"choose {label}", total=len(tries)) as bar:
        for name, value in tries:
            bar.advance()
            trial = dataclasses.replace(best, **{name: value})  # type: ignore[type-var]
            if trial in seen:
                continue
            seen.add(trial)
            quality = found(trial)
            if quality > best_found:
                best, best_found = trial, quality
                bar.note(f"NDCG@10 {best_found:.4f}")
    return best
