"""``swayline distil``: a smaller model of a fitted one, and forms of it that run elsewhere."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.model_folder import ModelFolder
from swayline.cli.shared.output import show, warn
from swayline.cli.shared.reading import Said, reads
from swayline.core.errors import UsageError, shown

if TYPE_CHECKING:
    from swayline.face.distil import Distilled
    from swayline.training.bundle import ModelBundle

TABLE = "distilled.json"
"""The table, beside the model."""


@dataclass(frozen=True)
class Small:
    """How small."""

    student: Annotated[
        list[str] | None,
        typer.Option("--student", help="transformer (the default) or item-knn; again for both.", show_default=False),
    ] = None
    width: Annotated[
        int | None,
        typer.Option(
            "--width", min=4, max=8_192, help="Width of the smaller network; by default a quarter.", show_default=False
        ),
    ] = None
    blocks: Annotated[
        int | None,
        typer.Option("--blocks", min=1, max=64, help="Its blocks; by default half as many.", show_default=False),
    ] = None
    neighbours: Annotated[
        int, typer.Option("--neighbours", min=1, max=10_000, help="Item neighbours that count beside it, where any do.")
    ] = 20
    epochs: Annotated[int, typer.Option("--epochs", min=1, max=10_000, help="Epochs at most.")] = 12
    keep: Annotated[
        float,
        typer.Option("--keep", min=0.0, max=1.0, help="Share of the teacher's validation NDCG@10 that must be left."),
    ] = 0.97

    @property
    def students(self) -> tuple[str, ...]:
        """Which students, each once."""
        return tuple(dict.fromkeys(self.student or ("transformer",)))


@reads()
def distil(
    model: ModelFolder,
    events: Annotated[
        str | None,
        typer.Argument(
            metavar="EVENTS",
            help="The log it was fitted on, or a newer one; without it the model stays as large, in eight bits.",
            show_default=False,
        ),
    ] = None,
    small: Small = Small(),
    form: Annotated[
        list[str] | None,
        typer.Option("--form", help="Also write onnx (model.onnx) or browser (a folder); again for both."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Model folder to write.")] = Path("small"),
    seed: options.Seed = 0,
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:
    """Make a fitted sequence model small: pruned, taught by the large one's scores, in eight bits; with a table."""
    from swayline.core.storage.files import write_json
    from swayline.core.storage.locks import only_one
    from swayline.core.storage.outputs import claim_folder, is_model_folder
    from swayline.training import ModelBundle
    from swayline.training.distil import check_forms, check_students, teacher_of, write_forms

    if events is None and small != Small():
        raise UsageError("a smaller model is taught on a log: give EVENTS too, the one that the model was fitted on")
    forms = tuple(dict.fromkeys(form or ()))
    check_students(small.students)
    check_forms(forms)
    if forms and small.students != ("transformer",):
        raise UsageError("--form is written of a transformer: leave out --student item-knn")
    if out.resolve() == model.resolve():
        raise UsageError(f"--out {shown(str(out))} is the model that is made small: name another folder")
    claim_folder(out, "fit", is_model_folder, (model, *([] if events is None else [events])), ending.force)
    bundle = ModelBundle.load(model)
    whole = teacher_of(bundle)
    result: dict[str, Any] = {"out": str(out)}
    lines: list[str] = []
    with only_one(out, "distil"):
        if events is None:
            made = replace(bundle, model=whole if whole.settings.weights == "int8" else whole.in_eight_bits())
        else:
            found = _taught(bundle, events, small, seed, reading)
            made = found.chosen.bundle
            result |= found.as_json()
            lines += [*_table(found), f"chosen on validation: {found.chosen.label}"]
        made.save(out)
        if events is not None:
            write_json(out / TABLE, {name: value for name, value in result.items() if name != "out"})
        written = write_forms(made, forms, out)
    result["forms"] = {name: str(path) for name, path in written.items()}
    show(ending.json, result, [*lines, f"model: {out}", *(f"{name}: {path}" for name, path in written.items())])


def _taught(bundle: "ModelBundle", events: str, small: Small, seed: int, reading: Said) -> "Distilled":
    """Students of a model, with what must be known of them on stderr."""
    from swayline.engine import DuckEngine
    from swayline.face.distil import distil as make_small
    from swayline.models.sequence.distil import SmallSize
    from swayline.training.distil import teacher_of
    from swayline.training.newer import read_newer

    size = SmallSize(small.width, small.blocks, small.neighbours, small.epochs)
    size.settings(teacher_of(bundle).decided)
    with DuckEngine() as engine:
        joined = bundle.for_log(engine, read_newer(events, replace(bundle.options, **reading), None, engine))
    found = make_small(joined, joined.dataset.sequences, small.students, size, keep=small.keep, seed=seed)
    for note in (*(joined.match.notes() if joined.match is not None else ()), *found.notes):
        warn(f"note: {note}")
    return found


def _table(found: "Distilled") -> list[str]:
    """The table for people."""
    lines = [
        f"{found.n_questions:,} questions, every item ranked; speed is lists of ten for people a second, in this run",
        f"{'model':<28} {'size':>10} {'share':>7} {'users/s':>9} {'ratio':>7} {'N@10':>7}   of the teacher's (95%)",
    ]
    for row in found.rows:
        lines.append(
            f"{row['model']:<28} {row['bytes'] / 1e6:>7.2f} MB {row['size_share']:>7.1%} {row['users_s']:>9,.0f}"
            f" {row['speed_ratio']:>6.2f}× {row['ndcg']:>7.4f}   {row['kept']:.1%}"
            f" ({row['kept_low']:.1%} to {row['kept_high']:.1%})"
        )
    return lines
