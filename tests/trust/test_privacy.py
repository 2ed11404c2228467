"""What is shared gives away no id, word or moment; groups hold; the attack counts what sets count."""

import hashlib
import itertools
import json
import stat
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import swayline as sw
from swayline.core.errors import DataError, UsageError
from swayline.core.names import TIME
from swayline.core.storage import tables
from swayline.testing.attacks import attack
from swayline.trust.privacy import attempt_linkage
from swayline.trust.privacy.groups import MOST_SUPPRESSED, grouped
from swayline.trust.privacy.keys import key_of, keyed
from swayline.trust.privacy.linkage import Points, verdict

START = datetime(2024, 3, 4, 10, 17, 23, tzinfo=UTC)
DATA = Path(__file__).parents[3] / "shared" / "data" / "ml-100k"
WORDS = ["anonymize", "events.parquet", "--users", "users.parquet", "--items", "items.parquet", "--key-file", "key"]


def shop(n_users=40, n_items=30, seed=0):
    """Events, users and items whose every id, word and moment can be told from any other byte."""
    rng = np.random.default_rng(seed)
    n = n_users * 8
    who, what = np.arange(n) % n_users, rng.integers(0, n_items, n)
    moments = [START + timedelta(seconds=int(one)) for one in np.sort(rng.choice(40 * 86_400, n, replace=False))]
    events = pa.table({
        "user": [f"Person-{one:05d}" for one in who], "item": [f"Thing-{one:05d}" for one in what],
        "behavior": pa.array(["view", "purchase"] * (n // 2)).dictionary_encode(),
        "time": pa.array(moments, pa.timestamp("us", "UTC")), "value": rng.integers(1, 6, n).astype(float),
        "text": [f"secret words {one}" for one in range(n)], "device": [f"Handset-{one}" for one in who],
        "lat": 40 + rng.random(n), "lon": -74 + rng.random(n),
    })  # fmt: skip
    users = pa.table({
        "user": [f"Person-{one:05d}" for one in range(n_users)], "age": rng.integers(18, 70, n_users),
        "town": pa.array([f"Town-{min(one, 12) // 6}" if one else "Hermitage" for one in range(n_users)]).dictionary_encode(),
        "diary": [f"dear diary {one}" for one in range(n_users)],
    }).replace_schema_metadata({b"source": b"Person-00001"})  # fmt: skip
    items = pa.table({
        "item": [f"Thing-{one:05d}" for one in range(n_items)], "title": [f"Title-{one}" for one in range(n_items)],
        "category": [f"Shelf-{one % 3}" for one in range(n_items)],
    })  # fmt: skip
    return events, users, items


@pytest.fixture
def place(tmp_path):
    for name, table in zip(("events", "users", "items"), shop(), strict=True):
        pq.write_table(table, tmp_path / f"{name}.parquet")
    return tmp_path


def test_the_same_key_makes_the_same_ids_and_tables_join(tmp_path):
    events, users, items = shop()
    first = sw.anonymize(events, tmp_path / "key", users=users, items=items)
    again = sw.anonymize(events.slice(0, 100), tmp_path / "key")
    other = sw.anonymize(events, tmp_path / "other", users=users, items=items)
    ids = {name: set(first.events[name].to_pylist()) for name in ("user", "item")}
    assert ids["user"] == set(first.users["user"].to_pylist())
    assert ids["item"] <= set(first.items["item"].to_pylist())
    assert set(again.events["user"].to_pylist()) <= ids["user"]
    assert not ids["user"] & set(other.events["user"].to_pylist())
    assert len(ids["user"]) == 40


def test_ids_cannot_be_made_without_the_key(tmp_path):
    names = ["7", "8", "9"]
    events = pa.table({"user": names, "item": names, "time": [1_700_000_000, 1_700_000_001, 1_700_000_002]})
    found = sw.anonymize(events, tmp_path / "key").events
    users, items = (set(found[name].to_pylist()) for name in ("user", "item"))
    guesses = {
        hashlib.new(kind, f"{before}{one}".encode()).hexdigest()[:32]
        for kind in ("sha256", "sha1", "md5")
        for one in names
        for before in ("", "user", "user\0", "item\0")
    }
    assert not users & guesses
    assert not items & guesses
    assert not users & items


def test_the_key_file_is_for_its_owner_and_never_changed(tmp_path):
    events, *_ = shop()
    key = tmp_path / "key"
    sw.anonymize(events, key)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    secret = key.read_bytes()
    assert len(secret.strip()) == 64
    sw.anonymize(events, key)
    assert key.read_bytes() == secret
    for mode in (0o640, 0o604, 0o620):
        key.chmod(mode)
        with pytest.raises(UsageError, match="chmod 600"):
            sw.anonymize(events, key)
    key.chmod(0o600)
    key.write_text("short")
    with pytest.raises(UsageError, match="holds 5 bytes"):
        sw.anonymize(events, key)
    assert key.read_text() == "short"
    with pytest.raises(UsageError, match="is no file"):
        sw.anonymize(events, tmp_path)


def test_no_byte_of_the_outputs_holds_an_id_a_word_or_a_moment(place, monkeypatch):
    # Compressed pages would hide what is looked for.
    monkeypatch.setattr(tables.pq, "write_table", partial(pq.write_table, compression="none"))
    done = attack([*WORDS, "--keep", "age,town,category", "--out", "out"], place)
    assert done.code == 0, done.err
    events, users, items = shop()
    secrets = {
        value
        for table, names in ((events, ("user", "item", "text", "device")), (users, ("user", "diary")), (items, ("item", "title")))
        for name in names
        for value in table[name].to_pylist()
    } | {"Hermitage"}  # fmt: skip
    moments = events[TIME].to_pylist()
    secrets |= {one.strftime(form) for one in moments for form in ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S")}
    secrets |= {str(int(one.timestamp())) for one in moments}
    looked_for = {one.encode() for one in secrets}
    for seconds in (int(one.timestamp()) for one in moments):
        looked_for |= {(seconds * scale).to_bytes(8, "little") for scale in (10**3, 10**6, 10**9)}
    files = list((place / "out").iterdir())
    assert {one.name for one in files} == {"events.parquet", "users.parquet", "items.parquet", "anonymized.json"}
    for path in files:
        content = path.read_bytes()
        assert not [one for one in looked_for if one in content], path
    assert b"Shelf-1" in (place / "out" / "items.parquet").read_bytes()  # what is kept would be found


def test_columns_are_dropped_unless_kept_and_named(place):
    done = attack([*WORDS, "--keep", "items.category,town", "--out", "out", "--json"], place)
    told = done.result["columns"]
    assert set(told["events"]["kept"]) == {"user", "item", "behavior", "time", "value"}
    assert set(told["events"]["dropped"]) == {"text", "device", "lat", "lon"}
    assert (set(told["users"]["kept"]), told["users"]["dropped"]) == ({"user", "town"}, ["age", "diary"])
    assert (set(told["items"]["kept"]), told["items"]["dropped"]) == ({"item", "category"}, ["title"])
    for name, columns in told.items():
        written = pq.read_schema(place / "out" / f"{name}.parquet")
        assert set(written.names) == {one for one, how in columns["kept"].items() if not how.startswith("dropped")}
    assert json.loads((place / "out" / "anonymized.json").read_text())["columns"] == told


def test_texts_stay_where_they_are_asked_for_and_a_note_says_so(tmp_path):
    found = sw.anonymize(shop()[0], tmp_path / "key", keep=["text"])
    assert found.events["text"][0].as_py().startswith("secret words")
    assert any("nobody looked for names" in note for note in found.report["notes"])


@pytest.mark.parametrize(("unit", "seconds"), [("hour", 3600), ("day", 86_400), ("week", 604_800)])
def test_times_and_places_are_coarse(tmp_path, unit, seconds):
    found = sw.anonymize(shop()[0], tmp_path / "key", time_unit=unit, place_digits=1)
    monday = datetime(2024, 1, 1, tzinfo=UTC)
    assert all((one - monday).total_seconds() % seconds == 0 for one in found.events[TIME].to_pylist())
    for name in ("lat", "lon"):
        assert all(round(one, 1) == one for one in found.events[name].to_pylist())


def test_moments_in_side_tables_are_coarse_whatever_their_type(tmp_path):
    events, users, _ = shop()
    moments = [START + timedelta(seconds=one % 2) for one in range(len(users))]
    kinds = {"us": pa.timestamp("us", "UTC"), "ns": pa.timestamp("ns"), "date": pa.date32()}
    for name, kind in kinds.items():
        users = users.append_column(name, pa.array([one.replace(tzinfo=None) for one in moments]).cast(kind))
    found = sw.anonymize(events, tmp_path / "key", users=users, keep=list(kinds), time_unit="hour").users
    hour = START.replace(minute=0, second=0)
    assert set(found["us"].to_pylist()) == set(found["ns"].to_pylist()) == {hour}
    assert set(found["date"].to_pylist()) == {START.replace(hour=0, minute=0, second=0)}


def test_the_order_of_rows_tells_nothing_of_exact_times(tmp_path):
    events, *_ = shop()
    midnight = [one.replace(hour=0, minute=0, second=0) for one in events[TIME].to_pylist()]
    mirrored = [
        day + timedelta(days=1, seconds=-1) - (one - day)
        for day, one in zip(midnight, events[TIME].to_pylist(), strict=True)
    ]
    turned = events.set_column(3, TIME, pa.array(mirrored, pa.timestamp("us", "UTC")))
    first, second = (sw.anonymize(one, tmp_path / "key").events for one in (events, turned))
    assert first.equals(second)


def random_profiles(seed, n=300):
    rng = np.random.default_rng(seed)
    return {
        "age": pa.chunked_array([pa.array(np.where(rng.random(n) < 0.05, np.nan, rng.integers(10, 90, n)), from_pandas=True)]),
        "job": pa.chunked_array([[f"job{int(one)}" for one in rng.zipf(1.7, n).clip(0, 60)]]),
        "member": pa.chunked_array([rng.random(n) < 0.3]),
        "joined": pa.chunked_array([pa.array([START + timedelta(days=int(one)) for one in rng.integers(0, 900, n)], pa.timestamp("us", "UTC"))]),
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("k", [2, 5, 20])
def test_every_profile_is_shared_by_k_people_after_suppression(seed, k):
    columns = random_profiles(seed)
    found = grouped(columns, k)
    rows = list(zip(*(one.to_pylist() for one in found.columns.values()), strict=True))
    sizes = Counter(rows)
    assert found.columns
    assert min(sizes.values()) == found.smallest >= k
    assert len(sizes) == found.n_groups
    assert len(rows) == found.stays.sum() >= (1 - MOST_SUPPRESSED) * 300


def test_k_holds_in_the_table_that_is_written(place):
    done = attack([*WORDS, "--keep", "age,town", "--k", "4", "--out", "out", "--json"], place)
    told = done.result["profiles"]
    table = pq.read_table(place / "out" / "users.parquet")
    sizes = Counter(tuple(row[name] for name in table.column_names if name != "user") for row in table.to_pylist())
    assert min(sizes.values()) == told["smallest_group"] >= 4
    assert (told["suppressed"], told["groups"]) == (40 - len(table), len(sizes))
    assert told["suppressed"] >= 1  # the hermit


def test_a_range_holds_the_number_it_stands_for():
    ages = random_profiles(0)["age"]
    found = grouped({"age": ages}, 20)
    assert found.how["age"].startswith("ranges of")
    before = [one for one, stays in zip(ages.to_pylist(), found.stays, strict=True) if stays]
    for age, words in zip(before, found.columns["age"].to_pylist(), strict=True):
        assert (age is None) == (words is None)
        if age is not None:
            low, high = (float(one) for one in words[1:-1].split(","))
            assert low <= age < high


def test_profiles_that_need_nothing_stay_as_they_are(tmp_path):
    found = grouped({"sex": pa.chunked_array([["f"] * 6 + ["m"] * 5])}, 5)
    assert (found.how, found.smallest, bool(found.stays.all())) == ({"sex": "as it was"}, 5, True)
    users = pa.table({"user": ["Person-00000", "Person-00001"], "age": [20, 30]})
    few = sw.anonymize(shop()[0], tmp_path / "key", users=users, keep=["age"])
    assert (len(few.users), few.report["profiles"]["suppressed"]) == (0, 2)


def small_log(seed, n_users=14, n_points=6):
    rng = np.random.default_rng(seed)
    rows = [
        (f"u{user}", f"i{rng.integers(5)}", int(rng.integers(3))) for user in range(n_users) for _ in range(n_points)
    ]
    user, item, day = zip(*rows, strict=True)
    return rows, pa.table({"user": user, "item": item, "time": pa.array(day, pa.timestamp("us", "UTC"))})


def points_by_user(rows):
    have = {}
    for user, *point in rows:
        have.setdefault(user, set()).add(tuple(point))
    return have


def brute(rows, n):
    """Person → of each n of the person's points: how many people have them all."""
    have = points_by_user(rows)
    return {
        user: [sum(set(known) <= other for other in have.values()) for known in itertools.combinations(mine, n)]
        for user, mine in have.items()
    }


@pytest.mark.parametrize("n", [1, 2, 3])
def test_crowds_are_those_of_brute_force(n):
    rows, table = small_log(n)
    points = Points.of(table)
    crowds = [
        points.crowds(np.array(known))[-1]
        for user in range(len(points.degree))
        for known in itertools.combinations(points.points_of(user), n)
    ]
    assert Counter(crowds) == Counter(itertools.chain.from_iterable(brute(rows, n).values()))


def test_unicity_is_that_of_brute_force_where_everything_is_known():
    # Everybody has five points and all are known: there is one draw, so the share is exact.
    have = {user: sorted(points)[:5] for user, points in points_by_user(small_log(5)[0]).items() if len(points) >= 5}
    have |= {f"double of {user}": points for user, points in list(have.items())[::3]}
    rows = [(user, *point) for user, points in have.items() for point in points]
    user, item, day = zip(*rows, strict=True)
    told = attempt_linkage(pa.table({"user": user, "item": item, "time": day}), 2).to_pylist()[-1]
    sizes = np.array([sizes[0] for sizes in brute(rows, 5).values()])
    assert (told["known"], told["people"], told["too_few"]) == (5, len(have), 0)
    assert told["singled_out"] == (sizes == 1).sum()
    assert told["unicity"] == pytest.approx((sizes == 1).mean())
    assert told["fewer_than_k"] == told["unicity"]
    assert 0 < told["unicity"] < 1


def test_unicity_of_random_draws_is_on_average_that_of_brute_force():
    rows, table = small_log(5)
    expected = np.mean([np.mean(np.array(sizes) == 1) for sizes in brute(rows, 2).values()])
    seen = [attempt_linkage(table, 5, seed).to_pylist()[1]["unicity"] for seed in range(60)]
    assert 0.05 < expected < 0.95
    assert np.mean(seen) == pytest.approx(expected, abs=4 * np.std(seen) / np.sqrt(60))


def test_an_attacker_who_knows_more_finds_no_fewer():
    table = small_log(2, n_users=200)[1]
    rows = attempt_linkage(table, 5).to_pylist()
    assert [row["known"] for row in rows] == [1, 2, 3, 5]
    assert all(row["ci_low"] <= row["unicity"] <= row["ci_high"] for row in rows)
    assert rows[0]["unicity"] < rows[2]["unicity"]


def test_the_verdict_is_honest_either_way():
    alone = pa.table({"user": [f"u{one // 4}" for one in range(80)], "item": [f"i{one}" for one in range(80)]})
    told = verdict(attempt_linkage(alone, 5))
    assert told.startswith("3 known events single out 100.0%")
    assert told.endswith("this table is pseudonymous, not anonymous")
    crowd = pa.table({"user": [f"u{one // 4}" for one in range(80)], "item": [f"i{one % 4}" for one in range(80)]})
    told = verdict(attempt_linkage(crowd, 5))
    assert "nobody of 20 people" in told
    assert "does not prove the table anonymous" in told
    searches = pa.table({"user": ["a", "b"], "item": pa.array([None, None], pa.string())})
    assert "no linkage attack could be tried" in verdict(attempt_linkage(searches, 5))


def test_five_known_events_are_told_of_where_three_find_nobody():
    # Every four of six items are shared by two people, the five of each person by nobody else.
    rows = [(f"u{user}", f"i{item}") for user, five in enumerate(itertools.combinations(range(6), 5)) for item in five]
    user, item = zip(*rows, strict=True)
    linkage = attempt_linkage(pa.table({"user": user, "item": item}), 5)
    assert [row["singled_out"] for row in linkage.to_pylist()] == [0, 0, 0, 6]
    assert verdict(linkage).startswith("5 known events single out 100.0%")


def test_a_log_without_times_keeps_each_persons_order(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("user,item\n" + "".join(f"u{at % 3},i{at}\n" for at in range(30)))
    log = sw.read_events(path, options=sw.ReadOptions(ordered=True))
    found = sw.anonymize(log, tmp_path / "key", out=tmp_path / "out")
    assert TIME not in found.events.column_names
    key = key_of(tmp_path / "key")
    users, items = (
        keyed(pa.chunked_array([names]), kind, key).to_pylist()
        for kind, names in (("user", [f"u{at % 3}" for at in range(30)]), ("item", [f"i{at}" for at in range(30)]))
    )
    rows = found.events.to_pylist()
    for person in set(users):
        own = [item for user, item in zip(users, items, strict=True) if user == person]
        assert [row["item"] for row in rows if row["user"] == person] == own
    assert any("order of each person's events is kept" in note for note in found.report["notes"])
    with pytest.raises(DataError, match="no times"):
        sw.anonymize(log, tmp_path / "key", time_unit="day")


def test_a_second_run_replaces_the_first_and_leaves_nothing_of_it(place):
    assert attack([*WORDS, "--out", "out"], place).code == 0
    assert attack([*WORDS[:2], *WORDS[6:], "--out", "out"], place).code == 0
    assert {one.name for one in (place / "out").iterdir()} == {"events.parquet", "anonymized.json"}


def test_a_foreign_folder_is_left_alone(place):
    (place / "mine").mkdir()
    (place / "mine" / "users.parquet").write_bytes((place / "users.parquet").read_bytes())
    done = attack([*WORDS, "--out", "mine"], place)
    assert (done.code, "did not write" in done.err) == (2, True)
    assert (place / "mine" / "users.parquet").read_bytes() == (place / "users.parquet").read_bytes()
    assert not (place / "key").exists()
    assert attack([*WORDS, "--out", "."], place).code == 2


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--key-file", "no/such/key"], "there is no folder"),
        (["--key-file", "out/key"], "lies in --out"),
        (["--key-file", "open"], "chmod 600"),
        (["--keep", "catgory"], "did you mean 'category'"),
        (["--k", "1"], "1"),
        (["--time-unit", "weak"], "did you mean 'week'"),
        (["--place-digits", "9"], "9"),
        (["--keep", "users.tags"], "cannot be put into groups"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_ends_in_one_line_and_leaves_nothing(place, words, hint):
    (place / "open").write_text("0123456789abcdef0123456789abcdef")
    (place / "open").chmod(0o644)
    users = shop()[1]
    pq.write_table(users.append_column("tags", pa.array([["a"]] * len(users))), place / "users.parquet")
    done = attack([*WORDS[:6], "--key-file", "key", "--out", "out", *words], place)
    assert (done.code, hint in done.err) == (2, True), done.err
    assert not (place / "out").exists()
    assert not (place / "key").exists()


def test_the_function_refuses_what_the_verb_does(tmp_path):
    events, *_ = shop()
    for said, hint in (({"k": 1}, "from 2"), ({"place_digits": 9}, "0 to 6"), ({"keep": "text"}, "a list of columns")):
        with pytest.raises(UsageError, match=hint):
            sw.anonymize(events, tmp_path / "key", **said)
    assert not (tmp_path / "key").exists()


def test_times_and_places_that_are_not_there_are_said_to_be_missing(tmp_path):
    (tmp_path / "log.csv").write_text("user,item\nu1,i1\nu2,i1\n")
    common = ["anonymize", "log.csv", "--ordered", "--key-file", "key", "--out", "out"]
    for words, hint in ((["--time-unit", "day"], "no times"), (["--place-digits", "1"], "no table has places")):
        done = attack([*common, *words], tmp_path)
        assert (done.code, hint in done.err) == (1, True), done.err
    assert not (tmp_path / "key").exists()


@pytest.mark.skipif(not DATA.exists(), reason="ml-100k is not at ../shared/data")
def test_a_real_log_is_told_to_be_pseudonymous(tmp_path):
    found = sw.anonymize(
        DATA / "ml-100k.inter", tmp_path / "key", users=DATA / "ml-100k.user", keep=["age", "gender", "occupation"]
    )
    assert "pseudonymous, not anonymous" in found.verdict
    assert found.to_pylist()[2]["unicity"] > 0.7
    assert found.report["profiles"]["smallest_group"] >= 5
