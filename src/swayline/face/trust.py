"""``sw.trust_fraud`` and ``sw.trust_attack``: whether it may be used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from swayline.core.showing.result import Result
from swayline.engine import DuckEngine
from swayline.events import as_log, read_side
from swayline.trust.attack import DEFENCES, AttackPlan, measure_attack
from swayline.trust.fraud import detect_fraud
from swayline.trust.fraud.labelled import detect_with_labels


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
