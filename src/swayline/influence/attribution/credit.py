"""Rules that share the credit for an outcome among the behaviours on the way to it, and the causal share beside them.

================ =====================================================================================================
first, last touch all credit to the first or the last behaviour before the outcome
time decay        by two to the minus (time before the outcome / half-life)
shapley           the mean gain in outcomes when a behaviour joins the others, over every order of joining
markov removal    how much conversion falls when a behaviour is taken out of the Markov chain of steps
causal share      effect × journeys with the behaviour after their first step / outcomes: what would be missing
                  without it there; need not add to 1 (an effect compares no journey that the behaviour opened)
================ =====================================================================================================

Zhao, Mahboobi and Bagheri, "Shapley value methods for attribution modeling in online advertising", 2018. Anderl,
Becker, von Wangenheim and Schumann, "Mapping the customer journey", 2016. Intervals are bootstraps over people: what
other people of the same kind would have been given by the same rule, not what a behaviour brings.
"""

from functools import cached_property

import numpy as np
import pyarrow as pa
from scipy import sparse

from swayline.core.errors import UsageError
from swayline.core.rng import generator
from swayline.core.types import Floats, Ints
from swayline.influence.attribution.paths import Journeys
from swayline.ledger import AssociationRow, EffectRow, Figure, Row, ledger

MOST_WORDS = 3000
"""Behaviours of a Markov chain: its matrix is inverted, three of 72 MB each."""
_RESAMPLED_WORDS = 200
"""Behaviours up to which the intervals are asked for: each of their chains is inverted."""
_RESAMPLES = 200
_RULE = "A rule for sharing credit, not an effect."


class Rules:
    """The rules over some journeys, asked again under other weights of people.

    Parameters
    ----------
    taken : Journeys
    """

    def __init__(self, taken: Journeys) -> None:
        self.taken = taken
        n = len(taken.paths)
        self._first = np.array([path[0] for path in taken.paths], np.int64)
        self._last = np.array([path[-1] for path in taken.paths], np.int64)
        sets = [sorted(set(path)) for path in taken.paths]
        row = np.repeat(np.arange(n), [len(one) for one in sets])
        share = np.repeat([1.0 / len(one) for one in sets], [len(one) for one in sets])
        self._members = sparse.csr_array((share, (row, np.concatenate(sets))), shape=(n, len(taken.words)))

    @property
    def names(self) -> tuple[str, ...]:
        """The rules that can be asked of so many behaviours."""
        timed = ("time decay",) if len(self.taken.decayed[0]) else ()
        chained = ("markov removal",) if len(self.taken.words) <= MOST_WORDS else ()
        return ("first touch", "last touch", *timed, "shapley", *chained)

    def shares(self, rule: str, weight: Floats | None = None) -> Floats:
        """(W,) each behaviour's share of the credit, adding to 1.

        Parameters
        ----------
        rule : str
            One of :attr:`names`.
        weight : (J,) float64, optional
            How often each journey counts; once by default.

        >>> paths = {("view", "cart"): (2, 1), ("view",): (5, 1)}
        >>> rules = Rules(Journeys.of_counts(paths))
        >>> rules.taken.words, rules.shares("last touch").tolist(), rules.shares("shapley").tolist()
        (('cart', 'view'), [0.5, 0.5], [0.25, 0.75])
        """
        taken, w = self.taken, len(self.taken.words)
        each = np.ones(len(taken.path)) if weight is None else weight
        won = _sums(taken.path, each * taken.converted, len(taken.paths))
        if rule == "first touch":
            credit = _sums(self._first, won, w)
        elif rule == "last touch":
            credit = _sums(self._last, won, w)
        elif rule == "time decay":
            journey, word, share = taken.decayed
            credit = _sums(word, share * each[journey], w)
        elif rule == "shapley":
            # Of sets of behaviours whose worth is what those alone converted, the value is each path's even share.
            credit = np.asarray(won @ self._members)
        else:
            credit = self._markov(_sums(taken.path, each, len(taken.paths)), won)
        total = credit.sum()
        return credit / total if total > 0 else np.zeros(w)

    @cached_property
    def _moves(self) -> tuple[Ints, Ints, Ints]:
        """(M,) path, state from, state to of every move inside a path; state 0 is the start, w + 1 behaviour w."""
        lengths = np.array([len(path) for path in self.taken.paths])
        to = np.concatenate([np.array(path) for path in self.taken.paths]) + 1
        come = np.concatenate([[0], to[:-1]])
        come[np.cumsum(lengths) - lengths] = 0
        return np.repeat(np.arange(len(lengths)), lengths), come, to

    def _markov(self, n: Floats, won: Floats) -> Floats:
        """(W,) the fall of the chance to convert without each behaviour; one inverse answers for all.

        Raises
        ------
        UsageError
            More behaviours than :data:`MOST_WORDS` are on the paths.
        """
        words = len(self.taken.words)
        if words > MOST_WORDS:
            raise UsageError(
                f"{words:,} behaviours are on the paths, and a chain of at most {MOST_WORDS:,} is solved: ask another"
            )
        path, come, to = self._moves
        inner = words + 1
        moves = _sums(come * inner + to, n[path], inner * inner).reshape(inner, inner)
        converts = _sums(self._last + 1, won, inner)
        out = moves.sum(axis=1) + _sums(self._last + 1, n, inner)
        chance = moves / np.maximum(out, 1e-300)[:, None]
        visits = np.linalg.inv(np.eye(inner) - chance)
        comes = visits @ (converts / np.maximum(out, 1e-300))
        if comes[0] <= 0:
            return np.zeros(words)
        # Who ever comes to a state does so with chance visits[start, state] / visits[state, state], lost without it.
        fall: Floats = visits[0] / np.diag(visits) * comes / comes[0]
        without: Floats = np.maximum(fall[1:], 0.0)
        return without


