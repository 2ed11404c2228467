"""How a log is to be read: what the caller said, and how its columns are told from their names."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, Literal, Self, get_args

from swayline.core.errors import SchemaError, UsageError, nearest, shown
from swayline.core.names import (
    BEHAVIOR,
    CATEGORY,
    DEVICE,
    EVENT_COLUMNS,
    EVENT_ID,
    EXPOSED,
    IMPRESSIONS,
    ITEM,
    LAT,
    LON,
    PLATFORM,
    POSITION,
    PROPENSITY,
    REQUIRED_COLUMNS,
    SESSION,
    TEXT,
    TIME,
    USER,
    VALUE,
)  # fmt: skip
from swayline.core.time import check_zone

Format = Literal["auto", "csv", "jsonl", "parquet", "recbole", "sequences", "impressions", "cascades"]
FORMATS: tuple[Format, ...] = get_args(Format)
MAX_COLUMNS = 10_000

KNOWN_NAMES = {
    USER: ("user", "user_id", "userid", "uid", "user_idx", "visitorid", "visitor_id", "customer_id", "member_id",
           "account_id", "person", "learner", "student_id"),
    ITEM: ("item", "item_id", "itemid", "iid", "product_id", "productid", "sku", "asin", "movie_id", "movieid",
           "track_id", "trackid", "song_id", "songid", "artist_id", "artistid", "video_id", "videoid", "content_id",
           "contentid", "poi_idx", "poi_id", "place", "place_id", "venue_id", "page", "article_id", "lesson_id",
           "course_id"),
    BEHAVIOR: ("behavior", "behaviour", "behavior_type", "behaviour_type", "event", "event_type", "event_name",
               "action", "action_type", "interaction", "interaction_type", "type"),
    TIME: ("time", "timestamp", "ts", "datetime", "date", "event_time", "created_at", "unix", "unix_s", "t"),
    EVENT_ID: ("event_id", "eventid"),
    VALUE: ("value", "rating", "score", "stars", "price", "amount", "revenue"),
    SESSION: ("session", "session_id", "sessionid", "user_session", "traj_id"),
    TEXT: ("text", "query", "search_text", "search_query", "review_text", "comment_text"),
    CATEGORY: ("category", "category_id", "categoryid", "cat", "category_code", "genre"),
    LAT: ("lat", "latitude"), LON: ("lon", "lng", "longitude"),
    PLATFORM: ("platform",), DEVICE: ("device",), POSITION: ("position",),
    PROPENSITY: ("propensity", "propensity_score", "pscore"), EXPOSED: ("exposed",),
}  # fmt: skip
"""Names that are recognised without being told, best first (lower case, type suffixes such as ``:token`` cut off)."""

DATE_PARTS = ("year", "month", "day")
"""Columns that together are the time of a log that has no other."""
SHOWN_NAMES = (IMPRESSIONS, "impression_list", "shown", "slate", "candidates")


@dataclass(frozen=True)
class Paging:
    """How an address gives its rows a page at a time.

    Parameters
    ----------
    page : str, optional
        The query parameter that counts pages, from ``first``.
    cursor : str, optional
        The query parameter that takes the cursor found in the answer at ``next``.
    next : str
        Where the answer holds the next cursor: keys joined by dots.
    rows : str
        Where the answer holds its list of rows: keys joined by dots; empty where the answer is the list.
    first : int
        Number of the first page.
    per_second : float
        Requests a second, at most.
    token_env : str
        The environment variable whose value is sent as a bearer token.
    keep : str
        A folder where pages are kept as they come, so that a broken download goes on where it stopped.
    """

    page: str | None = None
    cursor: str | None = None
    next: str = "next"
    rows: str = ""
    first: int = 1
    per_second: float = 5.0
    token_env: str = ""
    keep: str = ""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        if self.page is not None and self.cursor is not None:
            raise UsageError("pages are counted or follow a cursor: say one of the two parameters")
        if not self.per_second > 0:
            raise UsageError(f"requests a second must be above 0, not {shown(self.per_second)}")


@dataclass(frozen=True)
class ReadOptions:
    """What the caller said about a log; a model folder remembers it.

    Parameters
    ----------
    columns : tuple of str
        Names of a headerless file's columns, in order; ``-`` for one to ignore.
    mapping : dict
        Our column → the file's, where detection would not find it.
    ordered : bool
        Rows have an order and no times; none are invented.
    delimiter : str, optional
        One character, ``tab`` or ``space`` (any run of blanks); by default told from the first line.
    behavior : str
        What the only behaviour of a log without a column of behaviours is called (``checkin``); by default ``rate``
        where events have values, else ``interact``.
    format : str
        One of :data:`FORMATS`. ``sequences`` is a user a line, then that user's items in order; ``cascades`` a root
        user a line, then users with the seconds since; ``impressions`` any table with a list of the items shown.
    synonyms : dict
        Foreign word for a behaviour → ours, beside those known (lower case, blanks and hyphens as underscores).
    timezone : str
        Which clock the hour-of-week pages read; the events themselves stay in UTC.
    items_map, users_map, ties_map : dict
        The same as ``mapping``, for the side tables.
    items_columns, users_columns, ties_columns : tuple of str
        The same as ``columns``, for side tables without a header.
    ties_undirected : bool
        Each tie runs both ways.
    table : str, optional
        Which table of a database, as ``name`` or ``schema.name``; not needed where there is one.
    items_table, users_table, ties_table : str, optional
        The same for side tables that stand in a database.
    paging : Paging, optional
        How an HTTP address gives its rows, those of side tables too.
    graph, graph_items : str, optional
        A knowledge graph (head, relation, tail; N-Triples end in .nt), and which entity each item is.
    graph_columns, graph_items_columns : tuple of str
        Columns of these two without a header.
    links : str, optional
        A table of links between accounts (:mod:`swayline.events.links`), applied to the events, users and ties.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    columns: tuple[str, ...] = ()
    mapping: dict[str, str] = field(default_factory=dict)
    synonyms: dict[str, str] = field(default_factory=dict)
    ordered: bool = False
    delimiter: str | None = None
    behavior: str = ""
    format: Format = "auto"
    timezone: str = "UTC"
    items_map: dict[str, str] = field(default_factory=dict)
    users_map: dict[str, str] = field(default_factory=dict)
    ties_map: dict[str, str] = field(default_factory=dict)
    items_columns: tuple[str, ...] = ()
    users_columns: tuple[str, ...] = ()
    ties_columns: tuple[str, ...] = ()
    ties_undirected: bool = False
    table: str | None = None
    items_table: str | None = None
    users_table: str | None = None
    ties_table: str | None = None
    paging: Paging | None = None
    links: str | None = None
    graph: str | None = None
    graph_items: str | None = None
    graph_columns: tuple[str, ...] = ()
    graph_items_columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.mapping:
            if name not in EVENT_COLUMNS:
                raise UsageError(f"--map names {shown(name)}, which is no event column: {nearest(name, EVENT_COLUMNS)}")
        if self.behavior and not plain_word(self.behavior):
            raise UsageError(f"--behavior {shown(self.behavior)} is no word: letters, digits, - and _, as in checkin")
        for word in self.synonyms.values():
            if not plain_word(word):
                raise UsageError(f"synonyms: {shown(word)} is no word for a behaviour: letters, digits, - and _")
        check_zone(self.timezone)
        if self.format not in FORMATS:
            raise UsageError(f"--format {shown(self.format)} is unknown: {nearest(self.format, FORMATS)}")
        if self.delimiter not in (None, "tab", "space") and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            raise UsageError(f"--delimiter must be one character, or tab or space, not {shown(self.delimiter)}")

    def as_json(self) -> dict[str, Any]:
        """The options as plain values, for :meth:`from_json`.

        >>> ReadOptions.from_json(ReadOptions(columns=("user", "item")).as_json()).columns
        ('user', 'item')
        """
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """The options that :meth:`as_json` wrote.

        Raises
        ------
        UsageError
            A name is unknown.
        """
        known = [one.name for one in fields(cls)]
        for name in content:
            if name not in known:
                raise UsageError(f"read option {shown(name)} is unknown: {nearest(name, known)}")
        if isinstance(content.get("paging"), dict):
            content = content | {"paging": Paging(**content["paging"])}
        values: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in content.items()}
        return cls(**values)


