"""Beauty and MovieLens-100K with their titles, and which items a cold-start run hides from training."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "sequence"))
import sequence_data

from swayline.core.rng import generator
from swayline.dataset import Catalogue, Sequences, Split, from_lists, last_out

NAMES = ("beauty", "ml-100k")
DATA = sequence_data.DATA


def split(name: str, data: Path = DATA, people: int | None = None, seed: int = 0) -> Split:
    """Leave-last-out, the catalogue of titles on every part; of all people, or of so many drawn by the seed."""
    histories = beauty(data) if name == "beauty" else films(data)
    if people is not None:
        drawn = generator(seed, "people").permutation(len(histories))[:people]
        histories = histories.take(np.sort(drawn))
    return last_out(histories)


def beauty(data: Path) -> Sequences:
    histories = sequence_data.histories("beauty", data)
    titles: list[str | None] = [None] * histories.n_items
    for line in (data / "beauty" / "item_titles.tsv").read_text("utf-8").splitlines():
        item, _, title = line.split("\t")
        titles[int(item) - 1] = title
    return replace(histories, catalogue=Catalogue(pa.table({"title": pa.array(titles, pa.string())})))


def films(data: Path) -> Sequences:
    folder = data / "ml-100k"
    if not folder.exists():
        sys.exit(f"{folder} is missing: give the folder that holds ml-100k/ with --data")
    lines = (folder / "ml-100k.item").read_text("utf-8").splitlines()[1:]
    known = {row[0]: row for row in (line.split("\t") for line in lines)}
    events = [line.split("\t") for line in (folder / "ml-100k.inter").read_text("utf-8").splitlines()[1:]]
    number = {item: place for place, item in enumerate(dict.fromkeys(row[1] for row in events))}
    users: dict[str, list[tuple[float, int]]] = {}
    for user, item, _, when in events:
        users.setdefault(user, []).append((float(when), number[item]))
    histories = from_lists([[item for _, item in sorted(rows)] for rows in users.values()], len(number))
    titles = [f"{known[item][1]} ({known[item][2]})" for item in number]
    genres = [known[item][3] for item in number]
    return replace(histories, catalogue=Catalogue(pa.table({"title": titles, "category": genres})))


def categories(name: str, n_items: int, data: Path = DATA) -> list[tuple[str, ...]]:
    """The categories of each item: Beauty's attributes, the films' genres."""
    if name == "ml-100k":
        catalogue = films(data).catalogue
        assert catalogue is not None
        return [tuple(str(one).split()) for one in catalogue.table["category"].to_pylist()]
    import json

    found = json.loads((data / "beauty" / "item_attributes.json").read_text("utf-8"))
    return [tuple(map(str, found.get(str(item + 1), ()))) for item in range(n_items)]


def hidden_items(n_items: int, share: float, seed: int) -> npt.NDArray[np.bool_]:
    """(I,) the items that training may not see."""
    hidden = np.zeros(n_items, bool)
    hidden[generator(seed, "cold items").permutation(n_items)[: int(n_items * share)]] = True
    return hidden


def category_popularity(
    train: Sequences, hidden: npt.NDArray[np.bool_], groups: list[tuple[str, ...]], of_best: int | None = None
) -> npt.NDArray[np.float32]:
    """(I,) events of an item; of a hidden one, the mean over its categories of their items' mean events.

    With ``of_best`` only so many most popular items of each category count.
    """
    counts = np.bincount(train.items, minlength=train.n_items).astype(np.float64)
    members: dict[str, list[float]] = {}
    for item in np.flatnonzero(~hidden):
        for group in groups[item]:
            members.setdefault(group, []).append(counts[item])
    means = {group: np.mean(sorted(found, reverse=True)[:of_best]) for group, found in members.items()}
    for item in np.flatnonzero(hidden):
        found = [means[group] for group in groups[item] if group in means]
        counts[item] = float(np.mean(found)) if found else 0.0
    return counts.astype(np.float32)
