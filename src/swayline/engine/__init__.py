"""Floor 1: where tables are computed. DuckDB by default; one set of SQL operators."""

from swayline.engine import asof, operators, rates, summaries
from swayline.engine.duck import DuckEngine
from swayline.engine.protocol import Engine

__all__ = ["DuckEngine", "Engine", "asof", "operators", "rates", "summaries"]
