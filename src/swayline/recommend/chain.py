"""A chain of named steps from a question to a list.

::

    candidates → filter → rank → blend → re-rank → reasons

    [chain]                             Chain.read("chain.toml")
    pool = 300
    [[chain.steps]]
    step = "model"
    [[chain.steps]]                     Chain.of(["model", "seen", "rank", {"step": "diversity", "strength": 0.5}])
    step = "seen"
    [[chain.steps]]                     DEFAULT.with_step(MyStep(), after="rank")
    step = "rank"

Steps run in the order in which they stand. What names or takes out items comes before the ranking, what orders its
pool after it; a chain that is not so is refused.
"""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from swayline.core.errors import ConfigError, DataError, UsageError, nearest, shown
from swayline.core.showing.mermaid import flowchart
from swayline.recommend.answer import gathered
from swayline.recommend.context import Context
from swayline.recommend.histories import histories_of, rows_of
from swayline.recommend.lists import Lists
from swayline.recommend.query import Query
from swayline.recommend.slate import MODEL, Slate
from swayline.recommend.steps import CANDIDATES, FILTER, ORDERING, RANK, REASONS, Step, create_step
from swayline.recommend.steps.blending import Boost
from swayline.recommend.steps.candidates import rows_of_items
from swayline.recommend.steps.ranking import Unknown

_CELLS_AT_ONCE = 1 << 26
_KINDS = (CANDIDATES, FILTER, RANK, ORDERING, REASONS)
_DEFAULT = ("model", "seen", "hidden", "where", "rank", "unknown", "boost")
POOL = 300


