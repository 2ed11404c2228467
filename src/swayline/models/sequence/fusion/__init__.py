"""How what is told of an item joins its id. One file a fusion; a new one is its file and its line here.

A fusion makes one vector (R, D) of items' learned rows (R, D) and the features (R, F) of their texts. It is what the
network reads of an event and what a state is multiplied with, so whatever scores items scores fused ones too. One that
also has ``answer`` and ``state`` puts texts beside the ids, in dimensions of their own.

Shapes: R items, D width, F features of texts.
"""

from collections.abc import Callable

from swayline.models.sequence.fusion.concatenate import Concatenate
from swayline.models.sequence.fusion.cross_attend import CrossAttend
from swayline.models.sequence.fusion.gate import Gate
from swayline.models.sequence.fusion.initialise import Initialise
from swayline.models.sequence.fusion.project import Project
from swayline.models.sequence.fusion.text_fusion import Fusion
from swayline.models.sequence.settings import TransformerSettings

FUSIONS: dict[str, Callable[[TransformerSettings, int], Fusion]] = {
    "concatenate": Concatenate, "cross-attend": CrossAttend, "gate": Gate, "initialise": Initialise, "project": Project,
}  # fmt: skip
