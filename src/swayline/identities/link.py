"""From two platforms to links: keys, then all signals weighed by what known links teach, then one counterpart each."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import DataError, UsageError
from swayline.core.names import SOURCE, TARGET, USER
from swayline.core.progress import task
from swayline.core.types import Floats, Ints
from swayline.events.links import SOURCE_PLATFORM, TARGET_PLATFORM
from swayline.events.sources.block import REJECTED
from swayline.identities.assign import assign
from swayline.identities.claims import Claims, drop_taken
from swayline.identities.evidence.behavior import signals_of_behavior, taught_by_links
from swayline.identities.evidence.keys import Key
from swayline.identities.evidence.network import adjacency
from swayline.identities.evidence.words import signals_of_words
from swayline.identities.halves import halves_of
from swayline.identities.learning import Learned, Witnesses, learn
from swayline.identities.platform import Platform
from swayline.identities.reliability import Reliability
from swayline.identities.walls import Walls

PROBABILITY, EVIDENCE, METHOD = "probability", "evidence", "method"
_LEAST_KNOWN = 20
"""Known links that teach what signals are worth."""


@dataclass(frozen=True)
class LinkSettings:
    """How accounts are linked.

    Parameters
    ----------
    keys, texts : tuple of str
        Columns of both users tables: values that name a person exactly; names and texts that are alike.
    at_least : float
        Probability below which no link is stated.
    overlap : float
        Share of A's accounts that have a counterpart among B's, above 0 and at most 1: what is found in known links
        holds for accounts that have one, so a smaller share makes every probability smaller.
    rounds : int
        How often believed links are witnesses for further ones (with ties alone).
    seed : int
        Decides folds and starts.
    """

    keys: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    at_least: float = 0.5
    overlap: float = 1.0
    rounds: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.at_least <= 1:
            raise UsageError(f"a link's least probability lies above 0 and at most at 1, not {self.at_least}: say 0.5")
        if not 0 < self.overlap <= 1:
            raise UsageError(f"the share of accounts on both lies above 0 and at most at 1, not {self.overlap}")
        if not 1 <= self.rounds <= 10:
            raise UsageError(f"rounds lie between 1 and 10, not {self.rounds}")


@dataclass(frozen=True)
class Linked:
    """Links and how far they can be trusted.

    Parameters
    ----------
    table : pa.Table
        ``source``, ``target``, ``source_platform``, ``target_platform``, ``probability``, ``evidence``, ``method``
        (seed, key, model), ``runner_up`` and its probability.
    rejected : pa.Table
        Rows that were refused, each with its reason.
    reliability : Reliability, optional
        Hidden known links found again; None where nothing was learned.
    notes : tuple of str
        What a reader should know.
    """

    table: pa.Table
    rejected: pa.Table
    reliability: Reliability | None = None
    notes: tuple[str, ...] = ()
    learned: Learned | None = field(default=None, repr=False)


def link_accounts(
    a: Platform, b: Platform, seeds: Claims | None = None, walls: Walls | None = None,
    settings: LinkSettings | None = None,
) -> Linked:  # fmt: skip
    """Link the accounts of two platforms.

    Parameters
    ----------
    seeds : Claims, optional
        Known links: they stand, and teach what the signals are worth.
    walls : Walls, optional
        What is never joined.

    Raises
    ------
    DataError
        Nothing says what the signals are worth: no known link, no key, no log to be learned from.
    """
    settings, walls = settings or LinkSettings(), walls or Walls()
    known = np.zeros((0, 2), np.int64) if seeds is None else seeds.pairs
    rejected = [REJECTED.empty_table() if seeds is None else seeds.rejected]
    rejected += [one.rejected for one in (a, b) if one.rejected is not None]
    keyed, more, notes = _keyed(a, b, known, walls, settings)
    rejected += more
    fixed = np.concatenate([known, keyed.pairs])
    parts = [
        _stated(known, 1.0, "a known link", "seed", a, b),
        _stated(keyed.pairs, keyed.chance, keyed.words, "key", a, b),
    ]
    learned = None
    with task("link accounts"):
        learned, told = _learned(a, b, fixed, walls, settings)
    notes += told
    if learned is not None:
        parts.append(_found(learned, a, b, settings))
    table = pa.concat_tables(parts)
    return Linked(
        table, pa.concat_tables(rejected), None if learned is None else learned.reliability, tuple(notes), learned
    )  # fmt: skip


@dataclass(frozen=True)
class _Keyed:
    pairs: Ints
    chance: float
    words: str


def _keyed(
    a: Platform, b: Platform, known: Ints, walls: Walls, settings: LinkSettings
) -> tuple[_Keyed, list[pa.Table], list[str]]:
    """Links by keys, those that stand; their probability is what known links say of them, where they do."""
    pairs, rejected, notes = np.zeros((0, 2), np.int64), [], []
    for column in settings.keys:
        found, refused = Key(column).pairs(a, b)
        rejected.append(refused)
        pairs = np.concatenate([pairs, drop_taken(found, pairs)])
    partner = dict(known.tolist())
    judged = [partner[one] == other for one, other in pairs.tolist() if one in partner]
    chance = (sum(judged) + 0.5) / (len(judged) + 1) if judged else 1.0
    if settings.keys:
        how = (
            f"{sum(judged)} of {len(judged)} agree with known links" if judged else "by rule: no known link judges them"
        )
        notes.append(f"{len(pairs):,} pairs share a key ({', '.join(settings.keys)}); {how}")
    pairs = drop_taken(pairs, known)
    allowed = walls.allow(pairs[:, 0], pairs[:, 1], a, b)
    if not allowed.all():
        notes.append(
            f"{int((~allowed).sum()):,} pairs that share a key stand on two sides of a wall and are not linked"
        )
    words = f"same {' and '.join(settings.keys)}"
    return _Keyed(pairs[allowed], chance, words), rejected, notes


def _learned(
    a: Platform, b: Platform, fixed: Ints, walls: Walls, settings: LinkSettings
) -> tuple[Learned | None, list[str]]:
    """What the signals say of accounts in no fixed link; None where there is no signal at all."""
    apart = (*settings.keys, *walls.columns)
    signals = [*signals_of_behavior(a, b, settings.seed), *signals_of_words(a, b, settings.texts, apart)]
    ties = None if a.ties is None or b.ties is None else (adjacency(a), adjacency(b))
    taught = taught_by_links(a, b, settings.seed)
    if not signals and ties is None and taught is None:
        return None, []
    if len(fixed) >= _LEAST_KNOWN:
        sizes = _sizes(a), _sizes(b)
        return learn(
            signals, Witnesses(ties, taught), fixed, sizes, walls.allow, (a, b), settings.rounds, settings.seed
        ), []
    if a.events is None or b.events is None:
        if len(fixed):
            few = f"{len(fixed)} known links are too few to learn from ({_LEAST_KNOWN} at least)"
            return None, [f"{few}: give more --seeds, a --key, or logs of events"]
        raise DataError(
            "nothing says what the evidence is worth: give known links (--seeds), a column that names people (--key),"
            " or logs of events on both sides"
        )
    return _from_halves(a, b, fixed, walls, settings)


def _from_halves(
    a: Platform, b: Platform, fixed: Ints, walls: Walls, settings: LinkSettings
) -> tuple[Learned | None, list[str]]:
    """Learn from accounts of A cut in two, whose halves are known to be one person's."""
    first, second, pairs = halves_of(a)
    if len(pairs) < _LEAST_KNOWN:
        return None, [f"{len(pairs)} accounts of {a.name} have enough events to learn from: give --seeds or a --key"]
    taught = learn(
        [*signals_of_behavior(first, second, settings.seed)], Witnesses(), pairs, (_sizes(first), _sizes(second)),
        None, (first, second), 1, settings.seed, transductive=False,
    )  # fmt: skip
    signals = [*signals_of_behavior(a, b, settings.seed)]
    found = taught.apply(signals, fixed, (_sizes(a), _sizes(b)), walls.allow, (a, b))
    return found, [
        f"no known links: what behaviour is worth was learned from {len(pairs):,} accounts of {a.name} cut in two,"
        " so probabilities hold as far as two platforms differ no more than two halves of one"
    ]


