"""A fitted sequence model as a model folder: sizes, what the data decided, training history, weights."""

import dataclasses
from pathlib import Path
from typing import Any

import torch

from swayline.core.errors import ArtifactError
from swayline.models import artifact
from swayline.models.sequence.device import device_of
from swayline.models.sequence.for_data import OPEN
from swayline.models.sequence.knn_blend import KnnBlend
from swayline.models.sequence.network import Network
from swayline.models.sequence.serving.int8 import grown, shrunk, shrunk_shapes
from swayline.models.sequence.serving.scorer import Scorer
from swayline.models.sequence.settings import TransformerSettings
from swayline.models.sequence.sizes import Sizes

_STORED = {
    "n_items": "n_items", "n_behaviors": "n_behaviors", "max_length": "max_length", "timed": "timed",
    "n_columns": "n_columns", "n_values": "n_values", "n_profile_values": "n_known", "n_text_features": "n_told",
    "valued": "valued",
}  # fmt: skip
"""Field of :class:`Sizes` → its name in model folders."""
Line = dict[str, float | int | None]


@dataclasses.dataclass(frozen=True)
class StoredModel:
    """What a folder holds."""

    settings: TransformerSettings
    scorer: Scorer
    chosen: dict[str, object]
    history: list[Line]
    best_epoch: int


def write_folder(folder: Path, name: str, model: StoredModel) -> None:
    """Write weights, settings and the training history."""
    scorer, settings = model.scorer, model.settings
    sizes = dataclasses.asdict(scorer.sizes)
    learned: dict[str, object] = {stored: int(sizes[field]) for field, stored in _STORED.items()}
    learned |= {"best_epoch": model.best_epoch, "history": model.history, "chosen": model.chosen}
    arrays = {key: value.detach().cpu().numpy() for key, value in scorer.network.state_dict().items()}
    if settings.weights == "int8":
        arrays = shrunk(arrays)
    if scorer.blend is not None:
        learned["neighbours"], counted = scorer.blend.learned()
        arrays |= {f"neighbours.{key}": array for key, array in counted.items()}
    artifact.write(folder, name, dataclasses.asdict(settings), learned, arrays)


def read_folder(folder: Path, name: str) -> StoredModel:
    """Read what :func:`write_folder` wrote.

    Raises
    ------
    ArtifactError
        The folder is damaged, or its parts do not agree.
    """
    stored = artifact.read(folder, name)
    settings, blend = artifact.settings_of(folder, stored, TransformerSettings), None
    if "neighbours" in stored.learned:
        stored, counted = artifact.apart(folder, stored, "neighbours")
        blend = KnnBlend.restored(folder, counted)
    sizes = _sizes_of(folder, stored)
    if bool(sizes.n_text_features) != (settings.fusion != "none"):
        raise ArtifactError(
            f"{folder / artifact.MODEL_FILE}: fusion is {settings.fusion!r} with {sizes.n_text_features} features"
        )
    chosen = _chosen_of(folder, stored)
    as_trained = dataclasses.replace(stored, settings=stored.settings | chosen)
    decided = artifact.settings_of(folder, as_trained, TransformerSettings)
    history = _history_of(folder, stored)
    scorer = Scorer(decided, sizes, _network_of(folder, stored, decided, sizes), blend)
    return StoredModel(settings, scorer, chosen, history, artifact.sizes_of(folder, stored, "best_epoch")[0])


def _network_of(folder: Path, stored: artifact.Stored, settings: TransformerSettings, sizes: Sizes) -> Network:
    """The network with the folder's weights, once their shapes agree with what the sizes say."""
    with torch.device("meta"):  # sizes are only believed once the arrays on disk agree with them
        network = Network(settings, sizes)
    shapes = {
        name: (tuple(value.shape), str(value.dtype).removeprefix("torch."))
        for name, value in network.state_dict().items()
    }
    small = settings.weights == "int8"
    artifact.check_arrays(folder, stored, shrunk_shapes(shapes) if small else shapes)
    arrays = grown(stored.arrays) if small else stored.arrays
    codes = arrays["codes"]
    if codes.size and not (codes.min() >= 0 and codes.max() < sizes.n_values):
        raise ArtifactError(
            f"{folder / artifact.WEIGHTS_FILE}: an attribute is outside its table of {sizes.n_values} values"
        )
    network.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()}, assign=True)
    return network.to(device_of(settings)).eval()


def _sizes_of(folder: Path, stored: artifact.Stored) -> Sizes:
    found = dict(zip(_STORED, artifact.sizes_of(folder, stored, *_STORED.values()), strict=True))
    values: dict[str, Any] = found | {name: bool(found[name]) for name in ("timed", "valued")}
    return Sizes(**values)


def _history_of(folder: Path, stored: artifact.Stored) -> list[Line]:
    lines = stored.learned.get("history")
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise ArtifactError(f"{folder / artifact.MODEL_FILE}: the training history is not a list of epochs")
    return lines


def _chosen_of(folder: Path, stored: artifact.Stored) -> dict[str, object]:
    chosen = stored.learned.get("chosen")
    if not isinstance(chosen, dict) or sorted(chosen) != sorted(n for n in OPEN if stored.settings.get(n) is None):
        raise ArtifactError(f"{folder / artifact.MODEL_FILE}: what the data decided is not told, or not all of it")
    return chosen
