"""How a model on behaviour features is learned: with the values of events among the features where that helps.

What values weigh is learned from the training questions like every other feature. Whether they are read at all is left
to validation questions, by the rule of :func:`~swayline.models.values.choose_valued`: they must lose nothing on all
answers (at most one standard error of the paired difference) and rank the liked ones better.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from swayline.core.types import Floats
from swayline.dataset import Sequences, Targets
from swayline.models.behavior.tables import Tables, count_tables
from swayline.models.behavior.training_examples import TrainingExamples, training_examples
from swayline.models.protocol import Recommender
from swayline.models.tuning import Choices, choose, judge_of
from swayline.models.values import ValueReading, liked_answers

C = TypeVar("C")
R = TypeVar("R", bound=Recommender)
Become = Callable[[Tables, TrainingExamples | None, C], R]
"""A model from what was counted, the questions to learn from, and its settings with nothing left open."""


def learn_choosing(
    label: str,
    settings: Any,
    kind: type[C],
    choices: Choices,
    become: Become[C, R],
    train: Sequences,
    valid: Targets | None,
) -> tuple[R, ValueReading | None]:
    """The model with what was left open chosen on validation questions, and what the values of the log are.

    Without validation questions values are read where there are any.
    """
    judge, reading = judge_of(valid), ValueReading.of(train, settings.values)

    def best(read: ValueReading | None) -> tuple[Tables, TrainingExamples | None, C]:
        tables, rows = count_tables(train, read), training_examples(train, settings.seed, read)
        found = None if judge is None else lambda trial: judge(become(tables, rows, trial))
        return tables, rows, choose(label, settings, kind, choices, found, rounds=1)

    if reading is None or judge is None:
        return become(*best(reading)), reading
    plain, valued = best(None), best(reading)
    without, with_values = (judge.each(become(*one)) for one in (plain, valued))
    is_better = helps(without, with_values, liked_answers(judge.questions, reading))
    return become(*(valued if is_better else plain)), reading


def learn_again(
    settings: Any, chosen: C, become: Become[C, R], train: Sequences, reads: bool
) -> tuple[R, ValueReading | None]:
    """The model with the choices already made, values among them."""
    reading = ValueReading.of(train, settings.values)
    read = reading if reads else None
    return become(count_tables(train, read), training_examples(train, settings.seed, read), chosen), reading


def helps(without: Floats, with_values: Floats, liked: np.ndarray) -> bool:
    """Whether lists with values lose nothing on all (Q,) answers and rank the liked ones better.

    >>> helps(np.array([0.5, 0.0, 0.4]), np.array([1.0, 0.0, 0.3]), np.array([True, True, False]))
    True
    >>> helps(np.array([0.5, 0.5, 0.5]), np.array([0.6, 0.0, 0.0]), np.array([True, False, False]))
    False
    """
    gap = with_values - without
    is_lossless = bool(gap.mean() >= -gap.std() / np.sqrt(len(gap)))
    asked = liked if liked.any() else np.ones(len(gap), bool)
    return is_lossless and bool(gap[asked].mean() > 0)
