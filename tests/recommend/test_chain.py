"""The chain of steps: the model's own lists by default, every step does what it says, a short list says why."""

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pytest

import swayline as sw
from swayline.core.errors import ConfigError, DataError, UsageError
from swayline.ledger import EffectRow, Figure, TieRows, ledger
from swayline.models import mask_seen, top_k
from swayline.recommend import Chain, Context, Query, create_step
from swayline.testing import small_shop

N_ITEMS = 119


@pytest.fixture(scope="module")
def shop():
    return small_shop()


@pytest.fixture(scope="module")
def model(shop):
    return sw.Recommender("item-knn").fit(sw.read_events(shop.events, items=shop.items, users=shop.users))


@pytest.fixture(scope="module")
def users(model):
    return model.bundle().dataset.users.names[:20]


def _effects(**effects):
    return ledger([
        EffectRow(
            cause_kind="behavior", cause=name, effect="purchase", channel="own", estimand="ate", unit="probability",
            method="aipw", evidence="experiment", identified="yes", n=1000, primary=True,
            figure=Figure(value, value - 0.001, value + 0.001),
        )
        for name, value in effects.items()
    ])  # fmt: skip


def test_default_chain_gives_the_models_own_lists(model):
    assert model.recommend(k=7).equals(model.bundle().recommend(k=7))


def test_default_chain_gives_the_models_own_lists_where_people_return(shop):
    model = sw.Recommender("most-popular").fit(sw.read_events(shop.events))
    assert model.recommend(k=5).equals(model.bundle().recommend(k=5))


@pytest.mark.parametrize("name", ["item-knn", "most-popular", "ease", "markov-chain", "recent-popular"])
def test_a_filter_that_holds_everywhere_changes_nothing(shop, name):
    model = sw.Recommender(name).fit(sw.read_events(shop.events, items=shop.items))
    masked = model.recommend(k=6, filter="met >= 0")
    assert masked.table.equals(model.recommend(k=6).table)


def test_candidates_exclusions_and_filters_are_kept(model, users, shop):
    items = model.bundle().dataset.items.names
    own, out = items[:40], items[:5]
    lists = model.recommend(users, k=10, candidates=own, exclude=out, hidden=items[5:7], seen="keep")
    assert set(lists["item"].to_pylist()) <= set(items[7:40])
    prices = dict(zip(shop.items["item"].to_pylist(), shop.items["price"].to_pylist(), strict=True))
    cheap = model.recommend(users, k=10, filter="price < 20")
    assert all(prices[item] < 20 for item in cheap["item"].to_pylist())


def test_seen_policies_drop_keep_and_are_all_there_is(model, users):
    bundle = model.bundle()
    rows = bundle.rows_of(users)
    seen = {
        user: {bundle.dataset.items.names[item] for item in bundle.histories.items[bundle.histories.of(int(row))]}
        for user, row in zip(users, rows, strict=True)
    }
    for row in model.recommend(users, seen="drop").to_pylist() + model.recommend(users, new_only=True).to_pylist():
        assert row["item"] not in seen[row["user"]]
    for row in model.recommend(users, seen="only").to_pylist():
        assert row["item"] in seen[row["user"]]
    kept = model.recommend(users, k=N_ITEMS, seen="keep")
    assert len(kept) == N_ITEMS * len(users)


def test_a_short_list_says_which_step_took_what(model, users):
    items = model.bundle().dataset.items.names
    lists = model.recommend(users[:1], k=10, candidates=items[:6], exclude=items[:2], seen="keep")
    (short,) = lists.short
    assert (short["user"], short["asked"], short["got"]) == (users[0], 10, 4)
    assert "items not among the candidates took 113; excluded items took 2" in short["why"]
    assert short["why"] in repr(lists)


