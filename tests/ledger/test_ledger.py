import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swayline.core.errors import ArtifactError, UsageError
from swayline.influence.effects.association import no_rows
from swayline.ledger.table import SCHEMA, concat, ledger, read_ledger, reason_of, write_ledger

ROW = {
    "cause_kind": "behavior", "cause": "cart", "effect_kind": "outcome", "effect": "purchase", "channel": "own",
    "estimand": "ate", "unit": "probability", "method": "aipw", "identified": "assumed",
}  # fmt: skip
MODEL = ROW | {"effect_kind": "recommendation", "channel": "model", "estimand": "score_change", "identified": None}


def test_why_a_table_is_empty_lasts_through_joining_writing_and_reading(tmp_path):
    joined = concat([no_rows("the log has no times"), ledger([MODEL])])
    assert reason_of(joined) == "the log has no times"
    write_ledger(joined, tmp_path / "i.parquet")
    assert reason_of(read_ledger(tmp_path / "i.parquet")) == "the log has no times"


def test_an_answer_of_our_own_model_is_not_identified():
    assert ledger([MODEL])["identified"].to_pylist() == [None]
    with pytest.raises(UsageError, match="channel model"):
        ledger([MODEL | {"identified": "yes"}])
    with pytest.raises(UsageError, match="lacks identified"):
        ledger([ROW | {"identified": None}])


def test_older_tables_that_call_a_model_identified_are_read_without_the_claim(tmp_path):
    rows = [dict.fromkeys(SCHEMA.names) | MODEL | {"identified": "yes"}, dict.fromkeys(SCHEMA.names) | ROW]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), tmp_path / "i.parquet")
    assert read_ledger(tmp_path / "i.parquet")["identified"].to_pylist() == [None, "assumed"]


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl"])
def test_a_ledger_comes_back_from_every_format(tmp_path, ending):
    table = ledger([ROW | {"refutations": {"placebo": {"passed": True, "figure": 0.1, "what": "why, so"}}}, MODEL])
    write_ledger(table, tmp_path / f"i.{ending}")
    assert read_ledger(tmp_path / f"i.{ending}").equals(table)


def test_columns_of_another_type_are_refused(tmp_path):
    table = ledger([ROW])
    wrong = table.set_column(table.column_names.index("n"), "n", pa.array(["many"]))
    pq.write_table(wrong, tmp_path / "i.parquet")
    with pytest.raises(ArtifactError, match="no influence table"):
        read_ledger(tmp_path / "i.parquet")
