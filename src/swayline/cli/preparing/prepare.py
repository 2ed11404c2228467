"""``swayline prepare``: a table made fit to learn from."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.output import show, table_path
from swayline.cli.shared.words import pairs
from swayline.core.errors import UsageError
from swayline.core.storage.outputs import claim_file

if TYPE_CHECKING:
    from swayline.face.prepare import PreparedTable


@dataclass(frozen=True)
class Gaps:
    """What is done to the values."""

    fill: Annotated[
        list[str] | None,
        typer.Option(
            "--fill",
            help="Gaps: drop, mean, median, mode, model or auto (default), of all columns or one: --fill age=mean;"
            " again for more.",
            show_default=False,
        ),
    ] = None
    fit_on: Annotated[
        Path | None,
        typer.Option("--fit-on", help="Learn from this table; by default from TABLE itself.", show_default=False),
    ] = None
    fence: Annotated[
        float,
        typer.Option(
            "--fence", min=0.0, max=1e6, help="Numbers so many interquartile ranges out are drawn in; 0 keeps them."
        ),
    ] = 3.0
    scale: Annotated[bool, typer.Option("--scale", help="Mean 0 and standard deviation 1.")] = False

    def ways(self) -> str | dict[str, str]:
        """One way for all columns, or one a column."""
        single = [one for one in self.fill or () if "=" not in one]
        named = pairs([one for one in self.fill or () if "=" in one], "--fill", "age=mean")
        if len(single) > 1 or (single and named):
            raise UsageError("--fill says one way for all columns, or one a column as --fill age=mean: not both")
        return single[0] if single else named or "auto"


@dataclass(frozen=True)
class Choice:
    """Which columns are kept."""

    select: Annotated[
        str | None,
        typer.Option(
            "--select",
            help="Keep the columns that foretell this one steadily (stability selection).",
            show_default=False,
        ),
    ] = None
    least: Annotated[
        float, typer.Option("--least", min=0.51, max=1.0, help="With --select: share of half samples that hold it.")
    ] = 0.75


@option_groups
def prepare(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="CSV, TSV, Parquet or Stata: a row a unit.", show_default=False)
    ],
    gaps: Gaps = Gaps(),
    choice: Choice = Choice(),
    seed: options.Seed = 0,
    out: Annotated[
        Path, typer.Option("--out", callback=table_path, help="Table to write (.parquet, .csv, .jsonl).")
    ] = Path("prepared.parquet"),
    ending: Ending = Ending(),
) -> None:
    """Make a table fit to learn from: gaps filled and flagged, outliers drawn in, columns chosen; each step told."""
    from swayline.core.storage.tables import write_table
    from swayline.events import read_table
    from swayline.face.prepare import prepare as make_ready

    ways = gaps.ways()
    claim_file(out, "prepare", (table, gaps.fit_on), ending.force)
    found = make_ready(
        read_table(table), ways, fit_on=None if gaps.fit_on is None else read_table(gaps.fit_on), fence=gaps.fence,
        scale=gaps.scale, select=choice.select, least=choice.least, seed=seed,
    )  # fmt: skip
    write_table(out, found.table, "prepare")
    show(ending.json, _told(found, out), [*_lines(found), f"written: {out}"])


def _told(found: "PreparedTable", out: Path) -> dict[str, object]:
    chosen = found.selection
    return {
        "out": str(out), "rows": len(found.table), "dropped": found.dropped,
        "columns": {
            name: {"missing": one.missing, "how": one.how, "low": one.low, "high": one.high}
            for name, one in found.done.items()
        },
        "selection": None if chosen is None else {
            "share": dict(chosen.share), "chosen": list(chosen.chosen), "expected_false": chosen.expected_false,
        },
    }  # fmt: skip


def _lines(found: "PreparedTable") -> list[str]:
    wide = max([6, *(len(name) for name in found.done)])
    lines = [f"{found.heading}", f"{'column':{wide}}  {'gaps':>8}  {'filled by':<10} {'drawn in':>8}"]
    chosen = found.selection
    if chosen is not None:
        lines[1] += "  held by halves"
    for name, one in found.done.items():
        line = f"{name:{wide}}  {one.missing:>8,}  {one.how or '–':<10} {one.low + one.high:>8,}"
        if chosen is not None:
            line += f"  {chosen.share[name]:>13.0%}" + ("  kept" if name in chosen.chosen else "")
        lines.append(line)
    if chosen is not None:
        lines.append(
            f"{len(chosen.chosen):,} of {len(chosen.share):,} columns are kept; at most {chosen.expected_false:.1f} of "
            "them by chance, on average"
        )
    return lines
