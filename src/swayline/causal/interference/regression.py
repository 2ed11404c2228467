"""Least squares and two-stage least squares with errors by cluster.

Shapes: n rows, k columns, G clusters.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swayline.causal.inference.intervals import Estimate, interval
from swayline.core.types import Ints

Floats = npt.NDArray[np.float64]

_SAME = 1e-8
"""A column of which the others explain all but so little is one of them."""


@dataclass(frozen=True)
class Fit:
    """Coefficients of the columns asked about, each with its interval."""

    estimates: tuple[Estimate, ...]
    residual: Floats


def beside(*columns: Floats) -> Floats:
    """Columns side by side, (n, k)."""
    return np.asarray(np.column_stack(columns), dtype=np.float64)


def basis(columns: Floats) -> Floats:
    """Orthonormal columns that span the given ones and a constant, (n, r)."""
    every = beside(np.ones(len(columns)), columns)
    scale = np.sqrt((every**2).sum(axis=0))
    left, size, _ = np.linalg.svd(every[:, scale > 0] / scale[scale > 0], full_matrices=False)
    return np.asarray(left[:, size > 1e-10 * size[0]])


def without(of: Floats, span: Floats) -> Floats:
    """What a basis does not explain of some columns."""
    return np.asarray(of - span @ (span.T @ of))


def varies(of: Floats, left: Floats) -> bool:
    """Whether a column holds anything that a basis did not explain (``left``)."""
    return bool(np.sum(left**2) > _SAME * max(float(np.sum((of - of.mean()) ** 2)), 1e-300))


def fit(y: Floats, asked: Floats, span: Floats, clusters: Ints | None, instruments: Floats | None = None) -> Fit:
    """Coefficients of some columns given a basis of controls (Frisch & Waugh).

    Parameters
    ----------
    y : (n,)
    asked : (n, a) columns whose coefficients are wanted
    span : (n, r) from :func:`basis`
    clusters : (n,) from 0; None where rows are independent
    instruments : (n, a) in their place: two-stage least squares, just identified

    Notes
    -----
    The sandwich over clusters whose residuals are those without the cluster (CR3, the jackknife), Student's t with G-1
    degrees of freedom. The plain sandwich is too small where a treatment varies between a few clusters of a stratum.

    References
    ----------
    Bell & McCaffrey (2002); MacKinnon, Nielsen, Webb (2023).
    """
    groups = len(y) if clusters is None else int(clusters.max()) + 1
    own_y, x = without(y, span), without(asked, span)
    z = x if instruments is None else without(instruments, span)
    bread = np.linalg.pinv(z.T @ x)
    slope = bread @ (z.T @ own_y)
    residual = own_y - x @ slope
    left, right = beside(span, x @ bread), beside(span, z)  # the hat matrix is left · rightᵀ
    scores = z * _without_own(residual, left, right, clusters)[:, None]
    if clusters is not None:
        scores = np.stack([np.bincount(clusters, column, groups) for column in scores.T], axis=1)
    covariance = bread @ (scores.T @ scores) @ bread.T * (groups - 1) / groups
    se = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    found = tuple(
        interval(float(b), float(s) if s > 0 else float("nan"), float(max(groups - 1, 1)))
        for b, s in zip(slope, se, strict=True)
    )
    return Fit(found, residual)


def _without_own(residual: Floats, left: Floats, right: Floats, clusters: Ints | None) -> Floats:
    """(n,) residuals of a fit without each row's own cluster."""
    if clusters is None:
        return np.asarray(residual / np.maximum(1.0 - (left * right).sum(axis=1), 1e-6), dtype=np.float64)
    found, order = np.empty(len(residual)), np.argsort(clusters, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(clusters[order])) + 1, len(order))
    begin = 0
    for end in ends:
        rows = order[begin:end]
        rest = np.eye(len(rows)) - left[rows] @ right[rows].T
        found[rows] = np.linalg.lstsq(rest, residual[rows], rcond=1e-8)[0]
        begin = end
    return found


def t_values(y: Floats, columns: Floats, span: Floats, clusters: Ints | None) -> Floats:
    """(d,) t value of each of d columns by itself given a basis, errors by cluster: what draws are compared by."""
    own_y, x = without(y, span), without(columns, span)
    below = np.maximum((x**2).sum(axis=0), 1e-300)
    slope = x.T @ own_y / below
    scores = x * (own_y[:, None] - x * slope)
    if clusters is not None:
        order = np.argsort(clusters, kind="stable")
        starts = np.unique(clusters[order], return_index=True)[1]
        scores = np.add.reduceat(scores[order], starts, axis=0)
    return np.asarray(slope / np.sqrt(np.maximum((scores**2).sum(axis=0), 1e-300)) * below)
