"""Compiled solver of one person's concave problem, and the profile of its likelihood; shapes as in the features.

``columns`` (P, E), ``c`` (P,), ``shape`` (P,): the gamma prior's shapes less one; its rates are part of ``c``.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return"
import numpy as np
from numba import njit


@njit(cache=True, nogil=True, fastmath=True)
def intensity(columns, x, out):
    out[:] = 0.0
    for p in range(len(x)):
        if x[p] != 0.0:
            weight, column = x[p], columns[p]
            for e in range(len(out)):
                out[e] += weight * column[e]


@njit(cache=True, nogil=True, fastmath=True)
def _log_sum(lam):
    """Sum of logarithms, one logarithm of the product of every eight: intensities keep far from what would overflow."""
    total, whole = 0.0, len(lam) - len(lam) % 8
    for e in range(0, whole, 8):
        product = 1.0
        for k in range(8):
            product *= max(lam[e + k], 1e-36)
        total += np.log(product)
    for e in range(whole, len(lam)):
        total += np.log(max(lam[e], 1e-36))
    return total


@njit(cache=True, nogil=True, fastmath=True)
def _loss(columns, c, shape, x, lam):
    """Negative log-likelihood plus the gamma prior's ``- shape log x`` terms (their rates are part of ``c``)."""
    intensity(columns, x, lam)
    total = 0.0
    for p in range(len(x)):
        total += c[p] * x[p]
        if shape[p] > 0.0:
            total -= shape[p] * np.log(max(x[p], 1e-300))
    return total - _log_sum(lam)


@njit(cache=True, nogil=True, fastmath=True)
def _slope(columns, c, shape, x, lam, gradient):
    inverse = 1.0 / np.maximum(lam, 1e-300)
    for p in range(len(x)):
        total = c[p]
        column = columns[p]
        for e in range(len(lam)):
            total -= column[e] * inverse[e]
        if shape[p] > 0.0:
            total -= shape[p] / max(x[p], 1e-300)
        gradient[p] = total


@njit(cache=True, nogil=True, fastmath=True)
def curvature(columns, shape, x, lam, free, hessian):
    """Second derivatives between the ``free`` coefficients, into the leading block of ``hessian``."""
    n_acts = len(lam)
    scaled, inverse = np.empty(n_acts), 1.0 / np.maximum(lam * lam, 1e-300)
    for a in range(len(free)):
        p = free[a]
        for e in range(n_acts):
            scaled[e] = columns[p, e] * inverse[e]
        for b in range(a + 1):
            column = columns[free[b]]
            total = 0.0
            for e in range(n_acts):
                total += scaled[e] * column[e]
            hessian[a, b] = total
            hessian[b, a] = total
        if shape[p] > 0.0:
            hessian[a, a] += shape[p] / max(x[p] * x[p], 1e-300)


@njit(cache=True, nogil=True, fastmath=True)
def _bounded_step(hessian, gradient, x, shape, free, step):
    """Minimise ``g.s + s'Hs / 2`` over steps that keep the free coefficients in range, by coordinate descent."""
    size = len(free)
    pull = np.empty(size)
    for a in range(size):
        pull[a] = gradient[free[a]]
        step[a] = 0.0
    for _ in range(100):
        largest = 0.0
        for a in range(size):
            p = free[a]
            curve = hessian[a, a] * (1.0 + 1e-9) + 1e-30
            wanted = step[a] - pull[a] / curve
            lowest = -0.95 * x[p] if shape[p] > 0.0 else -x[p]
            move = max(wanted, lowest) - step[a]
            if move != 0.0:
                step[a] += move
                for b in range(size):
                    pull[b] += hessian[a, b] * move
                largest = max(largest, curve * move * move)
        if largest < 1e-10:
            break


@njit(cache=True, nogil=True)
def expectation_maximisation(columns, c, shape, x, fixed, steps):
    """``steps`` EM updates: each act is shared out over what may have caused it; monotone, never leaves x >= 0."""
    lam = np.empty(columns.shape[1])
    for _ in range(steps):
        intensity(columns, x, lam)
        for p in range(len(x)):
            if p == fixed or x[p] <= 0.0 or c[p] <= 0.0:
                continue
            total = 0.0
            column = columns[p]
            for e in range(len(lam)):
                total += column[e] / max(lam[e], 1e-300)
            x[p] = (x[p] * total + shape[p]) / c[p]


