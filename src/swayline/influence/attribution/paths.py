"""Multi-touch attribution: who gets the credit for an outcome along a path of behaviours.

Every rule here shares out what happened; none says what would have happened otherwise. They stand beside the causal
share, so that a reader sees how far a rule is from an effect.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa

from swayline.core.errors import OutcomeError, UsageError
from swayline.engine import Engine
from swayline.engine.operators import episodes
from swayline.influence.effects.episodes import timeline
from swayline.ledger import AssociationRow, EffectRow, Figure, Row, ledger

Paths = dict[tuple[str, ...], tuple[int, int]]
"""Sequence of behaviours → how many (user, item) pairs took it, and how many of those converted."""
MOST_WORDS = 3000
"""Behaviours of a Markov chain: its matrix is inverted, three of 72 MB each."""


def count_paths(engine: Engine, events: pa.Table, outcome: str) -> Paths:
    """The behaviours of every (user, item) pair in order, up to the outcome, repeats in a row joined.

    Raises
    ------
    OutcomeError
        The outcome never occurs.
    """
    log = timeline(events)
    code = log.code(outcome)
    engine.register("behaviors_ev", log.table)
    table = engine.collect(episodes.path_steps("behaviors_ev", code))
    u, i, b, y = (table.column(name).to_numpy() for name in ("u", "i", "b", "y"))
    if len(u) == 0:
        raise OutcomeError(f"no event precedes {outcome!r}: there is no path to share credit along")
    new = np.concatenate([[True], (u[1:] != u[:-1]) | (i[1:] != i[:-1])])
    kept = new | np.concatenate([[True], b[1:] != b[:-1]])
    starts = np.flatnonzero(new[kept])
    words, happened = b[kept], y[kept]
    found: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
    for start, end in zip(starts, [*starts[1:], len(words)], strict=True):
        path = tuple(log.behaviors[int(code)] for code in words[start:end])
        found[path][0] += 1
        found[path][1] += int(happened[start])
    return {path: (n, converted) for path, (n, converted) in found.items()}


def last_touch(paths: Paths) -> dict[str, float]:
    """All credit to the last behaviour before the outcome; shares add to 1.

    >>> last_touch({("view", "cart"): (2, 1), ("view",): (5, 1)})
    {'cart': 0.5, 'view': 0.5}
    """
    credit: dict[str, float] = defaultdict(float)
    for path, (_, converted) in paths.items():
        credit[path[-1]] += converted
    return _shares(credit, paths)


def shapley(paths: Paths) -> dict[str, float]:
    """Credit by the average gain in conversions when a behaviour joins the others, over every order of joining.

    The worth of a set is the conversions of paths that use nothing outside it; the value then shares each path's
    conversions evenly among the behaviours on it, which is exact and needs no walk over subsets.

    References
    ----------
    Zhao, Mahboobi, Bagheri (2018), Shapley value methods for attribution modeling in online advertising.
    """
    words = _words(paths)
    direct: dict[frozenset[str], float] = defaultdict(float)
    for path, (_, converted) in paths.items():
        direct[frozenset(path)] += converted
    credit = dict.fromkeys(words, 0.0)
    for used, worth in direct.items():
        for word in used:
            credit[word] += worth / len(used)
    return _shares(credit, paths)


def markov_removal(paths: Paths) -> dict[str, float]:
    """Credit by how much conversion falls when a behaviour is taken out of the Markov chain of steps.

    One inverse answers for all behaviours.

    Raises
    ------
    UsageError
        More behaviours than :data:`MOST_WORDS` are on the paths.

    References
    ----------
    Anderl, Becker, von Wangenheim, Schumann (2016), Mapping the customer journey.
    """
    words = _words(paths)
    if len(words) > MOST_WORDS:
        raise UsageError(f"{len(words):,} behaviours are on the paths, and a chain of at most {MOST_WORDS:,} is solved")
    states = ["(start)", *words, "(converted)", "(lost)"]
    index, inner = {word: k for k, word in enumerate(states)}, len(words) + 1
    moves = np.zeros((len(states), len(states)))
    for path, (n, converted) in paths.items():
        steps = [0, *(index[word] for word in path)]
        for a, b in pairwise(steps):
            moves[a, b] += n
        moves[steps[-1], -2] += converted
        moves[steps[-1], -1] += n - converted
    chance = moves[:inner] / np.maximum(moves[:inner].sum(axis=1, keepdims=True), 1e-300)
    visits = np.linalg.inv(np.eye(inner) - chance[:, :inner])
    converts = visits @ chance[:, inner]
    # Who ever comes to a state does so with chance visits[start, state] / visits[state, state], and is lost without it.
    fall = visits[0] / np.diag(visits) * converts
    return _shares(
        {word: max(0.0, float(fall[index[word]] / converts[0])) if converts[0] > 0 else 0.0 for word in words}, paths
    )


def _words(paths: Paths) -> list[str]:
    return sorted({word for path in paths for word in path})


def _shares(credit: dict[str, float], paths: Paths) -> dict[str, float]:
    total = sum(credit.values())
    return {word: credit.get(word, 0.0) / total if total else 0.0 for word in _words(paths)}


def attribution_rows(engine: Engine, events: pa.Table, outcome: str, effects: pa.Table | None = None) -> pa.Table:
    """Ledger rows of each rule's share of credit for every behaviour, and of the causal share beside them.

    Parameters
    ----------
    effects : the ledger of :class:`.BehaviorEffects`. The causal share is estimate × (pairs with the behaviour) over
        all outcomes: the part of the outcomes that would be missing without it. It need not add to 1.
    """
    paths = count_paths(engine, events, outcome)
    total = sum(converted for _, converted in paths.values())
    if total == 0:
        raise OutcomeError(f"{outcome!r} never follows another behavior: there is no credit to share")
    rows: list[Row] = [
        AssociationRow(
            cause_kind="behavior", cause=word, effect=outcome, channel="own", estimand="credit_share",
            unit="probability", method=method, figure=Figure(share), n=int(total),
            assumptions="A rule for sharing credit, not an effect.",
        )
        for method, rule in (("last touch", last_touch), ("shapley", shapley), ("markov removal", markov_removal))
        for word, share in rule(paths).items()
    ]  # fmt: skip
    for row in [] if effects is None else effects.to_pylist():
        if row["primary"] and row["estimand"] == "ate" and row["estimate"] is not None:
            did = sum(n for path, (n, _) in paths.items() if row["cause"] in path)
            words = f"Effect times the {did:,} pairs with it, over {total:,} outcomes. {row['assumptions']}"
            evidence = row["evidence"] or ("experiment" if row["identified"] == "yes" else "adjusted")
            rows.append(EffectRow(
                cause_kind="behavior", cause=row["cause"], effect=outcome, channel="own", estimand="credit_share",
                unit="probability", method=f"causal share, {row['method']}", evidence=evidence,
                identified=row["identified"], figure=Figure(row["estimate"] * did / total), n=did, assumptions=words,
            ))  # fmt: skip
    return ledger(rows)


def shown_paths(paths: Paths, most: int = 20) -> Sequence[tuple[str, int, int]]:
    """The most frequent paths as words, with how many took and how many converted.

    >>> shown_paths({("view", "cart"): (2, 1)})
    [('view → cart', 2, 1)]
    """
    ranked = sorted(paths.items(), key=lambda one: (-one[1][0], one[0]))
    return [(" → ".join(path), n, converted) for path, (n, converted) in ranked[:most]]
