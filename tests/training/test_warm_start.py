"""Tomorrow's events: a fitted model goes on, newcomers start near their kind, nothing of the old folder changes."""

import numpy as np
import pyarrow as pa
import pytest

import swayline as sw
from swayline.engine import DuckEngine
from swayline.testing.attacks import attack
from swayline.training.bundle import ModelBundle
from swayline.training.onward.warm_start import warm_start

SMALL = {"embedding_dim": 32, "n_blocks": 1, "n_heads": 1, "max_epochs": 6, "patience": 6, "max_length": 30}


def kinds(rng, users, days, first=0.0, newest=0):
    """Events of people who each stay within one of four kinds of ten items; ``newest`` items a kind are new."""
    rows = []
    for user in users:
        kind = int(user[1:]) % 4
        for day in sorted(rng.uniform(first, first + days, 14)):
            place = (
                int(rng.integers(10 - newest, 10)) if newest and rng.random() < 0.4 else int(rng.integers(10 - newest))
            )
            name = f"new{kind}-{place}" if newest and place >= 10 - newest else f"i{kind}-{place}"
            rows.append((user, name, 1_700_000_000_000_000 + int(day * 86_400e6)))
    users, items, times = zip(*rows, strict=True)
    return pa.table({"user": users, "item": items, "time": pa.array(times, pa.timestamp("us", "UTC"))})


@pytest.fixture(scope="module")
def logs():
    rng = np.random.default_rng(0)
    people = [f"u{at}" for at in range(160)]
    today = kinds(rng, people, 20)
    tomorrow = kinds(rng, [*people[:60], *[f"u{at}" for at in range(160, 200)]], 2, first=21, newest=2)
    return today, tomorrow


@pytest.fixture(scope="module")
def folder(logs, tmp_path_factory):
    path = tmp_path_factory.mktemp("warm") / "model"
    sw.Recommender("transformer", **SMALL).fit(sw.read_events(logs[0])).save(path)
    return path


@pytest.fixture(scope="module")
def went_on(logs, folder):
    old = ModelBundle.load(folder)
    with DuckEngine() as engine:
        return old, *warm_start(engine, old, sw.read_events(logs[1]), epochs=3)


def test_it_says_what_came_and_serves_new_people_and_items(went_on):
    old, new, changed = went_on
    assert (changed.people, changed.items, changed.behaviors) == (40, 8, 0)
    assert changed.events == 100 * 14
    assert changed.newcomers == {"people": 8}
    assert changed.questions >= 30
    lists = new.recommend(["u170"], k=8)
    assert all(name.split("-")[0][-1] == str(170 % 4) for name in lists["item"].to_pylist()[:5])
    assert len(new.dataset.items) == len(old.dataset.items) + 8


def test_it_is_better_on_the_newest_events_than_it_was(went_on):
    _, _, changed = went_on
    assert changed.after >= changed.before
    assert changed.alarm == "" or "drifts" in changed.alarm


def test_a_newcomers_first_row_lies_with_its_kind_and_known_rows_are_carried(logs, folder):
    old = ModelBundle.load(folder)
    with DuckEngine() as engine:
        new, _ = warm_start(engine, old, sw.read_events(logs[1]), epochs=1, replay=0.0)
    from swayline.models.sequence.continued import Carried

    carried = Carried(new.dataset.items.rows(old.dataset.items.ids), np.zeros(0, np.int64))
    flat = new.dataset.sequences
    started = old.model.continued(flat, flat, flat_questions(flat), carried, 0)
    rows = started._network.items.weight[:-1].detach().numpy()
    names = new.dataset.items.names
    before = old.model._network.items.weight[:-1].detach().numpy()
    assert np.array_equal(rows[carried.items], before)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    for at, name in enumerate(names):
        if name.startswith("new"):
            alike = unit @ unit[at]
            own = [alike[row] for row, other in enumerate(names) if other.startswith(f"i{name[3]}")]
            others = [alike[row] for row, other in enumerate(names) if other[0] == "i" and other[1] != name[3]]
            assert np.mean(own) > np.mean(others) + 0.1


