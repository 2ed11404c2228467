"""Learning from known cases: a chance of fraud for everybody, judged on labelled people who were not learned from.

What the unlabelled detection measures stands beside what only labels can tell: how many known cases are among those who
met the same items, gave them the same values, or agree with a person beyond chance. Figures of labelled people come
from the four fifths of the others, and their own label is never among what describes them.

Shapes: U people, I items, P pairs, F measures, L labelled people.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from scipy import sparse, stats

from swayline.core.errors import DataError
from swayline.core.names import KIND, REASON, SCORE
from swayline.core.rng import generator
from swayline.core.types import Bools, Ints
from swayline.engine import Engine
from swayline.events import EventLog
from swayline.metrics.prediction import auc
from swayline.numerics.logistic import chance, fit_logistic
from swayline.trust.acts import Acts, Floats
from swayline.trust.fraud.detect import FINDINGS, FLAG_FROM, FLAGGED, ID, USER_KIND, Fraud, detect_fraud, in_order
from swayline.trust.fraud.overlap import overlap
from swayline.trust.fraud.reviews import MOST_LEARNED, score_reviews
from swayline.trust.fraud.signals import look

N_FOLDS = 5
LEAST_OF_EACH = 10
_PENALTY, _LEAN = 1.0, 5.0
_FALSE_SHARE = 0.01
_N_DRAWS = 500


@dataclass(frozen=True)
class LabelledFraud:
    """What was learned from labels.

    Parameters
    ----------
    found : Fraud
        The table, its scores of people from the labels: .5 is where 1% of the labelled genuine people lie above.
    auc, ci_low, ci_high : float
        On labelled people, each judged by a model that never saw the label; 95% interval over people.
    n_labelled, n_unknown : int
        Labelled people of the log, and labels of people who are not in it.
    """

    found: Fraud
    auc: float
    ci_low: float
    ci_high: float
    n_labelled: int
    n_unknown: int


def detect_with_labels(
    engine: Engine, log: EventLog, labels: Mapping[str, bool], ties: pa.Table | None = None, seed: int = 0
) -> LabelledFraud:
    """Judge everybody by what labelled people have shown.

    Raises
    ------
    DataError
        Fewer than ten people of the log are labelled either way.
    """
    acts = Acts.of(log.events)
    y = np.array([float(labels[name]) if name in labels else np.nan for name in acts.users])
    known = np.flatnonzero(~np.isnan(y))
    n_fraud = int(np.nansum(y))
    if min(n_fraud, len(known) - n_fraud) < LEAST_OF_EACH:
        raise DataError(
            f"--labels name {n_fraud} fraudulent and {len(known) - n_fraud} genuine people of this log: "
            f"{LEAST_OF_EACH} of each are needed (leave --labels out to detect without)"
        )
    measures = _Measures(acts, _plain(engine, log, acts, seed), seed)
    fold = generator(seed, "label folds").integers(0, N_FOLDS, len(acts.users))
    score = np.full(len(acts.users), np.nan)
    for one in range(N_FOLDS):
        learned = np.where(fold == one, np.nan, y)
        at = known[fold[known] == one]
        score[at] = measures.chances(learned, at)
    low, high = _interval(score[known], y[known] > 0, seed)
    others = np.flatnonzero(np.isnan(y))
    limit = float(np.quantile(score[known][y[known] == 0], 1.0 - _FALSE_SHARE))
    if len(others):
        score[others] = measures.chances(y, others)
    unlabelled = detect_fraud(engine, log, ties, seed)
    found = _with_scores(unlabelled, acts, score, limit, set(known.tolist()))
    unknown = len(set(labels) - set(acts.users))
    return LabelledFraud(
        found, _area(score[known], y[known] > 0), low, high, len(known), unknown
    )  # fmt: skip


def _plain(engine: Engine, log: EventLog, acts: Acts, seed: int) -> list[Floats]:
    """What is measured without labels, each as ranks."""
    signals = look(engine, log.events, acts, seed)
    people, items = acts.pairs
    n = np.maximum(acts.degree, 1)
    known = np.bincount(people, np.log(np.maximum(acts.met[items], 1)), minlength=len(n)) / n
    found = [
        signals.company, np.nan_to_num(signals.taste.evidence), np.nan_to_num(signals.contrary),
        np.nan_to_num(signals.copies.excess), np.log(n), known, signals.lockstep.size.astype(np.float64),
        signals.texts.astype(np.float64),
    ]  # fmt: skip
    values = acts.pair_values
    if values is not None:
        held = ~np.isnan(values)
        count = np.maximum(np.bincount(people[held], minlength=len(n)), 1)
        for one in (values[held], (values[held] >= np.nanmax(values)).astype(np.float64)):
            found.append(np.bincount(people[held], one, minlength=len(n)) / count)
    return [one for one in found if np.ptp(one) > 0]


class _Measures:
    """Measures of people, with and without what labels say."""

    def __init__(self, acts: Acts, plain: list[Floats], seed: int) -> None:
        self.acts, self.seed = acts, seed
        self.plain = np.column_stack([_scaled(stats.rankdata(one)) for one in plain])
        self.graph = overlap(_praised(acts)).matrix.astype(np.float64)
        self.graph.data = np.maximum(self.graph.data - 1.0, 0.0)
        self.graph.eliminate_zeros()
        self.cells = [acts.pairs[1]]
        if acts.pair_values is not None:
            steps = np.unique(np.nan_to_num(acts.pair_values, nan=-1.0), return_inverse=True)[1]
            self.cells.append(np.unique(acts.pairs[1] * (steps.max() + 1) + steps, return_inverse=True)[1])

    def chances(self, y: Floats, asked: Ints) -> Floats:
        """Chance of fraud of some people, learned from everybody with a label in ``y`` (NaN: none)."""
        learned = np.flatnonzero(~np.isnan(y))
        columns = [self.plain, *(_scaled(one)[:, None] for one in self._told_by(y))]
        text = self._of_texts(y, asked)
        if text is not None:
            columns.append(_scaled(text)[:, None])
        x = np.hstack(columns)
        x = np.hstack([x, x**2])
        beta = fit_logistic(x[learned], y[learned], _PENALTY)
        found: Floats = chance(x[asked] @ beta[1:] + beta[0])
        return found

    def _told_by(self, y: Floats) -> list[Floats]:
        """Log-odds of fraud among those who met the same, and among those who agree; a person's own label left out."""
        labelled, fraud = ~np.isnan(y), np.nan_to_num(y)
        base = float(fraud[labelled].mean())
        found = []
        people = self.acts.pairs[0]
        for cell in self.cells:
            n = np.bincount(cell, labelled[people])[cell] - labelled[people]
            k = np.bincount(cell, fraud[people])[cell] - fraud[people]
            odds = _logit((k + _LEAN * base) / (n + _LEAN)) - _logit(np.array(base))
            count = np.maximum(np.bincount(people, minlength=len(y)), 1)
            found += [np.bincount(people, odds, minlength=len(y)) / one for one in (count, np.sqrt(count))]
        near = self.graph @ labelled.astype(np.float64)
        found.append(_logit((self.graph @ fraud + _LEAN * base) / (near + _LEAN)) - _logit(np.array(base)))
        return found

    def _of_texts(self, y: Floats, asked: Ints) -> Floats | None:
        """(U,) how fake a person's texts read; a learned person's from folds that do not hold the own label."""
        if self.acts.text is None:
            return None
        rows = [(user, text) for user, text in zip(self.acts.user.tolist(), self.acts.text, strict=True) if text]
        user = np.array([one for one, _ in rows])
        texts = np.array([text for _, text in rows], object)
        score, labelled = np.zeros(len(rows)), ~np.isnan(y[user])
        fold = generator(self.seed, "text folds").integers(0, N_FOLDS, len(y))[user]
        wanted = np.isin(user, asked)
        for part in [labelled & (fold == one) for one in range(N_FOLDS)] + [wanted & ~labelled]:
            source = np.flatnonzero(labelled & ~part)[:MOST_LEARNED]
            if part.any() and len(np.unique(y[user[source]])) == 2:
                score[part] = score_reviews(texts[source].tolist(), y[user[source]] > 0, texts[part].tolist())
        n = np.bincount(user, minlength=len(y))
        mean: Floats = np.bincount(user, score, minlength=len(y)) / np.maximum(n, 1)
        return mean


