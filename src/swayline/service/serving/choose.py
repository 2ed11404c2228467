"""From questions to lists, over histories as they are now.

::

    histories now ─ scores of the model ─ what may be shown ─ newcomers beside ─ shaped ─ the best k ─ reasons

Shapes: Q questions, I items of the model, N newcomers.
"""

from collections.abc import Sequence

import numpy as np

from swayline.core.errors import UsageError, nearest, shown
from swayline.dataset import Sequences
from swayline.influence.attribution import without_sets
from swayline.models import top_k
from swayline.service.serving.asks import Answer, Ask, Place
from swayline.service.serving.loaded import Loaded, Newcomer
from swayline.service.serving.reasons import reasons_of
from swayline.service.serving.scenario import conditions, kept_by, ordered, orders, seen_policy, steps_of
from swayline.service.serving.shape import holding, shaped

MODEL, POPULAR, NEWCOMER, WORDS, EXPLORED = "model", "popular", "newcomer", "words", "explored"
_TOLD_APART = 10
_PERSONAL = 0.3
"""What the model's order is worth beside the likeness of words, in a search by somebody."""
_POOL = 300
_SCORES_AT_ONCE = 1 << 24


class Chooser:
    """Makes lists from a loaded model.

    Parameters
    ----------
    loaded : Loaded
    explore : float
        The chance that a place of a list is drawn evenly from the next best, so that what is learned from feedback
        has a known propensity above 0 for more than one list.
    seed : int
        Of the draws.
    """

    def __init__(self, loaded: Loaded, explore: float = 0.0, seed: int = 0) -> None:
        self.loaded, self.explore = loaded, explore
        self._rng = np.random.default_rng(seed)

    def answer(self, asks: Sequence[Ask]) -> list[Answer | Exception]:
        """An answer to each question; what is wrong with one spoils none of the others."""
        loaded, now = self.loaded, self.loaded.state.now_us()
        step = max(1, _SCORES_AT_ONCE // max(1, loaded.bundle.dataset.sequences.n_items))
        found: list[Answer | Exception] = []
        for start in range(0, len(asks), step):
            part = asks[start : start + step]
            history = self.histories(part, now)
            with loaded.model_lock:
                scores = np.array(loaded.bundle.model.score(history), np.float32)
            for row, ask in enumerate(part):
                try:
                    found.append(self._one(ask, history.take(np.array([row])), scores[row], now))
                except Exception as error:
                    found.append(error)
        return found

    def histories(self, asks: Sequence[Ask], now_us: int) -> Sequences:
        """Q histories as the model reads them."""
        people = self.loaded.state.people
        read = [
            people.of_acts(ask.acts)
            if ask.acts is not None
            else people.of(ask.user)
            if ask.user is not None
            else people.of_acts(())
            for ask in asks
        ]
        profiles = [self.loaded.profiles(ask.user) for ask in asks]
        known = None if profiles[0] is None else np.concatenate([one for one in profiles if one is not None])
        histories = people.as_sequences(read, known, now_us)
        return self._edited(asks, histories) if any(ask.without for ask in asks) else histories

    def _edited(self, asks: Sequence[Ask], histories: Sequences) -> Sequences:
        """Histories without the events that are asked to be gone."""
        for ask, length in zip(asks, histories.lengths.tolist(), strict=True):
            if any(not 0 <= place < length for place in ask.without):
                raise UsageError(f"the history of {shown(ask.user)} has no such event any more: ask again")
        gone = [
            np.array(ask.without, np.int64) + first
            for ask, first in zip(asks, histories.offsets[:-1].tolist(), strict=True)
        ]
        return without_sets(histories, np.arange(len(asks)), gone)

    def _one(self, ask: Ask, history: Sequences, scores: np.ndarray, now_us: int) -> Answer:
        """The list of one question from the model's scores (I,)."""
        loaded = self.loaded
        chain = steps_of(loaded, ask)
        knows = bool(history.lengths[0]) and self._tells(scores)
        allowed = self._allowed(ask, history, now_us)
        newcomers = [one for one in loaded.newcomers() if self._may(one, ask, now_us)]
        kept = kept_by(chain, loaded, ask, history)
        if kept is not None:
            allowed &= kept
            newcomers = newcomers if kept.any() else []
        if chain is not None and not knows and ask.query is None and "unknown" not in chain.names:
            return Answer(loaded.version.name, ())
        worth, source = scores, MODEL
        if ask.query is not None:
            worth, source = self._by_words(ask.query, scores, knows), WORDS
        elif not knows:
            worth, source = self._by_popularity(), POPULAR
        fresh = np.array([worth[one.rows] @ one.weights for one in newcomers], np.float32)
        worth = np.where(allowed, worth, -np.inf).astype(np.float32)
        joined = np.concatenate([worth, fresh])[None]
        width = min(max(ask.k, _POOL if self._shapes(ask) or orders(chain) else ask.k), joined.shape[1])
        items, best = top_k(joined, max(1, width))
        items, best = items[0][items[0] >= 0], best[0][items[0] >= 0].astype(np.float64)
        if chain is not None and orders(chain) and source == MODEL:
            items, best = ordered(chain, loaded, ask, history, items, best)
        if self._shapes(ask):
            items, best = shaped(loaded, ask, history, items, best)
        items, best, propensity = self._explored(items, best, ask.k)
        reasons = reasons_of(loaded, ask, history, items) if ask.reasons else [None] * len(items)
        n_known = len(worth)
        places = [
            Place(
                newcomers[at - n_known].item if at >= n_known else loaded.bundle.dataset.items.names[at],
                None if source == POPULAR else float(score),
                NEWCOMER if at >= n_known else EXPLORED if share[1] else source,
                self._reason(reason, source, newcomers[at - n_known] if at >= n_known else None),
                share[0],
            )
            for at, score, reason, share in zip(items.tolist(), best.tolist(), reasons, propensity, strict=True)
        ]
        return Answer(loaded.version.name, tuple(places))

    def _reason(self, reason: str | None, source: str, newcomer: Newcomer | None) -> str | None:
        if newcomer is not None and reason is not None:
            like = self.loaded.bundle.labels[int(newcomer.rows[0])]
            how = "taken together with" if newcomer.source == "together" else "described like"
            return f"new: {how} {like}"
        if reason is not None and source == POPULAR:
            return "what most people take: the model can tell nothing of this person"
        return reason

    def _shapes(self, ask: Ask) -> bool:
        return bool(ask.boost) or ask.diversity > 0 or ask.influence > 0

    def _tells(self, scores: np.ndarray) -> bool:
        """Whether the best scores differ; where they do not, the model says nothing of this person."""
        best = np.partition(scores, -min(_TOLD_APART, len(scores)))[-_TOLD_APART:]
        return bool(best.max() > best.min()) or len(scores) == 1

    def _allowed(self, ask: Ask, history: Sequences, now_us: int) -> np.ndarray:
        """(I,) which of the model's items may be shown."""
        state, rows = self.loaded.state, self.loaded.state.people.item_rows
        n_items = self.loaded.bundle.dataset.sequences.n_items
        allowed = np.ones(n_items, bool)
        if ask.candidates is not None:
            allowed[:] = False
            known = [rows[item] for item in ask.candidates if item in rows]
            if not known and not any(one.item in ask.candidates for one in self.loaded.newcomers()):
                first = ask.candidates[0] if ask.candidates else ""
                raise UsageError(
                    f"none of the candidates is known, such as {shown(first)}: {nearest(first, list(rows)[:2000])}"
                )
            allowed[known] = True
        if ask.filter is not None:
            allowed &= holding(self.loaded, ask.filter)
        taken = [*ask.exclude, *self.loaded.catalogue.not_shown(now_us)]
        if ask.user is not None:
            taken += state.refused.get(ask.user, ())
        policy = self._policy(ask)
        seen = [rows[item] for item in self._seen(ask) if item in rows] if policy != "keep" else []
        if ask.without:
            seen = [row for row in seen if row in history.items]
        if policy == "only":
            own = np.zeros(n_items, bool)
            own[seen] = True
            allowed &= own
        else:
            allowed[seen] = False
        allowed[[rows[item] for item in taken if item in rows]] = False
        return allowed

    def _policy(self, ask: Ask) -> str:
        if ask.seen != "auto":
            return ask.seen
        return seen_policy(steps_of(self.loaded, ask), "drop" if self.loaded.bundle.exclude_seen else "keep")

    def _seen(self, ask: Ask) -> set[str]:
        if ask.acts is not None:
            return {act.item for act in ask.acts}
        return self.loaded.state.seen(ask.user) if ask.user is not None else set()

    def _may(self, newcomer: Newcomer, ask: Ask, now_us: int) -> bool:
        """Whether an item that the model does not know may be in this list."""
        item, loaded = newcomer.item, self.loaded
        if not loaded.catalogue.is_shown(item, now_us) or item in ask.exclude:
            return False
        if ask.candidates is not None and item not in ask.candidates:
            return False
        if ask.user is not None and item in loaded.state.refused.get(ask.user, ()):
            return False
        policy = self._policy(ask)
        if policy != "keep" and (item in self._seen(ask)) != (policy == "only"):
            return False
        wanted = [*conditions(steps_of(loaded, ask)), *([] if ask.filter is None else [ask.filter])]
        return all(bool(holding(loaded, one, item)[0]) for one in wanted)

    def _by_popularity(self) -> np.ndarray:
        """(I,) acts on each item, the base's and those since."""
        things, rows = self.loaded.state.things, self.loaded.state.people.item_rows
        counts = things.base_counts.astype(np.float32)
        for item, count in things.counts.items():
            if item in rows:
                counts[rows[item]] += count
        return counts

    def _by_words(self, query: str, scores: np.ndarray, knows: bool) -> np.ndarray:
        """(I,) how well each item's words answer a query, the model's order beside it; -inf where none is shared."""
        likeness = self.loaded.words.relevance(query).astype(np.float32)
        if not likeness.any():
            raise UsageError(f"query {shown(query)}: no item has any of these words")
        if knows:
            found = np.flatnonzero(likeness > 0)
            place = scores[found].argsort().argsort() / max(1, len(found) - 1)
            likeness[found] += np.float32(_PERSONAL) * place.astype(np.float32)
        return np.where(likeness > 0, likeness, -np.inf)

    def _explored(
        self, items: np.ndarray, best: np.ndarray, k: int
    ) -> tuple[np.ndarray, np.ndarray, list[tuple[float, bool]]]:
        """The first k, each place drawn from the rest with a small chance: items, scores, (propensity, drawn)."""
        if self.explore <= 0:
            return items[:k], best[:k], [(1.0, False)] * len(items[:k])
        left, chosen, told = list(range(len(items))), [], []
        for _ in range(min(k, len(items))):
            draw = self._rng.random() < self.explore
            at = int(self._rng.integers(len(left))) if draw else 0
            share = self.explore / len(left) + (1.0 - self.explore if at == 0 else 0.0)
            told.append((share, at != 0))
            chosen.append(left.pop(at))
        return items[chosen], best[chosen], told
