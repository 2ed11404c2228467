"""Every operator is SQL that DuckDB and Spark both say, and no SQL stands anywhere else."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlglot
from sqlglot.errors import ErrorLevel

import swayline.engine.operators as families
from swayline.engine import DUCKDB, SPARK, Dialect, DuckEngine, Relation
from swayline.engine.operators import asof, checks, habits
from swayline.engine.operators.checks import Cells, Reading
from swayline.engine.registry import OPERATORS

SOURCE = Path(__file__).parents[2] / "src" / "swayline"
for module in pkgutil.iter_modules(families.__path__):
    importlib.import_module(f"swayline.engine.operators.{module.name}")

TEXT, NUMBER, REAL, MOMENT = pa.string(), pa.int64(), pa.float64(), pa.timestamp("us", "UTC")
NAMES = ("user", "item", "behavior", "event_id", "session", "category", "device")
TABLES = {
    "log": {"row": NUMBER, **dict.fromkeys(NAMES, TEXT), "time": MOMENT, "value": REAL, "lat": REAL, "lon": REAL},
    "raw": {"row": NUMBER, **dict.fromkeys((*NAMES, "time", "value", "lat", "lon", "position"), TEXT),
            **dict.fromkeys(("propensity", "exposed", "text", "rest"), TEXT)},
    "rows": {"row": NUMBER},
    "codes": {"id": TEXT, "code": NUMBER},
    "acts": {**dict.fromkeys(("u", "i", "c", "b", "t", "day", "hour", "weekday", "row"), NUMBER), "weight": REAL},
    "rated": {"user": TEXT, "row": NUMBER, "t": NUMBER, "lat": REAL, "lon": REAL},
    "people": {"user": TEXT},
    "gaps": {"owner": NUMBER, "gap": NUMBER, "day": NUMBER},
    "traits": {"owner": NUMBER, "trait": NUMBER, "w": REAL, "n": NUMBER},
    "words": {"text": NUMBER, "word": NUMBER},
    "item_texts": {"i": NUMBER, "text": NUMBER},
    "act_texts": {"row": NUMBER, "text": NUMBER},
    "used_codes": {"row": NUMBER, "code": NUMBER},
    "segments": {"u": NUMBER, "segment": NUMBER},
    "events": dict.fromkeys(("o", "u", "i", "c", "b", "t"), NUMBER),
    "past": {"user": TEXT, "item": TEXT, "behavior": TEXT, "t": NUMBER, "seq": NUMBER, "device": TEXT},
    "asked": {"k": NUMBER, "user": TEXT, "item": TEXT, "t": NUMBER},
    "moments": dict.fromkeys(("k", "i", "t"), NUMBER),
    "pairs": dict.fromkeys(("u", "i", "ft", "fo"), NUMBER),
    "rejected": dict.fromkeys(("file", "refused_column", "reason", "value"), TEXT) | {"row": NUMBER},
}  # fmt: skip
"""Columns of the tables that the samples ask."""

NOW = datetime(2026, 1, 1, tzinfo=UTC)
_HAS = frozenset(TABLES["raw"]) - {"row"}
CELLS = Cells(_HAS, _HAS, Reading(is_epoch=True), {"user": 9}, frozenset({"user"}))
NANOSECONDS = Cells(_HAS, _HAS, Reading(1e-3, left_out=frozenset({"lat"})), {}, frozenset())
DATED = Cells(_HAS, _HAS, Reading(0.0, "%Y%m%d%H%M%S"), {}, frozenset())
UNTIMED = Cells(frozenset({"user", "item"}), frozenset({"user", "item"}), Reading(), {}, frozenset())
MADE = ["value", "lat", "lon", "position", "propensity", "exposed"]
VALUES = {
    "one": ("sum", "1"), "first": ("min", "t"), "n0": ("sum", asof.where_is("behavior", r"it's \ 1")),
    "last": ("max", asof.where_is("behavior", "view", "t", None)), "seq": ("max", asof.where_known("device", "seq")),
}  # fmt: skip
SAMPLES: dict[str, list[tuple[Any, ...]]] = {
    "asof.before": [("past", "asked", ["user", "item"], VALUES)],
    "asof.recently": [("past", "asked", ["user"], 3_600_000_000),
                      ("past", "asked", ["user"], 3_600_000_000, asof.where_is("behavior", "view"))],
    "asof.distinct": [("past", "asked", ["user", "item"], "device"), ("past", "asked", ["item"], "item")],
    "asof.most_named": [("events", "moments", "i", "c", 7)],
    "checks.checked": [("raw", cells, MADE, NOW) for cells in (CELLS, NANOSECONDS, DATED)]
    + [("raw", UNTIMED, [], NOW)],
    "checks.timed": [("raw", CELLS, NOW)],
    "cleaning.suspects": [("log", ["user", "item"]), ("log", ["user", "item"], "event_id")],
    "cleaning.deduplicate": [("log", ["user", "item"]), ("log", ["user", "time"], "event_id")],
    "cleaning.rows_in": [("log", "rows")],
    "cleaning.rows_not_in": [("log", "rows")],
    "cleaning.filled_counts": [("log", ["user", "session"])],
    "cleaning.sorted_rows": [("log", ["user", "time"], ["time", "event_id"], "event_id"), ("log", ["row"], ["row"])],
    "cleaning.k_core_step": [("log", 5, 5)],
    "episodes.openings": [("events",)],
    "episodes.first_events": [("events",)],
    "episodes.trial_rows": [("events", "pairs")],
    "episodes.path_steps": [("events", 3)],
    "habits.totals": [("acts", "u", 3, ["i", "c"])],
    "habits.by_clock": [("acts", "i", "hour")],
    "habits.pauses": [("acts",)],
    "habits.quantiles": [("gaps", "gap", (0.5, 0.75))],
    "habits.own_pauses": [("gaps", 20_000, 14)],
    "habits.marks": [("traits", 3.0, 5)],
    "habits.most_of": [("traits", 3)],
    "habits.pairs": [("acts", "u", "c")],
    "habits.traits_of": [
        (Relation.of("traits").union(habits.texts_of_acts("acts", "u", "act_texts")), "words", "text", "word"),
        (habits.pairs("acts", "u", "i"), "item_texts", "i", "text"),
    ],
    "habits.item_words": [("item_texts",)],
    "habits.texts_of_acts": [("acts", "u", "act_texts")],
    "habits.used": [("acts", "used_codes")],
    "habits.active_days": [("acts",)],
    "habits.next_items": [("acts",)],
    "habits.reached": [("acts", 2)],
    "habits.visits": [("acts", 1_700_000_000_000_000)],
    "habits.audience": [("acts", "segments")],
    "rates.clock_grain": [("rated",)],
    "rates.busiest_window": [("rated", 60.0)],
    "rates.even_gaps": [("rated", 50)],
    "rates.longest_wake": [("rated", 14_400.0)],
    "rates.busiest_day": [("rated",)],
    "rates.impossible_moves": [("rated", 50.0, 1_200.0, 3)],
    "rates.events_of": [("rated", "people")],
    "sequences.distinct_by_count": [("log", "item")],
    "sequences.ordered_sequences": [("log", "codes", "codes", "codes", with_values) for with_values in (False, True)],
    "sessions.sessionise": [("log", ["row"], False, 1800.0),
                            ("log", ["row", "user"], True, 1800.0, ["time", "event_id"], "event_id")],
    "sessions.session_edges": [("log", ["user", "session"])],
    "sessions.session_depth": [("log",)],
    "summaries.log_size": [("log", ["user", "session"])],
    "summaries.count_histogram": [("log", "user")],
    "summaries.pair_sizes": [("log",)],
    "summaries.top_values": [("log", "item", 15)],
    "summaries.rejected_reasons": [("rejected", 3)],
    "summaries.acts_and_returns": [("log", True), ("log", False)],
    "transitions.transition_counts": [("log",), ("log", ["user", "session"])],
    "transitions.funnel_counts": [("log",)],
    "transitions.reached_counts": [("log", ["user", "item"])],
    "transitions.followed_counts": [("log", ["user"], ["view", r"it's \ 1"]), ("log", ["user"], [])],
    "transitions.followed_moments": [("log", ["user", "item"], "it's")],
    "windows.windowed_counts": [("log", 3600)],
    "windows.time_range": [("log", 0.001, 0.999)],
    "windows.local_hour_counts": [("log", "Europe/Paris")],
    "windows.people_by_clock": [("log", "UTC", part) for part in ("hour", "weekday", "month")],
    "windows.days_back": [("log", "Asia/Tokyo", 30)],
}  # fmt: skip


def words(d: Dialect) -> Iterator[tuple[str, str]]:
    """Each word of a dialect in a query; the operators of later issues need those that none says yet."""
    yield "series", f"SELECT {d.series('1', '3')} AS n"
    yield (
        "ordered_list",
        f"SELECT {d.ordered_list('item', d.epoch_us('time'))} AS items FROM {d.quote('log')} GROUP BY user",
    )
    yield "unnest", f"SELECT {d.unnest('items')} AS one FROM (SELECT {d.ordered_list('item', 'row')} AS items FROM log)"
    yield "json_text", f"SELECT {d.json_text('text', 'a')} AS a FROM raw"
    yield "parsed_moment", f"SELECT {d.parsed_moment('time', '%Y%m%d')} AS t FROM raw"
    yield "approximate", f"SELECT approx_count_distinct(user) AS n, {d.pair('1', '2')} AS p, first(user) AS f FROM log"


def queries(dialect: Dialect) -> Iterator[tuple[str, str]]:
    for name, samples in SAMPLES.items():
        for at, arguments in enumerate(samples):
            yield f"{name} {at}", OPERATORS[name](*arguments).sql(dialect)
    yield from words(dialect)


QUERIES = [
    pytest.param(dialect, text, id=f"{dialect.name} {name}")
    for dialect in (DUCKDB, SPARK)
    for name, text in queries(dialect)
]

SPARK_KNOWS = frozenset({
    "abs", "approx_count_distinct", "array_sort", "asin", "avg", "chr", "coalesce", "collect_list", "contains", "cos",
    "count", "date_trunc", "explode", "extract", "first", "floor", "from_utc_timestamp", "get_json_object", "greatest",
    "lag", "least", "length", "ln", "lower", "lpad", "max", "max_by", "md5", "min", "min_by", "named_struct",
    "octet_length", "percentile_disc", "power", "radians", "regexp_like", "round", "row_number", "sequence", "sin",
    "sqrt", "struct", "sum", "timestamp_micros", "transform", "try_to_timestamp", "unix_date", "unix_micros", "upper",
    "weekday", "xxhash64",
})  # fmt: skip
"""Functions of Spark 4 that operators use; a test with Spark holds this list against its own registry."""
_PARSED_WORDS = {"coalesce", "extract", "percentile_disc"}
"""What an engine's grammar knows, and its list of functions need not name."""