def _praised(acts: Acts) -> sparse.csr_array:
    """Pairs of the highest value; all pairs of a log without ratings."""
    values = acts.pair_values
    if values is None:
        return acts.matrix
    people, items = acts.pairs
    top = values >= np.nanmax(values)
    return sparse.csr_array((np.ones(int(top.sum())), (people[top], items[top])), shape=acts.matrix.shape)


def _scaled(values: Floats) -> Floats:
    spread = values.std()
    scaled: Floats = (values - values.mean()) / (spread if spread > 0 else 1.0)
    return scaled


def _logit(share: Floats) -> Floats:
    inside = np.clip(share, 1e-4, 1 - 1e-4)
    odds: Floats = np.log(inside / (1 - inside))
    return odds


def _area(score: Floats, fraud: Bools) -> float:
    return float(auc(fraud, score))


def _interval(score: Floats, fraud: Bools, seed: int) -> tuple[float, float]:
    rng = generator(seed, "auc interval")
    areas = []
    for _ in range(_N_DRAWS):
        drawn = rng.integers(0, len(score), len(score))
        if 0 < fraud[drawn].sum() < len(drawn):
            areas.append(_area(score[drawn], fraud[drawn]))
    low, high = np.quantile(areas, [0.025, 0.975])
    return float(low), float(high)


def _with_scores(fraud: Fraud, acts: Acts, score: Floats, limit: float, labelled: set[int]) -> Fraud:
    """The table with the learned scores of people; items keep theirs."""
    place = {name: at for at, name in enumerate(acts.users)}
    rows = []
    for one in fraud.table.to_pylist():
        at = place.get(one[ID]) if one[KIND] == USER_KIND else None
        if at is not None:
            value = float(score[at])
            scaled = FLAG_FROM * value / limit if value < limit else _above(value, limit)
            how = "labels of others" if at in labelled else "labels"
            why = f"chance of fraud {value:.0%}, learned from the {how}"
            flagged = scaled > FLAG_FROM
            scaled = round(min(scaled, 1.0), 4)
            one = {**one, SCORE: scaled, FLAGGED: flagged, REASON: f"{why}; {one[REASON]}" if one[REASON] else why}
        rows.append(one)
    rows.sort(key=in_order)
    return replace(fraud, table=pa.Table.from_pylist(rows, FINDINGS))


def _above(value: float, limit: float) -> float:
    return FLAG_FROM + (1.0 - FLAG_FROM) * (value - limit) / max(1.0 - limit, 1e-9)