def plain_word(text: str) -> bool:
    """Whether a text is a word of letters, digits, dashes and underscores.

    >>> plain_word("checkin"), plain_word("two words")
    (True, False)
    """
    return len(text) <= 64 and all(letter.isalnum() or letter in "-_" for letter in text)


def parse_mapping(text: str) -> dict[str, str]:
    """``user=uid,item=iid`` as a mapping.

    >>> parse_mapping("user=uid,item=iid")
    {'user': 'uid', 'item': 'iid'}

    Raises
    ------
    UsageError
        A part is not ``ours=theirs``, or one of ours is named twice.
    """
    pairs: dict[str, str] = {}
    for part in text.split(","):
        ours, sign, theirs = (piece.strip() for piece in part.partition("="))
        if not (ours and sign and theirs):
            raise UsageError(f"--map part {shown(part)} is not understood: write ours=theirs, as in user=uid,item=iid")
        if ours in pairs:
            raise UsageError(f"--map names {ours!r} twice")
        pairs[ours] = theirs
    return pairs


def parse_paging(text: str) -> Paging:
    """``cursor=after,next=meta.next,per_second=2`` as a :class:`Paging`.

    >>> parse_paging("page=p,rows=data.events,first=0").first
    0

    Raises
    ------
    UsageError
        A part is not ``name=value``, a name is unknown, or a number is none.
    """
    known = [one.name for one in fields(Paging)]
    said: dict[str, Any] = {}
    for part in text.split(","):
        name, sign, value = (piece.strip() for piece in part.partition("="))
        if not sign or name not in known:
            raise UsageError(f"--paging part {shown(part)} is not understood: {nearest(name, known)}, as in page=NAME")
        said[name] = value
    for name, kind in (("first", int), ("per_second", float)):
        try:
            said |= {name: kind(said[name])} if name in said else {}
        except ValueError:
            raise UsageError(f"--paging {name} must be a number, not {shown(said[name])}") from None
    return Paging(**said)


