"""Regression trees as plain arrays, from LightGBM and back, so that a folder holds numbers that can be checked.

A tree of l leaves has l - 1 splits; a child is a split (from 0) or a leaf (-1 - leaf), numbered within its tree::

    sizes      3  2                leaves of each tree
    feature    7  0 | 2            splits, tree after tree
    left       1 -1 | -1
    right     -3 -2 | -2           a child that is a split always comes later in its tree: no walk can run in a circle
    leaf      .1 -.2 .3 | 0 .1

Shapes: K trees, N splits, L leaves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from swayline.core.errors import ArtifactError
from swayline.core.extras import require
from swayline.models import artifact
from swayline.models.counts.stored_matrix import Expected

Predictor = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float64]]
_KINDS = {
    "sizes": "int32", "feature": "int32", "left": "int32", "right": "int32", "threshold": "float64", "leaf": "float64",
}  # fmt: skip
_TEXTS = {"feature": "split_feature", "threshold": "threshold", "left": "left_child", "right": "right_child"}


@dataclass(frozen=True)
class Trees:
    """Splits and leaves of all trees, one after the other.

    Parameters
    ----------
    sizes : (K,) int32
        Leaves of each tree, at least 1.
    feature, left, right : (N,) int32
        What each split looks at, and where it sends rows at or below its threshold, and above.
    threshold : (N,) float64
    leaf : (L,) float64
        Added to a row's score.
    """

    sizes: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int32]
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float64]
    leaf: npt.NDArray[np.float64]

    @classmethod
    def none(cls) -> Self:
        """No tree at all."""
        return cls(**{name: np.empty(0, kind) for name, kind in _KINDS.items()})

    def as_arrays(self) -> dict[str, np.ndarray]:
        """As a folder holds them."""
        return {f"trees.{name}": getattr(self, name) for name in _KINDS}

    def predictor(self, n_features: int) -> Predictor:
        """(n, G) features to (n,) sums of leaves, computed by LightGBM."""
        if not len(self.sizes):
            return lambda values: np.zeros(len(values))
        lightgbm = require("lightgbm", extra="models")
        booster = lightgbm.Booster(model_str=_text(self, n_features))
        return lambda values: booster.predict(values)


def from_booster(booster: Any) -> Trees:
    """The trees of a trained LightGBM booster of numeric features without missing values."""
    blocks = booster.model_to_string().split("\nTree=")[1:]
    fields = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in blocks]
    parts: dict[str, list[np.ndarray]] = {name: [] for name in _KINDS}
    for one in fields:
        n_leaves = int(one["num_leaves"])
        parts["sizes"].append(np.array([n_leaves]))
        parts["leaf"].append(np.array(one["leaf_value"].split(), np.float64))
        for name, theirs in _TEXTS.items():
            parts[name].append(np.array(one[theirs].split() if n_leaves > 1 else [], np.float64))
    return Trees(**{name: np.concatenate(found or [np.empty(0)]).astype(_KINDS[name]) for name, found in parts.items()})


def expected_arrays() -> Expected:
    """What a folder has to hold of trees."""
    return {f"trees.{name}": (None, kind) for name, kind in _KINDS.items()}


def trees_of(folder: Path, arrays: artifact.Arrays, n_features: int) -> Trees:
    """The trees of checked arrays.

    Raises
    ------
    ArtifactError
        Sizes do not fit, a split reads no feature, or a child is no later split and no leaf of its tree.
    """
    trees = Trees(**{name: arrays[f"trees.{name}"] for name in _KINDS})
    sizes = trees.sizes.astype(np.int64)
    n_splits = int((sizes - 1).sum())
    sound = (
        bool((sizes >= 1).all()) and len(trees.leaf) == sizes.sum()
        and all(len(getattr(trees, name)) == n_splits for name in _TEXTS)
        and bool(((trees.feature >= 0) & (trees.feature < n_features)).all())
    )  # fmt: skip
    if sound and n_splits:
        tree = np.repeat(np.arange(len(sizes)), sizes - 1)
        own = np.arange(n_splits) - np.repeat(np.cumsum(sizes - 1) - (sizes - 1), sizes - 1)
        for child in (trees.left.astype(np.int64), trees.right.astype(np.int64)):
            later = (child > own) & (child < sizes[tree] - 1)
            sound = sound and bool((later | ((child < 0) & (child >= -sizes[tree]))).all())
    if not sound:
        raise ArtifactError(f"{folder / artifact.WEIGHTS_FILE}: the trees' arrays do not make trees")
    return trees


def _text(trees: Trees, n_features: int) -> str:
    """LightGBM's text form."""
    blocks = []
    splits = np.cumsum(np.append(0, trees.sizes - 1))
    leaves = np.cumsum(np.append(0, trees.sizes))
    for number, size in enumerate(trees.sizes.tolist()):
        part = slice(splits[number], splits[number + 1])
        lines = [f"Tree={number}", f"num_leaves={size}", "num_cat=0"]
        lines += [f"{theirs}={_numbers(getattr(trees, name)[part])}" for name, theirs in _TEXTS.items()]
        lines += [f"split_gain={_numbers(np.ones(size - 1, np.int64))}"]
        lines += [f"decision_type={_numbers(np.full(size - 1, 2))}"]
        lines += [f"leaf_value={_numbers(trees.leaf[leaves[number] : leaves[number + 1]])}"]
        blocks.append("\n".join([*lines, "is_linear=0", "shrinkage=1", "", ""]) + "\n")
    head = [
        "tree", "version=v4", "num_class=1", "num_tree_per_iteration=1", "label_index=0",
        f"max_feature_idx={n_features - 1}", "objective=lambdarank",
        f"feature_names={' '.join(f'f{place}' for place in range(n_features))}",
        f"feature_infos={' '.join(['[-1e300:1e300]'] * n_features)}",
        f"tree_sizes={' '.join(str(len(block)) for block in blocks)}",
    ]  # fmt: skip
    return "\n".join(head) + "\n\n" + "".join(blocks) + "end of trees\n"


def _numbers(values: npt.NDArray[Any]) -> str:
    return " ".join(repr(value) for value in values.tolist())
