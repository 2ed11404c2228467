"""The loss of a batch: of its next items, and of whatever else the network is asked to predict of them.

Shapes: T tokens, W width of states and answers, C of these columns that texts have to themselves, K candidates.
"""

from collections.abc import Callable

from torch import Tensor

from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.losses import LOSSES
from swayline.models.sequence.network import Network
from swayline.models.sequence.optimize.negatives import Candidates
from swayline.models.sequence.settings import TransformerSettings

BatchLoss = Callable[[Network, TransformerSettings, Packed, Candidates, Tensor | None], Tensor]
"""() the loss of a batch (see :func:`batch_loss`)."""


def batch_loss(
    network: Network, settings: TransformerSettings, batch: Packed, drawn: Candidates, others: Tensor | None
) -> Tensor:
    """() the loss, every position's next item told apart from ``others`` (K,); None: from the whole catalogue."""
    states = network(batch)  # (T, W)
    wanted = network.answers(batch.targets)  # (T, W)
    head, repeats, values = network.head, network.repeats, network.values
    ways = repeats.of_batch(states, batch, network.codes) if repeats is not None else ()
    of_items = _with_texts(network, LOSSES[settings.loss])
    candidates = network.answers(others)  # (K, W)
    loss = of_items(states, wanted, candidates, drawn.log_weights, drawn.columns, batch.weights, *ways)
    if head is not None:
        loss = loss + settings.behavior_loss * head.loss(states, wanted, batch)
    if values is not None and values.foretells:
        loss = loss + settings.value_loss * values.loss(states, wanted, batch)
    return loss


def _with_texts(network: Network, loss: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The loss of ids, and where texts stand beside them the texts' own, so that neither learns less for both."""
    texts, n_text_dims = network.told, network.n_text_dims
    if texts is None or not n_text_dims:
        return loss

    def both(states: Tensor, wanted: Tensor, others: Tensor, *rest: Tensor) -> Tensor:
        parts = states, wanted, others
        of_ids = [part[:, :-n_text_dims].contiguous() for part in parts]  # (T or K, W - C)
        of_texts = [part[:, -n_text_dims:].contiguous() for part in parts]  # (T or K, C)
        of_texts[0] = texts.sharpened(of_texts[0])
        first: Tensor = loss(*of_ids, *rest)
        return first + loss(*of_texts, *rest[:3])

    return both