@dataclass(frozen=True)
class Chain:
    """Steps in order.

    Parameters
    ----------
    steps : tuple of Step
        By default what the model would choose, without what was seen or hidden, by the query's filter and boosts.
    pool : int
        Places that the ranking keeps for the steps behind it; at least the length of the list.

    Raises
    ------
    ConfigError
        The steps do not make a chain.
    """

    steps: tuple[Step, ...] = field(default_factory=lambda: tuple(create_step(name) for name in _DEFAULT))
    pool: int = POOL

    def __post_init__(self) -> None:
        if isinstance(self.pool, bool) or not isinstance(self.pool, int) or self.pool < 1:
            raise ConfigError(f"pool must be a whole number from 1, not {shown(self.pool)}")
        kinds = [getattr(step, "kind", None) for step in self.steps]
        for step, kind in zip(self.steps, kinds, strict=True):
            if kind not in _KINDS:
                raise ConfigError(f"{shown(step)} is no step: its kind must be one of {', '.join(_KINDS)}")
        if kinds.count(RANK) != 1:
            raise ConfigError(f"a chain ranks once, and this one does so {kinds.count(RANK)} times: add or drop 'rank'")
        if CANDIDATES not in kinds:
            raise ConfigError("a chain without a step of candidates has nothing to rank: add 'model'")
        at = kinds.index(RANK)
        for place, (step, kind) in enumerate(zip(self.steps, kinds, strict=True)):
            if (kind in (CANDIDATES, FILTER) and place > at) or (kind in (ORDERING, REASONS) and place < at):
                where = "before" if kind in (CANDIDATES, FILTER) else "after"
                raise ConfigError(f"step {step.name!r} must stand {where} {self.steps[at].name!r}")

    def to_mermaid(self) -> str:
        """The steps as a Mermaid flowchart, each with its kind.

        >>> print(Chain.of(["model", "rank"]).to_mermaid())
        flowchart LR
          n0["question"] -->|candidates| n1["model"]
          n1["model"] -->|rank| n2["rank"]
          n2["rank"] --> n3["list"]
        """
        names = ["question", *(f"{step.name}" for step in self.steps)]
        for at, name in enumerate(names):
            if name in names[:at]:
                names[at] = f"{name} ({names[:at].count(name) + 1})"
        kinds = [str(step.kind) for step in self.steps]
        return flowchart([*zip(names, names[1:], kinds, strict=False), (names[-1], "list", "")])

    @classmethod
    def of(cls, steps: Sequence[str | Mapping[str, Any] | Step], pool: int = POOL) -> Self:
        """A chain from names, mappings with ``step`` and its settings, or steps.

        Raises
        ------
        UsageError
            A step is unknown.
        ConfigError
            A setting is unknown, or the steps do not make a chain.
        """
        return cls(tuple(_step(one) for one in steps), pool)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """A chain from a TOML file.

        Raises
        ------
        ConfigError
            The file cannot be read, or a key is unknown.
        """
        try:
            content = tomllib.loads(Path(path).read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"{path} cannot be read as a chain in TOML: {error}") from None
        return cls.of_table(content.get("chain", content), str(path))

    @classmethod
    def of_table(cls, told: object, where: str) -> Self:
        """A chain from what a TOML table says: ``steps`` and, if any, ``pool``.

        Raises
        ------
        UsageError
            A step is unknown.
        ConfigError
            A key or a setting is unknown, or the steps do not make a chain.
        """
        if not isinstance(told, Mapping) or not isinstance(told.get("steps"), list | tuple):
            raise ConfigError(f"{where} has no [[chain.steps]]: write one for each step, as step = 'model'")
        for name in told:
            if name not in ("steps", "pool"):
                raise ConfigError(f"{where}: a chain has no {shown(name)}: {nearest(str(name), ('steps', 'pool'))}")
        return cls.of(told["steps"], told.get("pool", POOL))

    @property
    def names(self) -> list[str]:
        """Names of the steps."""
        return [step.name for step in self.steps]

    def with_step(
        self, step: str | Mapping[str, Any] | Step, *, after: str | None = None, before: str | None = None
    ) -> Self:
        """The chain with one more step; by default at the end.

        Raises
        ------
        UsageError
            The chain has no step of the name given.
        """
        place = len(self.steps)
        if after is not None:
            place = self._place(after) + 1
        elif before is not None:
            place = self._place(before)
        return replace(self, steps=(*self.steps[:place], _step(step), *self.steps[place:]))

    def with_replaced(self, name: str, step: str | Mapping[str, Any] | Step) -> Self:
        """The chain with another step in the place of one."""
        place = self._place(name)
        return replace(self, steps=(*self.steps[:place], _step(step), *self.steps[place + 1 :]))

    def without(self, name: str) -> Self:
        """The chain without a step."""
        place = self._place(name)
        return replace(self, steps=(*self.steps[:place], *self.steps[place + 1 :]))

    def _place(self, name: str) -> int:
        if name not in self.names:
            raise UsageError(f"this chain has no step {shown(name)}: {nearest(name, self.names)}")
        return self.names.index(name)

    def serve(
        self, context: Context, queries: Sequence[Query], *, trace: bool = False, may_be_empty: bool = False
    ) -> Lists:
        """A list for each question.

        Parameters
        ----------
        trace : bool
            Add a column ``trace``: the place of each item after every step that orders.
        may_be_empty : bool
            Nothing left for anybody is an answer: the lists are empty and say why.

        Raises
        ------
        UsageError
            A user, item, column or word of a query is unknown.
        DataError
            A step lacks what it needs, or no list holds anything and ``may_be_empty`` is not said.
        """
        step = max(1, min(4096, _CELLS_AT_ONCE // max(1, context.n_items)))
        slates, notes = [], []
        for start in range(0, len(queries), step):
            slate, told = self._slate(context, queries[start : start + step])
            slates.append(slate)
            notes += told
        lists = gathered(context, slates, notes, trace)
        if queries and not len(lists) and not may_be_empty:
            n = len(queries)
            who = f"any of the {n:,} questions" if n > 1 else str(queries[0].user or "this question")
            raise DataError(f"no item is left for {who}: {lists.short[0]['why']}")
        return lists

    def fed(self, context: Context, needed: Collection[str] = ()) -> tuple[Self, list[str]]:
        """The chain without the steps that this log cannot feed, and why each of them was left out.

        Parameters
        ----------
        needed : collection of str
            Names of steps that may not be left out, beside those that name candidates of the model and rank.

        Raises
        ------
        SwaylineError
            A needed step cannot be fed.
        """
        slate, _ = self._begun(context, [Query(user=context.bundle.dataset.users.names[0])])
        kept, notes = [], []
        for step in self.steps:
            try:
                step(slate)
                kept.append(step)
            except (DataError, UsageError) as error:
                if step.kind == RANK or step.name in needed or step.name == MODEL:
                    raise
                notes.append(f"step {step.name} is left out: {error}")
        return replace(self, steps=tuple(kept)), notes

    def _slate(self, context: Context, queries: Sequence[Query]) -> tuple[Slate, list[str]]:
        slate, notes = self._begun(context, queries)
        for step in self.steps:
            step(slate)
        return slate, notes

    def _begun(self, context: Context, queries: Sequence[Query]) -> tuple[Slate, list[str]]:
        """A slate before the first step."""
        rows = rows_of(context, queries)
        history, notes = histories_of(context, queries, rows)
        longest = max(query.k for query in queries)
        pool = max(longest, self.pool) if self._orders(queries) else longest
        slate = Slate(context, queries, rows, history, min(pool, max(longest, context.n_items)))
        for ids, some in slate.grouped(lambda query: query.candidates).items():
            named = rows_of_items(slate, ids, "candidates")  # type: ignore[arg-type]
            slate.keep(some, np.broadcast_to(named, (len(some), len(named))), "items not among the candidates")
        return slate, notes

    def _orders(self, queries: Sequence[Query]) -> bool:
        """Whether a step behind the ranking may lift an item into the list."""
        boosted = any(query.boost for query in queries)
        return any(
            step.kind == ORDERING
            and not isinstance(step, Unknown)
            and not (isinstance(step, Boost) and step.condition is None and not boosted)
            for step in self.steps
        )


def _step(given: str | Mapping[str, Any] | Step) -> Step:
    if isinstance(given, str):
        return create_step(given)
    if isinstance(given, Mapping):
        name = given.get("step")
        if not isinstance(name, str):
            raise ConfigError(f"a step of a chain needs a name: step = 'model', not {shown(dict(given))}")
        return create_step(name, {key: value for key, value in given.items() if key != "step"})
    return given
