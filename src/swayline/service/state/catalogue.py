"""What was said of items, people and ties through the API: kept as documents, looked up without the disk.

An item that is hidden or past its ``expires`` is in no list from the next request on.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from swayline.core.time import parse_date
from swayline.service.log.protocol import Document, Store

ITEMS, USERS, TIES = "items", "users", "ties"
HIDDEN, EXPIRES = "hidden", "expires"


@dataclass(frozen=True)
class Tie:
    """Who can be influenced by whom runs source → target."""

    source: str
    target: str
    kind: str = ""

    @property
    def key(self) -> str:
        """Its key in the store: each part with its length, so that no id can stand for two ties."""
        return "|".join(f"{len(part)}:{part}" for part in (self.source, self.target, self.kind))


class Catalogue:
    """Items, users and ties of a tenant.

    Parameters
    ----------
    store : Store
    items, users : mapping of str to mapping
        What the run knew, replaced key by key by what the API says.
    """

    def __init__(
        self, store: Store, items: Mapping[str, Mapping[str, Any]], users: Mapping[str, Mapping[str, Any]],
        ties: Iterable[Tie] = (),
    ) -> None:  # fmt: skip
        self._store, self._base_items, self._base_users = store, items, dict(users)
        self.items = {one.key: one.body for one in store.scan(ITEMS)}
        self.users = {one.key: one.body for one in store.scan(USERS)}
        self.version = 0
        self._expires_us: dict[str, int] = {}
        self.hidden: set[str] = set()
        for item, body in self.items.items():
            self._mark(item, body)
        self.ties: dict[str, Tie] = {}
        self.sources_of: defaultdict[str, set[str]] = defaultdict(set)
        for tie in ties:
            self._tie(tie)
        for one in store.scan(TIES):
            self._tie(Tie(**one.body["tie"])) if one.body["is_there"] else self._untie(Tie(**one.body["tie"]))

    def item(self, item: str) -> dict[str, Any] | None:
        """What is known of an item; None where nothing is."""
        if item not in self.items and item not in self._base_items:
            return None
        return {**self._base_items.get(item, {}), **self.items.get(item, {})}

    def user(self, user: str) -> dict[str, Any] | None:
        """What is known of a person; None where nothing is."""
        if user not in self.users and user not in self._base_users:
            return None
        return {**self._base_users.get(user, {}), **self.users.get(user, {})}

    def all_items(self) -> dict[str, dict[str, Any]]:
        """Every item and what is known of it."""
        return {name: self.item(name) or {} for name in {**self._base_items, **self.items}}

    def put_item(self, item: str, body: dict[str, Any]) -> None:
        """Write what is known of an item."""
        self._store.put(ITEMS, [Document(item, body)])
        self.items[item] = body
        self._mark(item, body)
        self.version += 1

    def put_items(self, bodies: Mapping[str, dict[str, Any]]) -> None:
        """Write many items at once."""
        self._store.put(ITEMS, [Document(item, body) for item, body in bodies.items()])
        for item, body in bodies.items():
            self.items[item] = body
            self._mark(item, body)
        self.version += 1

    def delete_item(self, item: str) -> bool:
        """Hide an item for good; what is known of it through the API is deleted."""
        known = self.item(item) is not None
        self.put_item(item, {HIDDEN: True})
        return known

    def put_user(self, user: str, body: dict[str, Any]) -> None:
        """Write what is known of a person."""
        self._store.put(USERS, [Document(user, body)])
        self.users[user] = body
        self.version += 1

    def put_ties(self, ties: Iterable[Tie]) -> None:
        """Write ties."""
        said = list(ties)
        self._store.put(TIES, [Document(tie.key, {"tie": vars(tie), "is_there": True}) for tie in said])
        for tie in said:
            self._tie(tie)
        self.version += 1

    def delete_ties(self, ties: Iterable[Tie]) -> int:
        """Remove ties; how many there were."""
        said = list(ties)
        found = sum(tie.key in self.ties for tie in said)
        self._store.put(TIES, [Document(tie.key, {"tie": vars(tie), "is_there": False}) for tie in said])
        for tie in said:
            self._untie(tie)
        self.version += 1
        return found

    def is_shown(self, item: str, now_us: int) -> bool:
        """Whether an item may be in a list."""
        return item not in self.hidden and now_us < self._expires_us.get(item, now_us + 1)

    def not_shown(self, now_us: int) -> list[str]:
        """Items that may be in no list now."""
        return [*self.hidden, *(item for item, until in self._expires_us.items() if until <= now_us)]

    def erase_user(self, user: str) -> int:
        """Forget a person: attributes, and ties on either side."""
        mine = [tie for tie in self.ties.values() if user in (tie.source, tie.target)]
        stored = [
            one.key for one in self._store.scan(TIES) if user in (one.body["tie"]["source"], one.body["tie"]["target"])
        ]
        count = self._store.delete(USERS, [user]) + self._store.delete(TIES, stored)
        self.users.pop(user, None)
        self._base_users.pop(user, None)
        for tie in mine:
            self._untie(tie)
        self.version += 1
        return count

    def _mark(self, item: str, body: Mapping[str, Any]) -> None:
        (self.hidden.add if body.get(HIDDEN) else self.hidden.discard)(item)
        until = body.get(EXPIRES)
        if until is None:
            self._expires_us.pop(item, None)
        else:
            self._expires_us[item] = round(parse_date(until).timestamp() * 1e6)

    def _tie(self, tie: Tie) -> None:
        self.ties[tie.key] = tie
        self.sources_of[tie.target].add(tie.source)

    def _untie(self, tie: Tie) -> None:
        self.ties.pop(tie.key, None)
        if not any(one.source == tie.source and one.target == tie.target for one in self.ties.values()):
            self.sources_of[tie.target].discard(tie.source)