@njit(cache=True, nogil=True)
def _on_ray(c, shape, n_acts, x):
    """Scale ``x`` to where the loss is least along its ray: expected acts are then the acts. Saves Newton steps."""
    expected, wanted = 0.0, float(n_acts)
    for p in range(len(x)):
        expected += c[p] * x[p]
        wanted += shape[p]
    if expected > 0.0 and wanted > 0.0:
        for p in range(len(x)):
            x[p] *= wanted / expected


@njit(cache=True, nogil=True)
def newton(columns, c, shape, x, fixed, max_steps, tolerance):
    """Proximal Newton on ``x >= 0`` with coefficient ``fixed`` (or -1) held still; returns the loss reached."""
    size, n_acts = columns.shape
    lam, trial_lam = np.empty(n_acts), np.empty(n_acts)
    gradient, trial, step = np.empty(size), np.empty(size), np.empty(size)
    hessian = np.empty((size, size))
    free = np.empty(size, np.int64)
    if fixed < 0:
        _on_ray(c, shape, n_acts, x)
    loss = _loss(columns, c, shape, x, lam)
    for _ in range(max_steps):
        _slope(columns, c, shape, x, lam, gradient)
        n_free = 0
        for p in range(size):
            if p != fixed and c[p] > 0.0 and (x[p] > 0.0 or gradient[p] < 0.0):
                free[n_free] = p
                n_free += 1
        if n_free == 0:
            break
        curvature(columns, shape, x, lam, free[:n_free], hessian)
        _bounded_step(hessian, gradient, x, shape, free[:n_free], step)
        gain = 0.0
        for a in range(n_free):
            gain -= gradient[free[a]] * step[a]
        if gain < tolerance:
            break
        length, new = 1.0, loss
        for _ in range(25):
            trial[:] = x
            for a in range(n_free):
                trial[free[a]] = max(x[free[a]] + length * step[a], 0.0)
            new = _loss(columns, c, shape, trial, trial_lam)
            if new <= loss - 1e-4 * length * gain:
                break
            length *= 0.5
        if new >= loss:
            break
        x[:] = trial
        lam[:] = trial_lam
        loss = new
        # Losses of logarithms are self-concordant: after a full step the next gain is of the order of this one squared.
        if length == 1.0 and gain * gain < tolerance:
            break
    return loss


@njit(cache=True, nogil=True)
def start(columns, c, shape, n_base, x):
    """A start inside the feasible region: the baseline takes most acts, every other coefficient a little."""
    size, n_acts = columns.shape
    for p in range(size):
        if c[p] <= 0.0:
            x[p] = 0.0
        elif p < n_base:
            x[p] = 0.8 * max(n_acts, 1) / n_base / c[p]
        else:
            x[p] = 0.2 * max(n_acts, 1) / (size - n_base) / max(c[p], 1.0)


@njit(cache=True, nogil=True)
def profile_end(columns, c, shape, best, loss, p, spread, side, cut):
    """The value of coefficient p, above or below its estimate, at which the profile likelihood has fallen by ``cut``.

    The signed root of the likelihood ratio is close to linear in the coefficient, so a secant on it takes few steps.
    """
    root = np.sqrt(2.0 * cut)
    low_x, low_r = best[p], 0.0
    guess = best[p] + side * root * spread
    x = best.copy()
    high_x, high_r = np.nan, np.nan
    for _ in range(12):
        if side < 0 and guess <= 0.0:
            guess = 0.0
        x[p] = guess
        value = newton(columns, c, shape, x, p, 25, 1e-5)
        r = np.sqrt(max(2.0 * (value - loss), 0.0))
        if abs(r - root) < 0.01:
            return guess
        if r < root:
            if guess == 0.0:
                return 0.0
            low_x, low_r = guess, r
        else:
            high_x, high_r = guess, r
        if np.isnan(high_x):
            stretch = (root - low_r) / low_r * abs(low_x - best[p]) if low_r > 0.05 else 2.0 * abs(low_x - best[p])
            guess = low_x + side * min(max(stretch * 1.05, 1e-6), 4.0 * abs(low_x - best[p]) + 1e-6)
        else:
            guess = low_x + (high_x - low_x) * (root - low_r) / (high_r - low_r)
    return guess


