"""The influence table is written whole, read back as it was, and older tables are read as today's."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swayline.core.errors import ArtifactError
from swayline.ledger import (
    SCHEMA,
    EffectRow,
    Figure,
    ModelRow,
    PersonRows,
    concat,
    ledger,
    no_rows,
    read_ledger,
    reason_of,
    write_ledger,
)

ENDINGS = ("parquet", "csv", "jsonl")
EFFECT = EffectRow(
    cause_kind="behavior", cause="cart", effect="purchase", channel="own", estimand="ate", unit="probability",
    method="aipw", evidence="adjusted", identified="assumed", figure=Figure(0.1, 0.05, 0.15, 0.001), n=9, primary=True,
    refutations={"placebo": {"passed": True, "figure": 0.1, "what": "why, so"}},
)  # fmt: skip
MODEL = ModelRow(
    cause_kind="behavior", cause="cart", effect="top recommendations", estimand="score_change", unit="logit",
    method="removal", figure=Figure(0.5), n=3,
)  # fmt: skip


def older(table):
    """The table as it was written before ``primary`` and ``evidence``."""
    names = ["recommended" if name == "primary" else name for name in table.column_names]
    return table.rename_columns(names).drop_columns(["evidence"])


def test_why_a_table_is_empty_lasts_through_joining_writing_and_reading(tmp_path):
    joined = concat([no_rows("the log has no times"), ledger([MODEL])])
    assert reason_of(joined) == "the log has no times"
    write_ledger(joined, tmp_path / "i.parquet")
    assert reason_of(read_ledger(tmp_path / "i.parquet")) == "the log has no times"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_ledger_comes_back_from_every_format(tmp_path, ending):
    table = ledger([EFFECT, MODEL])
    write_ledger(table, tmp_path / f"i.{ending}")
    assert read_ledger(tmp_path / f"i.{ending}").equals(table)


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_older_table_has_its_recommended_rows_as_primary_and_no_evidence(tmp_path, ending):
    table = ledger([EFFECT, MODEL])
    write_ledger(table, tmp_path / f"new.{ending}")
    if ending == "parquet":
        pq.write_table(older(table), tmp_path / "old.parquet")
    elif ending == "csv":
        head, *rows = (tmp_path / "new.csv").read_text().split("\n")
        assert ",".join(SCHEMA.names) == head.replace('"', "")
        text = "\n".join([head.replace("primary", "recommended"), *rows])
        (tmp_path / "old.csv").write_text(text.replace('"evidence"', '"other"').replace("evidence", "other"))
    else:
        text = (tmp_path / "new.jsonl").read_text().replace('"primary"', '"recommended"')
        (tmp_path / "old.jsonl").write_text(text.replace('"evidence"', '"other"'))
    found = read_ledger(tmp_path / f"old.{ending}")
    assert found["primary"].to_pylist() == [True, False]
    assert found["evidence"].null_count == 2
    assert found.drop_columns(["evidence"]).equals(table.drop_columns(["evidence"]))


def test_older_tables_that_call_a_model_identified_are_read_without_the_claim(tmp_path):
    table = ledger([MODEL, EFFECT])
    claimed = table.set_column(table.column_names.index("identified"), "identified", pa.array(["yes", "assumed"]))
    pq.write_table(older(claimed), tmp_path / "i.parquet")
    assert read_ledger(tmp_path / "i.parquet")["identified"].to_pylist() == [None, "assumed"]


def test_columns_of_another_type_are_refused(tmp_path):
    table = ledger([EFFECT])
    wrong = table.set_column(table.column_names.index("n"), "n", pa.array(["many"]))
    pq.write_table(wrong, tmp_path / "i.parquet")
    with pytest.raises(ArtifactError, match="no influence table"):
        read_ledger(tmp_path / "i.parquet")


def test_rows_keep_their_order_beside_rows_of_persons():
    about = replace(EFFECT, estimand="cate", n=1)
    persons = PersonRows(about, pa.array(["u1", "u2"]), *(np.array([k, np.nan]) for k in (0.0, -1.0, 1.0)))
    table = ledger([EFFECT, persons, MODEL])
    assert table.schema == SCHEMA
    assert table["estimand"].to_pylist() == ["ate", "cate", "cate", "score_change"]
    assert table["subject"].to_pylist() == [None, "u1", "u2", None]
    assert table["estimate"].to_pylist() == [0.1, 0.0, None, 0.5]
    assert table["ci_low"].to_pylist() == [0.05, -1.0, None, None]
