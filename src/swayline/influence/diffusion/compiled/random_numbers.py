"""Random numbers of compiled walks: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) seeded by run and sample.

So results do not depend on how samples are divided over threads. Imported only after numba was found.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return"
import numpy as np
from numba import njit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_A, _B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S40 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(40)


@njit(cache=True, nogil=True, inline="always")
def next_uniform(state):
    """The next state and a uniform number in [0, 1) with 24 bits."""
    state = state + _GOLDEN
    z = state
    z = (z ^ (z >> _S30)) * _A
    z = (z ^ (z >> _S27)) * _B
    z = z ^ (z >> _S31)
    return state, np.float32(z >> _S40) * np.float32(5.9604645e-08)


@njit(cache=True, nogil=True)
def seeded(seed, sample):
    """The first state of a sample."""
    state = np.uint64(seed) * _A + np.uint64(sample) * _GOLDEN
    state, _ = next_uniform(state)
    return state ^ (np.uint64(sample) << _S31)