def test_an_empty_list_is_an_error_that_names_the_filter(model, users):
    with pytest.raises(
        DataError, match=r"no item is left for u\d+: 0 of 10 places filled.*the filter price < 0 took 119"
    ):
        model.recommend(users[:1], filter="price < 0")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"candidates": ["i00001", "i00002x"]},
            "candidates: item 'i00002x' is not in the model's catalogue: did you mean",
        ),
        ({"exclude": ["j1"]}, "exclude: item 'j1'"),
        ({"filter": "prise < 3"}, "did you mean 'price'"),
        ({"boost": {"price < 3": float("nan")}}, "give a finite number"),
        ({"boost": {"prise < 3": 1.0}}, "did you mean 'price'"),
        ({"seen": "kep"}, "did you mean 'keep'"),
        ({"new_only": True, "seen": "only"}, "contradict"),
        ({"at": "tomorrow"}, "not understood"),
        ({"profile": {"seggment": "x"}}, "has no column 'seggment'"),
        ({"context": {"hours": "3"}}, "did you mean 'hour'"),
        ({"context": {"hour": "25"}}, "write a whole number from 0 to 23"),
        ({"ties": ["nobody"]}, "ties: 'nobody' has no history"),
    ],
)
def test_a_mistake_in_a_query_is_one_line_with_the_nearest_word(model, asked, said):
    with pytest.raises((UsageError, DataError)) as error:
        model.recommend(histories=[[]], **asked)
    assert said in str(error.value)


def test_a_new_person_with_three_events_is_served_like_one_of_the_log(model, users):
    bundle = model.bundle()
    row = int(bundle.rows_of(users[:1])[0])
    part = bundle.histories.of(row)
    history = [
        {
            "item": bundle.dataset.items.names[item], "behavior": bundle.dataset.behaviors.names[act],
            "time": datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(time)),
            "value": None if np.isnan(value) else float(value),
        }
        for item, act, time, value in zip(
            *(getattr(bundle.histories, name)[part] for name in ("items", "behaviors", "times", "values")), strict=True
        )
    ]  # fmt: skip
    again = model.recommend(histories=[history], k=5)
    assert again["item"].to_pylist() == model.recommend(users[:1], k=5)["item"].to_pylist()
    few = model.recommend(histories=[history[:3]], k=5)
    assert few["source"].to_pylist() == ["model"] * 5


def test_unknown_items_of_a_history_are_told_and_the_others_used(model):
    lists = model.recommend(histories=[["i00001", "nothing"]], k=3)
    assert len(lists) == 3
    assert "1 of 2 events" in lists.notes[0]
    with pytest.raises(UsageError, match="knows no behaviour 'clik'"):
        model.recommend(histories=[[{"item": "i00001", "behavior": "clik"}]])


def test_the_past_alone_counts_at_an_earlier_moment(model, users):
    bundle = model.bundle()
    middle = datetime.fromtimestamp(float(np.median(bundle.histories.times)) / 1e6, UTC)
    asked = Query(user=users[0], at=middle, seen="only", k=50)
    seen_then = {row["item"] for row in model.answer([asked]).to_pylist()}
    part = bundle.histories.of(int(bundle.rows_of(users[:1])[0]))
    before = bundle.histories.times[part] <= middle.timestamp() * 1e6
    names = bundle.dataset.items.names
    assert seen_then == {names[item] for item in bundle.histories.items[part][before]}


def test_somebody_known_by_a_profile_alone_gets_what_such_people_take():
    """Two towns with nothing in common: a newcomer of either is offered its own items."""
    rows = [(f"u{u}", f"{'north' if u % 2 else 'south'}{(u + s) % 8}", s) for u in range(60) for s in range(4)]
    events = pa.table({
        "user": [r[0] for r in rows], "item": [r[1] for r in rows],
        "time": pa.array([1_700_000_000 + r[2] * 3600 for r in rows], pa.int64()),
    })  # fmt: skip
    people = pa.table({"user": [f"u{u}" for u in range(60)], "town": ["N" if u % 2 else "S" for u in range(60)]})
    model = sw.Recommender("item-knn").fit(sw.read_events(events, users=people))
    for town, start in (("N", "north"), ("S", "south")):
        lists = model.answer([Query(profile={"town": town}, k=4)])
        assert all(item.startswith(start) for item in lists["item"].to_pylist())
        assert set(lists["source"].to_pylist()) == {"cold"}
    tied = model.answer([Query(ties=["u1", "u3"], k=4)])
    assert all(item.startswith("north") for item in tied["item"].to_pylist())
    assert set(model.answer([Query(k=4)])["source"].to_pylist()) == {"popular"}
    with pytest.raises(UsageError, match="town is never 'M'"):
        model.answer([Query(profile={"town": "M"})])


