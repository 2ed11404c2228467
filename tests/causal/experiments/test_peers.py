"""What other libraries compute of experiments, on the same data; skipped where they are not installed (extra experiments)."""

import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from swayline.causal.experiments import Design, PlanQuestion, analyze_experiment, check_sample_ratio, plan_experiment
from swayline.causal.experiments.sequential import rho_squared, sequence_width


def shop(seed=0, n=3000):
    rng = np.random.default_rng(seed)
    new = rng.integers(2, size=n)
    past = rng.exponential(10, n)
    sessions = 1 + rng.poisson(3, n)
    return pd.DataFrame({
        "arm": np.where(new, "new", "control"), "variant": new, "spend": past * 0.8 + rng.exponential(4, n) * (1 + 0.1 * new),
        "past": past, "sessions": sessions, "clicks": rng.binomial(sessions, 0.2 + 0.02 * new), "village": rng.integers(60, size=n),
    })  # fmt: skip


def ours(frame, metric, **design):
    return analyze_experiment(pa.Table.from_pandas(frame), [metric], Design("arm", **design)).comparisons[0]


def test_means_ratios_and_cuped_are_tea_tastings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tt = pytest.importorskip(
            "tea_tasting", reason="tea-tasting is not installed: pip install 'swayline[experiments]'"
        )
        frame = shop()
        found = tt.Experiment(
            spend=tt.Mean("spend"), rate=tt.RatioOfMeans("clicks", "sessions"), adjusted=tt.Mean("spend", "past"),
        ).analyze(frame)  # fmt: skip
    for name, metric, more in (("spend", "spend", {}), ("rate", "clicks/sessions", {})):
        mine, theirs = ours(frame, metric, **more), found[name]
        assert mine.effect == pytest.approx(theirs.effect_size, rel=1e-9)
        assert mine.ci_low == pytest.approx(theirs.effect_size_ci_lower, rel=2e-3, abs=2e-5)
        assert mine.ci_high == pytest.approx(theirs.effect_size_ci_upper, rel=2e-3, abs=2e-5)
        assert mine.p_value == pytest.approx(theirs.pvalue, rel=1e-2, abs=1e-4)
    mine, theirs = ours(frame, "spend", covariates=("past",)), found["adjusted"]
    assert mine.effect == pytest.approx(theirs.effect_size, rel=5e-3)
    assert mine.ci_high - mine.ci_low == pytest.approx(
        theirs.effect_size_ci_upper - theirs.effect_size_ci_lower, rel=5e-3
    )


def test_sample_ratios_and_sizes_are_tea_tastings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tt = pytest.importorskip(
            "tea_tasting", reason="tea-tasting is not installed: pip install 'swayline[experiments]'"
        )
        frame = shop().iloc[:2900]
        sizes = frame["arm"].value_counts()
        ratio = tt.Experiment(ratio=tt.SampleRatio(1, method="norm", correction=False)).analyze(frame)["ratio"]
        power = tt.Mean("spend", power=0.8, rel_effect_size=0.05, alpha=0.05).solve_power(frame, "n_obs")
    mine = check_sample_ratio({arm: int(n) for arm, n in sizes.items()})
    assert mine.p_value == pytest.approx(ratio.pvalue, rel=1e-6)
    planned = plan_experiment(pa.Table.from_pandas(frame), PlanQuestion("spend", lift=0.05), n_draws=0)
    assert 2 * planned.units_per_arm == pytest.approx(next(iter(power)).n_obs, rel=0.05)


def test_clustered_intervals_are_cluster_experiments():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ce = pytest.importorskip(
            "cluster_experiments", reason="cluster-experiments is not installed: pip install 'swayline[experiments]'"
        )
        rng = np.random.default_rng(0)
        village = np.repeat(np.arange(60), 30)
        new = rng.permutation(60) < 30
        frame = pd.DataFrame({
            "arm": np.where(new[village], "new", "control"), "village": village.astype(str),
            "y": rng.normal(size=60)[village] + rng.normal(size=1800),
        })  # fmt: skip
        analysis = ce.ClusteredOLSAnalysis(
            cluster_cols=["village"],
            target_col="y",
            treatment_col="arm",
            treatment="new",
        )
        effect, se = analysis.get_point_estimate(frame), analysis.get_standard_error(frame)
    mine = ours(frame, "y", clusters="village")
    assert mine.effect == pytest.approx(effect, rel=1e-9)
    assert mine.se == pytest.approx(se, rel=0.02), "they correct for few clusters by another factor"


def test_always_valid_figures_are_the_normal_mixtures_of_howard_and_others():
    """confseq's ``normal_mixture_bound`` (its closed form: √((v + ρ) log((v + ρ) / (ρ α²))), both sides)."""
    for n in (50, 1000, 40_000):
        rho = 1 / rho_squared(10_000)
        bound = np.sqrt((n + rho) * np.log((n + rho) / (rho * 0.05**2)))
        assert sequence_width(n, 10_000) == pytest.approx(bound / np.sqrt(n), rel=1e-12)


def test_confseqs_bound_is_ours():
    boundaries = pytest.importorskip("confseq.boundaries", reason="confseq is not installed (it is built with Boost)")
    for n in (50, 1000, 40_000):
        bound = boundaries.normal_mixture_bound(n, 0.05, 10_000, 0.05, is_one_sided=False)
        assert sequence_width(n, 10_000) == pytest.approx(bound / np.sqrt(n), rel=0.02)


def test_the_always_valid_sample_ratio_is_savvis():
    multinomial = pytest.importorskip(
        "savvi.multinomial", reason="savvi is not installed: pip install 'swayline[experiments]'"
    )
    for counts in ((5000, 5400), (5000, 5030, 4990)):
        k = len(counts)
        test = multinomial.Multinomial(0.05, np.full(k, 1 / k) if k == 2 else np.array([0.25, 0.25, 0.5]), k=10 * k)
        counts = counts if k == 2 else (5000, 5030, 9990)
        test.update(np.array(counts))
        shares = None if k == 2 else {"0": 1, "1": 1, "2": 2}
        mine = check_sample_ratio({str(number): n for number, n in enumerate(counts)}, shares)
        assert mine.always_valid_p == pytest.approx(min(1.0, test.calculate_p_value()), rel=1e-6)
