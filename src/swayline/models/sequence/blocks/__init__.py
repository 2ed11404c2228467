"""One file a block; a new one is its file and its line here.

A block is a module that maps packed tokens (T, D) and their batch to (T, D), or to (Q, D) of the (Q,) tokens asked for.
"""

from collections.abc import Callable

from torch import nn

from swayline.models.sequence.blocks.hstu import HSTU
from swayline.models.sequence.blocks.ligr import LiGR
from swayline.models.sequence.blocks.sasrec import SASRec
from swayline.models.sequence.settings import TransformerSettings

BLOCKS: dict[str, Callable[[TransformerSettings], nn.Module]] = {"hstu": HSTU, "ligr": LiGR, "sasrec": SASRec}
