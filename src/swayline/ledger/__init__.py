"""Floor 1: the one table of influence: its columns, its words, its rows, and how it is written and read.

Every row says what moved what, by how much, how surely, on which evidence, and whether it is identified. Effects of
behaviours, events, people, content and places stand in the same columns, so that they can be read, compared, queried,
drawn and used by the ranker alike.
"""

from swayline.ledger.estimands import ESTIMANDS, Estimand, estimand
from swayline.ledger.ids import event_id, recommendation_id
from swayline.ledger.rows import (
    AssociationRow,
    EffectRow,
    EventRows,
    Figure,
    ModelRow,
    PersonRows,
    Row,
    SimulationRow,
    TieRows,
)
from swayline.ledger.schema import COLUMNS, SCHEMA
from swayline.ledger.store import REASON_KEY, concat, ledger, no_rows, read_ledger, reason_of, write_ledger

__all__ = [
    "COLUMNS", "ESTIMANDS", "REASON_KEY", "SCHEMA", "AssociationRow", "EffectRow", "Estimand", "EventRows", "Figure",
    "ModelRow", "PersonRows", "Row", "SimulationRow", "TieRows", "concat", "estimand", "event_id", "ledger", "no_rows",
    "read_ledger", "reason_of", "recommendation_id", "write_ledger",
]  # fmt: skip