def functions(text: str) -> set[str]:
    """Functions a query calls: keywords are written in capitals, functions in small letters."""
    without_literals = re.sub(r"'(?:[^'\\]|\\.|'')*'", "''", text)
    return set(re.findall(r"(?<![\w.])([a-z][a-z0-9_]*)\s*\(", without_literals))


def test_every_operator_has_a_sample() -> None:
    assert set(SAMPLES) == set(OPERATORS)


@pytest.mark.parametrize(("dialect", "text"), QUERIES)
def test_both_dialects_parse_it(dialect: Dialect, text: str) -> None:
    (tree,) = sqlglot.parse(text, read=dialect.name, error_level=ErrorLevel.RAISE)
    assert isinstance(tree, sqlglot.exp.Query)
    assert not list(tree.find_all(sqlglot.exp.Command)), "a command is no question"
    frames = [one.args["kind"] for one in tree.find_all(sqlglot.exp.WindowSpec)]
    assert "RANGE" not in frames, "Spark collapses on RANGE windows over skewed keys"


@pytest.fixture(scope="module")
def duck() -> Iterator[DuckEngine]:
    with DuckEngine() as engine:
        for name, columns in TABLES.items():
            engine.register(name, pa.schema(columns).empty_table())
        yield engine


def test_duckdb_answers_every_operator(duck: DuckEngine) -> None:
    known = duck.collect(Relation.query("SELECT DISTINCT function_name AS name FROM duckdb_functions()"))
    allowed = set(known["name"].to_pylist()) | _PARSED_WORDS
    for name, text in queries(DUCKDB):
        assert functions(text) <= allowed, name
        duck.collect(Relation.query(text))  # parsed, bound to tables and run


