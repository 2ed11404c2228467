"""The same effect by other libraries, as rows of the same table: EconML's estimators, DoWhy's weighting.

They are there to be compared with; nothing is decided by them. Both libraries come with the ``causal`` extra.
"""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from swayline.causal.estimate.estimators import Contrast
from swayline.causal.inference.intervals import Estimate, interval
from swayline.core.extras import require

Floats = npt.NDArray[np.float64]
MOST_ROWS = 100_000
"""Above this many rows (drawn by place) the other libraries take too long to stand beside."""


def external_estimates(c: Contrast, seed: int) -> dict[str, Estimate]:
    """Estimates of one contrast by method; on the same trimmed rows and controls.

    EconML's intervals know no clusters, DoWhy's weighting comes without one.
    """
    step = max(1, len(c.y) // MOST_ROWS)
    rows = np.flatnonzero(c.treated | c.control)[::step]
    x = np.asarray(c.x[rows], dtype=np.float64)
    t, y = c.treated[rows].astype(np.int64), c.y[rows]
    with _quiet():
        found = {
            "econml LinearDML": _linear_dml(x, t, y, seed),
            "econml CausalForestDML": _causal_forest(x, t, y, c.estimand, seed),
            "dowhy propensity weighting": _dowhy(x, t, y, c.estimand),
        }
        if c.estimand == "ate":  # it has no effect on the treated
            found["econml LinearDRLearner"] = _dr_learner(x, t, y, seed)
    return found


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Both libraries warn and log at length."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _linear_dml(x: Floats, t: npt.NDArray[np.int64], y: Floats, seed: int) -> Estimate:
    dml = require("econml.dml", extra="causal")
    linear = require("sklearn.linear_model", extra="causal")
    model = dml.LinearDML(
        model_y=linear.RidgeCV(), model_t=linear.LogisticRegression(max_iter=1000), discrete_treatment=True, cv=5,
        random_state=seed,
    )  # fmt: skip
    model.fit(y, t, X=None, W=x)
    found = model.ate_inference()
    return interval(float(found.mean_point), float(found.stderr_mean))


def _dr_learner(x: Floats, t: npt.NDArray[np.int64], y: Floats, seed: int) -> Estimate:
    dr = require("econml.dr", extra="causal")
    linear = require("sklearn.linear_model", extra="causal")
    model = dr.LinearDRLearner(
        model_propensity=linear.LogisticRegression(max_iter=1000), model_regression=linear.RidgeCV(), cv=5,
        random_state=seed,
    )  # fmt: skip
    model.fit(y, t, X=None, W=x)
    found = model.ate_inference()
    return interval(float(found.mean_point), float(found.stderr_mean))


def _causal_forest(x: Floats, t: npt.NDArray[np.int64], y: Floats, estimand: str, seed: int) -> Estimate:
    dml = require("econml.dml", extra="causal")
    linear = require("sklearn.linear_model", extra="causal")
    model = dml.CausalForestDML(
        model_y=linear.RidgeCV(), model_t=linear.LogisticRegression(max_iter=1000), discrete_treatment=True,
        n_estimators=200, min_samples_leaf=max(5, len(x) // 1000), cv=5, n_jobs=1, random_state=seed,
    )  # fmt: skip
    model.fit(y, t, X=x)
    if estimand == "att":
        return interval(float(np.ravel(model.att_(T=1))[0]), float(np.ravel(model.att_stderr_(T=1))[0]))
    return interval(float(np.ravel(model.ate_)[0]), float(np.ravel(model.ate_stderr_)[0]))


def _dowhy(x: Floats, t: npt.NDArray[np.int64], y: Floats, estimand: str) -> Estimate:
    pandas = require("pandas", extra="causal")
    dowhy = require("dowhy", extra="causal")
    names = [f"x{k}" for k in range(x.shape[1])]
    frame = pandas.DataFrame(x, columns=names).assign(t=t.astype(bool), y=y)
    model = dowhy.CausalModel(frame, "t", "y", common_causes=names)
    found = model.estimate_effect(
        model.identify_effect(proceed_when_unidentifiable=True),
        method_name="backdoor.propensity_score_weighting", target_units=estimand,
        method_params={"weighting_scheme": "ips_stabilized_weight"},
    )  # fmt: skip
    nothing = float("nan")
    return Estimate(float(found.value), nothing, nothing, nothing, nothing)
