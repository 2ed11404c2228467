"""A version in memory: model, live state, catalogue, words, ledger, portraits."""

import threading
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from swayline.core.names import (
    INFLUENCE_FILE,
    ITEM,
    ITEMS_FILE,
    MODEL_FOLDER,
    SOURCE,
    TARGET,
    TIES_FILE,
    TITLE,
    USER,
    USERS_FILE,
)  # fmt: skip
from swayline.core.run_folder.registry import PEOPLE_FILE
from swayline.core.types import Ints
from swayline.ledger import read_ledger
from swayline.service.log.protocol import Store
from swayline.service.serving.versions import Version
from swayline.service.state import Catalogue, LiveState, Tie, WordSpace
from swayline.training.bundle import ModelBundle

LIKE = 5
"""Items by whose scores an item is scored that the model does not know."""
_LEAST_LIKENESS = 0.15
_LEAST_PEOPLE = 3
"""People from whom an item's neighbours are told by what they did; below, by words alone."""
MOST_NEWCOMERS = 5_000
_EVENTS_APART = 100
"""Events after which it is asked again what newcomers are taken together with."""


@dataclass
class Loaded:
    """A version ready to answer."""

    version: Version
    bundle: ModelBundle
    state: LiveState
    catalogue: Catalogue
    ledger: pa.Table | None
    portraits: dict[str, dict[str, Any]]
    model_lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _newcomers: tuple[tuple[int, int], list["Newcomer"]] = ((-1, -1), [])
    _unknown: tuple[int, list[str]] = (-1, [])

    @cached_property
    def words(self) -> WordSpace:
        """The model's items by their words."""
        names, labels = self.bundle.dataset.items.names, self.bundle.labels
        return WordSpace(
            {TITLE: label, **(self.catalogue.item(name) or {})} for name, label in zip(names, labels, strict=True)
        )

    def label(self, item: str) -> str:
        """What a person reads of an item."""
        row = self.state.people.item_rows.get(item)
        said = (self.catalogue.item(item) or {}).get(TITLE)
        return str(said) if said else (item if row is None else self.bundle.labels[row])

    def profiles(self, user: str | None) -> Ints | None:
        """(1, A) a person's attributes as the model reads them."""
        flat, people = self.bundle.dataset.sequences, self.bundle.dataset.people
        if flat.profiles is None:
            return None
        row = self.state.people.rows.get(user) if user is not None else None
        known = flat.profiles[[row]] if row is not None else np.zeros((1, flat.profiles.shape[1]), np.int64)
        said = self.catalogue.users.get(user) if user is not None else None
        if not said or people is None:
            return known
        table = pa.Table.from_pylist([{USER: user, **{name: str(value) for name, value in said.items()}}])
        told = people.read(pa.array([user]), table)
        return np.where(told > 0, told, known)

    def newcomers(self) -> list["Newcomer"]:
        """Items that the model does not know and that can be shown, with the known items they are like."""
        version, unknown = self._unknown
        if version != self.catalogue.version:
            rows = self.state.people.item_rows
            unknown = [item for item in self.catalogue.items if item not in rows][-MOST_NEWCOMERS:]
            self._unknown = (self.catalogue.version, unknown)
        mark, kept = self._newcomers
        now = (self.catalogue.version, self.state.position // _EVENTS_APART if unknown else 0)
        if mark == now:
            return kept
        found = [one for item in unknown if (one := self.newcomer(item)) is not None]
        self._newcomers = (now, found)
        return found

    def newcomer(self, item: str) -> "Newcomer | None":
        """What an item is like: what its people also took, else what its words share; None where neither tells."""
        rows = self.state.people.item_rows
        weights: dict[int, float] = {}
        users = self.state.things.users_of.get(item, set())
        if len(users) >= _LEAST_PEOPLE:
            for other, count in self.state.things.together(item).items():
                if other in rows:
                    weights[rows[other]] = count / np.sqrt(len(users) * max(1, self.state.things.popularity(other)))
        source = "together"
        if not weights:
            source = "words"
            likeness = self.words.likeness(self.catalogue.item(item) or {})
            for row in np.argsort(-likeness, kind="stable")[:LIKE].tolist():
                if likeness[row] >= _LEAST_LIKENESS:
                    weights[row] = float(likeness[row])
        if not weights:
            return None
        best = sorted(weights, key=lambda row: (-weights[row], row))[:LIKE]
        share = np.array([weights[row] for row in best])
        return Newcomer(item, np.array(best), share / share.sum(), source)


@dataclass(frozen=True)
class Newcomer:
    """An item that the model does not know: the rows of items like it, and their weights, which sum to one."""

    item: str
    rows: np.ndarray
    weights: np.ndarray
    source: str


def load(version: Version, store: Store, erased: Container[str]) -> Loaded:
    """Read a version and catch up with the log.

    Parameters
    ----------
    erased : container of str
        People of the base who asked to be forgotten.

    Raises
    ------
    ArtifactError
        The folder is damaged.
    """
    bundle = ModelBundle.load(version.folder / MODEL_FOLDER)
    state = LiveState(bundle.dataset, version.position)
    for user in [name for name in bundle.dataset.users.names if name in erased]:
        state.erase(user, [])
    catalogue = Catalogue(
        store, _by_id(version.folder / ITEMS_FILE, ITEM) or _of_model(bundle),
        _by_id(version.folder / USERS_FILE, USER),
        _ties(version.folder / TIES_FILE),
    )  # fmt: skip
    portraits = _by_id(version.folder / PEOPLE_FILE, USER)
    loaded = Loaded(version, bundle, state, catalogue, ledger_of(version), portraits)
    state.follow(store)
    return loaded


def ledger_of(version: Version) -> pa.Table | None:
    """The influence table of a version; None where it has none."""
    path = version.folder / INFLUENCE_FILE
    return read_ledger(path) if path.is_file() else None


def _by_id(path: Path, key: str) -> dict[str, dict[str, Any]]:
    """Rows of a table by their ids, without what is null."""
    if not path.is_file():
        return {}
    table = pq.read_table(path)
    table = table.filter(pc.is_valid(table[key]))
    found: dict[str, dict[str, Any]] = {}
    for row in table.to_pylist():
        found[str(row.pop(key))] = {name: _plain(value) for name, value in row.items() if value is not None}
    return found


def _of_model(bundle: ModelBundle) -> dict[str, dict[str, Any]]:
    """What a model's own folder knows of its items, where a run's table of items is missing."""
    known = bundle.dataset.sequences.catalogue
    if known is None:
        return {}
    rows = zip(bundle.dataset.items.names, known.table.to_pylist(), strict=True)
    return {item: {name: _plain(one) for name, one in row.items() if one is not None} for item, row in rows}


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, float) and not np.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _ties(path: Path) -> list[Tie]:
    if not path.is_file():
        return []
    table = pq.read_table(path)
    kinds = table["kind"].to_pylist() if "kind" in table.column_names else [None] * len(table)
    ends = zip(table[SOURCE].to_pylist(), table[TARGET].to_pylist(), kinds, strict=True)
    return [Tie(str(source), str(target), str(kind or "")) for source, target, kind in ends]
