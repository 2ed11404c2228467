"""Who gets which arm: people by a stable hash, or whole clusters of people who are tied, so that arms rarely meet.

Where people influence each other, the arm of one leaks to the other. Assigning clusters of a graph keeps most ties
inside one arm; what stays between arms is stated, since it is what the experiment will not see.

References
----------
Ugander, Karrer, Backstrom and Kleinberg (2013), Graph cluster randomization. Traag, Waltman and van Eck (2019), From
Louvain to Leiden.
"""

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.core.errors import DataError, UsageError
from swayline.core.extras import require
from swayline.core.names import SOURCE, TARGET, USER

Ints = npt.NDArray[np.int64]
CLUSTER, ARM = "cluster", "arm"
LARGEST_SHARE = 0.02
"""No cluster is to hold a larger share of all people: with few clusters, arms differ by chance."""


@dataclass(frozen=True)
class Assignment:
    """Arms of people.

    Parameters
    ----------
    table : pa.Table
        ``user``, ``cluster``, ``arm``; without ties everybody is a cluster.
    people, clusters : mapping
        Arm → how many.
    ties_inside : float
        Share of the ties whose ends are in one arm; NaN without ties.
    by_chance : float
        The same, were people assigned one by one.
    largest : int
        People in the largest cluster.
    kept : int
        People whose arm an earlier assignment decided.
    """

    table: pa.Table
    people: dict[str, int]
    clusters: dict[str, int]
    ties_inside: float
    by_chance: float
    largest: int
    kept: int

    def summary(self) -> list[str]:
        """How balanced the arms are, and what leaks between them."""
        total = sum(self.people.values())
        lines = [
            f"{arm}: {n:,} people ({n / total:.1%}) in {self.clusters[arm]:,} clusters"
            for arm, n in self.people.items()
        ]
        if np.isfinite(self.ties_inside):
            lines.append(
                f"{self.ties_inside:.1%} of the ties stay inside one arm ({self.by_chance:.1%} by chance); the largest"
                f" cluster has {self.largest:,} people. Read the experiment with --clusters {CLUSTER}"
            )
        if self.kept:
            lines.append(f"{self.kept:,} people keep the arm of the earlier assignment")
        return lines


def assign_people(users: Sequence[str], weights: Mapping[str, float], name: str) -> Assignment:
    """An arm for everybody, by a hash of the experiment's name and the person's id.

    The same person has the same arm whoever else is there, on any machine, today and tomorrow.

    Examples
    --------
    >>> first = assign_people(["a", "b", "c"], {"control": 1, "new": 1}, "banner")
    >>> again = assign_people(["c", "z", "a", "b"], {"control": 1, "new": 1}, "banner")
    >>> dict(zip(*(first.table[k].to_pylist() for k in ("user", "arm")))).items() <= dict(
    ...     zip(*(again.table[k].to_pylist() for k in ("user", "arm")))).items()
    True

    Raises
    ------
    UsageError
        There are fewer than two arms, or a share is not above zero.
    """
    arms, shares = _shares(weights)
    people = list(dict.fromkeys(users))
    if not people:
        raise DataError("there is nobody to assign")
    edges = np.cumsum(shares)
    chosen = [
        arms[min(int(np.searchsorted(edges, _uniform(name, one), side="right")), len(arms) - 1)] for one in people
    ]
    table = pa.table({USER: people, CLUSTER: people, ARM: chosen})
    return _described(table, arms, None, 0)


def assign_clusters(
    ties: pa.Table, weights: Mapping[str, float], name: str, *, users: Sequence[str] = (),
    earlier: pa.Table | None = None, largest_share: float = LARGEST_SHARE, seed: int = 0,
) -> Assignment:  # fmt: skip
    """An arm for every cluster of tied people.

    Parameters
    ----------
    ties : pa.Table
        ``source``, ``target``; directions do not matter here.
    users : sequence of str
        People who may have no tie; each is a cluster then.
    earlier : pa.Table, optional
        An assignment to keep: its people stay in their clusters and arms; newcomers join the cluster most of their
        ties lead to, else form new ones.
    largest_share : float
        No cluster is to hold a larger share of all people.

    Raises
    ------
    UsageError
        A column is missing, a share is out of range, or ``earlier`` has other arms.
    DataError
        There is no tie.

    Notes
    -----
    Clusters are Leiden communities; the resolution doubles until none is too large. Clusters are dealt to arms from
    the largest down, in rounds shuffled by a hash, so that arms have like numbers of people.
    """
    arms, shares = _shares(weights)
    if not 0 < largest_share <= 1:
        raise UsageError(f"the largest cluster's share is {largest_share}; it lies above 0 and at most at 1")
    for column in (SOURCE, TARGET):
        if column not in ties.column_names:
            raise UsageError(f"ties lack the column {column!r}: they need {SOURCE} and {TARGET}")
    ends = [ties[column].cast(pa.string()).to_pylist() for column in (SOURCE, TARGET)]
    pairs = [(a, b) for a, b in zip(*ends, strict=True) if a is not None and b is not None and a != b]
    if not pairs:
        raise DataError("there is no tie between two people: assign people one by one")
    people = sorted({person for pair in pairs for person in pair} | {str(one) for one in users})
    place = {person: number for number, person in enumerate(people)}
    links = np.array([(place[a], place[b]) for a, b in pairs], np.int64)
    found = _communities(links, len(people), max(2, int(largest_share * len(people))), seed)
    names, fixed = _named(found, people, links, earlier, arms)
    sizes: dict[str, int] = {}
    for cluster in names:
        sizes[cluster] = sizes.get(cluster, 0) + 1
    arm_of = _dealt(sizes, fixed, arms, shares, name)
    table = pa.table({USER: people, CLUSTER: names, ARM: [arm_of[cluster] for cluster in names]})
    kept = 0 if earlier is None else len({*earlier[USER].to_pylist()} & {*people})
    return _described(table, arms, links, kept)


