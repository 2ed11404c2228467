"""A planted unfairness is found, equal groups are not claimed to differ, and what is too little is not told."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.trust.conftest import DAY_US, START_US, log_of

import swayline as sw
from swayline.core.errors import DataError, SchemaError, UsageError
from swayline.models import wrapped
from swayline.testing.attacks import command
from swayline.trust.fairness import FAIRNESS, FairnessPlan, measure_fairness
from swayline.trust.fairness.compared import Measure, compare_groups
from swayline.trust.fairness.groups import Groups, groups_of_people

N_PEOPLE, N_ITEMS = 320, 40
SEXES = ["F", "M"]


def ring(seed=0, length=6):
    """Everybody walks on around a ring of items, one a day; sexes, ages, and three makers of the items."""
    rng = np.random.default_rng(seed)
    people = [f"p{one}" for one in range(N_PEOPLE)]
    starts, begun = rng.integers(0, N_ITEMS, N_PEOPLE), rng.integers(0, 200, N_PEOPLE)
    steps = np.arange(length)
    items = [f"i{one}" for one in ((starts[:, None] + steps) % N_ITEMS).ravel()]
    times = (START_US + (begun[:, None] + steps) * DAY_US).ravel()
    sex = [SEXES[one % 2] for one in range(N_PEOPLE - 22)] + ["X"] * 12 + [None] * 10
    users = pa.table({"user": people, "sex": sex, "age": pa.array(range(N_PEOPLE)), "same": ["all"] * N_PEOPLE})
    users = users.append_column("own", pa.array(people))
    extra = pa.table({"user": ["z1"], "sex": ["D"], "age": [7], "same": ["all"], "own": ["z1"]})
    makers = ["big" if one < 20 else "mid" if one < 32 else "small" for one in range(N_ITEMS)]
    side = pa.table({"item": [f"i{one}" for one in range(N_ITEMS)], "maker": makers, "alone": ["one"] * N_ITEMS})
    log = log_of(np.repeat(people, length).tolist(), items, times)
    order = pa.array(np.argsort(times, kind="stable"))
    return replace(log, events=log.events.take(order), users=pa.concat_tables([users, extra]), items=side)


@pytest.fixture(scope="module")
def log():
    return ring()


class Walker:
    """Knows the ring; right about each person with a chance that the person's sex decides."""

    chances = (0.6, 0.6)
    favoured = None

    def fit(self, train, valid=None):
        """By which item each item is followed."""
        ends = np.setdiff1d(np.arange(len(train.items)), train.offsets[1:] - 1)
        self.after = np.zeros(train.n_items, int)
        self.after[train.items[ends]] = train.items[np.minimum(ends + 1, len(train.items) - 1)]
        maker, names = train.catalogue.codes("maker")
        self.lifted = maker == names.index(self.favoured) if self.favoured else np.zeros(train.n_items, bool)

    def score(self, history):
        """The next on the ring first, or last."""
        last = history.items[history.offsets[1:] - 1]
        scores = np.random.default_rng(1).random((len(history), history.n_items)) + self.lifted
        chance = np.array(self.chances)[(history.profiles[:, 0] == history.profiles[:, 0].max()).astype(int)]
        lucky = np.random.default_rng(2).random(len(history)) < chance
        scores[np.arange(len(history)), self.after[last]] = np.where(lucky, 3.0, -3.0)
        return scores


class Unfair(Walker):
    """Serves one sex better than the other."""

    chances = (0.8, 0.3)


class Partial(Walker):
    """Shows one small maker above the others."""

    favoured = "small"


def rows_of(found, measure, **wanted):
    rows = found.table.to_pylist() if hasattr(found, "table") else found
    return [one for one in rows if one["measure"] == measure and all(one[name] == it for name, it in wanted.items())]


def sexes_alone(log):
    """The log with a users table that says sex alone."""
    return replace(log, users=log.users.select(["user", "sex"]))


@pytest.fixture(scope="module")
def unfair(log):
    return sw.trust_fairness(sexes_alone(log), Unfair, by="sex")


def test_a_planted_unfair_model_is_found(unfair):
    found = unfair
    assert found.table.schema.equals(FAIRNESS)
    gap = rows_of(found, "ndcg@10_gap", by="sex")[0]
    assert gap["told"] == "differs"
    assert gap["group"] in ("F over M", "M over F")
    assert gap["value"] == pytest.approx(0.5, abs=0.15)
    assert gap["ci_low"] > 0.2
    assert gap["q_value"] < 0.01
    groups = {one["group"]: one for one in rows_of(found, "ndcg@10", by="sex")}
    better, worse = gap["group"].split(" over ")
    assert groups[better]["value"] - groups[worse]["value"] == pytest.approx(gap["value"])
    assert groups[better]["ci_low"] > groups[worse]["ci_high"]


