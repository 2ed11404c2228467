"""Links between platforms: known answers found again, beside chance and the floors of issue 30.

python benchmarks/identities/link.py fsq20|fsq90|douban|split|books --data ../shared/data
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv as pacsv

from swayline.events import ReadOptions
from swayline.identities import Walls, link_accounts, read_claims, read_platform
from swayline.identities.reliability import reliability


def pairs(path):
    table = pacsv.read_csv(path, read_options=pacsv.ReadOptions(autogenerate_column_names=True))
    return dict(zip(*(column.cast(pa.string()).to_pylist() for column in table.columns), strict=True))


def judge(linked, a, b, truth, label):
    """P@k over the accounts asked about: the counterpart's place among all open accounts of the other platform."""
    found = linked.learned
    rows = a.rows(list(truth))
    partner = dict(zip(rows.tolist(), b.rows(list(truth.values())).tolist(), strict=True))
    place, said, right = [], [], []
    for row in rows.tolist():
        lo, hi = np.searchsorted(found.candidates.rows, [row, row + 1])
        chances, columns = found.chances[lo:hi], found.candidates.columns[lo:hi]
        hit = np.flatnonzero(columns == partner[row])
        place.append((chances > chances[hit[0]]).sum() if len(hit) else np.inf)
        best = int(np.argmax(chances)) if hi > lo else -1
        said.append(chances[best] if best >= 0 else 0.0)
        right.append(bool(best >= 0 and columns[best] == partner[row]))
    told = reliability(np.array(said), np.array(right), np.array(place))
    known = dict(
        zip(
            linked.table["source"].to_pylist(),
            zip(linked.table["target"].to_pylist(), linked.table["method"].to_pylist(), strict=True),
            strict=True,
        )
    )
    stated = [known[one][0] == other for one, other in truth.items() if known.get(one, ("", ""))[1] == "model"]
    n_open = len(b) - len(linked.table.filter(pa.compute.equal(linked.table["method"], "seed")))
    print(
        f"{label}: {told.n} asked, {n_open} open; P@1 {told.hits[1]:.4f}, P@10 {told.hits[10]:.4f}; chance {1 / n_open:.5f}, {10 / n_open:.5f}"
    )
    print(
        f"  links stated at .5: {len(stated)}, right {np.mean(stated) if stated else 0:.3f}; calibration gap {told.gap:.3f}"
    )
    for one in told.bins:
        print(
            f"  said {one['low']:.2f}-{one['high']:.2f}: n {one['n']}, mean {one['said']:.3f}, right {one['true']:.3f}"
        )
    if linked.reliability:
        print(
            f"  on hidden seeds: n {linked.reliability.n}, P@1 {linked.reliability.hits[1]:.4f}, gap {linked.reliability.gap:.3f}"
        )


def fsq(data, share, test):
    folder = data / "identity-fsq-twitter"
    options = ReadOptions(ties_columns=("target", "source"))
    a = read_platform("twitter", folder / "twitter_following.csv", "ties", options=options)
    b = read_platform("foursquare", folder / "foursquare_following.csv", "ties", options=options)
    seeds = read_claims(folder / f"train{share}.csv", a, b, Walls(), ("source", "target"))
    judge(
        link_accounts(a, b, seeds), a, b, pairs(folder / f"test{test}.csv"), f"Twitter to Foursquare, {share} % seeds"
    )


def seeded(truth, share, folder, seed=0):
    """A share of known links in a file, the rest to be found."""
    names = sorted(truth)
    order = np.random.default_rng(seed).permutation(len(names))
    known = [names[at] for at in order[: round(share * len(names))]]
    path = folder / "seeds.csv"
    path.write_text("\n".join(["source,target", *(f"{one},{truth[one]}" for one in known)]))
    return path, {one: truth[one] for one in names if one not in set(known)}