def test_a_device_or_an_hour_says_what_is_met_there():
    rows = [
        (f"u{u}", f"{'day' if u % 2 else 'night'}{(u + s) % 6}", 12 if u % 2 else 23)
        for u in range(80)
        for s in range(3)
    ]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    events = pa.table({
        "user": [r[0] for r in rows], "item": [r[1] for r in rows], "device": ["tv" if r[2] == 23 else "phone" for r in rows],
        "time": pa.array([start.replace(hour=r[2], minute=n % 60, second=n // 60) for n, r in enumerate(rows)], pa.timestamp("us", "UTC")),
    })  # fmt: skip
    model = sw.Recommender("item-knn").fit(sw.read_events(events))
    for context in ({"hour": "23"}, {"device": "tv"}):
        items = model.answer([Query(context=context, k=3)])["item"].to_pylist()
        assert all(item.startswith("night") for item in items)
    with pytest.raises(UsageError, match="no event is on the device 'tvv': did you mean 'tv'"):
        model.answer([Query(context={"device": "tvv"})])


def test_a_list_says_which_steps_named_and_moved_each_item(model, users):
    chain = Chain.of([{"step": "model", "n": 30}, {"step": "trending", "n": 20}, "seen", "rank",
                      {"step": "exposure", "strength": 2.0}])  # fmt: skip
    lists = chain.serve(model.context, [Query(user=user, k=5) for user in users], trace=True)
    assert set(lists["source"].to_pylist()) <= {"model", "trending", "model+trending"}
    for row in lists.to_pylist():
        (first, before), (last, after) = (part.split() for part in row["trace"].split(", "))
        assert (first, last, int(after)) == ("rank", "exposure", row["rank"])
        assert int(before) >= 1


def test_influence_multiplies_interest_by_measured_effects_the_classical_way(model, users):
    """With item-knn, interest × weight is the kNN score with each event weighted by its behaviour's effect."""
    effects = _effects(purchase=0.2, cart=0.1)
    context = Context(model.bundle(), ledger=effects)
    names = model.bundle().dataset.behaviors.names
    chain = Chain(pool=N_ITEMS).with_step({"step": "influence", "behaviors": 2.0, "people": 0.0}, after="unknown")
    lists = chain.serve(context, [Query(user=user, k=5) for user in users])
    weights = tuple(1.0 + 2.0 * {"purchase": 1.0, "cart": 0.5}.get(name, 0.0) for name in names)
    plain = model.bundle().model
    weighted = type(plain)(dataclasses.replace(plain.settings, behavior_weights=weights))
    weighted.chosen_, weighted.similarity_, weighted.values_ = plain.chosen_, plain.similarity_, plain.values_
    history = model.bundle().histories.take(model.bundle().rows_of(users))
    scores = weighted.score(history)
    items, _ = top_k(mask_seen(scores, history) if model.bundle().exclude_seen else scores, 5)
    found = np.array(lists["item"].to_pylist()).reshape(len(users), 5)
    wanted = np.array(model.bundle().dataset.items.names)[items]
    assert (found == wanted).mean() == 1.0


def test_influence_of_ties_lifts_what_the_more_influential_met(model, users):
    bundle = model.bundle()
    names = bundle.dataset.items.names
    asked, near = users[0], users[1]
    as_of = datetime(2026, 3, 1, tzinfo=UTC)
    rows = TieRows(
        source=pa.array([near]), target=pa.array([asked]), channel="all", estimand="excitation", estimate=np.array([5.0]),
        ci_low=np.array([4.0]), ci_high=np.array([6.0]), p_value=np.array([0.0]), n=np.array([9]), method="hawkes",
        identified=pa.array(["assumed"]), assumptions="", horizon_s=1.0, as_of=as_of,
    )  # fmt: skip
    context = Context(bundle, ledger=ledger([rows]))
    met = {names[i] for i in bundle.histories.items[bundle.histories.of(int(bundle.rows_of([near])[0]))]}
    plain = Chain().serve(context, [Query(user=asked, k=10)])["item"].to_pylist()
    moved = Chain().with_step("influence").serve(context, [Query(user=asked, k=10)])["item"].to_pylist()
    assert sum(item in met for item in moved) > sum(item in met for item in plain)
    only = Chain.of(["ties", "seen", "rank"]).serve(context, [Query(user=asked, k=5, seen="keep")])
    assert set(only["item"].to_pylist()) <= met
    assert set(only["source"].to_pylist()) == {"ties"}


def test_influence_without_anything_measured_says_what_to_give(model, users):
    with pytest.raises(DataError, match="give the ledger"):
        Chain().with_step("influence").serve(model.context, [Query(user=users[0])])


def test_diversity_spreads_categories_and_calibration_follows_the_history(model, users):
    categories = dict(zip(*(model.context.items[name].to_pylist() for name in ("item", "category")), strict=True))
    queries = [Query(user=user, k=10, seen="keep") for user in users]

    def shares(chain):
        lists = chain.serve(model.context, queries)
        return [[categories[item] for item in group] for group in np.array(lists["item"].to_pylist()).reshape(-1, 10)]

    plain, diverse = shares(Chain()), shares(Chain().with_step({"step": "diversity", "strength": 0.9}))
    assert np.mean([len(set(one)) for one in diverse]) > np.mean([len(set(one)) for one in plain]) + 0.5

    def distance(lists):
        total = 0.0
        for user, one in zip(users, lists, strict=True):
            part = model.bundle().histories.of(int(model.bundle().rows_of([user])[0]))
            names = np.array(model.bundle().dataset.items.names)[model.bundle().histories.items[part]]
            own = np.array([categories[name] for name in names])
            total += sum(abs((own == c).mean() - np.mean([x == c for x in one])) for c in set(categories.values()))
        return total

    assert distance(shares(Chain().with_step({"step": "calibration", "strength": 0.9}))) < distance(plain)


def test_strength_zero_changes_no_list(model, users):
    queries = [Query(user=user, k=10) for user in users]
    plain = Chain().serve(model.context, queries)["item"]
    for name in ("diversity", "calibration", "freshness", "value", "exposure", "parity", "popularity"):
        moved = Chain().with_step({"step": name, "strength": 0.0}).serve(model.context, queries)["item"]
        assert moved.equals(plain), name


def test_parity_gives_groups_the_attention_they_deserve(model, users):
    queries = [Query(user=user, k=10) for user in users]
    groups = dict(zip(*(model.context.items[name].to_pylist() for name in ("item", "category")), strict=True))
    names = sorted(set(groups.values()))
    share = np.array([sum(one == name for one in groups.values()) for name in names]) / len(groups)

    def distance(chain):
        shown = [groups[item] for item in chain.serve(model.context, queries)["item"].to_pylist()]
        return np.abs(np.array([shown.count(name) for name in names]) / len(shown) - share).sum()

    fair = {"step": "parity", "strength": 1.0, "deserved": "catalogue"}
    assert distance(Chain().with_step(fair)) < 0.8 * distance(Chain())


@pytest.fixture(scope="module")
def returning():
    """People take three items of maker b once, then return to four of maker a again and again."""
    rng, rows = np.random.default_rng(0), []
    for n in range(80):
        own = rng.choice(20, 4, replace=False)
        rows += [(f"u{n}", f"b{one}") for one in rng.choice(20, 3, replace=False)]
        rows += [(f"u{n}", f"a{rng.choice(own)}") for _ in range(10)]
    people, things = zip(*rows, strict=True)
    times = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=at) for at in range(len(rows))]
    events = pa.table({"user": people, "item": things, "behavior": ["view"] * len(rows), "time": times})
    names = [f"{maker}{n}" for maker in "ab" for n in range(20)]
    items = pa.table({"item": names, "category": [name[0] for name in names]})
    return sw.Recommender("item-knn").fit(sw.read_events(events, items=items))


@pytest.mark.parametrize("seen", ["auto", "keep", "drop"])
def test_parity_is_learned_on_lists_as_they_are_served(returning, seen):
    chain = Chain().with_step({"step": "parity", "strength": 1.0, "deserved": "catalogue"})
    lists = chain.serve(returning.context, [Query(user=f"u{n}", k=10, seen=seen) for n in range(80)])
    weights = np.tile(1 / np.log2(np.arange(2, 12)), 80)
    of_a = np.array([item.startswith("a") for item in lists["item"].to_pylist()])
    assert (of_a * weights).sum() / weights.sum() == pytest.approx(0.5, abs=0.005)


def test_parity_serves_questions_that_keep_what_was_seen_beside_others(returning):
    chain = Chain().with_step({"step": "parity", "strength": 1.0, "deserved": "catalogue"})
    asked = [Query(user=f"u{n}", k=5, seen=seen) for n in range(20) for seen in ("keep", "drop")]
    together = chain.serve(returning.context, asked)["item"].to_pylist()
    assert together == [item for one in asked for item in chain.serve(returning.context, [one])["item"].to_pylist()]


def test_popularity_follows_the_history(model, users):
    from swayline.recommend.steps.fairness import popularity_tiers

    queries = [Query(user=user, k=10) for user in users]
    tiers = popularity_tiers(model.context.met)
    place = {item: at for at, item in enumerate(model.context.items["item"].to_pylist())}
    histories = model.context.histories
    rows = model.context.bundle.rows_of(users)

    def distance(chain):
        table = chain.serve(model.context, queries)
        total = 0.0
        for user, row in zip(users, rows, strict=True):
            of = [
                tiers[place[item]]
                for item, who in zip(table["item"].to_pylist(), table["user"].to_pylist(), strict=True)
                if who == user
            ]
            own = np.bincount(tiers[histories.items[histories.of(row)]], minlength=3)
            total += np.abs(np.bincount(of, minlength=3) / len(of) - own / own.sum()).sum()
        return total

    assert distance(Chain().with_step({"step": "popularity", "strength": 0.9})) < distance(Chain())


def test_price_and_exposure_move_lists_the_way_they_say(model, users):
    queries = [Query(user=user, k=10) for user in users]
    prices = dict(zip(*(model.context.items[name].to_pylist() for name in ("item", "price")), strict=True))
    met = dict(zip(*(model.context.items[name].to_pylist() for name in ("item", "met")), strict=True))

    def mean(chain, of):
        return np.mean([of[item] for item in chain.serve(model.context, queries)["item"].to_pylist()])

    assert mean(Chain().with_step({"step": "value", "strength": 1.0}), prices) > mean(Chain(), prices)
    assert mean(Chain().with_step({"step": "value", "strength": -1.0}), prices) < mean(Chain(), prices)
    assert mean(Chain().with_step({"step": "exposure", "strength": 1.0}), met) < mean(Chain(), met)


def test_boosts_lift_what_meets_the_condition(model, users):
    def share(**asked):
        items = model.recommend(users, k=10, **asked)["item"].to_pylist()
        prices = dict(zip(*(model.context.items[name].to_pylist() for name in ("item", "price")), strict=True))
        return np.mean([prices[item] < 20 for item in items])

    assert share(boost={"price < 20": 3.0}) > share()
    assert share(boost={"price < 20": -3.0}) < share()


def test_expired_items_are_out_at_the_moment_of_the_question(model, users):
    names = model.bundle().dataset.items.names
    ends = ["2026-01-10" if place % 2 else "2027-01-01" for place in range(len(names))]
    context = Context(model.bundle(), side=pa.table({"item": names, "ends": ends}))
    chain = Chain().with_step({"step": "expired", "until": "ends"}, before="rank")
    lists = chain.serve(context, [Query(user=user, at="2026-02-01", k=5) for user in users])
    assert all(names.index(item) % 2 == 0 for item in lists["item"].to_pylist())
    with pytest.raises(UsageError, match="no column 'endz': did you mean 'ends'"):
        Chain().with_step({"step": "expired", "until": "endz"}, before="rank").serve(context, [Query(user=users[0])])


@dataclass(frozen=True)
class _Alphabet:
    name: ClassVar[str] = "alphabet"
    kind: ClassVar[str] = "order"

    def __call__(self, slate):
        slate.rescore(self.name, -slate.items.astype(float))


def test_a_step_of_ones_own_takes_its_place(model, users):
    chain = Chain(pool=N_ITEMS).with_step(_Alphabet(), after="rank")
    lists = chain.serve(model.context, [Query(user=users[0], k=4, seen="keep")])
    assert lists["item"].to_pylist() == model.bundle().dataset.items.names[:4]


def test_a_chain_is_read_from_toml(tmp_path, model, users):
    (tmp_path / "c.toml").write_text(
        '[chain]\npool = 50\n[[chain.steps]]\nstep = "model"\n[[chain.steps]]\nstep = "seen"\npolicy = "keep"\n'
        '[[chain.steps]]\nstep = "rank"\n[[chain.steps]]\nstep = "diversity"\nstrength = 0.5\n'
    )
    chain = Chain.read(tmp_path / "c.toml")
    assert (chain.names, chain.pool) == (["model", "seen", "rank", "diversity"], 50)
    assert len(chain.serve(model.context, [Query(user=users[0], k=4)])) == 4


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (["model", "rnk"], "a chain has no step 'rnk': did you mean 'rank'"),
        (["model", "rank", {"step": "diversity", "strenght": 1}], "step diversity: unknown setting 'strenght'"),
        (
            ["model", "rank", {"step": "diversity", "strength": float("nan")}],
            "step diversity: setting strength must be",
        ),
        (["model", "rank", {"step": "influence", "people": -1.0}], "setting people must be at least 0"),
        (["model", "rank", {"step": "boost", "weight": float("inf")}], "setting weight must be"),
        (["model"], "a chain ranks once"),
        (["rank"], "without a step of candidates"),
        (["model", "diversity", "rank"], "'diversity' must stand after 'rank'"),
        (["model", "rank", "seen"], "'seen' must stand before 'rank'"),
        (["model", "rank", {"strength": 1}], "a step of a chain needs a name"),
        (["model", {"step": "where", "condition": "price <"}, "rank"], "a value is expected"),
    ],
)
def test_a_chain_that_is_none_is_refused(steps, said):
    with pytest.raises((UsageError, ConfigError)) as error:
        Chain.of(steps)
    assert said in str(error.value)