def test_small_and_missing_groups_are_named_and_not_told(unfair):
    rows = unfair.table.to_pylist()
    told = {one["group"]: (one["told"], one["n"]) for one in rows_of(rows, "ndcg@10", by="sex")}
    assert told["X"] == ("too few to tell", 12)
    assert told["(no value)"] == ("missing", 10)
    assert told["D"] == ("missing", 0)
    untold = [one for one in rows if one["told"] in ("too few to tell", "missing")]
    assert untold
    assert all(one["value"] is one["ci_low"] is one["ci_high"] is one["p_value"] is None for one in untold)
    assert all("X" not in one["group"] and "D" not in one["group"] for one in rows_of(rows, "ndcg@10_gap"))


def test_groups_that_are_all_too_small_make_no_gap(log):
    found = sw.trust_fairness(sexes_alone(log), Walker, by="sex", min_people=200)
    assert {one["told"] for one in rows_of(found, "ndcg@10_gap", by="sex")} == {"too few to tell"}
    assert {one["told"] for one in rows_of(found, "ndcg@10", by="sex")} == {"too few to tell", "missing"}


def test_equal_groups_are_not_claimed_over_twenty_seeds():
    sizes = (30, 60, 150)
    groups = Groups("sex", [f"g{one}" for one in range(len(sizes))], np.repeat(np.arange(len(sizes)), sizes))
    claimed = 0
    for seed in range(20):
        rng = np.random.default_rng([7, seed])
        hit = rng.random(sum(sizes)) < 0.08
        values = np.where(hit, 1 / np.log2(rng.integers(2, 12, sum(sizes))), 0.0)
        gap = compare_groups(Measure("ndcg@10", values, hit, (0.0, 1.0)), groups, 30, seed).gap
        claimed += not gap.interval.holds_zero and gap.p_value <= 0.05
    assert claimed <= 2


def test_the_verdict_on_equal_groups_does_not_hang_on_the_bootstraps_seed(log):
    told = {
        one["told"]
        for seed in range(2)
        for one in rows_of(sw.trust_fairness(sexes_alone(log), Walker, by="sex", seed=seed), "ndcg@10_gap")
    }
    assert told == {"no difference shown"}


def test_a_group_without_a_hit_is_not_sure_to_be_worse():
    groups = Groups("sex", ["few", "many"], np.repeat([0, 1], [30, 300]))
    hit = np.arange(330) >= 315
    found = compare_groups(Measure("ndcg@10", hit * 1.0, hit, (0.0, 1.0)), groups, 30, 0)
    assert found.rows[0]["value"] == 0.0
    assert found.rows[0]["ci_high"] > 0.05
    assert found.gap.interval.holds_zero


def test_a_maker_shown_beyond_its_merit_is_named(engine, log):
    fair, partial = (
        measure_fairness(
            engine, sexes_alone(log), FairnessPlan(providers="maker", model="own", own={"own": wrapped(model)}, k=5)
        )
        for model in (Walker, Partial)
    )
    lifted = {one["group"]: one for one in rows_of(partial, "exposure_over_merit")}
    assert lifted["small"]["told"] == "differs"
    assert lifted["small"]["ci_low"] > 0.3
    shares = {one["group"]: one["value"] for one in rows_of(partial, "exposure")}
    assert sum(shares.values()) == pytest.approx(1.0)
    gaps = [rows_of(found, "exposure_gap")[0] for found in (fair, partial)]
    assert gaps[0]["ci_high"] < gaps[1]["ci_low"]
    few = measure_fairness(
        engine, sexes_alone(log), FairnessPlan(providers="maker", model="most-popular", min_providers=4)
    )
    assert {one["told"] for one in few.table.to_pylist() if one["by"] == "maker"} == {"too few to tell"}


def test_months_and_calibration_are_told(unfair):
    months = rows_of(unfair, "popularity_lift", by="month")
    assert len(months) >= 7
    assert sum(one["n"] for one in months) == N_PEOPLE
    assert {one["told"] for one in months} == {"measured", "too few to tell"}
    served = rows_of(unfair, "ndcg@10_gap", by="sex")[0]["group"]
    sure = rows_of(unfair, "overconfidence_gap", by="sex")[0]
    assert sure["group"] == " over ".join(reversed(served.split(" over ")))
    assert sure["told"] == "differs"


def test_reranking_draws_what_is_lost_and_what_is_gained(log):
    found = sw.trust_fairness(log, Partial, by="sex", providers="maker", rerank=True, k=5)
    lost = rows_of(found, "ndcg@5_loss")
    assert {(one["step"], one["strength"]) for one in lost} == {
        *(("popularity", one) for one in (0.1, 0.3, 0.5, 0.7, 0.9)), *(("parity", one) for one in (0.25, 0.5, 0.75, 1.0))
    }  # fmt: skip
    cut = [one["value"] for one in rows_of(found, "exposure_gap_cut", step="parity")]
    assert cut == sorted(cut)
    assert rows_of(found, "exposure_gap_cut", step="parity", strength=1.0)[0]["ci_low"] > 0.1
    before = rows_of(found, "exposure_gap", step=None)[0]["value"]
    after = rows_of(found, "exposure_gap", step="parity", strength=1.0)[0]["value"]
    assert before - after == pytest.approx(cut[-1])
    assert len(rows_of(found, "ndcg@5_gap_cut", by="sex")) == 9
    base = rows_of(found, "ndcg@5", group="everybody", step=None)[0]["value"]
    for one in rows_of(found, "ndcg@5", group="everybody", step="parity"):
        loss = rows_of(found, "ndcg@5_loss", step="parity", strength=one["strength"])[0]
        assert base - one["value"] == pytest.approx(loss["value"], abs=1e-9)


