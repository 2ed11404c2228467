"""Every column, behaviour and file name, written once.

The rest of the code imports names from here and never spells a column itself.
"""

import re

# --- one event ---------------------------------------------------------------------------------
USER = "user"
ITEM = "item"
BEHAVIOR = "behavior"
TIME = "time"
EVENT_ID = "event_id"
VALUE = "value"
SESSION = "session"
TEXT = "text"
CATEGORY = "category"
LAT = "lat"
LON = "lon"
PLATFORM = "platform"
DEVICE = "device"
POSITION = "position"
PROPENSITY = "propensity"
EXPOSED = "exposed"
IMPRESSIONS = "impressions"
"""A list of the items that were shown, in a source of one row a list; it becomes a row an item."""

ROW = "row"
"""Record number in the source, from 1: breaks ties of time, and says where a rejected row stands."""

REST = "rest"
"""What the source's other columns held, joined: two rows that differ there are no repeats. Dropped after cleaning."""

REQUIRED_COLUMNS = (USER, ITEM)
OPTIONAL_COLUMNS = (
    EVENT_ID, VALUE, SESSION, TEXT, CATEGORY, LAT, LON, PLATFORM, DEVICE, POSITION, PROPENSITY, EXPOSED,
)  # fmt: skip
EVENT_COLUMNS = (USER, ITEM, BEHAVIOR, TIME, *OPTIONAL_COLUMNS)

# --- side tables -------------------------------------------------------------------------------
TITLE = "title"
DESCRIPTION = "description"
PRICE = "price"
IMAGE = "image"
AUDIO = "audio"
SOURCE = "source"
TARGET = "target"
KIND = "kind"
HEAD, RELATION, TAIL, ENTITY = "head", "relation", "tail", "entity"

# --- rejected rows -----------------------------------------------------------------------------
FILE = "file"
COLUMN = "column"
REASON = "reason"

# --- recommendations ---------------------------------------------------------------------------
RANK = "rank"
SCORE = "score"

# --- behaviours --------------------------------------------------------------------------------
VIEW, CLICK, SEARCH, FAVORITE, CART, PURCHASE = "view", "click", "search", "favorite", "cart", "purchase"
IMPRESSION = "impression"
INTERACT = "interact"
"""The one behaviour of a log that names none."""
RATE = "rate"
"""The one behaviour of a log that names none but carries values (ratings)."""

FUNNEL = (
    "impression", SEARCH, "filter", "sort", VIEW, CLICK, "play", "like", FAVORITE, "share", "comment", "follow",
    RATE, "review", CART, "checkout", "subscribe", "checkin", PURCHASE,
)  # fmt: skip
"""Known behaviours from shallow to deep; the deepest one present is the default outcome."""

ITEMLESS = frozenset({SEARCH, "filter", "sort"})
"""Behaviours that name no item; their words are ``text``, or stand in the item's column where the log has no other."""

BEHAVIOR_SYNONYMS = {
    "pv": VIEW, "page_view": VIEW, "pageview": VIEW, "detail": VIEW, "view_item": VIEW, "viewed": VIEW,
    "item_view": VIEW, "product_view": VIEW, "product_viewed": VIEW,
    "watch": "play", "listen": "play", "listened": "play", "stream": "play", "played": "play",
    "clk": CLICK, "clicked": CLICK, "clickout": CLICK, "clickout_item": CLICK, "select_item": CLICK,
    "query": SEARCH, "searched": SEARCH, "search_for_destination": SEARCH, "search_for_poi": SEARCH,
    "view_search_results": SEARCH,
    "filter_selection": "filter", "filtered": "filter", "change_of_sort_order": "sort", "sorted": "sort",
    "fav": FAVORITE, "favourite": FAVORITE, "favorited": FAVORITE, "bookmark": FAVORITE, "collect": FAVORITE,
    "wishlist": FAVORITE, "save": FAVORITE, "add_to_wishlist": FAVORITE, "add_to_favorites": FAVORITE,
    "add_to_cart": CART, "addtocart": CART, "basket": CART, "add_to_basket": CART,
    "buy": PURCHASE, "bought": PURCHASE, "purchased": PURCHASE, "transaction": PURCHASE, "order": PURCHASE,
    "begin_checkout": "checkout",
    "rating": RATE, "rated": RATE, "reviewed": "review",
    "liked": "like", "thumbs_up": "like", "upvote": "like",
    "shared": "share", "retweet": "share", "repost": "share",
    "commented": "comment", "reply": "comment",
    "followed": "follow", "subscribed": "subscribe",
    "check_in": "checkin",
    "show": "impression", "exposure": "impression", "impressions": "impression",
}  # fmt: skip
"""Foreign words for known behaviours (lower case, blanks and hyphens as underscores) and our word for each."""

# --- files of a run folder (what each holds: core/run_folder/registry.py) ------------------------
REPORT_FILE = "report.html"
SUMMARY_FILE = "summary.md"
INFLUENCE_FILE = "influence.parquet"
EXPERIMENTS_FILE = "experiments.parquet"
EXPERIMENT_KEY = b"experiment"
"""Where the metadata of an experiment's ledger holds its verdicts and words."""
RECOMMENDATIONS_FILE = "recommendations.parquet"
METRICS_FILE = "metrics.json"
QUESTIONS_FILE = "questions.parquet"
REJECTED_FILE = "rejected.parquet"
DESCRIBE_FILE = "describe.json"
QUALITY_FILE = "quality.json"
FLAGS_FILE = "flags.parquet"
PROFILES_FOLDER = "profiles"
EVOLUTION_FOLDER = "evolution"
TRUST_FOLDER = "trust"
RELATED_FOLDER = "related"
EXAMPLES_FILE = "examples.json"
NETWORK_FILE = "network.json"
OVERLAP_FILE = "overlap.json"
AUDIT_FILE = "audit.json"
EVENTS_FILE = "events.parquet"
ITEMS_FILE = "items.parquet"
USERS_FILE = "users.parquet"
TIES_FILE = "ties.parquet"
GRAPH_FILE = "graph.parquet"
LOG_FILE = "log.json"
MODEL_FOLDER = "model"
CANDIDATES_FOLDER = "candidates"
CHOICE_FILE = "choice.json"
MODEL_FILE = "model.json"
WEIGHTS_FILE = "weights.safetensors"
RUN_FILE = "run.json"


_CONDITION = re.compile(r"[<>=!]")


def funnel_depth(behavior: str) -> int:
    """Place of a behaviour in :data:`FUNNEL`, from 0; -1 where the funnel does not know it.

    A condition on the value of a behaviour stands where the behaviour does.

    >>> funnel_depth("cart") > funnel_depth("view") > funnel_depth("lesson")
    True
    >>> funnel_depth("rate>=4") == funnel_depth("rate")
    True
    """
    plain = _CONDITION.split(behavior, maxsplit=1)[0]
    return FUNNEL.index(plain) if plain in FUNNEL else -1