def plain_name(header: str) -> str:
    """A header as detection compares it.

    >>> plain_name("User_ID:token")
    'user_id'
    """
    return header.strip().lstrip("\ufeff").partition(":")[0].strip().lower()


def resolve_columns(header: list[str], options: ReadOptions, where: str) -> dict[str, int]:
    """Which of the file's columns stands for which of ours: ours → position.

    Raises
    ------
    SchemaError
        A needed column cannot be told, a used name stands twice, or there are absurdly many columns.
    """
    if len(header) > MAX_COLUMNS:
        raise SchemaError(f"{where} has {len(header)} columns; at most {MAX_COLUMNS} are read")
    found: dict[str, int] = {}
    for ours, theirs in options.mapping.items():
        found[ours] = position_of(header, theirs, where)
    plain = [plain_name(name) for name in header]
    for ours, names in KNOWN_NAMES.items():
        if ours in found:
            continue
        known = next((name for name in names if name in plain and plain.index(name) not in found.values()), None)
        if known is not None:
            if plain.count(known) > 1:
                raise SchemaError(f"{where} has {plain.count(known)} columns named {known!r}: rename all but one")
            found[ours] = plain.index(known)
    if TIME not in found and all(plain.count(part) == 1 for part in DATE_PARTS):
        found |= {part: plain.index(part) for part in DATE_PARTS}
    if options.format == "impressions":
        found[IMPRESSIONS] = _shown_position(plain, where)
    needed = [*REQUIRED_COLUMNS] if options.ordered or DATE_PARTS[0] in found else [*REQUIRED_COLUMNS, TIME]
    for ours in needed:
        if ours not in found:
            listed = ", ".join(name[:40] for name in header[:20])
            fix = f"say --map {ours}=NAME, or --columns user,item,… for a file without a header"
            also = " (or --ordered, if rows are in order and have no times)" if ours == TIME else ""
            raise SchemaError(f"{where} has no column that can be told to be the {ours}; it has: {listed}. {fix}{also}")
    for position in found.values():
        same = [ours for ours, at in found.items() if at == position]
        if len(same) > 1:
            raise SchemaError(
                f"{where}: column {shown(header[position])} is asked to be {' and '.join(same)}: name one"
            )
    if options.ordered:
        found = {ours: at for ours, at in found.items() if ours not in (TIME, *DATE_PARTS)}
    return found


def _shown_position(plain: list[str], where: str) -> int:
    known = [name for name in SHOWN_NAMES if name in plain]
    if not known:
        raise SchemaError(
            f"{where} has no column of the items shown: name it {' or '.join(SHOWN_NAMES)}, or leave --format out"
        )
    return plain.index(known[0])


def position_of(header: list[str], theirs: str, where: str) -> int:
    """Where a column stands, by its exact name, else by its name as detection compares it.

    Raises
    ------
    SchemaError
        There is no such column, or more than one.
    """
    exact = [index for index, name in enumerate(header) if name == theirs]
    matches = exact or [index for index, name in enumerate(header) if plain_name(name) == plain_name(theirs)]
    if not matches:
        raise SchemaError(f"{where} has no column {shown(theirs)}: {nearest(theirs, header[:200])}")
    if len(matches) > 1:
        raise SchemaError(f"{where} has {len(matches)} columns named {shown(theirs)}: rename all but one")
    return matches[0]
