"""Where answers stand among all items, without a row of scores as long as the catalogue for each of them.

Returns change the scores of what the history holds alone. All others are shifted alike, so that their logits are
compared with the logit that would score as the answer does::

    score (j)  =  logit (j) - log Σ exp logits + log new                        j not in the history
    score (j)  =  log ( exp of that  +  again (j) )                             j in the history

Shapes: Q questions, I items, W places of a history, D width.
"""

import torch
from torch import Tensor

from swayline.models.sequence.heads.repeat_head import Returns


def standing(
    states: Tensor, catalogue: Tensor, returns: Returns | None, answers: Tensor, at_once: int
) -> tuple[Tensor, Tensor]:
    """(Q,) items above each answer, and other items level with it.

    Parameters
    ----------
    states : (Q, D); catalogue : (I, D); answers : (Q,)
    at_once : logits held at a time
    """
    step = max(1, at_once // max(1, len(catalogue)))
    parts = []
    with torch.no_grad():
        for start in range(0, len(states), step):
            some = slice(start, start + step)
            logits = (states[some] @ catalogue.T).float()
            one = None if returns is None else Returns(returns.log_new[some], returns.again[some], returns.items[some])
            parts.append(_among(logits, answers[some]) if one is None else _mixed(logits, one, answers[some]))
    above, level = zip(*parts, strict=True)
    return torch.cat(above), torch.cat(level)


def _among(logits: Tensor, answers: Tensor) -> tuple[Tensor, Tensor]:
    """Of (Q, I) logits alone."""
    own = logits.gather(1, answers[:, None])
    return (logits > own).sum(1), (logits == own).sum(1) - 1


def _mixed(logits: Tensor, returns: Returns, answers: Tensor) -> tuple[Tensor, Tensor]:
    """Of (Q, I) logits with returns mixed in."""
    shift = returns.log_new - logits.logsumexp(1)  # from a logit to the score of an item never met
    alike = returns.items[:, :, None] == returns.items[:, None, :]
    first = ~alike.tril(-1).any(2)  # an item met at several places counts once
    total = (alike * returns.again[:, None, :]).sum(2)
    plain = logits.gather(1, returns.items)
    there = torch.logaddexp(plain + shift[:, None], total.clamp_min(1e-38).log())  # (Q, W)
    mine = returns.items == answers[:, None]
    met, own = mine.any(1), logits.gather(1, answers[:, None])[:, 0]
    score = torch.where(met, there.masked_fill(~mine, -torch.inf).amax(1), own + shift)[:, None]
    bar = torch.where(met, score[:, 0] - shift, own)[:, None]
    others = first & ~mine
    above = (logits > bar).sum(1) - ((plain > bar) & first).sum(1) + ((there > score) & others).sum(1)
    level = (logits == bar).sum(1) - ((plain == bar) & first).sum(1) + ((there == score) & others).sum(1)
    return above, level - (~met).long()