def douban(data, scratch):
    folder = data / "identity-douban"
    options = ReadOptions(ties_columns=("source", "target"), ties_undirected=True, users_map={"user": "node"})
    for values in (False, True):
        a, b = (
            read_platform(
                name,
                folder / f"{name}_edges.csv",
                "ties",
                users=folder / f"{name}_nodes.csv" if values else None,
                options=options,
            )
            for name in ("offline", "online")
        )
        truth = {offline: online for online, offline in pairs(folder / "anchors.csv").items()}
        path, rest = seeded(
            {one: other for one, other in truth.items() if a.rows([one])[0] >= 0 and b.rows([other])[0] >= 0},
            0.2,
            scratch,
        )
        linked = link_accounts(a, b, read_claims(path, a, b, Walls()))
        judge(
            linked,
            a,
            b,
            rest,
            f"Douban offline to online, 20 % seeds, {'ties and location' if values else 'ties alone'}",
        )


def split(data, scratch):
    """MovieLens: each person's events go to either platform by turns, in runs of five, the first being drawn."""
    rows = np.loadtxt(data / "ml-1m" / "interactions.txt", dtype=np.int64)
    rng = np.random.default_rng(0)
    users = np.unique(rows[:, 0])
    chosen = np.isin(rows[:, 0], users)
    rows = rows[chosen]
    start = np.r_[0, np.flatnonzero(np.diff(rows[:, 0])) + 1]
    place = np.arange(len(rows)) - np.repeat(start, np.diff(np.r_[start, len(rows)]))
    side = (place // 5 + rng.integers(2, size=rows[:, 0].max() + 1)[rows[:, 0]]) % 2
    names = rng.permutation(rows[:, 0].max() + 1)
    frames = [
        pa.table({"user": [f"u{one}" for one in rows[side == 0, 0]], "item": [str(one) for one in rows[side == 0, 1]]}),
        pa.table(
            {"user": [f"v{names[one]}" for one in rows[side == 1, 0]], "item": [str(one) for one in rows[side == 1, 1]]}
        ),
    ]
    a, b = (
        read_platform(name, frame, options=ReadOptions(ordered=True)) for name, frame in zip("ab", frames, strict=True)
    )
    truth = {
        f"u{one}": f"v{names[one]}"
        for one in users
        if a.rows([f"u{one}"])[0] >= 0 and b.rows([f"v{names[one]}"])[0] >= 0
    }
    judge(link_accounts(a, b), a, b, truth, "ML-1M in two, behaviour alone, no seeds")
    path, rest = seeded(truth, 0.2, scratch)
    judge(link_accounts(a, b, read_claims(path, a, b, Walls())), a, b, rest, "ML-1M in two, 20 % seeds")


def books(data, scratch):
    tables = [pacsv.read_csv(data / "douban-book-music" / f"{name}.csv") for name in ("book", "music")]
    rng = np.random.default_rng(0)
    hidden = rng.permutation(100_000)
    frames = [
        pa.table(
            {
                "user": [f"{mark}{hidden[one] if mark == 'm' else one}" for one in table["user"].to_pylist()],
                "item": [f"{mark}{one}" for one in table["item"].to_pylist()],
            }
        )
        for mark, table in zip("bm", tables, strict=True)
    ]
    a, b = (
        read_platform(name, frame, options=ReadOptions(ordered=True))
        for name, frame in zip(("book", "music"), frames, strict=True)
    )
    both = set(tables[0]["user"].to_pylist()) & set(tables[1]["user"].to_pylist())
    truth = {f"b{one}": f"m{hidden[one]}" for one in both}
    for share in (0.2, 0.9):
        path, rest = seeded(truth, share, scratch)
        judge(
            link_accounts(a, b, read_claims(path, a, b, Walls())),
            a,
            b,
            rest,
            f"Douban books to music, {share:.0%} seeds, behaviour alone",
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--scratch", type=Path, default=Path("/tmp"))
    said = parser.parse_args()
    if said.what in ("fsq20", "fsq90"):
        fsq(said.data, said.what[3:], {"20": "80", "90": "10"}[said.what[3:]])
    elif said.what in ("douban", "split", "books"):
        {"douban": douban, "split": split, "books": books}[said.what](said.data, said.scratch)
    else:
        sys.exit("what is one of fsq20, fsq90, douban, split, books")
