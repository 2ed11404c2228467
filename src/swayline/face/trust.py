"""``sw.trust_fraud``, ``sw.trust_attack`` and ``sw.trust_fairness``: whether it may be used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.showing.result import Result
from swayline.engine import DuckEngine
from swayline.events import as_log, read_side
from swayline.models import OwnModel, wrapped
from swayline.recommend import Recommender
from swayline.trust.attack import DEFENCES, AttackPlan, measure_attack
from swayline.trust.fairness import FairnessPlan, measure_fairness
from swayline.trust.fraud import detect_fraud
from swayline.trust.fraud.labelled import detect_with_labels

_LIMITS = ("k", "min_people", "min_providers")


@dataclass(frozen=True, repr=False)
class FraudResult(Result):
    """People and items that look manipulated: a row each, the most suspicious first.

    Attributes
    ----------
    table : pa.Table
        ``kind`` (user, item), ``id``, ``score`` (0 to 1), ``flagged`` (.5 or more), ``reason``.
    notes : tuple of str
        What could not be asked of this log.
    auc : float or None
        With labels: on people judged without their own label; ``auc_interval`` is its 95% interval.
    """

    notes: tuple[str, ...] = ()
    auc: float | None = None
    auc_interval: tuple[float, float] | None = None


def trust_fraud(log: Any, *, ties: Any = None, labels: Mapping[str, bool] | None = None, seed: int = 0) -> FraudResult:
    """Find people and items that look manipulated; nobody is dropped.

    Parameters
    ----------
    log : EventLog, path, address or frame
        What happened.
    ties : path or frame, optional
        ``source`` influences ``target``: whether followers were bought is asked too. By default the log's own.
    labels : mapping, optional
        Known cases, person → whether fraudulent: scores are then learned from them.
    seed : int
        Decides every random number.

    Returns
    -------
    FraudResult
        A table with ``.notes``, ``.to_pandas()`` and, with labels, ``.auc``.

    Raises
    ------
    DataError
        The log cannot be read, names no item, or fewer than ten people are labelled either way.

    Examples
    --------
    >>> from swayline.testing.shop import small_shop
    >>> found = trust_fraud(small_shop().events)
    >>> found.column_names, sum(found["flagged"].to_pylist())
    (['kind', 'id', 'score', 'flagged', 'reason'], 0)
    """
    read = as_log(log)
    joined = read.ties if ties is None else read_side("ties", ties)
    with DuckEngine() as engine:
        if labels is None:
            found = detect_fraud(engine, read, joined, seed)
            area, interval = None, None
        else:
            learned = detect_with_labels(engine, read, labels, joined, seed)
            found, area, interval = learned.found, learned.auc, (learned.ci_low, learned.ci_high)
    heading = f"{len(found.flagged()):,} people and {len(found.flagged('item')):,} items flagged"
    return FraudResult(found.table, heading, notes=found.notes, auc=area, auc_interval=interval)


def trust_attack(
    log: Any,
    model: str = "item-knn",
    kind: str = "average",
    *,
    share: float = 0.03,
    target: str | None = None,
    targets: int = 3,
    defences: Sequence[str] = DEFENCES,
    k: int = 10,
    seed: int = 0,
) -> Result:
    """Attack a copy of a log, and see how often the attacked item is shown, with and without defences.

    Parameters
    ----------
    log : EventLog, path, address or frame
        What happened; it is not changed.
    model : str
        Whose lists are attacked.
    kind : str
        ``random``, ``average``, ``bandwagon``, ``segment``, ``reverse`` or ``copy``.
    share : float
        Attack profiles as a share of the people, between 0 and 1.
    target : str, optional
        The attacked item; by default ``targets`` of them are drawn and attacked in turn.
    defences : sequence of str
        ``quarantine``, ``trimming``, ``cap``.
    k : int
        Length of the lists.
    seed : int
        Decides every random number.

    Returns
    -------
    Result
        A row a defence: shares of people shown the target before and after, the attack's gain with a 95% interval, and
        the share of the gain that the defence cuts.

    Raises
    ------
    UsageError
        The model, the kind, a defence or the target is unknown, or the share is out of range.
    DataError
        The log is too small, or cannot carry the attack.
    """
    wanted = tuple(dict.fromkeys(("none", *defences)))
    plan = AttackPlan(model, kind, share, target, targets, k, wanted, seed=seed)
    with DuckEngine() as engine:
        found = measure_attack(engine, as_log(log), plan)
    return Result(found.table, f"{kind} attack of {share:.1%} on {', '.join(found.targets)}")


@dataclass(frozen=True, repr=False)
class FairnessResult(Result):
    """How groups fare: a row a group and measure.

    Attributes
    ----------
    table : pa.Table
        ``measure``, ``by``, ``group``, ``step`` and ``strength`` (of a re-ranking, else null), ``value`` with its 95%
        interval, ``p_value``, ``q_value``, ``n``, ``told`` (measured, differs, no difference shown, too few to tell,
        missing).
    notes : tuple of str
        What could not be asked of this log.
    """

    notes: tuple[str, ...] = ()


def trust_fairness(
    log: Any,
    model: Any = "item-knn",
    *,
    by: Sequence[str] | str = (),
    users: Any = None,
    items: Any = None,
    providers: str | None = None,
    rerank: bool = False,
    seed: int = 0,
    **options: int,
) -> FairnessResult:
    """Whether groups of people are served alike and providers shown as they deserve, asked of last events held out.

    Parameters
    ----------
    log : EventLog, path, address or frame
        What happened.
    model : str, Recommender or class
        A name, a folder of ``fit --split last-out``, a recommender (its settings), or your own ``fit`` and ``score``.
    by : str or sequence of str
        Columns of the users table whose values are the groups.
    users, items : path or frame, optional
        Side tables; by default the log's own.
    providers : str, optional
        A column of the items: who made or sells them.
    rerank : bool
        Whether the steps ``popularity`` and ``parity`` are tried at several strengths.
    seed : int
        Decides every random number.
    **options
        ``k`` (length of the lists, 10), ``min_people`` (30) and ``min_providers`` (2), below which nothing is told.

    Returns
    -------
    FairnessResult
        A table with ``.notes``, ``.to_pandas()``, ``.to_polars()``.

    Raises
    ------
    UsageError, DataError
        A model, option or column is unknown, a table is missing, nobody can be asked, or a folder has seen the answers.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from swayline.testing.shop import small_shop
    >>> shop = small_shop()
    >>> sides = pa.table({"user": shop.events["user"].unique(), "side": ["a", "b"] * 100})
    >>> found = trust_fairness(shop.events, "most-popular", by="side", users=sides)
    >>> [row["told"] for row in found.table.to_pylist() if row["measure"] == "ndcg@10_gap"]
    ['no difference shown']
    """
    sides = {name: read_side(name, one) for name, one in (("users", users), ("items", items)) if one is not None}
    columns = (by,) if isinstance(by, str) else tuple(by)
    plan = FairnessPlan(columns, providers, *_model(model), rerank=rerank, seed=seed, **_limits(options))
    with DuckEngine() as engine:
        found = measure_fairness(engine, replace(as_log(log), **sides), plan)
    return FairnessResult(found.table, f"{found.model}, {found.people:,} people asked", notes=found.notes)


def _limits(options: Mapping[str, int]) -> dict[str, Any]:
    for name in options:
        if name not in _LIMITS:
            raise UsageError(f"trust_fairness has no option {shown(name)}: {nearest(name, _LIMITS)}")
    return dict(options)


def _model(given: Any) -> tuple[str, dict[str, Any], dict[str, OwnModel]]:
    """Name, settings and own models of whatever stands for a model."""
    if isinstance(given, Recommender):
        return given.name, dict(given.settings), {}
    if isinstance(given, str | PathLike):
        return str(given), {}, {}
    inner = wrapped(given)
    return inner.name, {}, {inner.name: inner}
