"""Next place: foursquare-nyc by the protocol of the anchors, and Gowalla; returns and discoveries apart.

python benchmarks/temporal/places.py [foursquare-nyc|gowalla] [--questions N] [--seed 0]

Foursquare: every check-in of blocks T1 to T5 that is not the first of its trajectory, predicted from all that came
strictly before it; the network learns from T0 alone. Gowalla (no blocks there): the network learns from the first half
of the check-ins by time; asked is every later check-in of a person who has one before it (``--questions`` of them, drawn
evenly). All places ranked, ties by expected rank. Beside it the counter and the recency of each person's own places.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from swayline.dataset import Catalogue, Sequences
from swayline.metrics import hit_rate, mrr
from swayline.models.temporal.heuristics import replay_heuristic
from swayline.models.temporal.model import Temporal, TemporalSettings
from swayline.models.temporal.replay import replay

DATA = Path(__file__).parents[2] / "../shared/data"


def histories(frame: pd.DataFrame, places: pd.DataFrame) -> tuple[Sequences, np.ndarray]:
    """Sequences of (user, item, unix_s) rows with places in the catalogue, and the row of each event in the frame."""
    users = np.unique(frame["user"], return_inverse=True)[1]
    order = np.lexsort((np.arange(len(frame)), frame["unix_s"], users))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(users))]).astype(np.int64)
    known = pa.table({name: places[name].to_numpy() for name in places.columns if name != "item"})
    times = (frame["unix_s"].to_numpy()[order] * 1e6).astype(np.int64)
    items = frame["item"].to_numpy()[order].astype(np.int32)
    # The row of an event breaks ties of time as the file has them.
    made = Sequences(
        offsets, items, np.zeros(len(items), np.int16), times, order.astype(np.int64), len(places), 1, Catalogue(known)
    )
    return made, order


def foursquare() -> tuple[Sequences, np.ndarray, np.ndarray]:
    """Histories, what may be learned from, what is asked (by the flat arrays)."""
    raw = pd.read_csv(DATA / "foursquare-nyc" / "checkins.csv.gz")
    raw["user"], raw["item"] = raw["user_idx"], raw["poi_idx"]
    first = (~raw.duplicated("traj_id")).to_numpy()
    # A place's degrees differ a little by check-in: the median.
    places = (
        raw.groupby("item").agg(category=("cat", "first"), lat=("lat", "median"), lon=("lon", "median")).reset_index()
    )
    assert (places["item"].to_numpy() == np.arange(len(places))).all()
    sequences, order = histories(raw, places)
    training = (raw["block"] == "T0").to_numpy()
    return sequences, training[order], (~training & ~first)[order]


def gowalla() -> tuple[Sequences, np.ndarray, np.ndarray]:
    """Histories, what may be learned from, what is asked (by the flat arrays)."""
    raw = pd.read_csv(DATA / "gowalla" / "checkins.txt", sep="\t", names=["user", "place", "unix_s"])
    known = pd.read_csv(DATA / "gowalla" / "places.txt", sep=r"\s+", names=["place", "lat", "lon"])
    known = known.sort_values("place").reset_index(drop=True)
    raw["item"] = np.searchsorted(known["place"], raw["place"])
    sequences, order = histories(raw, known.assign(item=np.arange(len(known)))[["item", "lat", "lon"]])
    early = (raw["unix_s"] < raw["unix_s"].median()).to_numpy()[order]
    started = np.zeros(len(order), bool)
    started[sequences.offsets[:-1]] = True
    return sequences, early, ~early & ~started


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", nargs="?", default="foursquare-nyc", choices=["foursquare-nyc", "gowalla"])
    parser.add_argument("--questions", type=int, default=0, help="0: all of Foursquare, 10,000 of Gowalla")
    parser.add_argument("--train", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    sequences, learn_from, asked = foursquare() if arguments.data == "foursquare-nyc" else gowalla()
    n = arguments.questions or (0 if arguments.data == "foursquare-nyc" else 10_000)
    if n:
        chosen = np.random.default_rng(0).choice(np.flatnonzero(asked), n, replace=False)
        asked = np.isin(np.arange(len(asked)), chosen)
    for by in ("count", "recency"):
        show(arguments.data, f"own {by}", replay_heuristic(sequences, asked, by))
    model = Temporal(TemporalSettings(target_time=True, seed=arguments.seed, n_questions=arguments.train))
    found = replay(model, sequences, learn_from, asked)
    show(arguments.data, "temporal", found)
    print("epochs", model.best_epoch_, [round(one["loss"], 3) for one in model.history_])


def show(data: str, name: str, found) -> None:
    for group, rows in (("all", found.better >= 0), ("returns", found.returns), ("discoveries", ~found.returns)):
        better, tied = found.better[rows], found.tied[rows]
        figures = [hit_rate(better, tied, k).mean() for k in (1, 5, 10)]
        print(
            f"{data} {name:12s} {group:12s} n {rows.sum():6,}  Acc@1 {figures[0]:.3f}  @5 {figures[1]:.3f}  @10 {figures[2]:.3f}"
            f"  MRR {mrr(better, tied).mean():.3f}  expected-rank MRR {(1 / (1 + better + tied / 2)).mean():.3f}"
            f"  fit {found.fit_s:.0f} s, ranked in {found.rank_s:.0f} s", flush=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
