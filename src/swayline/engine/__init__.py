"""Floor 1: where tables are computed. DuckDB by default; one set of operators that Spark says too."""

from swayline.engine.dialect import DUCKDB, SPARK, Dialect
from swayline.engine.duck import DuckEngine
from swayline.engine.protocol import Engine
from swayline.engine.relation import Relation

__all__ = ["DUCKDB", "SPARK", "Dialect", "DuckEngine", "Engine", "Relation"]
