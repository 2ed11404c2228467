"""What ties are worth to newcomers: 30% of the people keep 0, 1 or 3 events; their next one is asked.

The model's own list beside the same chain with the step `influence` (ties alike, strength chosen on other newcomers), and
with candidates by ties alone for those of whom the model knows nothing. Printed: HR@10, and the gain from ties over
people with its 95% interval; for the others too, who must lose nothing.

    python benchmarks/recommend/newcomers.py --data ciao
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa

import swayline as sw
from swayline.recommend import Chain, Context, Query

DATA = Path(__file__).parents[3] / "shared" / "data"
K, SHARE, STRENGTHS = 10, 0.3, (0.0, 0.3, 1.0, 3.0, 10.0)


def ciao():
    ratings = np.loadtxt(DATA / "ciao" / "ratings.txt")
    ties = np.loadtxt(DATA / "ciao" / "trust.txt").astype(int)
    users, items, times = ratings[:, 0].astype(int), ratings[:, 1].astype(int), ratings[:, 5].astype(int)
    return users, items, times, ties[:, 1], ties[:, 0]


def lastfm():
    rows = np.loadtxt(DATA / "lastfm-2k" / "user_taggedartists.dat", skiprows=1, dtype=int)
    rows = rows[rows[:, 5] >= 2005]
    times = ((rows[:, 5] - 1970) * 12 + rows[:, 4]) * 2_592_000
    _, first = np.unique(rows[:, 0] * 10**6 + rows[:, 1], return_index=True)
    ties = np.loadtxt(DATA / "lastfm-2k" / "user_friends.dat", skiprows=1, dtype=int)
    return rows[first, 0], rows[first, 1], times[first], ties[:, 0], ties[:, 1]


def gowalla():
    rows = np.loadtxt(DATA / "gowalla" / "checkins.txt")
    ties = np.loadtxt(DATA / "gowalla" / "friends.txt", dtype=int)
    key = rows[:, 0].astype(int) * 10**7 + rows[:, 1].astype(int)
    order = np.lexsort((rows[:, 2], key))
    first = order[np.unique(key[order], return_index=True)[1]]
    source, target = np.concatenate([ties, ties[:, ::-1]]).T
    return rows[first, 0].astype(int), rows[first, 1].astype(int), rows[first, 2].astype(int), source, target


def split(users, items, times, kept_events, rng):
    """Newcomers keep their first events and are asked the next; the others are asked their last."""
    order = np.lexsort((times, users))
    users, items, times = users[order], items[order], times[order]
    starts = np.r_[True, users[1:] != users[:-1]]
    place = np.arange(len(users)) - np.flatnonzero(starts)[np.cumsum(starts) - 1]
    sizes = dict(zip(*np.unique(users, return_counts=True), strict=True))
    able = np.array([user for user, size in sizes.items() if size >= 5])
    new = set(rng.permutation(able)[: int(SHARE * len(able))].tolist())
    is_new = np.array([user in new for user in users])
    size = np.array([sizes[user] for user in users])
    train = np.where(is_new, place < kept_events, place < size - 1)
    asked = np.where(is_new, place == kept_events, (place == size - 1) & (size >= 5))
    return users, items, times, train, asked, new


def hits(lists, queries, answer):
    found = {}
    for row in lists.to_pylist():
        found.setdefault(row.get("query") if row["user"] is None else row["user"], set()).add(row["item"])
    return np.array([answer[str(query.user)] in found.get(str(query.user), ()) for query in queries], float)


def run(name, kept_events, seed=0):
    users, items, times, source, target = {"ciao": ciao, "lastfm-2k": lastfm, "gowalla": gowalla}[name]()
    users, items, times, train, asked, new = split(users, items, times, kept_events, np.random.default_rng(seed))
    events = pa.table(
        {"user": users[train].astype(str), "item": items[train].astype(str), "time": times[train].astype(np.int64)}
    )
    model = sw.Recommender("item-knn").fit(sw.read_events(events))
    known = set(model.bundle().dataset.users.names)
    ties = pa.table({"source": source.astype(str), "target": target.astype(str)})
    friends = {}
    for one, other in zip(source.astype(str), target.astype(str), strict=True):
        if one in known:
            friends.setdefault(other, []).append(one)
    answer = dict(zip(users[asked].astype(str), items[asked].astype(str), strict=True))
    plain_context, tied = Context(model.bundle()), Context(model.bundle(), ties=ties)

    def queries(people, with_ties):
        return [
            Query(user=user, k=K, ties=friends[user] if with_ties and user not in known and user in friends else (),
                  history=None if user in known else [])
            for user in people
        ]  # fmt: skip

    rng = np.random.default_rng(seed + 1)
    newcomers = rng.permutation(sorted(str(one) for one in new))
    chooses, judged = newcomers[: len(newcomers) // 4], newcomers[len(newcomers) // 4 :]
    others = rng.permutation([user for user in answer if user not in {str(one) for one in new}])[:1000]

    def figure(people, strength):
        chain = (
            Chain()
            if not strength
            else Chain().with_step({"step": "influence", "people": strength, "behaviors": 0.0}, after="unknown")
        )
        some = queries(people, bool(strength))
        return hits(chain.serve(tied if strength else plain_context, some), some, answer)

    best = max(STRENGTHS, key=lambda one: figure(chooses, one).mean())
    if kept_events == 0:
        # Without an event the strength has nothing to weigh: ties enter as evidence of the step `unknown`.
        best = best or 1.0
    print(
        f"{name}, {kept_events} events kept, {len(judged)} newcomers, strength {best:g} chosen on {len(chooses)} others"
    )
    for who, people in (("newcomers", judged), ("others", others)):
        without, with_ties = figure(people, 0.0), figure(people, best)
        gap = with_ties - without
        half = 1.96 * gap.std(ddof=1) / np.sqrt(len(gap))
        print(
            f"  {who:<10} HR@10 {without.mean():.4f} -> {with_ties.mean():.4f}   gain {gap.mean():+.4f} [{gap.mean() - half:+.4f}, {gap.mean() + half:+.4f}]",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="ciao")
    parser.add_argument("--events", default="0,1,3")
    said = parser.parse_args()
    for kept_events in said.events.split(","):
        run(said.data, int(kept_events))


if __name__ == "__main__":
    main()
