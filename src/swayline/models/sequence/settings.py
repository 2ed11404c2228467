"""What can be set on the sequence model; None where no one value fits all and the data decides."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from swayline.core.errors import ConfigError
from swayline.core.settings import Seed, Size, checked, require_one_of

Block = Literal["sasrec", "ligr", "hstu"]
Loss = Literal["sampled-softmax", "full-softmax", "gbce", "bpr"]
Precision = Literal["auto", "fp32", "bf16"]
Positions = Literal["start", "end", "none"]
Objective = Literal["next-item", "masked", "encoder-decoder"]
Schedule = Literal["constant", "cosine"]
Weights = Literal["fp32", "int8"]
Fusion = Literal["none", "initialise", "project", "gate", "concatenate", "cross-attend"]

MIXING = ("sampled-softmax", "full-softmax")
"""Losses that know probabilities, so that returning can be mixed in."""


@checked
@dataclass(frozen=True)
class TransformerSettings:
    """Settings of :class:`~swayline.models.sequence.transformer.Transformer`; None means chosen from the data.

    Parameters
    ----------
    embedding_dim, n_blocks, n_heads : int, optional
        Width, depth and attention heads. None: 256, 1, 1; in logs with 50 events an item and more 128, 2, 2, since
        there is more to learn and less to remember, with four blocks where these are half a million events and more in
        histories of 50 and more; in logs with fewer than 4 events an item 64, 1, 1.
    expansion : int
        Width of the feed-forward layer as a multiple of the model's.
    block : str
        One of the files in ``sequence/blocks``.
    positions : str
        Learned places counted from the start of the history, from its end, or none.
    max_length : int, optional
        Events of a history that are read (the last ones). None: 50, or up to 200 where histories are that long.
    dropout : float, optional
        Share of activations dropped, on the input and after each layer. None: .5 in logs with fewer than 50 events an
        item, which are learned by heart otherwise, else .2.
    behaviors, times : bool
        Behaviours are part of the input where the log has more than one; lags, hours and weekdays where it has times
        (what returns is chosen by how long ago it was met in any case).
    attributes : bool
        Items share what they have in common (category, and every column of the items table whose values repeat).
    profiles : bool
        What the users table says of a person is read with each event (columns whose values repeat).
    request_time : bool, optional
        How long the person has been away when the question is asked (``history.asked_at``) is read in logs with times,
        where anybody says it (see ``models/sequence/batching/request.py``). None: where people return (``repeats``).
    target_time : bool
        The time of the very event to predict is read (``history.answered_at``, block hstu), as in HSTU's published
        figures: another and easier question.
    behavior_loss : float
        Weight of predicting which behaviour the next event is, in logs with more than one; 0 learns items alone.
    values : bool
        What each event was worth (stars, seconds, prices) is read with it, in logs that say so.
    value_loss : float
        Weight of foretelling what the next event is worth, in logs that say so; 0 learns items alone.
    windows : bool, optional
        Histories longer than ``max_length`` are learned from whole, in windows, not from their end alone. None: in
        logs with 50 events an item and more.
    objective : str
        One of the files in ``sequence/objectives``: what is predicted from what.
    repeats : bool, optional
        What comes is drawn from the catalogue or from the history, as a pointer network mixes them; among what was
        met by how often, how lately and by which behaviour. None: where at least 5% of events return to an item the
        person already had.
    neighbours : bool, optional
        Item neighbours count beside the network, as much as validation says (see ``models/sequence/knn_blend.py``);
        never without validation questions. None: where no texts are inside (``fusion`` none).
    fusion : str
        How the items' titles, descriptions and categories join their ids: one of the files in ``sequence/fusion``.
    text_model : str
        Folder of a local text encoder that reads them; empty: MiniLM, or a small BERT learned from the texts where
        these are not English.
    warm_start : bool
        The item table starts from the factors of co-occurrence, not from random numbers.
    loss, n_negatives, in_batch, correction
        The loss; items drawn uniformly for each batch and shared by all its positions; whether the batch's own
        targets join them; whether the sampled sum stands for the whole catalogue (log-Q).
    temperature : float, optional
        Score by the cosine of state and item divided by this; None scores by their product.
    learning_rate, schedule, weight_decay, warmup_steps, max_gradient
        How the weights move.
    batch_tokens, accumulation, max_epochs, patience : int
        Events a batch; batches a step; epochs at most; epochs without a better validation NDCG@10. Without validation
        questions exactly ``max_epochs`` epochs are trained.
    averaging : float
        Keep a moving average of the weights, this share of the old one a step: it is what is judged and kept.
    precision : str
        bf16 multiplies matrices in bfloat16 and keeps weights in float32; auto takes it where the chip has it.
    weights : str
        fp32, or int8: the fitted matrices are kept in eight bits and meet the catalogue as integers.
    device : str
        "auto" takes a GPU where there is one.
    compile : bool
        Blocks are compiled by PyTorch: worth its minute on a GPU and in long training.
    """

    embedding_dim: Size | None = None
    n_blocks: Size | None = None
    n_heads: Size | None = None
    expansion: Size = 1
    block: Block = "ligr"
    positions: Positions = "start"
    max_length: Size | None = None
    dropout: Annotated[float, Field(ge=0.0, le=0.95)] | None = None
    behaviors: bool = True
    times: bool = False
    attributes: bool = True
    profiles: bool = False
    request_time: bool | None = None
    target_time: bool = False
    behavior_loss: Annotated[float, Field(ge=0.0, le=100.0)] = 0.0
    values: bool = False
    value_loss: Annotated[float, Field(ge=0.0, le=100.0)] = 0.0
    windows: bool | None = None
    objective: Objective = "next-item"
    repeats: bool | None = None
    neighbours: bool | None = None
    fusion: Fusion = "none"
    text_model: str = ""
    warm_start: bool = True
    loss: Loss = "sampled-softmax"
    n_negatives: Size = 1024
    in_batch: bool = True
    correction: bool = True
    temperature: Annotated[float, Field(ge=1e-3, le=10.0)] | None = None
    learning_rate: Annotated[float, Field(ge=1e-8, le=10.0)] = 1e-3
    schedule: Schedule = "constant"
    weight_decay: Annotated[float, Field(ge=0.0, le=10.0)] = 0.0
    warmup_steps: Annotated[int, Field(ge=0)] = 100
    batch_tokens: Size = 2048
    accumulation: Size = 1
    max_epochs: Size = 60
    patience: Size = 5
    max_gradient: Annotated[float, Field(ge=1e-6)] = 1.0
    averaging: Annotated[float, Field(ge=0.0, le=0.99999)] = 0.99
    precision: Precision = "auto"
    weights: Weights = "fp32"
    device: str = "auto"
    compile: bool = False
    seed: Seed = 0

    def __post_init__(self) -> None:
        if self.width % self.heads:
            require_one_of("n_heads", self.n_heads, tuple(n for n in range(1, 65) if self.width % n == 0))
        if self.target_time and (self.block != "hstu" or self.objective == "masked"):
            raise ConfigError("setting target_time is read by block hstu with a causal objective: set block = hstu")
        if self.fusion == "concatenate" and self.objective == "masked":
            raise ConfigError(
                "fusion concatenate reads the title at the place that is asked, which objective masked hides: set"
                " fusion = cross-attend"
            )
        if self.repeats and self.loss not in MIXING:
            require_one_of("loss", self.loss, MIXING)

    @property
    def counts_neighbours(self) -> bool:
        """Whether item neighbours may count beside the network."""
        return self.fusion == "none" if self.neighbours is None else self.neighbours

    @property
    def width(self) -> int:
        """The model's width, where the data has not decided otherwise."""
        return self.embedding_dim or 256

    @property
    def heads(self) -> int:
        """Attention heads, where the data has not decided otherwise."""
        return self.n_heads or 1

    @property
    def depth(self) -> int:
        """Blocks, where the data has not decided otherwise."""
        return self.n_blocks or 1
