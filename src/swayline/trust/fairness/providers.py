"""What share of the attention providers get, against what share of people's acts was theirs.

::

    exposure   share of the attention of the lists, a place weighing 1 / log2(1 + place)
    merit      share of the events of the same people before the question

People are drawn again with both their list and their history, so that a difference is paired.

Shapes: Q people asked, V providers, B draws.

References
----------
Singh and Joachims, "Fairness of Exposure in Rankings", KDD 2018.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.stats import norm

from swayline.core.errors import DataError, SchemaError, UsageError, nearest, shown
from swayline.core.names import CATEGORY, ITEM
from swayline.core.rng import generator
from swayline.core.types import Ints, ItemRows
from swayline.dataset import Sequences
from swayline.events import EventLog
from swayline.metrics.fairness import exposure_gap, exposure_weights
from swayline.metrics.intervals import wilson
from swayline.numerics.multiple_testing import q_values
from swayline.trust.fairness.chance import FEW_HITS, Z95, Interval, counts_drawn
from swayline.trust.fairness.plan import ALIKE, DIFFERS, MISSING, NO_VALUE, TOO_FEW, Row, row

Values = npt.NDArray[np.float64]
_LEVEL = 0.05
EXPOSURE, MERIT, OVER, GAP = "exposure", "merit", "exposure_over_merit", "exposure_gap"
ALL_TOLD = "all providers told"


@dataclass(frozen=True)
class Providers:
    """Providers of items.

    Parameters
    ----------
    by : str
        The column that names them.
    names : list of str
    of : (I,) int64
        Provider of each item, -1 where the column says nothing.
    merit : (Q, V) sparse
        Events of each person before the question.
    """

    by: str
    names: list[str]
    of: Ints
    merit: sparse.csr_array

    def attention(self, lists: ItemRows) -> sparse.csr_array:
        """(Q, V) attention that each list gives."""
        weights = np.broadcast_to(exposure_weights(lists.shape[1]), lists.shape)
        own = np.where(lists >= 0, self.of[np.maximum(lists, 0)], -1)
        people = np.broadcast_to(np.arange(len(lists))[:, None], lists.shape)
        return _counted(people[own >= 0], own[own >= 0], weights[own >= 0], (len(lists), len(self.names)))

    def people(self, attention: sparse.csr_array) -> Ints:
        """(V,) people who have met a provider or are shown it."""
        both = (self.merit + attention).tocsc()
        found: Ints = np.diff(both.indptr).astype(np.int64)
        return found


def _counted(rows: np.ndarray, columns: np.ndarray, weights: np.ndarray, shape: tuple[int, int]) -> sparse.csr_array:
    found = sparse.csr_array((weights.astype(np.float64), (rows, columns)), shape=shape)
    found.sum_duplicates()
    return found


def check_provider_column(log: EventLog, column: str | None) -> None:
    """Refuse a column that no item has, before anything is fitted.

    Raises
    ------
    UsageError
        Nothing is known of items.
    SchemaError
        It is not among what is known of them.
    """
    if column is None:
        return
    names = [] if log.items is None else [name for name in log.items.column_names if name != ITEM]
    names += [CATEGORY] if CATEGORY in log.events.column_names and CATEGORY not in names else []
    if not names:
        raise UsageError(
            f"--providers {shown(column)} names a column of items, and nothing is known of them: give a table with "
            "--items"
        )
    if column not in names:
        raise SchemaError(f"items have no column {shown(column)} to tell providers by: {nearest(column, names)}")


def providers_of(known: Sequences, column: str, history: Sequences) -> Providers:
    """The providers of a log's items.

    Raises
    ------
    DataError
        The column says nothing of the log's items, or names one provider.
    """
    of, names = (np.full(known.n_items, -1), []) if known.catalogue is None else known.catalogue.codes(column)
    if len(names) < 2:
        said = f"one provider, {shown(names[0])}," if names else "no provider"
        raise DataError(f"{column} names {said} for the {known.n_items:,} items of the log: nothing to compare")
    own = of[history.items]
    kept = own >= 0
    merit = _counted(history.users[kept], own[kept], np.ones(int(kept.sum())), (len(history), len(names)))
    return Providers(column, names, of, merit)


@dataclass(frozen=True)
class Shares:
    """What the providers told and, as one, all others get and deserve, and the same over people drawn again.

    Parameters
    ----------
    exposure, merit : (V + 1,) float
    exposure_drawn, merit_drawn : (B, V + 1) float
    """

    exposure: Values
    merit: Values
    exposure_drawn: Values
    merit_drawn: Values

    @property
    def gap(self) -> Interval:
        """Attention that would have to move for all to get what they deserve."""
        return unbiased(self.plain_gap, self.gaps_drawn, (0.0, 1.0))

    @property
    def plain_gap(self) -> float:
        """The same with what noise adds to it."""
        return exposure_gap(self.exposure, self.merit)

    @property
    def gaps_drawn(self) -> Values:
        """(B,) the same over people drawn again."""
        found: Values = np.abs(self.exposure_drawn - self.merit_drawn).sum(axis=1) / 2.0
        return found


def unbiased(value: float, drawn: Values, bounds: tuple[float, float]) -> Interval:
    """A figure that noise pushes one way: as much as drawing people again adds is taken off figure and interval."""
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(*(float(np.clip(2 * value - one, *bounds)) for one in (drawn.mean(), high, low)))


def shares_of(providers: Providers, attention: sparse.csr_array, told: Ints, seed: int) -> Shares:
    """Shares of the providers told, the others as one; one seed draws the same people whatever the lists."""
    parts = [_with_others(one, told) for one in (attention, providers.merit)]
    totals = [np.asarray(one.sum(axis=0)).ravel() for one in parts]
    drawn: list[list[Values]] = [[], []]
    for counts in counts_drawn(attention.shape[0], generator(seed, "fairness", "providers")):
        for kept, part in zip(drawn, parts, strict=True):
            kept.append(_shares(counts @ part))
    return Shares(*(_shares(one) for one in totals), *(np.concatenate(one) for one in drawn))


def _with_others(amounts: sparse.csr_array, told: Ints) -> sparse.csr_array:
    own = amounts[:, told]
    others = np.asarray(amounts.sum(axis=1)).ravel() - np.asarray(own.sum(axis=1)).ravel()
    return sparse.hstack([own, sparse.csr_array(others[:, None])]).tocsr()


def _shares(amounts: Values) -> Values:
    total = amounts.sum(axis=-1, keepdims=True)
    found: Values = amounts / np.where(total > 0, total, 1.0)
    return found


def told_providers(people: Ints, min_people: int, min_providers: int) -> Ints:
    """Numbers of the providers whose share rests on enough people; none where there are too few of them."""
    found = np.flatnonzero(people >= min_people)
    return found if len(found) >= min_providers else found[:0]


def exposure_rows(providers: Providers, lists: ItemRows, limits: tuple[int, int], seed: int) -> list[Row]:
    """Exposure, merit and their difference of each provider, then the gap over all.

    Parameters
    ----------
    limits : (int, int)
        People behind a provider's share, and providers, below which nothing is told.
    """
    attention = providers.attention(lists)
    people = providers.people(attention)
    told = told_providers(people, *limits)
    by = providers.by
    without = int((providers.of < 0).sum())
    missing = [row(EXPOSURE, by, NO_VALUE, without, MISSING)] if without else []
    few = [row(OVER, by, name, people[at], TOO_FEW) for at, name in enumerate(providers.names) if not np.isin(at, told)]
    if not len(told):
        return [*few, *missing, row(GAP, by, "", 0, TOO_FEW)]
    shares = shares_of(providers, attention, told, seed)
    rare = np.hypot(_rare(attention, told), _rare(providers.merit, told))
    over = shares.exposure_drawn - shares.merit_drawn
    spread = np.hypot(over.std(axis=0)[:-1], rare)
    value = (shares.exposure - shares.merit)[:-1]
    p_value = np.where(spread > 0, 2 * norm.sf(np.abs(value) / np.where(spread > 0, spread, 1.0)), 1.0)
    q_value = q_values(p_value)
    rows = []
    for at, number in enumerate(told):
        name, n = providers.names[int(number)], people[number]
        own = _interval(shares.exposure - shares.merit, over, at, float(rare[at]))
        sure = q_value[at] <= _LEVEL and not Interval(**own).holds_zero
        chance = {"p_value": float(p_value[at]), "q_value": float(q_value[at])}
        rows += [
            row(EXPOSURE, by, name, n, **_interval(shares.exposure, shares.exposure_drawn, at)),
            row(MERIT, by, name, n, **_interval(shares.merit, shares.merit_drawn, at)),
            row(OVER, by, name, n, DIFFERS if sure else ALIKE, **chance, **own),
        ]
    return [*rows, *few, *missing, row(GAP, by, ALL_TOLD, len(told), **vars(shares.gap))]


def _rare(amounts: sparse.csr_array, told: Ints) -> Values:
    """(V,) the standard error that a share of fewer than five people has beyond what drawing them again shows."""
    n = amounts.shape[0]
    people = np.diff(amounts.tocsc().indptr)[told]
    usual = float(amounts.data.mean() / amounts.sum() * n) if amounts.nnz else 0.0
    found: Values = np.array([
        usual * (wilson(one / n, n)[1] - one / n) / Z95 if one < FEW_HITS else 0.0 for one in people
    ])  # fmt: skip
    return found


def _interval(values: Values, drawn: Values, at: int, rare: float = 0.0) -> dict[str, Any]:
    """A share's interval, wider by what few people cannot show."""
    value = float(values[at])
    low, high = np.quantile(drawn[:, at], [0.025, 0.975])
    more = Z95 * rare
    return vars(
        Interval(value, value - float(np.hypot(value - low, more)), value + float(np.hypot(high - value, more)))
    )
