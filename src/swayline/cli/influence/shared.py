"""What the verbs of influence share: the table they write, how an effect is identified, what is said of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from swayline.cli.shared.outcome import told_outcome
from swayline.cli.shared.output import table_path
from swayline.cli.shared.reading import Said, read
from swayline.core.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

Out = Annotated[
    Path, typer.Option("--out", callback=table_path, help="Influence table to write (.parquet, .csv, .jsonl).")
]
Graph = Annotated[
    str | None,
    typer.Option(
        "--graph",
        help="Causal graph: a file (text or DOT) or the edges themselves, 'a -> b; b -> c'.",
        show_default=False,
    ),
]
Instrument = Annotated[
    str | None,
    typer.Option(
        "--instrument",
        help="Column that moves the treatment and reaches the outcome through it alone.",
        show_default=False,
    ),
]
Propensity = Annotated[
    str | None,
    typer.Option("--propensity", help="Column with the known chance of the treatment.", show_default=False),
]


class OfOutcome(Protocol):
    """An estimator that is asked about an outcome."""

    outcome: str | None

    def fit(self, log: Any) -> Any:
        """Learn from a log."""


def fit_to(asked: OfOutcome, events: str, reading: Said, *, items: str | None = None, ties: str | None = None) -> None:
    """Read the log and its side tables and fit; how the outcome was chosen is printed where nobody said it."""
    log = read(events, reading, items=items, ties=ties)
    asked.outcome = told_outcome(log, asked.outcome)
    asked.fit(log)


def graph_text(written: str | None) -> str | None:
    """The text of a graph, given itself or as a file."""
    if written is None or "->" in written or "--" in written or "<-" in written:
        return written
    try:
        return Path(written).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--graph is neither edges ('a -> b') nor a file that can be read: {error}") from None


def result(table: "pa.Table", out: Path) -> dict[str, object]:
    """What ``--json`` prints of an influence table: where it is, its length, the rows to quote."""
    from swayline.causal.answer.words import SHOWN

    primary = [row for row in table.select(SHOWN).to_pylist() if row["primary"]]
    return {"out": str(out), "rows": len(table), "primary": primary[:1000]}
