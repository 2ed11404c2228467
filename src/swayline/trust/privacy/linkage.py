"""A linkage attack on a shared log: whoever knows a few events of a person looks for the person who has them all.

The attacker is granted a lot: which keyed item is which (its popularity, or what is shared of it, can tell), and that
the known events are right. Known are N different (item, coarse time) points of a person, drawn evenly; who is left, are
the people whose log has all of them. One person left is a person singled out.

Shapes: U people, P points.

References
----------
de Montjoye, Hidalgo, Verleysen, Blondel (2013), Unique in the Crowd: The privacy bounds of human mobility.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from swayline.core.names import ITEM, TIME, USER
from swayline.core.rng import generator
from swayline.core.types import Ints
from swayline.metrics.intervals import wilson

KNOWN = (1, 2, 3, 5)
"""How many events the attacker knows."""
MOST_PEOPLE = 2_000
"""People drawn for each attack; everybody where there are fewer."""
LINKAGE = pa.schema([
    ("known", pa.int64()), ("people", pa.int64()), ("too_few", pa.int64()), ("singled_out", pa.int64()),
    ("unicity", pa.float64()), ("ci_low", pa.float64()), ("ci_high", pa.float64()), ("fewer_than_k", pa.float64()),
    ("median_crowd", pa.float64()),
])  # fmt: skip
"""One row an attack: events known; people attacked; people with fewer events; how many were singled out, their share
with a 95% interval (Wilson), the share left among fewer than k, and the median number of people left."""


@dataclass(frozen=True)
class Points:
    """Who has which points.

    Parameters
    ----------
    by_user : (U, P) sparse
        1 where a person has a point.
    by_point : (P, U) sparse
        The same, turned.
    """

    by_user: sparse.csr_array
    by_point: sparse.csr_array

    @classmethod
    def of(cls, events: pa.Table) -> "Points":
        """The points of a table with ``user``, ``item`` and, where there are times, ``time``; no item, no point."""
        named = events.filter(pc.is_valid(events[ITEM]))
        user, item = (_codes(named[name]) for name in (USER, ITEM))
        moment = _codes(named[TIME]) if TIME in named.column_names else np.zeros(len(named), np.int64)
        _, point = np.unique(item * (moment.max(initial=0) + 1) + moment, return_inverse=True)
        shape = (int(user.max(initial=-1)) + 1, int(point.max(initial=-1)) + 1)
        found = sparse.csr_array((np.ones(len(user), np.bool_), (user, point)), shape=shape)
        return cls(found, found.T.tocsr())

    @property
    def degree(self) -> Ints:
        """(U,) different points of each person."""
        degree: Ints = np.diff(self.by_user.indptr).astype(np.int64)
        return degree

    def points_of(self, person: int) -> Ints:
        """The points of a person."""
        points: Ints = self.by_user.indices[self.by_user.indptr[person] : self.by_user.indptr[person + 1]]
        return points

    def crowds(self, known: Ints) -> list[int]:
        """How many people have the first point known, the first two, and so on."""
        left: Ints | None = None
        sizes = []
        for point in known:
            have = self.by_point.indices[self.by_point.indptr[point] : self.by_point.indptr[point + 1]]
            left = have if left is None else np.intersect1d(left, have, assume_unique=True)
            sizes.append(len(left))
        return sizes


def _codes(column: pa.ChunkedArray) -> Ints:
    encoded = pc.dictionary_encode(column.combine_chunks(), null_encoding="encode")
    codes: Ints = np.asarray(encoded.indices, np.int64)
    return codes


def drawn(points: Points, seed: int) -> list[tuple[int, Ints]]:
    """Everybody in a random order, with the points that an attacker knows first, second … of them."""
    rng = generator(seed, "linkage")
    return [
        (int(one), rng.permutation(points.points_of(one))[: max(KNOWN)]) for one in rng.permutation(len(points.degree))
    ]


def attempt_linkage(events: pa.Table, k: int, seed: int = 0) -> pa.Table:
    """Try to single people out of a shared log.

    Parameters
    ----------
    events : pa.Table
        As they are shared: ``user``, ``item``, and ``time`` where there are times.
    k : int
        Crowds below it are counted too.
    seed : int
        Decides who is attacked and what is known of them.

    Returns
    -------
    pa.Table
        Columns of :data:`LINKAGE`; shares are null where nobody has as many events.
    """
    points = Points.of(events)
    order = drawn(points, seed)
    asked = {n: [(one, known) for one, known in order if len(known) >= n][:MOST_PEOPLE] for n in KNOWN}
    known_of = {one: known for people in asked.values() for one, known in people}
    crowds = {one: points.crowds(known) for one, known in known_of.items()}
    n_people = len(events[USER].unique())
    rows = []
    for n in KNOWN:
        sizes = np.array([crowds[one][n - 1] for one, _ in asked[n]], np.int64)
        too_few = n_people - int((points.degree >= n).sum())
        rows.append({"known": n, "people": len(sizes), "too_few": too_few, **_row(sizes, k)})
    return pa.Table.from_pylist(rows, LINKAGE)


def _row(sizes: Ints, k: int) -> dict[str, float | int | None]:
    alone = int((sizes == 1).sum())
    if not len(sizes):
        return {"singled_out": 0}
    low, high = wilson(alone / len(sizes), len(sizes))
    return {
        "singled_out": alone, "unicity": alone / len(sizes), "ci_low": low, "ci_high": high,
        "fewer_than_k": float((sizes < k).mean()), "median_crowd": float(np.median(sizes)),
    }  # fmt: skip


def verdict(linkage: pa.Table) -> str:
    """What the attack says of the table, in one sentence: by three known events, or by more where three find nobody."""
    rows = [row for row in linkage.to_pylist() if row["people"]]
    if not rows:
        return "nobody has an event that names an item: no linkage attack could be tried"
    usual = [row for row in rows if row["known"] <= 3][-1]
    row = usual if usual["singled_out"] else next((one for one in rows if one["singled_out"]), rows[-1])
    n = row["known"]
    of = f"the {row['people']:,} people tried" if row["too_few"] or row["people"] >= MOST_PEOPLE else "people"
    events = f"{n} known event{'s' * (n > 1)} single{'s' * (n == 1)} out"
    if not row["singled_out"]:
        return (
            f"{events} nobody of {row['people']:,} people tried (95%: at most {row['ci_high']:.1%}): this attack"
            " finds nobody, which does not prove the table anonymous"
        )
    return (
        f"{events} {row['unicity']:.1%} [{row['ci_low']:.1%}, {row['ci_high']:.1%}] of {of}: this table is"
        " pseudonymous, not anonymous"
    )
