"""What a step of the chain is."""

from typing import ClassVar, Protocol, runtime_checkable

from swayline.recommend.slate import Slate

CANDIDATES, FILTER, RANK, ORDERING, REASONS = "candidates", "filter", "rank", "order", "reasons"
"""Kinds of steps. Candidates and filters come before a ranking, what orders its pool and gives reasons after it."""


@runtime_checkable
class Step(Protocol):
    """One step: settings are its fields, and calling it changes the slate.

    Any class of this shape is a step: put an instance into ``Chain(steps=(…,))``, or its class into
    :data:`swayline.recommend.steps.STEPS` to name it in configuration.
    """

    name: ClassVar[str]
    kind: ClassVar[str]

    def __call__(self, slate: Slate) -> None:
        """Change the slate."""
        ...
