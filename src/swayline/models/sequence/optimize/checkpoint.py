"""Where training stands after an epoch, in one file, so that a killed run goes on as if nothing had happened.

Every epoch draws its random numbers from the seed and its own number, so weights, optimizer and the record of past
epochs are all there is to keep. A checkpoint of other data or other settings is not resumed from.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from swayline.core.storage.files import digest, whole
from swayline.core.storage.outputs import claim_file
from swayline.dataset import Sequences

_ADAM = ("step", "exp_avg", "exp_avg_sq")


def fingerprint(histories: Sequences, settings: Any) -> str:
    """What a run learns from and how, as one word; how long it may take is left out, so that a run can be extended."""
    data = hashlib.sha256()
    for array in (histories.offsets, histories.items, histories.behaviors, histories.times):
        data.update(array.tobytes())
    if histories.values is not None:
        data.update(histories.values.tobytes())
    asked = dataclasses.asdict(settings) | {"max_epochs": 0, "patience": 0, "device": ""}
    return digest([data.hexdigest(), histories.n_items, histories.n_behaviors, asked])


def claim_checkpoint(path: Path, inputs: Iterable[Any] = (), force: bool = False) -> None:
    """Refuse a file that is no checkpoint of ours, before training begins.

    Raises
    ------
    UsageError
        The file holds anything but a checkpoint.
    """
    claim_file(path, "fit", inputs, force, is_ours=_is_checkpoint, option="--checkpoint")


def _is_checkpoint(path: Path) -> bool:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as stored:
            return {"run", "record"} <= (stored.metadata() or {}).keys()
    except (SafetensorError, OSError):
        return False


def save(
    path: Path, run: str, record: dict[str, Any], tensors: dict[str, Tensor], optimizer: torch.optim.Optimizer
) -> None:
    """Write a checkpoint whole or not at all."""
    from safetensors.torch import save_file

    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"adam.{index}.{part}": state[part] for part in _ADAM}
    with whole(path) as temporary:
        contents = {name: value.detach().contiguous().clone() for name, value in tensors.items()}
        save_file(contents, temporary, metadata={"run": run, "record": json.dumps(record)})


def load(path: Path, run: str, optimizer: torch.optim.Optimizer) -> tuple[dict[str, Any], dict[str, Tensor]] | None:
    """The record and tensors of the same run, the optimizer set to where it stood; None where there is none."""
    from safetensors import SafetensorError, safe_open

    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as stored:
            metadata = stored.metadata() or {}
            if metadata.get("run") != run:
                return None
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except SafetensorError:
        return None
    state = optimizer.state_dict()
    count = sum(len(group["params"]) for group in state["param_groups"])
    state["state"] = {index: {part: tensors.pop(f"adam.{index}.{part}") for part in _ADAM} for index in range(count)}
    optimizer.load_state_dict(state)
    return json.loads(metadata["record"]), tensors
