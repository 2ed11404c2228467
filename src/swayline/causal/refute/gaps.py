"""Whether gaps in a control leave a bias that matters.

A gap in a control is filled with the median (or is a level of its own) and flagged. That adjusts for the control where
it is known, and only there: what the control does to the estimate is left undone in the other rows.
"""

import numpy as np

from swayline.causal.estimate.joint import joint_slopes
from swayline.causal.inference.intervals import Estimate, from_scores
from swayline.causal.inference.refutation import Refutation
from swayline.causal.nuisance.learners import least_squares
from swayline.causal.table.folds import Design, Flags, Floats, Ints
from swayline.causal.table.frame import Encoder

TOLERATED = 0.25
"""Bias that gaps may leave, in standard errors: a quarter takes the coverage of an interval from .95 to .94."""
_CHANCE = 0.05
_MOST_ROWS = 50_000
_FEWEST = 20


def gaps_left(
    x: Design, d: Floats, y: Floats, rows: Flags, encoder: Encoder, missing: dict[str, Flags],
    clusters: Ints | None, main: Estimate,
) -> dict[str, Refutation]:  # fmt: skip
    """Whether gaps in a control may leave a bias that matters, a check for each control with gaps.

    Where the control is known, the slope of the outcome on the treatment is taken without it and with it. The rows
    with a gap keep the difference: their share of it is the bias that may be left.

    Parameters
    ----------
    x : shape (n, p); d, y : treatment and outcome, (n,)
    rows : those the estimate is over, shape (n,)
    missing : rows of each control without a value, shape (n,) each
    main : the estimate whose standard error the bias is measured in

    Notes
    -----
    Linear, in the control and its squares. Assumes that gaps confound no more than values do where they are known.
    """
    asked = {name: gap for name, gap in missing.items() if gap[rows].any() and name in encoder.used}
    found = {}
    for name, gap in asked.items():
        share = float(gap[rows].mean())
        at = np.flatnonzero(rows & ~gap)
        at = at[:: max(1, len(at) // _MOST_ROWS)]
        own, others = _columns(x[at], encoder, name)
        if len(at) < max(2 * _FEWEST, 2 * (x.shape[1] + 2)):
            told = f"{name!r} is known in {len(at):,} rows only: what it does cannot be told; the share that lacks it"
            found[f"gaps in {name}"] = Refutation(False, share, told)
            continue
        moved = _moved(others, own, d[at], y[at], None if clusters is None else _packed(clusters[at]))
        bias = share * moved.value
        harms = abs(bias) > TOLERATED * main.se and moved.p < _CHANCE / len(asked)
        told = (
            f"{name!r} is empty in {share:.0%} of the rows; where it is known it moves the estimate by "
            f"{moved.value:.3g}; the bias that its gaps may leave"
        )
        found[f"gaps in {name}"] = Refutation(not harms, bias, told)
    return found


def _packed(clusters: Ints) -> Ints:
    return np.unique(clusters, return_inverse=True)[1].astype(np.int64)


def _columns(x: Design, encoder: Encoder, name: str) -> tuple[Floats, Floats]:
    """Columns of one control (with squares of what is not yes/no), and those of the others; constant ones left out."""
    group = encoder.controls.index(name)
    mine = np.asarray(encoder.groups) == group
    parts = [x[:, mine].astype(np.float64)]
    wide = [k for k in range(parts[0].shape[1]) if len(np.unique(parts[0][:2000, k])) > 2]
    if wide:
        parts.append(np.clip(parts[0][:, wide], -3, 3) ** 2)
    own, others = np.concatenate(parts, axis=1), x[:, ~mine].astype(np.float64)
    return own[:, own.std(axis=0) > 1e-9], others[:, others.std(axis=0) > 1e-9]


def _moved(others: Floats, own: Floats, d: Floats, y: Floats, clusters: Ints | None) -> Estimate:
    """By how much the slope of y on d changes where ``own`` is left out, others held fixed."""
    left_d, left_y = d - least_squares(others, d), y - least_squares(others, y)
    left_own = np.column_stack([each - least_squares(others, each) for each in own.T]) if own.shape[1] else own
    if not own.shape[1] or float(np.var(left_d)) <= 1e-12 * max(float(np.var(d)), 1e-300):
        return Estimate(0.0, 0.0, 0.0, 0.0, 1.0)
    without = joint_slopes(left_d[:, None], left_y)
    within = joint_slopes(np.column_stack([left_d, left_own]), left_y)
    value = float(without.values[0] - within.values[0])
    found = from_scores(value, without.scores[:, 0] - within.scores[:, 0], clusters)
    return found if np.isfinite(found.p) else Estimate(value, found.se, value, value, 1.0)