def flat_questions(flat):
    from swayline.dataset import last_out

    return last_out(flat).test.take(np.zeros(0, np.int64))


def test_items_nobody_met_start_from_what_they_share_with_known_ones(logs, tmp_path):
    def items(names):
        return pa.table({"item": names, "category": [name[-3] for name in names]})

    known = sorted(set(logs[0]["item"].to_pylist()))
    log = sw.read_events(logs[0], items=items(known))
    model = sw.Recommender("transformer", fusion="none", **SMALL).fit(log)
    lonely = pa.table({
        "user": ["x1", "x2"], "item": ["new0-9", "new1-9"],
        "time": pa.array([1_702_000_000_000_000] * 2, pa.timestamp("us", "UTC")),
    })  # fmt: skip
    with DuckEngine() as engine:
        newer = sw.read_events(lonely, items=items(["new0-9", "new1-9"]))
        _, changed = warm_start(engine, model.bundle(), newer, epochs=1)
    assert changed.newcomers == {"content": 2}
    assert changed.questions == 0


@pytest.mark.parametrize("name", ["item-knn", "most-popular", "markov-chain"])
def test_a_model_that_counts_ends_where_one_fit_on_everything_does(logs, name):
    today, tomorrow = logs
    model = sw.Recommender(name).fit(sw.read_events(today))
    with DuckEngine() as engine:
        new, changed = warm_start(engine, model.bundle(), sw.read_events(tomorrow))
    assert changed.trained_on == 0
    whole = sw.Recommender(name).fit(sw.read_events(today)).partial_fit(sw.read_events(tomorrow))
    ours, theirs = new.recommend(["u3", "u170"], k=5), whole.bundle().recommend(["u3", "u170"], k=5)
    assert ours.equals(theirs)


def test_the_verb_writes_another_folder_and_leaves_the_old_one_as_it_was(logs, folder, tmp_path):
    import pyarrow.parquet as pq

    pq.write_table(logs[1], tmp_path / "tomorrow.parquet")
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    said = ["fit", str(tmp_path / "tomorrow.parquet"), "--warm-start", str(folder), "--epochs", "1", "--json"]
    verdict = attack([*said, "--out", str(tmp_path / "next")], tmp_path)
    assert verdict.code == 0
    assert verdict.result["changed"]["items"] == 8
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert ModelBundle.load(tmp_path / "next").recommend(["u170"], k=3).num_rows == 3


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--set", "max_epochs=2"], "--set"),
        (["--split", "time"], "--split"),
        (["--model", "ease"], "transformer"),
        (["--private", "--epsilon", "1"], "--warm-start"),
        (["--checkpoint", "c"], "--checkpoint"),
    ],
)
def test_what_belongs_to_a_first_fit_is_refused(logs, folder, tmp_path, more, words):
    import pyarrow.parquet as pq

    pq.write_table(logs[1], tmp_path / "tomorrow.parquet")
    said = ["fit", str(tmp_path / "tomorrow.parquet"), "--warm-start", str(folder), "--out", str(tmp_path / "x"), *more]
    verdict = attack(said, tmp_path)
    assert verdict.code == 2
    assert words in verdict.err


def test_the_old_folder_is_never_written_over(logs, folder, tmp_path):
    import pyarrow.parquet as pq

    pq.write_table(logs[1], tmp_path / "tomorrow.parquet")
    said = ["fit", str(tmp_path / "tomorrow.parquet"), "--warm-start", str(folder), "--out", str(folder), "--force"]
    verdict = attack(said, tmp_path)
    assert verdict.code == 2
    assert "give another folder" in verdict.err
    verdict = attack(
        ["fit", str(tmp_path / "tomorrow.parquet"), "--replay", "1", "--out", str(tmp_path / "x")], tmp_path
    )
    assert verdict.code == 2
    assert "--warm-start" in verdict.err