def test_ages_are_cut_into_bands_and_codes_are_not():
    people = pa.array([f"p{one}" for one in range(100)])
    users = pa.table({"user": people, "age": range(100), "post": [f"0{one % 20:03}" for one in range(100)]})
    ages = groups_of_people(users, "age", people)
    assert ages.names == ["0 to 24", "25 to 49", "50 to 74", "75 to 99"]
    assert ages.sizes.tolist() == [25] * 4
    assert len(groups_of_people(users, "post", people).names) == 20


@pytest.mark.parametrize(
    ("asked", "kind", "words"),
    [
        ({"by": "sx"}, SchemaError, "did you mean 'sex'"),
        ({"by": "same"}, DataError, "one group"),
        ({"by": "own"}, DataError, "of one person"),
        ({"providers": "make"}, SchemaError, "did you mean 'maker'"),
        ({"providers": "alone"}, DataError, "one provider"),
        ({"by": "sex", "model": "item-kn"}, UsageError, "did you mean 'item-knn'"),
        ({}, UsageError, "between whom"),
        ({"by": "sex", "lenght": 3}, UsageError, "no option"),
        ({"by": "sex", "min_people": 1}, UsageError, "min_people"),
    ],
)
def test_what_cannot_be_asked_ends_in_one_line(log, asked, kind, words):
    with pytest.raises(kind, match=words):
        sw.trust_fairness(log, **({"model": "most-popular"} | asked))


def test_nobody_held_out_and_no_users_table_end_in_one_line(log):
    with pytest.raises(DataError, match="nobody is held out"):
        sw.trust_fairness(ring(length=2), "most-popular", by="sex")
    with pytest.raises(UsageError, match="give one with --users"):
        sw.trust_fairness(replace(log, users=None), "most-popular", by="sex")
    strangers = pa.table({"user": ["a", "b"], "sex": ["F", "M"]})
    with pytest.raises(DataError, match="says nothing"):
        sw.trust_fairness(log, "most-popular", by="sex", users=strangers)


@pytest.fixture(scope="module")
def folder(log, tmp_path_factory):
    place = tmp_path_factory.mktemp("fair")
    pq.write_table(log.events.drop_columns(["row"]), place / "events.parquet")
    pq.write_table(log.users, place / "users.parquet")
    pq.write_table(log.items, place / "items.parquet")
    return place


def test_the_verb_writes_the_table_and_tells_it(folder):
    words = ["trust", "fairness", "events.parquet", "--users", "users.parquet", "--by", "sex", "--by", "age",
             "--items", "items.parquet", "--providers", "maker", "--model", "most-popular", "--out", "f.parquet"]  # fmt: skip
    done = command([*words, "--json"], folder)
    assert done.code == 0, done.err
    told = json.loads(done.out)
    table = pq.read_table(folder / "f.parquet")
    assert table.schema.equals(FAIRNESS)
    assert told["rows"] == table.to_pylist()
    assert told["people"] == N_PEOPLE
    again = command(words, folder)
    assert "too few to tell: ndcg@10 by sex: X (12)" in again.out
    assert "missing: ndcg@10 by sex: (no value) (10), D (0)" in again.out
    wrong = command(["trust", "fairness", "events.parquet", "--users", "users.parquet", "--by", "sx"], folder)
    assert (wrong.code, "did you mean 'sex'" in wrong.err, len(wrong.err.strip().splitlines())) == (1, True, 1)
    assert command(["trust", "fairness", "events.parquet"], folder).code == 2


def test_a_folder_that_has_not_seen_the_answers_is_taken_and_any_other_refused(folder):
    for split, name in (("last-out", "held"), ("none", "all")):
        done = command(
            ["fit", "events.parquet", "--model", "most-popular", "--split", split, "--out", name, "--quiet"], folder
        )
        assert done.code == 0, done.err
    words = ["trust", "fairness", "events.parquet", "--users", "users.parquet", "--by", "sex", "--json"]
    taken, fitted = (
        json.loads(command([*words, "--model", one, "--out", f"{at}.csv"], folder).out)
        for at, one in enumerate(("held", "most-popular"))
    )
    assert taken["rows"] == fitted["rows"]
    refused = command([*words, "--model", "all", "--out", "z.csv"], folder)
    assert (refused.code, "has seen what it would be asked" in refused.err) == (1, True)
    pq.write_table(pq.read_table(folder / "events.parquet").slice(50), folder / "later.parquet")
    words[2] = "later.parquet"
    other = command([*words, "--model", "held", "--out", "y.csv"], folder)
    assert (other.code, "another log" in other.err) == (1, True)
