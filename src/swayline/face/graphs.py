"""``sw.discover_graph``: which column may drive which, as a table that draws itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from swayline.causal.identify.discover import discover_graph as discover
from swayline.causal.identify.graph import OPEN_SHARE
from swayline.causal.table.frame import as_table
from swayline.core.showing.mermaid import flowchart
from swayline.core.showing.pictures import graph_picture
from swayline.core.showing.result import Result


@dataclass(frozen=True, repr=False)
class FoundGraph(Result):
    """Edges of a discovered graph: ``source``, ``target``, ``lag``, ``confidence``, ``oriented``.

    ``sw.estimate_effect(graph=…)`` takes it as it is. Every edge is a hypothesis.
    """

    def to_mermaid(self) -> str:
        """The graph as Mermaid text; the words on an arrow are the share of samples that found it."""
        rows = [(row["source"], row["target"], f"{row['confidence']:.2f}", row["oriented"]) for row in self]
        return flowchart(
            [row[:3] for row in rows if row[3] >= OPEN_SHARE],
            open_edges=[row[:3] for row in rows if row[3] < OPEN_SHARE],
        )


def discover_graph(
    frame: Any,
    columns: Sequence[str] | None = None,
    *,
    tiers: Mapping[str, int] | None = None,
    interventions: str | None = None,
    method: str = "score",
    samples: int = 50,
    threshold: float | None = None,
    seed: int = 0,
) -> FoundGraph:
    """Which column may drive which: edges of the graphs of many half samples, with the share that has each.

    Parameters
    ----------
    frame : Arrow, pandas or Polars frame, DuckDB relation, or mapping of columns
        A row a unit.
    columns : sequence of str, optional
        Numeric or true/false columns; by default all.
    tiers : mapping, optional
        Column → its place in time; nothing later causes anything earlier.
    interventions : str, optional
        Column whose words say which of the columns were set from outside in a row.
    method : str
        ``score``, ``gaussian``, ``levels``, ``both`` or ``pc``.
    samples : int
        How many half samples are drawn.
    threshold : float, optional
        Edges in a smaller share of the graphs are left out; .5 with ``both``, else .85.
    seed : int
        Draws the samples.

    Returns
    -------
    FoundGraph
        A table with ``.plot()`` and ``.to_mermaid()``; hypotheses, not findings.

    Raises
    ------
    UsageError, SchemaError
        A column or an option is unknown, or a column holds no numbers.
    IdentificationError
        Fewer rows than ten a column.

    References
    ----------
    Meinshausen and Bühlmann, "Stability selection", JRSS B 2010; Friedman, Goldszmidt and Wyner, "Data analysis with
    Bayesian networks: a bootstrap approach", UAI 1999.
    """
    table = as_table(frame)
    names = list(columns) if columns is not None else [name for name in table.column_names if name != interventions]
    edges = discover(
        table, names, tiers=tiers, interventions=interventions, method=method, samples=samples, threshold=threshold,
        seed=seed,
    )  # fmt: skip
    heading = f"{len(edges)} edges among {len(names)} columns, {samples} half samples: hypotheses, not findings"
    return FoundGraph(edges, heading, graph_picture)
