"""Floor 1: where tables are computed. DuckDB by default; Spark where tables outgrow a machine; one set of operators."""

from swayline.engine.dialect import DUCKDB, SPARK, Dialect
from swayline.engine.duck import DuckEngine
from swayline.engine.protocol import Engine
from swayline.engine.relation import Relation
from swayline.engine.spark import SparkEngine

__all__ = ["DUCKDB", "SPARK", "Dialect", "DuckEngine", "Engine", "Relation", "SparkEngine"]
