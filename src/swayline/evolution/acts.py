"""The log as numbers, in time order: what every question of this room reads.

Shapes: N events, U people, I items, C categories, B behaviours.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.clock import clock_of
from swayline.core.names import BEHAVIOR, CATEGORY, ITEM, ROW, SESSION, TIME, USER
from swayline.core.types import Bools, Ints
from swayline.dataset import with_categories
from swayline.events import EventLog

DAY_US = 86_400_000_000
INNER = (0.001, 0.999)
"""Times outside these quantiles are stray where they make the log half as long again."""
STRETCH = 1.5


@dataclass(frozen=True)
class Acts:
    """Every event, oldest first.

    Attributes
    ----------
    user, behavior : (N,) numbers of people and behaviours
    item, category : (N,) numbers of items and categories, -1 where there is none
    time_us : (N,) microseconds since 1970, UTC; the row's own order in a log without times
    day : (N,) days since 1970 on the log's own clock
    visit : (N,) number of the session, or of the person where the log has no sessions
    users, items, behaviors, categories : their names, in order of the numbers
    ordered : whether there is an order and no times
    resolution, timezone : what the clock tells (:mod:`swayline.core.clock`)
    stray : events before or after the log proper, left out
    has_sessions : whether the log says which events are one visit
    """

    user: Ints
    behavior: Ints
    item: Ints
    category: Ints
    time_us: Ints
    day: Ints
    visit: Ints
    users: list[str]
    items: list[str]
    behaviors: list[str]
    categories: list[str] = field(default_factory=list)
    ordered: bool = False
    resolution: str = "second"
    timezone: str = "UTC"
    stray: int = 0
    has_sessions: bool = False

    def __len__(self) -> int:
        return len(self.user)

    def take(self, kept: Bools | Ints) -> "Acts":
        """Some of the events, with every name."""
        columns = ("user", "behavior", "item", "category", "time_us", "day", "visit")
        return Acts(**{**vars(self), **{name: getattr(self, name)[kept] for name in columns}})

    def before(self, time_us: int) -> "Acts":
        """What had happened strictly before a moment."""
        return self.take(self.time_us < time_us)

    @property
    def first_day(self) -> int:
        """The day of the first event."""
        return int(self.day[0])

    @property
    def n_days(self) -> int:
        """Days from the first event to the last, both counted; 0 in a log without times."""
        return 0 if self.ordered or not len(self) else int(self.day[-1]) - int(self.day[0]) + 1

    def moment(self, day: int) -> datetime:
        """When a day of the log's clock begins, UTC."""
        local = datetime(1970, 1, 1) + timedelta(days=int(day))
        return local.replace(tzinfo=ZoneInfo(self.timezone)).astimezone(UTC)


def read_acts(log: EventLog) -> Acts:
    """The log as numbers, with the category of each event resolved once by the catalogue's rule.

    Of a log whose first or last thousandth of events makes it half as long again, those stray events are left out.
    """
    log = with_categories(log)
    events = log.events
    order = _time_order(events, log.ordered)
    users, user = _coded(events[USER])
    items, item = _coded(events[ITEM])
    behaviors, behavior = _coded(events[BEHAVIOR])
    categories, category = _coded(events[CATEGORY]) if CATEGORY in events.column_names else ([], np.full(len(user), -1))
    has_sessions = SESSION in events.column_names and events[SESSION].null_count == 0 and len(events) > 0
    visit = _visits(user, _coded(events[SESSION])[1]) if has_sessions else user
    if log.ordered:
        time_us, day, zone, resolution = np.arange(len(user)), np.zeros(len(user), np.int64), "UTC", "none"
    else:
        clock = clock_of(events[TIME], log.options.timezone)
        zone, resolution = clock.timezone, clock.resolution
        time_us, day = _clock(events[TIME], zone)
        time_us, day = time_us[order], day[order]
    columns = [one[order].astype(np.int64) for one in (user, behavior, item, category)]
    user, behavior, item, category = columns
    acts = Acts(
        user, behavior, item, category, time_us, day, visit[order].astype(np.int64), users, items, behaviors,
        categories,
        log.ordered, resolution, zone, 0, has_sessions,
    )  # fmt: skip
    return acts if log.ordered else _without_stray(acts)


def _time_order(events: pa.Table, ordered: bool) -> Ints:
    keys = [(ROW, "ascending")] if ordered else [(TIME, "ascending"), (ROW, "ascending")]
    keys = [one for one in keys if one[0] in events.column_names]
    if not keys:
        return np.arange(len(events))
    return np.asarray(pc.sort_indices(events, sort_keys=keys).to_numpy(), np.int64)


def _coded(column: pa.ChunkedArray) -> tuple[list[str], Ints]:
    """The names in order, and each row's number; -1 for null."""
    text = column.cast(pa.string())
    names = pc.unique(text.drop_null())
    names = names.take(pc.array_sort_indices(names))
    codes = pc.fill_null(pc.index_in(text, value_set=names), -1)
    return names.to_pylist(), np.asarray(codes.to_numpy(), np.int64)


def _visits(user: Ints, session: Ints) -> Ints:
    """Sessions belong to one person, whatever two people's are called."""
    return np.asarray(np.unique(user * np.int64(int(session.max(initial=0)) + 1) + session, return_inverse=True)[1])


def _clock(times: pa.ChunkedArray, zone: str) -> tuple[Ints, Ints]:
    instants = times.cast(pa.timestamp("us", "UTC"))
    local = pc.local_timestamp(instants.cast(pa.timestamp("us", zone))).cast(pa.int64()).to_numpy()
    utc = np.asarray(instants.cast(pa.int64()).to_numpy(), np.int64)
    return utc, np.asarray(local, np.int64) // DAY_US


def _without_stray(acts: Acts) -> Acts:
    """The log between its first and last thousandth, where those make it half as long again."""
    if len(acts) < 1_000:
        return acts
    low, high = (int(acts.day[int(share * (len(acts) - 1))]) for share in INNER)
    if acts.n_days <= STRETCH * (high - low + 1):
        return acts
    kept = (acts.day >= low) & (acts.day <= high)
    inner = acts.take(kept)
    return Acts(**{**vars(inner), "stray": int((~kept).sum())})
