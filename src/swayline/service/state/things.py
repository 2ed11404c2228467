"""Items now: how many acts each has, which rise, which go together; kept event by event, equal to a batch's count.

Counts are whole numbers and sets, so that the order of arrival cannot change them.

Shapes: I items of the model.
"""

from collections import Counter, defaultdict

import numpy as np

from swayline.core.types import Ints
from swayline.dataset import Sequences
from swayline.service.state.acts import Act
from swayline.service.state.people import People

DAY_US = 86_400_000_000
TREND_DAYS = 7
_SMOOTHING = 5.0


class Things:
    """Popularity, trends and co-visits.

    Parameters
    ----------
    people : People
        Whose base is counted once.
    """

    def __init__(self, people: People) -> None:
        self._people = people
        flat = people.base.sequences
        self.base_counts: Ints = np.bincount(flat.items, minlength=flat.n_items)
        self.counts: Counter[str] = Counter()
        self.by_day: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self.users_of: defaultdict[str, set[str]] = defaultdict(set)
        self._start_days(flat)
        self._base_users: tuple[np.ndarray, np.ndarray] | None = None

    def add(self, user: str, act: Act) -> None:
        """Count an act that is new."""
        self.counts[act.item] += 1
        self.by_day[act.time_us // DAY_US][act.item] += 1
        self.users_of[act.item].add(user)

    def remove(self, user: str, act: Act) -> None:
        """Take an act out of every count."""
        self.counts[act.item] -= 1
        self.by_day[act.time_us // DAY_US][act.item] -= 1
        self.users_of[act.item].discard(user)

    def erase_base(self, part: slice) -> None:
        """Take a person's events of the base out of the counts."""
        flat = self._people.base.sequences
        np.subtract.at(self.base_counts, flat.items[part], 1)
        names = self._people.base.items.names
        for item, moment in zip(flat.items[part].tolist(), flat.times[part].tolist(), strict=True):
            day = self.by_day.get(moment // DAY_US)
            if day is not None:
                day[names[item]] -= 1

    def popularity(self, item: str) -> int:
        """Acts on an item."""
        row = self._people.item_rows.get(item)
        return self.counts[item] + (0 if row is None else int(self.base_counts[row]))

    def popular(self, n: int) -> list[tuple[str, int]]:
        """The items with most acts; equal ones by id."""
        total = Counter(dict(self.counts))
        names, order = self._people.base.items.names, np.argsort(-self.base_counts, kind="stable")[: n + len(total)]
        for row in order.tolist():
            total[names[row]] += int(self.base_counts[row])
        return sorted(((item, count) for item, count in total.items() if count > 0), key=lambda one: (-one[1], one[0]))[
            :n
        ]

    def trending(self, now_us: int, n: int, days: int = TREND_DAYS) -> list[tuple[str, float]]:
        """The items that rise most: acts of the last days against as many days before, smoothed; above 1 alone."""
        today = now_us // DAY_US
        new, old = self._window(today - days + 1, today), self._window(today - 2 * days + 1, today - days)
        rise = {item: (count + _SMOOTHING) / (old[item] + _SMOOTHING) for item, count in new.items() if count > 0}
        risen = [(item, ratio) for item, ratio in rise.items() if ratio > 1.0]
        return sorted(risen, key=lambda one: (-one[1], one[0]))[:n]

    def together(self, item: str) -> dict[str, int]:
        """Other items → how many people who acted on this one acted on them too."""
        people, found = self._people, Counter[str]()
        flat, names = people.base.sequences, people.base.items.names
        live_users = self.users_of.get(item, set())
        base_rows = [row for row in self._base_users_of(item) if people.base.users.names[row] not in people.gone]
        quiet = np.array([row for row in base_rows if people.base.users.names[row] not in people.live], np.int64)
        if len(quiet):
            part = flat.take(quiet)
            pairs = np.unique(part.users * np.int64(flat.n_items) + part.items)
            counted = np.bincount(pairs % flat.n_items, minlength=flat.n_items)
            found.update({names[row]: int(counted[row]) for row in np.flatnonzero(counted)})
        others = live_users | {people.base.users.names[row] for row in base_rows} - {
            people.base.users.names[row] for row in quiet.tolist()
        }
        for user in others:
            found.update({act.item for act in people.acts(user)})
        found.pop(item, None)
        return dict(found)

    def _base_users_of(self, item: str) -> list[int]:
        """Rows of the people whose base history holds an item."""
        row = self._people.item_rows.get(item)
        if row is None:
            return []
        if self._base_users is None:
            flat = self._people.base.sequences
            order = np.argsort(flat.items, kind="stable")
            self._base_users = flat.items[order], flat.users[order]
        items, users = self._base_users
        part = slice(*np.searchsorted(items, (row, row + 1)))
        return np.unique(users[part]).tolist()  # type: ignore[no-any-return]

    def _window(self, first: int, last: int) -> Counter[str]:
        total: Counter[str] = Counter()
        for day in range(first, last + 1):
            if day in self.by_day:
                total.update(self.by_day[day])
        return total

    def _start_days(self, flat: Sequences) -> None:
        """Counts by day of the base's last weeks."""
        if not flat.timed:
            return
        days = flat.times // DAY_US
        recent = np.flatnonzero(days > days.max() - 2 * TREND_DAYS)
        names = self._people.base.items.names
        pairs, counts = np.unique(np.stack([days[recent], flat.items[recent]]), axis=1, return_counts=True)
        for (day, item), count in zip(pairs.T.tolist(), counts.tolist(), strict=True):
            self.by_day[day][names[item]] += count