def _sums(group: Ints, values: Floats, n: int) -> Floats:
    """(n,) the values of each group, added."""
    return np.bincount(group, values, n).astype(np.float64)


def credit_rows(taken: Journeys, outcome: str, effects: pa.Table | None = None, seed: int = 0) -> pa.Table:
    """Ledger rows of each rule's share of credit for every behaviour, and of the causal share beside them.

    Parameters
    ----------
    effects : pa.Table, optional
        Rows of effects on the same outcome, as ``swayline influence behaviors`` writes them.
    seed : int
        Of the bootstrap over people.
    """
    rules, total = Rules(taken), int(taken.converted.sum())
    rows: list[Row] = []
    weights = _weights(taken, seed)
    for rule in rules.names:
        shares = rules.shares(rule)
        low, high = (
            np.quantile([rules.shares(rule, weight) for weight in weights], [0.025, 0.975], axis=0)
            if len(weights) else (np.full(len(shares), np.nan),) * 2
        )  # fmt: skip
        rows += [
            AssociationRow(
                cause_kind="behavior", cause=word, effect=outcome, channel="own", estimand="credit_share",
                unit="probability", method=rule, n=total, assumptions=_RULE,
                figure=Figure(share, least, most),
            )
            for word, share, least, most in zip(taken.words, shares, low, high, strict=True)
        ]  # fmt: skip
    return ledger([*rows, *_causal(taken, outcome, effects, total)])


def _weights(taken: Journeys, seed: int) -> list[Floats]:
    """How often each journey counts in every resample of the people; none where there are too many behaviours."""
    if len(taken.words) > _RESAMPLED_WORDS or len(np.unique(taken.user)) < 2:
        return []
    _, person = np.unique(taken.user, return_inverse=True)
    rng = generator(seed, "credit")
    drawn = (rng.poisson(1.0, person.max() + 1)[person].astype(np.float64) for _ in range(_RESAMPLES))
    return [weight for weight in drawn if (weight * taken.converted).any()]


def _causal(taken: Journeys, outcome: str, effects: pa.Table | None, total: int) -> list[Row]:
    """Effect × journeys with the behaviour after their first step / outcomes: effects compare no others."""
    rows: list[Row] = []
    member = [frozenset(path[1:]) for path in taken.paths]
    n = np.bincount(taken.path, minlength=len(taken.paths))
    for row in [] if effects is None else effects.to_pylist():
        wanted = row["primary"] and row["estimand"] == "ate" and row["effect"] == outcome
        if not wanted or row["estimate"] is None or row["cause"] not in taken.words:
            continue
        word = taken.words.index(row["cause"])
        did = int(sum(count for count, one in zip(n, member, strict=True) if word in one))
        times = did / total
        bounds = (row["ci_low"], row["ci_high"])
        known = () if None in bounds else tuple(one * times for one in bounds)
        words = f"Effect times the {did:,} journeys with it after their first step, over {total:,} outcomes."
        rows.append(EffectRow(
            cause_kind="behavior", cause=row["cause"], effect=outcome, channel="own", estimand="credit_share",
            unit="probability", method=f"causal share, {row['method']}",
            evidence=row["evidence"] or ("experiment" if row["identified"] == "yes" else "adjusted"),
            identified=row["identified"], figure=Figure(row["estimate"] * times, *known), n=did,
            assumptions=f"{words} {row['assumptions'] or ''}".strip(),
        ))  # fmt: skip
    return rows
