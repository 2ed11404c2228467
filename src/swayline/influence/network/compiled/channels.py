"""Compiled fit of the channels of each tie; imported only after numba was found.

For every row (person i, time t, item x) of the outcome, relative to how often x is chosen anyway (q_x)::

    lambda_i(t, x) / q_x = alone_i(t)
                           + sum_j [ social_ij F_ij(t) + consumption_ij H_ij(t, x) / q_x + content_ij R_ij(t) ]

F sums the delay kernel over j's rows, H over those with the same item, R over what j reviewed, shared or said.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return"
import numpy as np
from numba import njit

from swayline.influence.network.compiled.features import compensator, kernel_sums
from swayline.influence.network.compiled.solver import (
    curvature,
    expectation_maximisation,
    intensity,
    inverse_diagonal,
    newton,
)


@njit(cache=True, nogil=True)
def _same_item_sums(source, source_item, target, target_item, share, kernel, out):
    one = np.zeros(1)
    for e in range(len(target)):
        if target_item[e] < 0:
            continue
        for s in range(len(source)):
            if source[s] >= target[e]:
                break
            if source_item[s] == target_item[e]:
                one[0] = 0.0
                kernel_sums(source[s : s + 1], target[e : e + 1], kernel, one)
                out[e] += one[0] / share[target_item[e]]


@njit(cache=True, nogil=True)
def _design(i, inputs):
    """What the person alone (the first) and each channel of each tie add at each row, and its integral."""
    row_ptr, tie_ptr, said_ptr, kernel = inputs.row_ptr, inputs.tie_ptr, inputs.said_ptr, inputs.kernel
    n_ties = tie_ptr[i + 1] - tie_ptr[i]
    lo, hi = row_ptr[i], row_ptr[i + 1]
    target, target_item = inputs.rows[lo:hi], inputs.row_item[lo:hi]
    columns = np.zeros((1 + 3 * n_ties, hi - lo))
    c = np.zeros(1 + 3 * n_ties)
    c[0] = inputs.alone_mass[i]
    columns[0] = inputs.alone[lo:hi]
    for d in range(n_ties):
        j = inputs.tie_source[tie_ptr[i] + d]
        source, source_item = (
            inputs.rows[row_ptr[j] : row_ptr[j + 1]],
            inputs.row_item[row_ptr[j] : row_ptr[j + 1]],
        )
        heard = inputs.said[said_ptr[j] : said_ptr[j + 1]]
        kernel_sums(source, target, kernel, columns[1 + 3 * d])
        _same_item_sums(source, source_item, target, target_item, inputs.share, kernel, columns[2 + 3 * d])
        kernel_sums(heard, target, kernel, columns[3 + 3 * d])
        c[1 + 3 * d] = compensator(source, 0.0, inputs.end, kernel)
        c[2 + 3 * d] = c[1 + 3 * d]
        c[3 + 3 * d] = compensator(heard, 0.0, inputs.end, kernel)
    return columns, c


@njit(cache=True, nogil=True)
def fit_channels(people, inputs, cut, estimate, error):
    """Fit (T, 3) branching by channel and its standard errors: social, consumption, content.

    ``inputs`` is a :class:`swayline.influence.network.describe.channels.ChannelInputs`.
    """
    tie_ptr = inputs.tie_ptr
    for i in people:
        if tie_ptr[i + 1] == tie_ptr[i]:
            continue
        columns, c = _design(i, inputs)
        x = np.where(c > 0.0, 0.05, 0.0)
        x[0] = 1.0
        shapes = np.zeros(len(c))
        expectation_maximisation(columns, c, shapes, x, -1, 5)
        newton(columns, c, shapes, x, -1, 50, 1e-7)
        lam = np.empty(columns.shape[1])
        intensity(columns, x, lam)
        keep = np.flatnonzero(c > 0.0)
        hessian = np.empty((len(keep), len(keep)))
        variance = np.empty(len(keep))
        curvature(columns, shapes, x, lam, keep, hessian)
        for a in range(len(keep)):
            # A coefficient that no row speaks of is known only from its compensator: at most cut / c.
            hessian[a, a] += (c[keep[a]] / cut) ** 2 * 1e-2
        inverse_diagonal(hessian, len(keep), variance)
        for a in range(len(keep)):
            if keep[a] == 0:
                continue
            d, channel = (keep[a] - 1) // 3, (keep[a] - 1) % 3
            estimate[tie_ptr[i] + d, channel] = x[keep[a]]
            error[tie_ptr[i] + d, channel] = np.sqrt(max(variance[a], 0.0))
