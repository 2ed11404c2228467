"""Figures: tables in, Plotly figures out. The report and the dashboard draw with these alone.

A table is a list of rows (mappings), as ``pyarrow.Table.to_pylist`` gives it. A figure carries no title: the finding
is written above it as text, where it wraps, prints and is read aloud. Outside text goes through :func:`plain`, since
Plotly reads a little HTML in labels.
"""

from swayline.report.figures.acts import MAX_FLOW, flow, funnel, shares
from swayline.report.figures.clock import MAX_SERIES, activity, hour_of_week, peak, window_unit, window_words
from swayline.report.figures.effects import forest
from swayline.report.figures.evolution import changes, cohorts, days, passages, returns, stream
from swayline.report.figures.frame import plain
from swayline.report.figures.groups import bars, day_rhythm, differences
from swayline.report.figures.models import learning_curve, model_scores
from swayline.report.figures.spread import bin_words, long_tail, per_user
from swayline.report.figures.worth import bar_words, histogram, trend

__all__ = [
    "MAX_FLOW", "MAX_SERIES", "activity", "bar_words", "bars", "bin_words", "changes", "cohorts", "day_rhythm", "days",
    "differences", "flow", "forest", "funnel", "histogram", "hour_of_week", "learning_curve", "long_tail",
    "model_scores", "passages", "peak", "per_user", "plain", "returns", "shares", "stream", "trend", "window_unit",
    "window_words",
]  # fmt: skip