def _shares(weights: Mapping[str, float]) -> tuple[list[str], npt.NDArray[np.float64]]:
    if len(weights) < 2:
        raise UsageError(f"{len(weights)} arm(s) are named: an experiment has at least 2, as in control=1,new=1")
    for arm, share in weights.items():
        if not (np.isfinite(share) and share > 0):
            raise UsageError(f"the share of arm {arm!r} is {share}; it must be above 0")
    shares = np.array(list(weights.values()), float)
    return list(weights), shares / shares.sum()


def _uniform(*words: str) -> float:
    """A number in [0, 1) that the words decide."""
    return int.from_bytes(hashlib.sha256("\x1f".join(words).encode()).digest()[:7], "big") / 2**56


def _communities(links: Ints, n: int, largest: int, seed: int) -> Ints:
    igraph = require("igraph", extra="people")
    igraph.set_random_number_generator(random.Random(seed))
    graph = igraph.Graph(n=n, edges=links).simplify()
    resolution, found = 1.0, np.zeros(n, np.int64)
    for _ in range(24):
        found = np.array(
            graph.community_leiden(objective_function="modularity", resolution=resolution, n_iterations=3).membership
        )
        if np.bincount(found).max() <= largest:
            break
        resolution *= 2
    return found


def _named(
    found: Ints, people: list[str], links: Ints, earlier: pa.Table | None, arms: list[str]
) -> tuple[list[str], dict[str, str]]:
    """A cluster's name is its first person's id; people of an earlier assignment keep theirs, and its arm."""
    first: dict[int, str] = {}
    for person, code in zip(people, found.tolist(), strict=True):
        first.setdefault(code, person)
    names = [first[code] for code in found.tolist()]
    if earlier is None:
        return names, {}
    for column in (USER, CLUSTER, ARM):
        if column not in earlier.column_names:
            raise UsageError(f"the earlier assignment lacks the column {column!r}: give the file that this verb wrote")
    old = {row[USER]: (row[CLUSTER], row[ARM]) for row in earlier.to_pylist()}
    foreign = sorted({arm for _, arm in old.values()} - set(arms))
    if foreign:
        raise UsageError(f"the earlier assignment has an arm {foreign[0]!r} that is not among {', '.join(arms)}")
    votes: dict[int, dict[str, int]] = {}
    for a, b in links.tolist():
        for one, other in ((a, b), (b, a)):
            if people[one] not in old and people[other] in old:
                count = votes.setdefault(one, {})
                count[old[people[other]][0]] = count.get(old[people[other]][0], 0) + 1
    fixed = dict(old.values())
    for number, person in enumerate(people):
        if person in old:
            names[number] = old[person][0]
        elif number in votes:
            names[number] = max(sorted(votes[number]), key=lambda cluster: votes[number][cluster])
        elif names[number] in fixed:
            names[number] = person  # a community's name that an earlier cluster has: a cluster of one's own
    return names, fixed


def _dealt(
    sizes: dict[str, int], fixed: dict[str, str], arms: list[str], shares: npt.NDArray[np.float64], name: str
) -> dict[str, str]:
    """Clusters to arms, the largest first, each round of like sizes in an order that a hash decides."""
    load = np.zeros(len(arms))
    arm_of = {cluster: arm for cluster, arm in fixed.items() if cluster in sizes}
    for cluster, arm in arm_of.items():
        load[arms.index(arm)] += sizes[cluster]
    waiting = sorted((one for one in sizes if one not in arm_of), key=lambda one: (-sizes[one], _uniform(name, one)))
    for start in range(0, len(waiting), len(arms)):
        for cluster in sorted(waiting[start : start + len(arms)], key=lambda one: _uniform(name, "round", one)):
            lag = load / shares
            least = [k for k in range(len(arms)) if lag[k] <= lag.min() + 1e-9]
            chosen = least[int(_uniform(name, "tie", cluster) * len(least))]
            arm_of[cluster] = arms[chosen]
            load[chosen] += sizes[cluster]
    return arm_of


def _described(table: pa.Table, arms: list[str], links: Ints | None, kept: int) -> Assignment:
    chosen = np.array([arms.index(arm) for arm in table[ARM].to_pylist()])
    clusters = table[CLUSTER].to_pylist()
    sizes = np.unique(np.array(clusters, object).astype(str), return_counts=True)[1]
    people = np.bincount(chosen, minlength=len(arms))
    distinct: dict[str, set[str]] = {arm: set() for arm in arms}
    for cluster, code in zip(clusters, chosen.tolist(), strict=True):
        distinct[arms[code]].add(cluster)
    inside = float("nan") if links is None else float((chosen[links[:, 0]] == chosen[links[:, 1]]).mean())
    return Assignment(
        table, dict(zip(arms, people.tolist(), strict=True)), {arm: len(distinct[arm]) for arm in arms}, inside,
        float(((people / people.sum()) ** 2).sum()), int(sizes.max()), kept,
    )  # fmt: skip