def _sizes(platform: Platform) -> Floats:
    """(N,) how much is known of each account: its acts and ties."""
    named = [platform.events[USER]] if platform.events is not None else []
    named += [platform.ties[one] for one in (SOURCE, TARGET)] if platform.ties is not None else []
    found = np.zeros(len(platform), np.int64)
    for one in named:
        rows = platform.rows(one.combine_chunks())
        found += np.bincount(rows[rows >= 0], minlength=len(platform))
    return found.astype(np.float64)


def _stated(pairs: Ints, chance: float, words: str, method: str, a: Platform, b: Platform) -> pa.Table:
    return _table(pairs, np.full(len(pairs), chance), [words] * len(pairs), method, a, b, None)


def _found(learned: Learned, a: Platform, b: Platform, settings: LinkSettings) -> pa.Table:
    chances = learned.chances * settings.overlap
    chosen = assign(learned.candidates.rows, learned.candidates.columns, chances, settings.at_least)
    pairs = np.stack([learned.candidates.rows[chosen], learned.candidates.columns[chosen]], axis=1)
    words = [learned.words(int(at)) for at in chosen]
    return _table(pairs, chances[chosen], words, "model", a, b, learned.runners_up(chosen, settings.overlap))


def _table(
    pairs: Ints, chances: Floats, words: Sequence[str], method: str, a: Platform, b: Platform,
    runners: tuple[Ints, Floats] | None,
) -> pa.Table:  # fmt: skip
    none = pa.nulls(len(pairs), pa.string()), pa.nulls(len(pairs), pa.float64())
    if runners is not None:
        ids = pc.take(b.ids, pa.array(np.maximum(runners[0], 0)))
        none = pc.if_else(pa.array(runners[0] >= 0), ids, None), pa.array(np.where(runners[0] >= 0, runners[1], 0.0))
    return pa.table({
        SOURCE: pc.take(a.ids, pa.array(pairs[:, 0])), TARGET: pc.take(b.ids, pa.array(pairs[:, 1])),
        SOURCE_PLATFORM: pa.array([a.name] * len(pairs), pa.string()),
        TARGET_PLATFORM: pa.array([b.name] * len(pairs), pa.string()),
        PROBABILITY: pa.array(np.asarray(chances, np.float64)), EVIDENCE: pa.array(list(words), pa.string()),
        METHOD: pa.array([method] * len(pairs), pa.string()),
        "runner_up": none[0].cast(pa.string()), "runner_up_probability": none[1].cast(pa.float64()),
    })  # fmt: skip
