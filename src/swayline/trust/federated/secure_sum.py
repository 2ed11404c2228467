"""The sum of many vectors, of which the server learns nothing but the sum, though clients vanish on the way.

::

    1  keys       each client shows two public keys (X25519): one to agree on masks, one to seal shares
    2  shares     each seals, for every other, shares of its mask key and of the seed of its own mask
    3  masked     vector + own mask + Σ masks agreed with later clients - Σ those with earlier ones     modulo 2⁶⁴
    4  unmasking  who is still there opens, of each who sent, shares of its own mask's seed; of each who vanished before
                  sending, shares of its mask key: never both of one client

Masks that two clients agreed on cancel in the sum; those of the vanished are made again from their key. A vector is
held as whole numbers of 2⁻³²; the server sees numbers that look random each by itself. Server and clients follow the
protocol (honest but curious); fewer than ``threshold`` of them together learn nothing more.

Shapes: D numbers a vector.

References
----------
Bonawitz et al., "Practical Secure Aggregation for Privacy-Preserving Machine Learning", CCS 2017.
"""

import hashlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from swayline.core.errors import DataError, UsageError
from swayline.core.extras import require
from swayline.core.types import Floats
from swayline.trust.federated import shares

STEP = 2.0**-32
"""What a vector is rounded to."""
MOST = 2.0**20
"""Largest number of a vector: 2,048 clients of it still fit into 63 bits."""
MOST_CLIENTS = 2048
Masked = npt.NDArray[np.uint64]


class Client:
    """One client of one round; its vector never leaves it unmasked.

    Parameters
    ----------
    name : int
        Its place among the clients of the round, from 1.
    vector : (D,) float
    most : float
        The largest number that an update may hold.

    Raises
    ------
    UsageError
        The vector holds what is no number, or a larger one: nothing of it is sent.
    """

    def __init__(self, name: int, vector: Floats, most: float = MOST) -> None:
        self.name = name
        self._whole = encoded(vector, most)
        curve = _curve()
        self._mask_key = curve.X25519PrivateKey.generate()
        self._seal_key = curve.X25519PrivateKey.generate()
        self._seed = secrets.token_bytes(shares.SECRET_BYTES)
        self._public: dict[int, tuple[bytes, bytes]] = {}
        self._held: dict[int, tuple[int, int]] = {}
        self._opened: set[int] = set()
        self._threshold = 0

    def keys(self) -> tuple[bytes, bytes]:
        """Step 1: its public keys, of masks and of seals."""
        return self._mask_key.public_key().public_bytes_raw(), self._seal_key.public_key().public_bytes_raw()

    def sealed_shares(self, public: Mapping[int, tuple[bytes, bytes]], threshold: int) -> dict[int, bytes]:
        """Step 2: other client → what only that one can open."""
        self._public, self._threshold = dict(public), threshold
        names = sorted(public)
        of_key = shares.split(self._mask_key.private_bytes_raw(), len(names), threshold)
        of_seed = shares.split(self._seed, len(names), threshold)
        found = {}
        for place, other in enumerate(names, start=1):
            if other == self.name:
                self._held[self.name] = (of_key[place], of_seed[place])
                continue
            content = b"".join(one[place].to_bytes(_SHARE_BYTES, "big") for one in (of_key, of_seed))
            nonce = secrets.token_bytes(12)
            found[other] = nonce + self._seal(other).encrypt(nonce, content, _about(self.name, other))
        return found

    def take_shares(self, sealed: Mapping[int, bytes]) -> None:
        """Open what the others sealed for this one.

        Raises
        ------
        UsageError
            Something was changed on the way, or is not theirs.
        """
        for other, content in sealed.items():
            try:
                opened = self._seal(other).decrypt(content[:12], content[12:], _about(other, self.name))
            except Exception as error:  # the library's InvalidTag, and what a torn message raises
                raise UsageError(f"the shares that client {other} sent cannot be opened: the round ends") from error
            halves = opened[:_SHARE_BYTES], opened[_SHARE_BYTES:]
            self._held[other] = (int.from_bytes(halves[0], "big"), int.from_bytes(halves[1], "big"))

    def masked(self) -> Masked:
        """Step 3: (D,) the vector under its masks."""
        total = self._whole + expanded(self._seed, len(self._whole))
        for other in self._held:
            if other != self.name:
                mask = expanded(agreed(self._mask_key, self._public[other][0]), len(total))
                total = total + mask if other > self.name else total - mask
        return total

    def opened_shares(self, sent: Collection[int], vanished: Collection[int]) -> dict[int, int]:
        """Step 4: client → this one's share of its seed (who sent) or of its mask key (who vanished).

        Raises
        ------
        UsageError
            Too few are left, or both shares of one client are asked for: together they would unmask its vector.
        """
        if len(sent) < self._threshold:
            raise UsageError(
                f"{len(sent)} clients are left of at least {self._threshold}: the round ends without a sum"
            )
        if set(sent) & set(vanished) or self._opened:
            raise UsageError("shares are opened once, of a client that sent or of one that vanished, never both")
        self._opened = {*sent, *vanished}
        return {one: self._held[one][1] for one in sent} | {one: self._held[one][0] for one in vanished}

    def _seal(self, other: int) -> Any:
        ciphers = require("cryptography.hazmat.primitives.ciphers.aead", "private")
        return ciphers.ChaCha20Poly1305(agreed(self._seal_key, self._public[other][1]))