def test_a_toml_file_with_an_unknown_key_is_refused(tmp_path):
    (tmp_path / "c.toml").write_text('[chain]\npol = 5\n[[chain.steps]]\nstep = "model"\n')
    with pytest.raises(ConfigError, match="a chain has no 'pol': did you mean 'pool'"):
        Chain.read(tmp_path / "c.toml")
    with pytest.raises(ConfigError, match="cannot be read as a chain"):
        Chain.read(tmp_path / "missing.toml")


def test_reasons_say_what_holds_each_item_up(model, users):
    lists = Chain().with_step("reasons").serve(model.context, [Query(user=users[0], k=3), Query(k=2)])
    assert lists["reason"][0].as_py().startswith("because of the ")
    assert lists["reason"][-1].as_py().startswith("what most people take")


def test_steps_are_made_by_name():
    assert create_step("diversity").strength == 0.3


def test_somebody_of_whom_nothing_is_known_gets_what_most_people_take():
    """Whatever order the vocabulary is in; ids here are such that their hashes are not in the order of the counts."""
    rows = [(f"u{u}", f"i{item}", 20 * u + item) for item in range(12) for u in range(2 + 3 * item)]
    users, items, times = zip(*rows, strict=True)
    model = sw.Recommender("item-knn").fit(sw.read_events(pa.table({"user": users, "item": items, "time": times})))
    wanted = ["i11", "i10", "i9", "i8"]
    assert model.recommend(histories=[[]], k=4)["item"].to_pylist() == wanted
    bundle = model.bundle()
    empty = bundle.histories.take(np.array([0])).keep(np.zeros(bundle.histories.lengths[0], bool))
    assert [bundle.dataset.items.names[item] for item in bundle._popular(empty, 4)[0]] == wanted
