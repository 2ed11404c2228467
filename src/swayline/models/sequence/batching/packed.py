"""A batch: what each token of packed histories shows, may look at and has to predict.

How histories lie in its bins is said in :mod:`~swayline.models.sequence.batching.layout`; objectives fill it in.

Shapes: N bins, W places a bin, T = N · W tokens, Q histories, A attributes of a person.
"""

from dataclasses import dataclass, replace

from torch import Tensor

from swayline.models.sequence.batching.memory import Attends


@dataclass(frozen=True)
class Packed:
    """A batch of histories."""

    items: Tensor
    """(T,) the event's item; ``n_items`` where none is: a start, a hidden event, an empty place."""
    behaviors: Tensor
    """(T,) its behaviour; ``n_behaviors`` where there is no event."""
    positions: Tensor
    """(T,) place in the history."""
    times: Tensor
    """(T,) UTC microseconds of the event; 0 where there is no event and in ordered logs."""
    before: Tensor
    """(T,) the time of the event before it; 0 where that is not known."""
    asked_at: Tensor
    """(T,) when what comes after it is asked; 0 where that is not known."""
    answered_at: Tensor
    """(T,) when what comes after it came; 0 where that is not known."""
    timed: bool
    """Whether the log has times."""
    visible: Tensor
    """(N, 1, W, W) bool: which tokens of its bin each token may look at."""
    last: Tensor
    """(Q,) the token whose state answers for each history, in the order the histories were given."""
    profiles: Tensor | None = None
    """(T, A) what is known of the token's user, 0 unknown and in empty places."""
    targets: Tensor | None = None
    """(T,) the item to predict; any item where there is nothing to predict."""
    target_behaviors: Tensor | None = None
    """(T,) the behaviour to predict, alike."""
    values: Tensor | None = None
    """(T, 4) what each event was worth, None where nothing reads it
    (see :mod:`~swayline.models.sequence.batching.value_inputs`)."""
    target_values: Tensor | None = None
    """(T,) what the event to predict was worth, scaled; NaN where that is not known."""
    weights: Tensor | None = None
    """(T,) 1 where there is something to predict, else 0."""
    memory: Attends | None = None
    """What attention remembers of tokens that are not in the batch (see
    :mod:`~swayline.models.sequence.batching.memory`)."""

    def remembering(self, memory: Attends) -> "Packed":
        """The same batch, read into a memory; its histories lie one a bin."""
        return replace(self, memory=memory)
