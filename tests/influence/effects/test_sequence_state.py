import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import IdentificationError, UsageError
from swayline.engine import DuckEngine
from swayline.influence.effects import covariates as history
from swayline.influence.effects.behavior_effects import BehaviorEffects
from swayline.influence.effects.episodes import timeline
from swayline.influence.effects.sequence_state import SequenceState

DAY = 86_400.0
FROM = "2026-01-06"
CUT = int(np.datetime64(FROM, "us").astype(np.int64))


def log_of(make_log, seed=0, users=300):
    """Each person walks a ring of items; what they looked at last says what they look at (and buy) next."""
    rng = np.random.default_rng(seed)
    rows = []
    for u in range(users):
        at, time = int(rng.integers(12)), 0.0
        for _ in range(12):
            time += float(rng.uniform(0.5, 1.3)) * DAY
            at = (at + 1) % 12
            rows.append((f"u{u}", f"i{at}", "view", time))
            if rng.random() < 0.3:
                rows.append((f"u{u}", f"i{at}", "cart", time + 3600))
            if rng.random() < 0.3:
                rows.append((f"u{u}", f"i{at}", "purchase", time + 2 * DAY))
    rows.append(("end", "i0", "view", 40 * DAY))
    return make_log(sorted(rows, key=lambda row: row[3]))


@pytest.fixture(scope="module")
def log(make_log):
    return log_of(make_log)


@pytest.fixture(scope="module")
def state(log):
    with DuckEngine() as engine:
        return SequenceState(4, model="item-knn").fit(engine, timeline(log), log, CUT)


def moments_of(line, at):
    column = {name: line.column(name)[at] for name in ("u", "i", "c", "t")}
    return history.Moments(at, column["u"], column["i"], column["c"], column["t"])


def test_it_expects_what_comes_next(log, state):
    line = timeline(log)
    late = np.flatnonzero((line.column("t") > CUT) & (line.column("b") == line.code("view")))[:200]
    found = state.controls(line, moments_of(line, late))
    assert next(iter(found)) == "state: expects this item"
    assert len(found) == 5
    assert np.nanmean(found["state: expects this item"]) > 0.01


def test_nothing_at_or_after_the_moment_is_seen(log, state):
    line = timeline(log)
    late = np.flatnonzero(line.column("t") > CUT)[:50]
    whole = state.controls(line, moments_of(line, late))
    last = int(line.column("t")[late].max())
    cut = timeline(log.filter(pa.compute.less_equal(log.column("time").cast(pa.int64()), last)))
    again = state.controls(cut, moments_of(cut, late))
    for name, values in whole.items():
        np.testing.assert_allclose(values, again[name], rtol=1e-5)


def likeness(state, half):
    """Similarities of a half's model by the items' own names."""
    names = state.dataset_.items.names
    order = [names.index(f"i{k}") for k in range(12)]
    return state.models_[half].similarity_.toarray()[np.ix_(order, order)]


def test_each_user_is_spoken_about_by_the_model_of_the_others(log, state):
    line = timeline(log)
    code = line.users.to_pylist().index("u7")
    half = int(state.half_[code])
    theirs = pa.compute.and_(
        pa.compute.equal(log.column("user"), "u7"), pa.compute.less(log.column("time").cast(pa.int64()), CUT)
    ).to_numpy()
    theirs[np.flatnonzero(theirs)[0]] = False  # one event stays, so that the person keeps a place in the log
    with DuckEngine() as engine:
        without = SequenceState(4, model="item-knn").fit(engine, line, log.filter(pa.array(~theirs)), CUT)
    assert int(without.half_[code]) == half
    np.testing.assert_array_equal(likeness(state, 1 - half), likeness(without, 1 - half))
    assert (likeness(state, half) != likeness(without, half)).any()


def test_effects_take_it_as_a_control_on_request(log):
    found = BehaviorEffects(
        ["cart"], "purchase", "1d", "3d", from_date=FROM, sequence_state=2, learner="linear"
    ).fit(log)  # fmt: skip
    names = found.results_["cart", "landmark episodes"].encoder.controls
    assert sum(name.startswith("state: ") for name in names) == 3


def test_it_says_what_it_needs(log, make_log):
    with pytest.raises(UsageError, match="needs from_date"):
        BehaviorEffects(["cart"], "purchase", sequence_state=2).fit(log)
    with pytest.raises(IdentificationError, match="people did anything before|no event comes before"):
        BehaviorEffects(["cart"], "purchase", from_date="2026-01-01", sequence_state=2).fit(log)