def test_spark_knows_every_function() -> None:
    called = set().union(*(functions(text) for _, text in queries(SPARK)))
    assert called == SPARK_KNOWS


@pytest.mark.parametrize("text", ["SELECT epoch_us(t) FROM log", "SELECT list(x ORDER BY t) FROM log"])
def test_a_word_of_duckdb_alone_is_refused_for_spark(text: str) -> None:
    assert not functions(text) <= SPARK_KNOWS


@pytest.mark.truth
def test_sparks_own_parser_and_analyser_take_every_operator() -> None:
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    settings = {
        "spark.sql.session.timeZone": "UTC", "spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
    }  # fmt: skip
    try:
        spark = sql.SparkSession.builder.master("local[1]").config(map=settings).getOrCreate()
    except Exception as error:
        pytest.skip(f"Spark does not start here (is there a Java?): {type(error).__name__}")
    try:
        known = {one[0] for one in spark.sql("SHOW FUNCTIONS").collect()}
        assert known >= SPARK_KNOWS - _PARSED_WORDS
        kinds = {TEXT: "STRING", NUMBER: "BIGINT", REAL: "DOUBLE", MOMENT: "TIMESTAMP"}
        for name, columns in TABLES.items():
            empty = ", ".join(f"CAST(NULL AS {kinds[kind]}) AS `{column}`" for column, kind in columns.items())
            spark.sql(f"CREATE OR REPLACE TEMP VIEW `{name}` AS SELECT {empty} WHERE false")
        parser = spark._jsparkSession.sessionState().sqlParser()
        wrong = {}
        for name, text in queries(SPARK):
            try:
                parser.parsePlan(text)
                assert spark.sql(text).schema.names  # names and types resolved
            except Exception as error:
                wrong[name] = str(error).splitlines()[0]
        assert wrong == {}
    finally:
        spark.stop()