@njit(cache=True, nogil=True)
def inverse_diagonal(hessian, size, out):
    """Diagonal of the inverse, and the whole inverse left in ``hessian``, by Gauss-Jordan with lifted pivots."""
    inverse = np.eye(size)
    for a in range(size):
        pivot = hessian[a, a]
        if abs(pivot) < 1e-12:
            pivot = 1e-12
        for b in range(size):
            hessian[a, b] /= pivot
            inverse[a, b] /= pivot
        for r in range(size):
            if r != a:
                factor = hessian[r, a]
                if factor != 0.0:
                    for b in range(size):
                        hessian[r, b] -= factor * hessian[a, b]
                        inverse[r, b] -= factor * inverse[a, b]
    for a in range(size):
        out[a] = inverse[a, a]
    return inverse


@njit(cache=True, nogil=True, fastmath=True)
def _shrunk(x, slope, length, n_rest, group, out):
    """One proximal step: down the slope, cut at zero, and the ties' block drawn to zero together by ``group``."""
    norm = 0.0
    for p in range(len(x)):
        out[p] = max(x[p] - length * slope[p], 0.0)
        if p >= n_rest:
            norm += out[p] * out[p]
    norm = np.sqrt(norm)
    if group > 0.0 and norm > 0.0:
        factor = max(1.0 - length * group / norm, 0.0)
        for p in range(n_rest, len(x)):
            out[p] *= factor


@njit(cache=True, nogil=True)
def _scales(c, n_rest):
    """(P,) by what coefficients are scaled: the rest each by its compensator, ties by the largest of theirs."""
    size = len(c)
    scale = np.ones(size)
    for p in range(n_rest):
        scale[p] = 1.0 / max(c[p], 1e-12)
    common = 0.0
    for p in range(n_rest, size):
        common = max(common, c[p])
    for p in range(n_rest, size):
        scale[p] = 1.0 / max(common, 1e-12)
    return scale


@njit(cache=True, nogil=True)
def accelerated(columns, c, shape, x, n_rest, group, steps, tolerance):
    """Accelerated proximal gradient with backtracking and restart, in coordinates scaled by the compensators.

    Beck and Teboulle, "A Fast Iterative Shrinkage-Thresholding Algorithm", SIAM J. Imaging Sciences 2009;
    O'Donoghue and Candes, "Adaptive Restart for Accelerated Gradient Schemes", 2015.
    """
    size, n_acts = columns.shape
    scale = _scales(c, n_rest)
    scaled, cost = columns.copy(), c.copy()
    for p in range(size):
        cost[p] *= scale[p]
        for e in range(n_acts):
            scaled[p, e] *= scale[p]
    y = x / scale
    weight = group * (scale[size - 1] if size > n_rest else 1.0)
    now, momentum, new = y.copy(), y.copy(), np.empty(size)
    lam, slope = np.empty(n_acts), np.empty(size)
    length, t = 1.0, 1.0
    before = _loss(scaled, cost, shape, now, lam) + weight * np.sqrt((now[n_rest:] ** 2).sum())
    for _ in range(steps):
        at = _loss(scaled, cost, shape, momentum, lam)
        _slope(scaled, cost, shape, momentum, lam, slope)
        for _ in range(60):
            _shrunk(momentum, slope, length, n_rest, weight, new)
            for p in range(n_rest):
                if shape[p] > 0.0:
                    new[p] = max(new[p], 1e-3 * now[p])
            model, value = at, _loss(scaled, cost, shape, new, lam)
            for p in range(size):
                gap = new[p] - momentum[p]
                model += slope[p] * gap + gap * gap / (2.0 * length)
            if value <= model + 1e-12 * abs(model):
                break
            length *= 0.5
        total = value + weight * np.sqrt((new[n_rest:] ** 2).sum())
        if total > before:
            if t == 1.0:
                break
            t = 1.0
            momentum[:] = now
            continue
        grown = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * t * t))
        for p in range(size):
            momentum[p] = max(new[p] + (t - 1.0) / grown * (new[p] - now[p]), 0.0)
            if p < n_rest and shape[p] > 0.0:
                momentum[p] = max(momentum[p], 1e-3 * new[p])
        now[:] = new
        t = grown
        length *= 1.3
        if before - total < tolerance and t > 4.0:
            before = total
            break
        before = total
    x[:] = now * scale
    return before
