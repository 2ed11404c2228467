"""``swayline diff``: what changed from one run to another, and whether that may be released."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.output import json_path, show
from swayline.core.errors import DataError, UsageError, shown

if TYPE_CHECKING:
    from swayline.evolution.runs import Comparison

_SHOWN = 8


@dataclass(frozen=True)
class Gate:
    """What a release may cost; without these nothing fails."""

    max_drop: Annotated[
        list[str] | None,
        typer.Option(
            "--max-drop",
            metavar="METRIC=BY",
            help="Fail where a metric falls by more, as ndcg@10=0.005.",
            show_default=False,
        ),
    ] = None
    model: Annotated[
        str | None, typer.Option("--model", help="Whose metrics --max-drop holds (every model).", show_default=False)
    ] = None
    min_overlap: Annotated[
        float | None,
        typer.Option("--min-overlap", min=0.0, max=1.0, help="Fail where less of the lists stays.", show_default=False),
    ] = None
    same_verdicts: Annotated[bool, typer.Option("--same-verdicts", help="Fail where a verdict changed.")] = False


@option_groups
def diff(
    before: Annotated[Path, typer.Argument(metavar="RUN_A", help="Folder of a run.", show_default=False)],
    after: Annotated[Path, typer.Argument(metavar="RUN_B", help="Folder of the run to compare.", show_default=False)],
    between: Annotated[
        list[Path] | None,
        typer.Option("--between", help="A run in between that changes one thing; again for each.", show_default=False),
    ] = None,
    noise: Annotated[
        Path | None,
        typer.Option("--noise", help="RUN_A with another seed: how far chance goes.", show_default=False),
    ] = None,
    gate: Gate = Gate(),
    out: Annotated[
        Path | None, typer.Option("--out", help="JSON file of the whole comparison.", show_default=False)
    ] = None,
    ending: Ending = Ending(),
) -> None:
    """Which lists, metrics and verdicts changed from RUN_A to RUN_B, and why; exits 1 where a limit given is broken."""
    from swayline.core.storage.files import write_json
    from swayline.core.storage.outputs import claim_file, note_output
    from swayline.evolution.runs import Limits, compare_runs, failures

    limits = Limits(_drops(gate.max_drop), gate.model, gate.min_overlap, not gate.same_verdicts)
    if out is not None:
        claim_file(json_path(out), "diff", (before, after), ending.force)
    found = compare_runs(before, after, between=between or (), noise=noise)
    broken = failures(found, limits)
    told = found.as_json() | {"broken": broken}
    if out is not None:
        write_json(out, told)
        note_output(out, "diff")
    show(ending.json, told, [*_lines(found), *(f"broken: {one}" for one in broken)])
    if broken:
        raise DataError(f"{len(broken)} of the limits are broken: {broken[0]}")


def _drops(said: list[str] | None) -> dict[str, float]:
    found = {}
    for one in said or ():
        metric, _, by = one.rpartition("=")
        try:
            found[metric] = float(by)
        except ValueError:
            found[metric] = -1.0
        if not metric or not found[metric] >= 0:
            raise UsageError(f"--max-drop {shown(one)} is no METRIC=BY: write --max-drop ndcg@10=0.005")
    return found


def _lines(found: "Comparison") -> list[str]:
    """The comparison in sentences."""
    reasons = " and ".join(found.reasons)
    lines = [
        f"the runs differ in {reasons}" + ("; what each of these changed cannot be told apart from two runs alone"
                                          if len(found.reasons) > 1 and not found.steps else "")
        if found.reasons else "the runs differ in nothing that decides them"
    ]  # fmt: skip
    lines += [f"setting {name}: {old} → {new}" for name, (old, new) in found.settings.items()][:_SHOWN]
    moved = [row for row in found.metrics if row["change"]]
    beyond = sorted((row for row in moved if not row["within_noise"]), key=lambda row: -abs(row["change"]))
    lines.append(f"{len(moved)} of {len(found.metrics)} metrics changed, {len(beyond)} beyond noise")
    lines += [
        f"  {row['metric']} of {row['model']}: {row['before']:.4f} → {row['after']:.4f}" for row in beyond[:_SHOWN]
    ]
    lines.append(f"{len(found.verdicts)} verdicts changed")
    lines += [
        f"  {row['cause']} → {row['effect']} ({row['estimand']}): {row['before']} → {row['after']}"
        for row in found.verdicts[:_SHOWN]
    ]
    if found.lists.get("overlap") is not None:
        lists = found.lists
        lines.append(
            f"lists of {lists['people']:,} people: {lists['overlap']:.0%} of the items stay, {lists['unchanged']:.0%} "
            f"of the lists are the same, {lists['first_changed']:.0%} have another first item"
        )
    if found.noise is not None and found.noise["overlap"] is not None:
        lines.append(f"another seed alone leaves {found.noise['overlap']:.0%} of the items")
    lines += [
        f"step {at}: {' and '.join(one['reasons']) or 'nothing'}; {one['verdicts']} verdicts"
        + ("" if one["overlap"] is None else f", {one['overlap']:.0%} of the items stay")
        for at, one in enumerate(found.steps, 1)
    ]
    return lines
