"""Which behaviours may drive which in a log: a graph over landmark episodes, time as background knowledge.

::

    tier 0                    tier 1                        tier 2
    what was known at t0      behaviours in the window      the outcome after it

The graph is a set of hypotheses to be tested, drawn in the report; effects are not read off it.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from swayline.causal.identify.discover import EDGES, discover_graph
from swayline.core.rng import generator
from swayline.influence.effects.contrasts import FEWEST, Window

MOST_ROWS = 20_000
KNOWN = ("own: events", "item: events by all", "own in category: events")
"""Controls that stand for what was known, where the log has them."""
SAMPLES = 20


def behavior_graph(w: Window, asked: Sequence[str], outcome: str) -> pa.Table:
    """Edges among behaviours in the window, what was known before it, and the outcome; a table of :data:`.EDGES`.

    Empty where fewer than two columns vary, or fewer than ten rows a column are left.
    """
    count = len(w.mark)
    rows = np.sort(generator(w.seed, "graph rows").permutation(count)[:MOST_ROWS])
    columns: dict[str, np.ndarray] = {}
    tiers: dict[str, int] = {}
    for name in KNOWN:
        if name in w.controls.column_names:
            columns[name] = w.controls.column(name).to_numpy()[rows]
            tiers[name] = 0
    for name in asked:
        values = np.log1p(np.asarray(w.counts[name], dtype=np.float64))[rows]
        if FEWEST <= (values > 0).sum() <= len(values) - FEWEST:
            columns[name], tiers[name] = values, 1
    happened = w.made.outcome.astype(np.float64)[rows]
    if FEWEST <= happened.sum() <= len(happened) - FEWEST:
        columns[outcome], tiers[outcome] = happened, 2
    columns = {name: values for name, values in columns.items() if float(np.std(values)) > 0}
    if len(columns) < 2 or len(rows) < 10 * len(columns):
        return EDGES.empty_table()
    used = {name: tiers[name] for name in columns}
    return discover_graph(columns, list(columns), tiers=used, samples=SAMPLES, threshold=0.5, seed=w.seed)
