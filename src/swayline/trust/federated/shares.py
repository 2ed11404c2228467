"""A secret in shares: any ``threshold`` of them give it back, fewer say nothing.

The secret is the constant of a random polynomial of degree ``threshold`` - 1 over the integers modulo the prime
2⁵²¹ - 1; share x is the polynomial at x.

References
----------
Shamir, "How to Share a Secret", CACM 1979.
"""

import secrets
from collections.abc import Mapping

from swayline.core.errors import UsageError

PRIME = 2**521 - 1
SECRET_BYTES = 32


def split(secret: bytes, n: int, threshold: int) -> dict[int, int]:
    """Shares of a secret of 32 bytes: place (from 1) → value.

    Raises
    ------
    UsageError
        The threshold cannot be met by so many shares, or the secret has another length.
    """
    if not 1 <= threshold <= n:
        raise UsageError(f"a threshold must be from 1 to the number of shares {n}, not {threshold}")
    if len(secret) != SECRET_BYTES:
        raise UsageError(f"a secret to share has {SECRET_BYTES} bytes, not {len(secret)}")
    coefficients = [int.from_bytes(secret, "big"), *(secrets.randbelow(PRIME) for _ in range(threshold - 1))]
    return {x: _at(coefficients, x) for x in range(1, n + 1)}


def join(shares: Mapping[int, int]) -> bytes:
    """The secret of enough shares (Lagrange at 0); of too few, or of wrong ones, something else or an error.

    >>> secret = bytes(range(32))
    >>> parts = split(secret, 5, 3)
    >>> join({x: parts[x] for x in (1, 4, 5)}) == secret
    True

    Raises
    ------
    UsageError
        What they give is no secret of 32 bytes: they are too few or do not belong together.
    """
    total = 0
    for x, value in shares.items():
        over, under = 1, 1
        for other in shares:
            if other != x:
                over, under = over * -other % PRIME, under * (x - other) % PRIME
        total = (total + value * over * pow(under, -1, PRIME)) % PRIME
    if total >= 1 << (8 * SECRET_BYTES):
        raise UsageError(f"{len(shares)} shares give no secret: they are too few, or do not belong together")
    return total.to_bytes(SECRET_BYTES, "big")


def _at(coefficients: list[int], x: int) -> int:
    total = 0
    for one in reversed(coefficients):
        total = (total * x + one) % PRIME
    return total