SQL_ELSEWHERE = {
    "events/sources/database.py": "asks a user's own database, in that database's words",
    "service/log/postgres.py": "the service's log in Postgres, in its words: rows in, rows out, no analysis",
    "service/log/sqlite.py": "the service's log in SQLite, in its words: rows in, rows out, no analysis",
    "training/tune.py": "looks whether a file is a study of optuna's, which is SQLite",
}
"""Files outside engine/ that may hold SQL → why."""
_SQL = re.compile(r"\b(SELECT\b.*|GROUP BY|ORDER BY|PARTITION BY|UNION ALL|LEFT JOIN|CASE WHEN|TRY_CAST|CAST)\b[ (]")


def test_sql_stands_in_the_engine_alone() -> None:
    found = set()
    for path in SOURCE.rglob("*.py"):
        name = path.relative_to(SOURCE).as_posix()
        texts = [node.value for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant)]
        if not name.startswith("engine/") and any(isinstance(text, str) and _SQL.search(text) for text in texts):
            found.add(name)
    assert found == set(SQL_ELSEWHERE)


def test_reasons_of_checks_are_numbered_as_their_rules() -> None:
    rules = checks._rules(DUCKDB, CELLS, NOW)
    assert checks.reasons(CELLS, NOW) == [(column, reason) for column, _, reason in rules]
    assert [rule[0] for rule in rules][:3] == ["user", "user", "item"]
