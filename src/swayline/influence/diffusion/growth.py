"""How large a cascade will grow, from its first members alone, with an interval that past cascades vouch for.

The logarithm of how many more will join is predicted, by ridge regression, from how many have joined, how fast and
whether ever faster, how active the members are and were as roots of large cascades, and how many people are tied to
them and still free. The interval is conformal: its width comes from the errors on cascades that the prediction had not
seen, so that it covers whatever the errors look like.

References
----------
Szabo and Huberman, "Predicting the popularity of online content", CACM 2010 (sizes are log-linear in early sizes);
Cheng et al., "Can cascades be predicted?", WWW 2014 (what tells); Barber et al., "Predictive inference with the
jackknife+", Annals of Statistics 2021 (the interval, in its K-fold form).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from swayline.core.errors import UsageError
from swayline.core.rng import generator
from swayline.core.types import Floats, Ints
from swayline.numerics.ridge import fit_ridge, predict_linear

_FOLDS = 10
_PENALTIES = (0.1, 1.0, 10.0, 100.0)


@dataclass(frozen=True)
class CascadeGrowth:
    """A prediction of a cascade's final size from its first ``seen`` members.

    Parameters
    ----------
    seen : int
        Members known when asked.
    level : float
        Coverage of the interval.
    seed : int
    """

    seen: int = 5
    level: float = 0.95
    seed: int = 0

    def fit(
        self, cascades: Sequence[Ints], times: Sequence[Floats], people: int, ties: tuple[Ints, Ints] | None = None
    ) -> "FittedGrowth":
        """Learn from finished cascades.

        Parameters
        ----------
        cascades : sequence of (members,) int
            In the order of joining.
        times : sequence of (members,) float
            Unix seconds of joining.
        people : int
        ties : (sources, targets), optional

        Raises
        ------
        UsageError
            Fewer than 20 cascades have more than ``seen`` members, or an option is out of range.
        """
        if self.seen < 2 or not 0 < self.level < 1:
            raise UsageError(f"seen {self.seen} must be at least 2, level {self.level} lie between 0 and 1")
        asked = [c for c, one in enumerate(cascades) if len(one) >= self.seen]
        if len(asked) < 20:
            raise UsageError(f"only {len(asked)} cascades have {self.seen} members: at least 20 are needed")
        blank = FittedGrowth(self, *_past(cascades, people, ties), np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0))
        rows = np.stack([blank.features(cascades[c], times[c], c) for c in asked])
        growth: Floats = np.log1p(np.array([len(cascades[c]) - self.seen for c in asked], np.float64))
        mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
        fold = generator(self.seed, "spread", "growth").permutation(len(asked)) % _FOLDS
        rows = (rows - mean) / spread
        errors = {penalty: _left_out(rows, growth, fold, penalty) for penalty in _PENALTIES}
        best = min(errors, key=lambda penalty: float(np.abs(errors[penalty]).mean()))
        weights = fit_ridge(rows, growth, best)
        return FittedGrowth(
            self,
            blank.acts,
            blank.log_size,
            blank.tied,
            mean,
            spread,
            weights,
            np.asarray(np.sort(errors[best]), np.float64),
        )


@dataclass(frozen=True)
class FittedGrowth:
    """What finished cascades say; see :class:`CascadeGrowth`.

    Parameters
    ----------
    acts, log_size : (people,) float64
        In how many cascades each person was, and the sum of the logarithms of their sizes.
    tied : tuple of (people + 1,), (ties,) int64
        Who is tied to whom.
    errors : (cascades,) float64
        Sorted errors on cascades left out.
    """

    settings: CascadeGrowth
    acts: Floats
    log_size: Floats
    tied: tuple[Ints, Ints]
    mean: Floats
    spread: Floats
    weights: Floats
    errors: Floats

    def features(self, members: Ints, moments: Floats, skipped: int = -1) -> Floats:
        """(8,) what is known when ``seen`` have joined; ``skipped`` at or above 0: the cascade itself was counted."""
        first, then = members[: self.settings.seen], np.asarray(moments[: self.settings.seen], np.float64)
        own = 1.0 if skipped >= 0 else 0.0
        acts = np.maximum(self.acts[first] - own, 0.0)
        sizes = np.maximum(self.log_size[first] - own * np.log(len(members)), 0.0)
        typical = (sizes + 2.0) / (acts + 1.0)
        gaps = np.diff(then)
        pointer, to = self.tied
        near = np.unique(np.concatenate([to[pointer[u] : pointer[u + 1]] for u in first]))
        half = then[len(then) // 2] - then[0]
        return np.array(
            [
                np.log(then[-1] - then[0] + 60.0), np.log(half + 60.0), np.log(gaps[-1] + 60.0),
                float(np.median(np.log(gaps + 60.0))), float(np.log1p(acts).mean()), float(typical.mean()),
                float(typical[0]), float(np.log1p(np.setdiff1d(near, first).size)),
            ]
        )  # fmt: skip

    def predict(self, members: Ints, moments: Floats) -> tuple[float, float, float]:
        """Final size with its interval.

        Parameters
        ----------
        members, moments : (k,) int, float
            At least ``seen`` first members and when they joined; later ones are not looked at.

        Returns
        -------
        size, low, high : float

        Raises
        ------
        UsageError
            Too few members.
        """
        seen = self.settings.seen
        if len(members) < seen or len(moments) < seen:
            raise UsageError(f"a prediction needs the first {seen} members, not {len(members)}")
        centre = float(
            predict_linear(self.weights, ((self.features(members, moments) - self.mean) / self.spread)[None])[0]
        )
        n, tail = len(self.errors), (1 - self.settings.level) / 2
        below = self.errors[max(int(np.floor(tail * (n + 1))) - 1, 0)]
        above = self.errors[min(int(np.ceil((1 - tail) * (n + 1))) - 1, n - 1)]
        size, low, high = (
            float(seen + np.expm1(max(value, 0.0))) for value in (centre, centre + below, centre + above)
        )
        return size, low, high


def _past(
    cascades: Sequence[Ints], people: int, ties: tuple[Ints, Ints] | None
) -> tuple[Floats, Floats, tuple[Ints, Ints]]:
    who = np.concatenate(cascades).astype(np.int64)
    if who.min() < 0 or who.max() >= people:
        raise UsageError(f"members run from {who.min()} to {who.max()}, outside 0 to {people - 1}")
    sizes = np.repeat(np.log([len(one) for one in cascades]), [len(one) for one in cascades])
    source, target = (np.zeros(0, np.int64), np.zeros(0, np.int64)) if ties is None else ties
    order = np.argsort(source, kind="stable")
    pointer = np.searchsorted(np.asarray(source)[order], np.arange(people + 1)).astype(np.int64)
    acts = np.bincount(who, minlength=people).astype(np.float64)
    return acts, np.bincount(who, sizes, people).astype(np.float64), (pointer, np.asarray(target, np.int64)[order])


def _left_out(rows: Floats, target: Floats, fold: Ints, penalty: float) -> Floats:
    """Error of every cascade's prediction by the other folds."""
    errors: Floats = np.zeros(len(target))
    for k in range(_FOLDS):
        out = fold == k
        weights = fit_ridge(rows[~out], target[~out], penalty)
        errors[out] = target[out] - predict_linear(weights, rows[out])
    return errors
