"""A private training books what it costs, keeps nobody, and reads nothing outside its noisy steps."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import ArtifactError, UsageError
from swayline.engine import DuckEngine
from swayline.events import EventLog
from swayline.testing.attacks import attack
from swayline.training import ModelBundle
from swayline.training.private import PRIVATE_MODELS, PrivatePlan, fit_private, public_data, read_account
from swayline.training.private.mechanism import Secret
from swayline.training.private.sums import fit_sum

N_PEOPLE, N_ITEMS = 40, 12
SMALL = {"transformer": {"embedding_dim": 8, "max_length": 6}}


def _log(people=range(N_PEOPLE), listed=True, category="shelf"):
    rows = [
        (f"Person-{person:04d}", f"thing{(person + step) % N_ITEMS}", 1_700_000_000_000_000 + step * 60_000_000)
        for person in people
        for step in range(5)
    ]
    users, items, times = zip(*rows, strict=True)
    n = len(rows)
    events = pa.table({
        "row": pa.array(range(1, n + 1), pa.int64()), "user": users, "item": items,
        "behavior": ["view" if row % 3 else "rare behaviour" for row in range(n)],
        "time": pa.array(times, pa.timestamp("us", "UTC")), "category": [f"{category}{row % 4}" for row in range(n)],
        "value": np.arange(n) % 5 + 1.0,
    })  # fmt: skip
    table = pa.table({"item": [f"thing{one}" for one in range(N_ITEMS + 3)]}) if listed else None
    return EventLog(events, items=table)


def _fit(plan, log=None, folder=None):
    with DuckEngine() as engine:
        return fit_private(engine, log or _log(), plan, folder)


@pytest.mark.parametrize("model", PRIVATE_MODELS)
def test_a_private_model_is_kept_without_anybody_in_it(model, tmp_path):
    done = _fit(PrivatePlan(3.0, model=model, steps=2, settings=SMALL.get(model, {})))
    done.save(tmp_path / "m")
    content = b"".join(path.read_bytes() for path in (tmp_path / "m").rglob("*") if path.is_file())
    for word in (b"Person-", b"rare behaviour", b"shelf"):
        assert word not in content
    bundle = ModelBundle.load(tmp_path / "m")
    assert len(bundle.dataset.users) == 0
    assert bundle.quality is None
    assert len(bundle.dataset.items) == N_ITEMS + 3  # those that nobody met too
    with DuckEngine() as engine:
        lists = bundle.for_log(engine, _log()).recommend(k=2)
    assert len(lists) == 2 * N_PEOPLE
    account = read_account(tmp_path / "m")
    assert 2.8 < account.spent <= 3.0
    assert "public: the table of items alone" in (tmp_path / "m" / "card.md").read_text()


def test_a_spent_budget_is_refused_and_a_raised_one_adds_up(tmp_path):
    folder = tmp_path / "m"
    plan = PrivatePlan(1.0, model="most-popular")
    _fit(plan, folder=folder).save(folder)
    before = (folder / "weights.safetensors").read_bytes()
    with pytest.raises(UsageError, match="budget of this folder is spent: 1 training"):
        _fit(plan, folder=folder)
    assert (folder / "weights.safetensors").read_bytes() == before
    again = _fit(replace(plan, budget=2.0), folder=folder)
    assert 1.0 < again.account.spent <= 2.0
    assert len(again.account.trainings) == 2
    with pytest.raises(UsageError, match="kept at δ"):
        _fit(replace(plan, budget=9.0, delta=1e-4), folder=folder)


@pytest.mark.parametrize(
    "change",
    [{"budget": float("inf")}, {"trainings": [{}]}, {"format": 2}, {"delta": 0}, {"budget": True}, {"trainings": None}],
)
def test_an_account_that_cannot_be_read_is_no_empty_one(change, tmp_path):
    _fit(PrivatePlan(1.0, model="most-popular")).save(tmp_path)
    path = tmp_path / "privacy.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ArtifactError, match="what was spent is not known|damaged"):
        _fit(PrivatePlan(1.0, model="most-popular"), folder=tmp_path)


@pytest.mark.parametrize("epsilon", [0.0, -1.0, float("nan"), float("inf")])
def test_an_epsilon_that_is_none_is_refused(epsilon):
    with pytest.raises(UsageError, match="--epsilon must be a number above 0"):
        PrivatePlan(epsilon)


def test_what_would_break_the_promise_is_refused():
    with pytest.raises(UsageError, match="above 1/n = 0.025 of 40 people"):
        _fit(PrivatePlan(1.0, delta=0.03, model="most-popular"))
    with pytest.raises(UsageError, match="public catalogue"):
        _fit(PrivatePlan(1.0, model="most-popular"), _log(listed=False))
    with pytest.raises(UsageError, match="3 people are too few"):
        _fit(PrivatePlan(1.0, model="most-popular"), _log(range(3)))
    with pytest.raises(UsageError, match="cannot be trained privately"):
        PrivatePlan(1.0, model="item-knn")
    with pytest.raises(UsageError, match="--delta must lie between"):
        PrivatePlan(1.0, delta=0.0)
    with pytest.raises(UsageError, match="less than this training's"):
        PrivatePlan(2.0, budget=1.0)
    with pytest.raises(UsageError, match="neighbours = True reads the log"):
        PrivatePlan(2.0, settings={"neighbours": True})


def test_events_on_items_of_no_table_are_left_out_and_counted():
    log = _log()
    log = replace(log, items=pa.table({"item": ["thing0", "thing1"]}))
    with DuckEngine() as engine:
        public = public_data(engine, log)
    assert public.left_out == len(log.events) - sum(
        one in ("thing0", "thing1") for one in log.events["item"].to_pylist()
    )
    assert sorted(public.dataset.items.names) == ["thing0", "thing1"]
    assert public.dataset.behaviors.names == ["interact"]
    assert public.dataset.sequences.values is None


@pytest.mark.parametrize("model", PRIVATE_MODELS)
def test_two_trainings_are_never_the_same(model):
    plan = PrivatePlan(3.0, model=model, steps=1, people_share=1.0, settings=SMALL.get(model, {}))
    with DuckEngine() as engine:
        histories = public_data(engine, _log()).dataset.sequences
    one, other = (_fit(plan).bundle.model.score(histories) for _ in range(2))
    assert not np.array_equal(one, other)


def test_a_noiseless_sum_ranks_as_the_sum_itself():
    from swayline.training.private.accounting import Steps

    with DuckEngine() as engine:
        histories = public_data(engine, _log(range(7))).dataset.sequences
    counts = np.bincount(histories.items, minlength=histories.n_items)
    for model in ("most-popular", "implicit-als", "ease"):
        plan = PrivatePlan(3.0, model=model, settings={} if model == "most-popular" else {"decay": 1.0})
        fitted = fit_sum(histories, plan, Steps(1e-12, 1.0, 1), Secret())
        scores = fitted.score(histories)
        assert np.isfinite(scores).all()
        never = counts == 0
        if model == "most-popular":
            assert scores[:, never].max() < scores[:, ~never].min()
        else:
            # People walk on to the next things: what follows their five is what others met with them.
            met = np.zeros((len(histories), histories.n_items), bool)
            met[histories.users, histories.items] = True
            best = np.where(met, -np.inf, scores).argmax(axis=1)
            assert (counts[best] > 0).all()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--private"], "--epsilon 3"),
        (["--epsilon", "3"], "say --private too"),
        (["--private", "--epsilon", "0"], "greater than or equal to 0.001"),
        (["--private", "--epsilon", "3", "--delta", "0.5", "--items", "items.csv"], "above 1/n"),
        (["--private", "--epsilon", "3", "--checkpoint", "c"], "--checkpoint would keep"),
        (["--private", "--epsilon", "3"], "give it with --items"),
    ],
)
def test_the_verb_refuses_in_one_line(words, says, tmp_path):
    log = _log()
    lines = ["user,item,time"]
    for row in log.events.to_pylist():
        lines.append(f"{row['user']},{row['item']},{row['time'].isoformat()}")
    (tmp_path / "events.csv").write_text("\n".join(lines))
    (tmp_path / "items.csv").write_text("item\n" + "\n".join(log.items["item"].to_pylist()))
    answer = attack(["fit", "events.csv", "--model", "most-popular", "--out", "m", *words], tmp_path)
    assert answer.code == 2
    assert says in answer.err
    assert not (tmp_path / "m").exists()
