"""The columns of the influence table, their types, and the words that each of them may hold."""

import pyarrow as pa

_FLOATS = ("estimate", "ci_low", "ci_high", "p_value", "window_s", "horizon_s")
COLUMNS = (
    "cause_kind", "cause", "effect_kind", "effect", "channel", "estimand",
    "estimate", "ci_low", "ci_high", "p_value", "unit", "n", "window_s", "horizon_s", "as_of", "method",
    "primary", "subject", "reference", "evidence", "identified", "assumptions", "refutations",
)  # fmt: skip


def _type(column: str) -> pa.DataType:
    if column in _FLOATS:
        return pa.float64()
    return {"n": pa.int64(), "as_of": pa.timestamp("us", tz="UTC"), "primary": pa.bool_()}.get(column, pa.string())


SCHEMA = pa.schema([pa.field(column, _type(column)) for column in COLUMNS])
CAUSE_KINDS = (
    "behavior", "event", "user", "item", "content", "place", "treatment", "policy", "category", "column", "relation",
)  # fmt: skip
EFFECT_KINDS = ("outcome", "recommendation", "user", "item")
CHANNELS = ("own", "model", "social", "consumption", "content", "all")
EXPERIMENT, ADJUSTED, ASSOCIATION, MODEL, SIMULATION = "experiment", "adjusted", "association", "model", "simulation"
ALLOWED = {
    "cause_kind": CAUSE_KINDS,
    "effect_kind": EFFECT_KINDS,
    "channel": CHANNELS,
    "evidence": (EXPERIMENT, ADJUSTED, ASSOCIATION, MODEL, SIMULATION),
    "identified": ("yes", "assumed", "no"),
}
"""What a row may say in each column of words. ``evidence``: the treatment was randomised or its propensity is known;
controls were adjusted for; nothing was; our own model was asked; acts were simulated."""
NO_CLAIM = (MODEL, SIMULATION)
"""Evidence that claims nothing about people, so that ``identified`` is null there."""
IDENTITY = ("cause_kind", "cause", "effect_kind", "effect", "channel", "estimand")
"""What a row of another tool must say at least, to be read."""
NEEDED = (*IDENTITY, "unit", "method")
"""Columns that no row of ours leaves null."""
OLD_NAMES = {"recommended": "primary"}
"""Column names of tables written before, and what they are called now."""
