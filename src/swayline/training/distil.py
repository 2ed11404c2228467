"""Small models of a fitted one: what each student is, and how it learns from its teacher.

::

    bundle ─ split as it was fitted ─ students learn from the teacher's scores ─ validation ─ bundles

A student's folder is an ordinary model folder: every verb that reads one reads it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from swayline.core.errors import UsageError, nearest, shown
from swayline.dataset import Sequences, Split, last_out, split_by_name
from swayline.models import ItemKNN, ItemKNNSettings, Recommender, Transformer
from swayline.models.sequence.distil import SmallSize
from swayline.training.bundle import ModelBundle
from swayline.training.validation import Questions

STUDENTS = ("transformer", "item-knn")
FORMS = ("onnx", "browser")
ONNX_FILE, BROWSER_FOLDER = "model.onnx", "browser"
_NEIGHBOURS = 100
"""Of an item, in a student that has nothing else."""


@dataclass(frozen=True)
class Student:
    """A smaller model and how good validation finds it.

    Parameters
    ----------
    label : str
        What it is, in words.
    bundle : ModelBundle
        The model with everything around it.
    """

    label: str
    bundle: ModelBundle

    @property
    def valid_ndcg(self) -> float:
        """NDCG@10 on validation."""
        return self.bundle.quality.value if self.bundle.quality is not None else 0.0


def teacher_of(bundle: ModelBundle) -> Transformer:
    """The sequence model of a bundle.

    Raises
    ------
    UsageError
        It holds another model.
    """
    if not isinstance(bundle.model, Transformer):
        raise UsageError(f"the folder holds {bundle.model.name}, and only a transformer is made smaller: fit one")
    return bundle.model


def check_forms(names: Sequence[str]) -> None:
    """Refuse a serving form that does not exist.

    Raises
    ------
    UsageError
        As said.
    """
    for name in names:
        if name not in FORMS:
            raise UsageError(f"--form {shown(name)} is unknown: {nearest(name, FORMS)}")


def write_forms(bundle: ModelBundle, names: Sequence[str], folder: Path) -> dict[str, Path]:
    """Write serving forms of a bundle's model into its folder: form → what was written.

    Raises
    ------
    MissingExtraError
        A form needs a library that is not installed.
    UsageError
        The model is no sequence model, or reads what the form does not.
    """
    check_forms(names)
    model, found = teacher_of(bundle), dict[str, Path]()
    if "onnx" in names:
        model.write_onnx(folder / ONNX_FILE, bundle.exclude_seen)
        found["onnx"] = folder / ONNX_FILE
    if "browser" in names:
        small = model if model.settings.weights == "int8" else model.in_eight_bits()
        ids, behaviors = bundle.dataset.items.names, bundle.behaviors.names
        small.write_browser(folder / BROWSER_FOLDER, bundle.exclude_seen, ids, behaviors)
        found["browser"] = folder / BROWSER_FOLDER
    return found


def check_students(names: Sequence[str]) -> None:
    """Refuse a student that does not exist.

    Raises
    ------
    UsageError
        As said.
    """
    for name in names:
        if name not in STUDENTS:
            raise UsageError(f"--student {shown(name)} is unknown: {nearest(name, STUDENTS)}")


def split_of(bundle: ModelBundle, sequences: Sequences) -> tuple[Split, bool]:
    """Histories to learn from, validation and test questions, and whether the teacher has not learned from the answers.

    A bundle that was fitted on everything has: its last events are asked all the same, and that is said.
    """
    name = bundle.quality.split if bundle.quality is not None else "none"
    if name == "none":
        return last_out(sequences), False
    return split_by_name(sequences, name), True


def students(
    bundle: ModelBundle, split: Split, names: Sequence[str], size: SmallSize, weights: Sequence[str]
) -> list[Student]:
    """Every student, taught on the training part and measured on validation.

    Raises
    ------
    UsageError
        The teacher is no sequence model, a student is unknown or would not be smaller.
    """
    check_students(names)
    teacher, found = teacher_of(bundle), list[Student]()
    questions = Questions.of(split.valid, bundle.exclude_seen, "last-out" if split.cut_us is None else "time", 0)

    def add(label: str, model: Recommender) -> None:
        found.append(Student(label, replace(bundle, model=model, quality=questions.measure(model))))

    if "transformer" in names:
        small = teacher.distilled(split.train, split.valid, size)
        shape = f"transformer {small.settings.width} × {small.settings.depth}"
        for kind in weights:
            add(f"{shape}, {kind}", small.in_eight_bits() if kind == "int8" else small)
    if "item-knn" in names:
        settings = ItemKNNSettings(neighbours=_NEIGHBOURS, value_weight=0.0)
        add("item-knn, taught", ItemKNN(settings).taught(teacher, split.train, split.valid))
    return found
