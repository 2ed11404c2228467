"""A fitted model and a newer log: new people, known people, unknown words, other clocks, through both faces."""

import json
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import swayline as sw
from swayline.cli.app import app
from swayline.core.errors import DataError, UsageError
from swayline.training.bundle import ModelBundle

START = 1_700_000_000
HEADER = "user,item,behavior,time\n"


def _rows(n_users=30):
    return [
        (str(user), f"i{(user + step) % 12}", "view" if step % 3 else "cart", START + 3600 * step)
        for user in range(n_users)
        for step in range(7)
    ]


def call(*words):
    return CliRunner().invoke(app, [*map(str, words)])


def _csv(path, rows, header=HEADER):
    path.write_text(header + "".join(",".join(map(str, row)) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("newer")
    assert call("fit", _csv(folder / "log.csv", _rows()), "--model", "item-knn", "--out", folder / "m").exit_code == 0
    return folder / "m"


@pytest.fixture
def fitted(folder):
    return ModelBundle.load(folder)


def _list(table, user):
    return [row["item"] for row in table.to_pylist() if row["user"] == user]


def test_a_new_persons_rows_without_behaviours_are_read_as_the_models_own(folder, tmp_path):
    new = _csv(tmp_path / "new.csv", [("900", f"i{n}", START + 10**6 + n) for n in (1, 2, 3)], "user,item,time\n")
    done = call("recommend", folder, "--events", new, "-k", 3, "--out", tmp_path / "r.parquet", "--json")
    assert done.exit_code == 0, done.output
    table = pq.read_table(tmp_path / "r.parquet")
    assert set(table["user"].to_pylist()) == {"900"}
    assert not {"i1", "i2", "i3"} & set(table["item"].to_pylist())
    assert min(table["score"].to_pylist()) > 0
    assert set(table["source"].to_pylist()) == {"model"}
    assert "'interact' are read as the model's 'view'" in done.stderr
    assert json.loads(done.stdout)["events"] | {"unknown_items": 0} == {
        "events": 3, "used": 3, "mapped": {"interact": "view"}, "unknown_items": 0, "known_people": 0, "new_people": 1,
        "unknown_behaviors": {"names": 0, "events": 0, "most": {}}, "without_history": 0, "unknown_columns": [],
    }  # fmt: skip


def test_a_known_persons_new_events_are_read_after_the_old_ones(fitted, tmp_path):
    new = fitted.with_log(_csv(tmp_path / "n.csv", [("3", "i11", "view", START + 10**6)]))
    history = new.histories.take(new.rows_of(["3"]))
    assert [new.dataset.items.names[item] for item in history.items] == [*(f"i{n}" for n in range(3, 10)), "i11"]
    assert new.match.known_people == 1
    assert _list(new.recommend(k=3), "3")
    assert set(new.recommend(k=3)["user"].to_pylist()) == {"3"}
    assert _list(new.recommend(["5"], k=3), "5") == _list(fitted.recommend(["5"], k=3), "5")


def test_a_whole_log_given_again_changes_nothing(fitted, tmp_path):
    again = fitted.with_log(_csv(tmp_path / "n.csv", _rows()))
    assert again.recommend(["7"], k=5).equals(fitted.recommend(["7"], k=5))
    assert len(again.dataset.sequences.items) == len(fitted.dataset.sequences.items)


def test_what_is_unknown_is_left_out_named_and_counted(folder, tmp_path):
    rows = [("900", "i1", "pv", START), ("900", "zz", "pv", START + 1), ("900", "i2", "dance", START + 2),
            ("901", "zz", "pv", START + 3)]  # fmt: skip
    done = call(
        "recommend", folder, "--events", _csv(tmp_path / "n.csv", rows), "--out", tmp_path / "r.csv", "-k", 3, "--json"
    )
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["events"]["unknown_items"] == {"names": 1, "events": 2, "most": {"zz": 2}}
    assert told["events"]["unknown_behaviors"] == {"names": 1, "events": 1, "most": {"dance": 1}}
    assert told["events"]["without_history"] == told["popular"] == 1
    for words in ("2 of 4 events", "zz", "dance", "1 of 2 people"):
        assert words in done.stderr
    lists = pa.csv.read_csv(tmp_path / "r.csv").to_pylist()
    assert {(row["user"], row["source"]) for row in lists} == {(900, "model"), (901, "popular")}
    assert all(row["score"] is None for row in lists if row["user"] == 901)


def test_a_log_of_which_the_model_knows_nothing_is_refused(folder, tmp_path):
    done = call("recommend", folder, "--events", _csv(tmp_path / "n.csv", [("1", "zz", "view", START)]))
    assert isinstance(done.exception, DataError)
    assert "knows nothing of this log" in str(done.exception)


def test_columns_of_other_names_are_found_by_them(fitted, tmp_path):
    new = _csv(tmp_path / "n.csv", [("900", "i1", "view", START)], "uid,item_id,action,ts\n")
    assert fitted.with_log(new).match.used == 1


def test_times_of_another_zone_are_the_same_moments(fitted, tmp_path):
    rows = [
        (user, item, behavior, datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%S") + "Z")
        for user, item, behavior, time in _rows()
    ]
    shifted = [
        (user, item, behavior, datetime.fromtimestamp(time + 8 * 3600, UTC).strftime("%Y-%m-%dT%H:%M:%S") + "+08:00")
        for user, item, behavior, time in _rows()
    ]
    for name, written in (("utc", rows), ("beijing", shifted)):
        again = fitted.with_log(_csv(tmp_path / f"{name}.csv", written))
        assert len(again.dataset.sequences.items) == len(fitted.dataset.sequences.items)
        assert again.recommend(k=4)["item"].equals(again.recommend(again.dataset.users.names, k=4)["item"])


def test_ordered_logs_go_on_where_the_old_ones_end(tmp_path):
    rows = [row[:3] for row in _rows()]
    log = _csv(tmp_path / "log.csv", rows, "user,item,behavior\n")
    assert call("fit", log, "--ordered", "--model", "item-knn", "--out", tmp_path / "m").exit_code == 0
    fitted = ModelBundle.load(tmp_path / "m")
    more = fitted.with_log(_csv(tmp_path / "n.csv", [("3", "i0", "view")], "user,item,behavior\n"))
    history = more.histories.take(more.rows_of(["3"]))
    assert more.dataset.items.names[history.items[-1]] == "i0"
    assert len(history.items) == 8
    whole = fitted.with_log(_csv(tmp_path / "w.csv", [*rows, ("3", "i0", "view")], "user,item,behavior\n"))
    assert len(whole.histories.take(whole.rows_of(["3"])).items) == 8


def test_ids_of_events_are_saved_and_the_same_at_every_door(tmp_path):
    rows = [(*row, f"e{n}") for n, row in enumerate(_rows())]
    log = sw.read_events(_csv(tmp_path / "log.csv", rows, "user,item,behavior,time,event_id\n"))
    model = sw.SequenceRecommender("item-knn").fit(log)
    model.save(tmp_path / "m")
    again = sw.SequenceRecommender.load(tmp_path / "m")
    said = set(sw.attribute_events(again, user="3", k=2)["cause"].to_pylist())
    assert said == {row[4] for row in rows if row[0] == "3"}
    assert said == set(sw.attribute_events(model, log, user=3, k=2)["cause"].to_pylist())


def test_profiles_are_kept_with_the_model_and_read_for_new_people(tmp_path):
    users = tmp_path / "users.csv"
    users.write_text("user,team\n" + "".join(f"{n},{'red' if n % 2 else 'blue'}\n" for n in range(30)))
    log = _csv(tmp_path / "log.csv", _rows())
    done = call(
        "fit", log, "--users", users, "--set", "profiles=true", "--set", "max_epochs=1", "--set", "embedding_dim=16",
        "--out", tmp_path / "m",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    fitted = ModelBundle.load(tmp_path / "m")
    assert fitted.model.sizes_.n_profile_values == 3
    known = fitted.dataset.sequences.profiles[fitted.rows_of(["3"])]
    new = _csv(tmp_path / "new.csv", [("900", "i1", "view", START), ("3", "i0", "view", START + 10**6)])
    table = tmp_path / "who.csv"
    table.write_text("user,team,shoe\n900,red,44\n")
    with_people = fitted.with_log(new, table)
    read = with_people.dataset.sequences.profiles
    assert read[with_people.rows_of(["900"])].tolist() == known.tolist() == read[with_people.rows_of(["3"])].tolist()
    assert with_people.match.unknown_columns == ("shoe",)
    done = call(
        "recommend", tmp_path / "m", "--events", new, "--users", table, "-k", 2, "--out", tmp_path / "r.parquet"
    )
    assert done.exit_code == 0, done.output
    assert pq.read_table(tmp_path / "r.parquet")["user"].to_pylist() == ["900", "900"]
    assert "shoe" in done.stderr
    other = tmp_path / "other.csv"
    other.write_text("user,team\n900,blue\n")
    changed = fitted.with_log(new, other).recommend(["900"], k=12)
    assert changed["score"].to_pylist() != with_people.recommend(["900"], k=12)["score"].to_pylist()


@pytest.mark.parametrize("given", [[3], (3,), np.array([3]), pa.array([3]), ["3"], [np.int64(3)], [3.0]])
def test_whole_numbers_stand_for_ids(fitted, given):
    assert fitted.recommend(given, k=2).equals(fitted.recommend(["3"], k=2))


@pytest.mark.parametrize(
    ("given", "fix"),
    [("196", r"\['196'\]"), (196, r"\[196\]"), ({"3": 1}, "list of ids"), ([None], "drop what is missing"),
     ([float("nan")], "drop what is missing"), ([True], "write ids as text"), ([b"3"], "write ids as text"),
     ([["3"]], "write ids as text"), (3.5, "list of ids")],
)  # fmt: skip
def test_wrong_types_of_ids_get_an_error_that_names_the_fix(fitted, given, fix):
    model = sw.SequenceRecommender("item-knn")
    model.fitted_ = fitted
    for door in (model.recommend, lambda users: model.behavior_probabilities(users, ["i1"])):
        with pytest.raises(UsageError, match=fix):
            door(given)


@pytest.mark.parametrize("user", [["3"], None, 3.5, True])
def test_one_id_is_one_id(fitted, user):
    with pytest.raises(UsageError, match="user"):
        sw.attribute_events(fitted, user=user)


@pytest.mark.parametrize("k", [0, -1, 2.5, "5", True, None])
def test_lengths_of_lists_are_whole_numbers_from_1(fitted, k):
    with pytest.raises(UsageError, match="k must be a whole number"):
        fitted.recommend(["3"], k=k)
    with pytest.raises(UsageError, match="k must be a whole number"):
        sw.attribute_events(fitted, user="3", k=k)


def test_nobody_is_an_empty_table(fitted):
    assert len(fitted.recommend([], k=3)) == 0
