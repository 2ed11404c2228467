"""``sw.search``, ``sw.attribute_paths``, ``sw.features_as_of`` and others: tables in, results out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.causal.policy.uplift import qini as area
from swayline.core.errors import SchemaError, UsageError, shown
from swayline.core.names import CATEGORY, ITEM, TIME, USER
from swayline.core.showing.pictures import effects_picture, lists_picture, ties_picture
from swayline.core.showing.result import Result
from swayline.core.time import seconds_of
from swayline.engine import DuckEngine
from swayline.events import EventLog, as_log
from swayline.events.sources import frames
from swayline.features.asof import features_as_of as as_of
from swayline.influence.attribution.credit import credit_rows
from swayline.influence.attribution.paths import HALF_LIFE_S, journeys, shown_paths
from swayline.ledger import read_ledger as read_rows
from swayline.recommend.search import ItemSearch
from swayline.simulation import World, WorldSettings, world, write_world
from swayline.training import ModelBundle

_MOMENT = (USER, TIME, ITEM, CATEGORY)


@dataclass(frozen=True, repr=False)
class CreditShares(Result):
    """Shares of the credit by rule: rows of the influence table, estimand ``credit_share``.

    Attributes
    ----------
    paths : sequence of (str, int, int)
        The most taken paths, how many took each and how many of those came to the outcome.
    """

    paths: Sequence[tuple[str, int, int]] = ()


def attribute_paths(
    log: Any,
    outcome: str | None = None,
    *,
    half_life: str | float = "7d",
    effects: pa.Table | str | Path | None = None,
    seed: int = 0,
) -> CreditShares:
    """Multi-touch attribution: who gets the credit for an outcome on the way to it, by every usual rule.

    A path is what one person did on one item before the outcome, repeats in a row joined. First and last touch, time
    decay, Shapley and Markov removal share out what happened; the causal share says what would be missing.

    Parameters
    ----------
    log : EventLog, or what :func:`swayline.read_events` takes
    outcome : str, optional
        A behaviour, or a condition on its value; by default as ``swayline influence behaviors`` chooses it.
    half_life : str or float
        Of the time decay, as ``7d`` or in seconds.
    effects : pa.Table or path, optional
        Rows of effects on the same outcome (:class:`swayline.BehaviorEffects`): the causal share stands beside.
    seed : int
        Of the bootstrap over people that gives the intervals.

    Returns
    -------
    CreditShares
        A row a behaviour and rule; no rule is called an effect.

    Raises
    ------
    OutcomeError
        Nothing precedes the outcome, or it never follows another behaviour.
    UsageError
        The half-life is no duration.
    """
    seconds = seconds_of(half_life, "half_life") or HALF_LIFE_S
    asked, name = as_log(log).split_by_outcome(outcome)
    with DuckEngine() as engine:
        taken = journeys(engine, asked.events, name, seconds)
    known = read_rows(Path(effects)) if isinstance(effects, str | Path) else effects
    rows = credit_rows(taken, name, known, seed)
    return CreditShares(rows, f"shares of the credit for {shown(name)}", None, shown_paths(taken))


def search(
    model: Any, query: str, users: Sequence[str | int] | None = None, k: int = 10, *, words_only: bool = False
) -> Result:
    """The items whose titles answer a query, for everybody alike or with each user's preferences.

    Parameters
    ----------
    model : fitted recommender, or the folder of one
        It needs titles: fit it on a log with an items table.
    query : str
        A few words.
    users : sequence of str or int, optional
        Rank the best answers by what each of these likes too.
    k : int
        Length of the lists.
    words_only : bool
        Compare words alone and no meaning; nothing is encoded.

    Returns
    -------
    Result
        ``user`` (where users are given), ``item``, ``rank`` (from 1), ``score``.

    Raises
    ------
    DataError
        The model knows no titles.
    UsageError
        The query holds no word, or a user is unknown.
    """
    found = ItemSearch(_bundle(model), words_only=words_only).search(query, users, k)
    return Result(found, f"items for {shown(query)}", lists_picture)


def features_as_of(
    log: Any,
    moments: Any,
    *,
    items: Any = None,
    timezone: str = "UTC",
    behaviors: Sequence[str] | None = None,
) -> Result:
    """What was known of people strictly before given moments: activity, recency, frequency, affinity, hour of week.

    Parameters
    ----------
    log : EventLog, path, address or frame
        What happened.
    moments : frame
        ``user`` and ``time``; ``item`` or ``category`` where a moment is about one.
    items : path, address or frame, optional
        Categories of items; by default the log's own table.
    timezone : str
        Whose clock the hour of the week is read on.
    behaviors : sequence of str, optional
        Behaviours with columns of their own; by default those seen before the latest moment.

    Returns
    -------
    Result
        A row a moment, in its order. Counts are whole numbers; ``hours_…`` and ``share_…`` are null where nothing came
        before. No figure depends on anything at or after its moment.

    Raises
    ------
    SchemaError
        The moments have no user or no time.
    UsageError
        The log has an order but no times.
    """
    import pyarrow as pa

    asked = frames.as_arrow(moments)
    for needed in (USER, TIME):
        if needed not in asked.column_names:
            raise SchemaError(f"the moments have no column {needed!r}; they have {', '.join(asked.column_names)}")
    columns = {
        name: asked[name].cast(pa.timestamp("us", "UTC") if name == TIME else pa.string())
        for name in _MOMENT
        if name in asked.column_names
    }
    read = as_log(log, items=items)
    with DuckEngine() as engine:
        found = as_of(engine, read.events, pa.table(columns), items=read.items, timezone=timezone, behaviors=behaviors)
    return Result(found, f"{found.num_columns - len(columns)} features at {len(found):,} moments")


def read_ledger(path: str | Path) -> Result:
    """Rows of influence from a file that any verb wrote.

    Parameters
    ----------
    path : path
        ``.parquet``, ``.csv`` or ``.jsonl``.

    Returns
    -------
    Result
        The influence table, every column of it; ``.plot()`` draws effects, or ties where it holds these.

    Raises
    ------
    ArtifactError
        The file is missing or no influence table.
    """
    rows = read_rows(Path(path))
    of_people = "excitation" in rows["estimand"].to_pylist()
    return Result(rows, f"{len(rows):,} rows of influence", ties_picture if of_people else effects_picture)


class SimulatedWorld:
    """A simulated shop whose every effect is known.

    Attributes
    ----------
    events, items, users, ties : pa.Table
    truth : dict
        What was planted, as ``truth.json`` has it.
    settings : WorldSettings
    """

    def __init__(self, made: World) -> None:
        self.settings, self.truth = made.settings, made.truth
        self.events, self.items, self.users, self.ties = made.events, made.items, made.users, made.ties

    def log(self) -> EventLog:
        """The world as a log that was read, with its side tables."""
        return as_log(self.events, items=self.items, users=self.users, ties=self.ties)

    def write(self, folder: str | Path) -> list[Path]:
        """Write ``events``, ``items``, ``users``, ``ties`` as Parquet and ``truth.json``."""
        return write_world(self.settings, Path(folder))

    def __repr__(self) -> str:
        sizes = ", ".join(f"{len(getattr(self, name)):,} {name}" for name in ("events", "users", "items", "ties"))
        effects = ", ".join(f"{name} {told['ate']:+.3f}" for name, told in self.truth["effects"].items())
        return f"simulated shop: {sizes}\ntrue effects on a purchase: {effects}"


def simulate(
    users: int = 2_000, items: int = 1_000, events: int = 100_000, *, seed: int = 0, **dials: Any
) -> SimulatedWorld:
    """Make a shop whose effects, ties and drift are planted and written down.

    Parameters
    ----------
    users, items, events : int
        How many.
    seed : int
        The same settings and seed give the same world.
    **dials
        Any other setting of ``sw.WorldSettings``: ``effects={"cart": 1.0}`` (log-odds), ``confounding=0.0`` and so on.

    Returns
    -------
    SimulatedWorld
        ``.events``, ``.items``, ``.users``, ``.ties``, ``.truth``; ``.log()`` and ``.write(folder)``.

    Raises
    ------
    ConfigError
        A dial is out of range or unknown.
    """
    try:
        settings = WorldSettings(users=users, items=items, events=events, seed=seed, **dials)
    except TypeError as error:
        raise UsageError(f"a world has no such dial: {error}") from None
    return SimulatedWorld(world(settings))


def qini(score: Any, treated: Any, outcome: Any) -> float:
    """How well predicted effects sort people: 0 is no better than treating at random, higher is better.

    Parameters
    ----------
    score : array of shape (n,)
        Predicted effect of each person.
    treated : array of shape (n,)
        Who was treated, true or false; drawn at random.
    outcome : array of shape (n,)
        What happened.

    Returns
    -------
    float
        Area between the gain curve and that of random order, in units of the outcome per person.

    Raises
    ------
    UsageError
        The lengths differ, an arm is empty, or a value is missing.

    References
    ----------
    Radcliffe, "Using control groups to target on predicted lift", 2007.
    """
    arrays = [_floats(name, one) for name, one in (("score", score), ("treated", treated), ("outcome", outcome))]
    if not np.isin(arrays[1], (0.0, 1.0)).all():
        raise UsageError("treated must hold true and false (or 1 and 0) alone: code the control arm as 0")
    return area(arrays[0], arrays[1].astype(bool), arrays[2])


def _floats(name: str, values: Any) -> npt.NDArray[np.float64]:
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"{name} holds no numbers: give an array of shape (n,)") from None
    if found.ndim != 1 or not np.isfinite(found).all():
        raise UsageError(f"{name} must be a plain array of finite numbers, not one of shape {found.shape}")
    return found


def _bundle(model: Any) -> ModelBundle:
    if isinstance(model, ModelBundle):
        return model
    if isinstance(model, str | Path):
        return ModelBundle.load(Path(model))
    if not hasattr(model, "bundle"):
        raise UsageError(f"a fitted recommender or its folder is needed, not {type(model).__name__}")
    found: ModelBundle = model.bundle()
    return found
