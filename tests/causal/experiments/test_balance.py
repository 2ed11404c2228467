"""What was known before must be alike in all arms; where it is not, the randomisation is broken."""

import numpy as np
import pyarrow as pa

from swayline.causal.experiments import Design, analyze_experiment, experiment_ledger


def visits(seed, lost=0.0, n=20_000):
    """Arms of equal size overall; in one browser some people of the new arm are lost, elsewhere as many are won."""
    rng = np.random.default_rng(seed)
    browser = rng.choice(["chrome", "safari", "old", "rare"], n, p=[0.6, 0.3, 0.099, 0.001])
    chance = np.where(browser == "old", 0.5 - lost, 0.5 + lost * 0.11)
    new = rng.random(n) < chance
    return pa.table({
        "arm": np.where(new, "new", "control"), "browser": browser, "past": rng.lognormal(0, 2, n),
        "y": (browser == "old") * 1.0 + rng.normal(size=n),
    })  # fmt: skip


def test_alarms_are_as_rare_as_they_say():
    words = [
        analyze_experiment(visits(seed, n=2000), ["y"], Design("arm", balance=("browser", "past"))).verdicts[0].word
        for seed in range(150)
    ]
    assert words.count("broken randomisation") <= 2


def test_a_browser_that_loses_people_is_named_though_arms_have_equal_sizes():
    found = analyze_experiment(visits(1, lost=0.2), ["y"], Design("arm", balance=("browser",)))
    assert not found.sample_ratio.alarmed
    assert found.verdicts[0].word == "broken randomisation"
    assert "browser differs between new and control (old" in found.verdicts[0].reason
    assert experiment_ledger(found)["identified"].to_pylist() == ["no"]


def test_clusters_do_not_raise_false_alarms():
    """A column that is constant within 40 clusters is no more surprising than 40 tosses."""
    alarms = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        village = np.repeat(np.arange(40), 100)
        new = rng.permutation(40) < 20
        table = pa.table({
            "arm": np.where(new[village], "new", "control"), "v": village, "y": rng.normal(size=4000),
            "region": rng.integers(2, size=40)[village],
        })  # fmt: skip
        design = Design("arm", clusters="v", balance=("region",))
        alarms += analyze_experiment(table, ["y"], design).verdicts[0].word == "broken randomisation"
    assert alarms <= 1


def test_a_metric_in_another_unit_is_told():
    rng = np.random.default_rng(0)
    new = rng.integers(2, size=2000)
    table = pa.table({"arm": np.where(new, "new", "control"), "paid": rng.exponential(9, 2000) * (1 + 99 * new)})
    one = analyze_experiment(table, ["paid"], Design("arm")).verdicts[0]
    assert one.word == "broken metric"
    assert "one unit" in one.reason