_SHARE_BYTES = 66


def secure_sum(
    clients: Sequence[Client],
    threshold: int,
    *,
    before_sending: Collection[int] = (),
    before_unmasking: Collection[int] = (),
) -> tuple[Floats, list[int]]:
    """The server's side of a round: (D,) the sum, and the clients whose vectors are in it.

    Parameters
    ----------
    threshold : int
        How many must be left to unmask; more than half.
    before_sending, before_unmasking : clients that vanish there.

    Raises
    ------
    UsageError
        Too few clients begin, or the threshold is not above half of them.
    DataError
        Too few are left: there is no sum.
    """
    names = [one.name for one in clients]
    if not 2 <= len(set(names)) == len(names) <= MOST_CLIENTS:
        raise UsageError(f"a secure sum takes from 2 to {MOST_CLIENTS:,} clients, each once, not {len(names)}")
    if not len(names) / 2 < threshold <= len(names):
        raise UsageError(f"the threshold must be above half of {len(names)} clients, not {threshold}")
    public = {one.name: one.keys() for one in clients}
    sealed = {one.name: one.sealed_shares(public, threshold) for one in clients}
    for one in clients:
        one.take_shares({other: sealed[other][one.name] for other in names if other != one.name})
    sent = {one.name: one.masked() for one in clients if one.name not in set(before_sending)}
    left = [one for one in clients if one.name in sent and one.name not in set(before_unmasking)]
    vanished = [name for name in names if name not in sent]
    if len(left) < threshold:
        raise DataError(f"{len(left)} of {len(names)} clients are left, fewer than {threshold}: this round has no sum")
    place = {name: at for at, name in enumerate(sorted(names), start=1)}
    opened = {place[one.name]: one.opened_shares(list(sent), vanished) for one in left[:threshold]}
    total: Masked = np.stack(list(sent.values())).sum(axis=0, dtype=np.uint64)
    for name in sent:
        total = total - expanded(shares.join({at: found[name] for at, found in opened.items()}), len(total))
    curve = _curve()
    for name in vanished:
        key = curve.X25519PrivateKey.from_private_bytes(shares.join({at: one[name] for at, one in opened.items()}))
        for other in sent:
            mask = expanded(agreed(key, public[other][0]), len(total))
            total = total + mask if other > name else total - mask
    found: npt.NDArray[np.float64] = total.astype(np.int64).astype(np.float64) * STEP
    return found, sorted(sent)


def encoded(vector: Floats, most: float = MOST) -> Masked:
    """(D,) a vector as whole numbers modulo 2⁶⁴.

    Raises
    ------
    UsageError
        It holds NaN, infinity, or a number beyond ``most``.
    """
    found = np.asarray(vector, np.float64)
    if found.ndim != 1 or not np.isfinite(found).all():
        raise UsageError("an update holds what is no finite number: it is not sent")
    largest = float(np.abs(found).max(initial=0.0))
    if largest > min(most, MOST):
        raise UsageError(f"an update holds {largest:.3g}, more than {min(most, MOST):.3g}: it is not sent")
    return np.rint(found / STEP).astype(np.int64).astype(np.uint64)


def expanded(seed: bytes, n: int) -> Masked:
    """(n,) numbers that only who has the seed can tell from random ones (SHAKE-256)."""
    return np.frombuffer(hashlib.shake_256(seed).digest(8 * n), "<u8").astype(np.uint64)


def agreed(own: Any, public: bytes) -> bytes:
    """The 32 bytes that two clients share, each from its own key and the other's public one."""
    secret = own.exchange(_curve().X25519PublicKey.from_public_bytes(public))
    return hashlib.sha256(b"swayline secure sum" + secret).digest()


def _about(sender: int, receiver: int) -> bytes:
    return f"{sender}>{receiver}".encode()


def _curve() -> Any:
    return require("cryptography.hazmat.primitives.asymmetric.x25519", "private")
