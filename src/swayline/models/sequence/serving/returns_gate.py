"""How likely answers are under any odds of the gate of returns, from one reading of the histories.

::

    log P (j)  =  log ( (1 - g) · new (j)  +  g · again (j) )            g = σ (odds + moved)
    loss       =  log Σ exp ( scale · (log P + neighbours) )  -  scale · (log P + neighbours) (answer)

The gate's own log-odds stand alone in a sum, so moving them needs no network. Items that neither the history nor a
neighbour names share one factor, (1 - g) to the power of the scale: their sum is kept as one number a question.

Shapes: Q questions, I items, N pairs of a question and an item that its history, its neighbours or its answer name.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from swayline.dataset import Sequences
from swayline.models.sequence.heads.repeat_head import Returns
from swayline.models.sequence.serving.scorer import Scorer

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class GateLikelihood:
    """What some questions say of the gate.

    Attributes
    ----------
    odds : (Q,) log-odds of a return as they stand; -inf where nothing was met
    wholes : (Q,) sum over all items of ``new ** scale``
    rows : (N,) question of each pair
    new, again : (N,) log share of the item among new ones, and among those met (-inf where it was not)
    more : (N,) what neighbours add
    answers : (Q,) the pair that came
    scale : the scale of all scores
    """

    odds: Floats
    wholes: Floats
    rows: Ints
    new: Floats
    again: Floats
    more: Floats
    answers: Ints
    scale: float

    @classmethod
    def of(cls, scorer: Scorer, history: Sequences, answers: npt.NDArray[np.integer]) -> "GateLikelihood":
        """Read some histories and their answers (Q,) once."""
        scale = 1.0 if scorer.blend is None else float(scorer.blend.chosen.scale)
        parts, asked, first = [], [], 0
        for rows, states, returns in scorer.states(history):
            if returns is None:
                raise TypeError("a network with a gate of returns is needed")
            logits = scorer.logits(states, None).float()
            n_items, whole = logits.shape[1], logits.logsumexp(1)  # (rows,)
            odds, pairs, shares = _met(returns, n_items)
            beside, extra = _beside(scorer, history.take(rows))
            wanted = np.arange(len(rows)) * n_items + answers[rows].astype(np.int64)
            keys, at = np.unique(np.concatenate([pairs, beside, wanted]), return_inverse=True)
            seen, told = at[: len(pairs)], at[len(pairs) : len(at) - len(rows)]
            row, item = np.divmod(keys, n_items)
            fresh = (logits.cpu().numpy()[row, item] - whole.cpu().numpy()[row]).astype(np.float64)
            met = np.bincount(seen, weights=shares, minlength=len(keys))
            parts.append((
                odds, _wholes(logits, whole, scale), row + first,
                fresh, np.log(met, where=met > 0, out=np.full(len(keys), -np.inf)),
                np.bincount(told, weights=extra, minlength=len(keys)),
            ))  # fmt: skip
            asked.append(at[len(at) - len(rows) :] + sum(len(part[2]) for part in parts[:-1]))
            first += len(rows)
        odds, wholes, rows, new, again, more = (np.concatenate(one) for one in zip(*parts, strict=True))
        return cls(odds, wholes, rows, new, again, more, np.concatenate(asked), scale)

    def __call__(self, moved: float) -> float:
        """Mean log-likelihood of the answers with the gate's log-odds moved by so much."""
        odds = self.odds + moved
        stay, go = -np.logaddexp(0.0, odds), -np.logaddexp(0.0, -odds)
        fresh = stay[self.rows] + self.new
        score = self.scale * (np.logaddexp(fresh, go[self.rows] + self.again) + self.more)
        named = np.bincount(self.rows, np.exp(score) - np.exp(self.scale * fresh), minlength=len(odds))
        whole = np.exp(self.scale * stay) * self.wholes + named
        return float((score[self.answers] - np.log(np.maximum(whole, 1e-300))).mean())


def _wholes(logits: Tensor, whole: Tensor, scale: float) -> Floats:
    """(Q,) sums over all items of their share, to the power of the scale; ``whole`` is the log of the sum of exp."""
    if scale == 1.0:
        return np.ones(len(logits))
    found: Floats = ((logits * scale).logsumexp(1).double() - scale * whole.double()).exp().cpu().numpy()
    return found


def _beside(scorer: Scorer, history: Sequences) -> tuple[Ints, Floats]:
    """Pairs of a question and an item that neighbours name, as one number each, and what they add."""
    if scorer.blend is None:
        return np.zeros(0, np.int64), np.zeros(0)
    added = scorer.blend.added(history).tocoo()
    return added.row.astype(np.int64) * added.shape[1] + added.col, added.data.astype(np.float64)


def _met(returns: Returns, n_items: int) -> tuple[Floats, Ints, Floats]:
    """Log-odds of a return (Q,), and pairs of a question and an item met, as one number each, with their shares."""
    stay = returns.log_new.double()
    odds = torch.log(-torch.expm1(stay)) - stay  # -inf where nothing was met
    again = returns.again.double() / -torch.expm1(stay).clamp_max(-1e-300)[:, None]
    row, place = torch.nonzero(again > 0, as_tuple=True)
    return (
        odds.cpu().numpy(),
        (row * n_items + returns.items[row, place]).cpu().numpy(),
        again[row, place].cpu().numpy(),
    )
