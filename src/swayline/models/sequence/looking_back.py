"""What a history says of each item in it, at the moment somebody asks what comes next: how often, how lately, its kin.

An item stands for itself once, at the latest event on it that the asking token may look at. Everything is counted
inside the batch, so that nothing of the future is in it and training and questions count alike.

Shapes: R rows of W places (bins, or one row a question), A tokens a row that ask, P pairs of an asking token and an
item it met, B behaviours, C columns of attributes, F features of a pair, G of an asking token.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from swayline.models.sequence.batches import Packed

_MOST_BEHAVIORS = 8
"""Behaviours beyond are counted together."""
_OTHER = 6
_US = 1e6
_OF_ASKING = 3


@dataclass(frozen=True)
class Asked:
    """Tokens that ask, and the events they look back at."""

    items: Tensor
    """(R, W) of each place."""
    behaviors: Tensor
    """(R, W) alike."""
    times: Tensor
    """(R, W) UTC microseconds, 0 where not known."""
    places: Tensor
    """(R, A) where each asking token stands."""
    visible: Tensor
    """(R, A, W) the events it may look at."""

    @classmethod
    def all_of(cls, batch: Packed, n_items: int) -> "Asked":
        """Every token of a batch: R bins, A = W."""
        n_bins, _, width, _ = batch.visible.shape
        items, behaviors, times = (x.view(n_bins, width) for x in (batch.items, batch.behaviors, batch.times))
        places = torch.arange(width, device=items.device).expand(n_bins, width)
        return cls(items, behaviors, times, places, batch.visible[:, 0] & (items != n_items)[:, None])

    @classmethod
    def last_of(cls, batch: Packed, n_items: int) -> tuple["Asked", Tensor]:
        """The tokens that answer for the batch's histories (R questions, A = 1), and (R, W) the batch's token of each.

        W is no wider than the longest of the histories: what shares their bins is left out.
        """
        width = batch.visible.shape[-1]
        row, place = batch.last // width, batch.last % width
        own = batch.visible[row, 0, place]
        first, longest = own.int().argmax(1), int(own.sum(1).max())
        within = first[:, None] + torch.arange(longest, device=row.device)
        inside, within = within < width, within.clamp_max(width - 1)
        token = row[:, None] * width + within
        items, behaviors, times = batch.items[token], batch.behaviors[token], batch.times[token]
        visible = own.gather(1, within) & inside & (items != n_items)
        return cls(items, behaviors, times, (place - first)[:, None], visible[:, None]), token


@dataclass(frozen=True)
class Met:
    """What asking tokens met."""

    latest: Tensor
    """(R, A, W) bool: the latest visible event on each item."""
    apart: Tensor
    """(P,) places back to each event that ``latest`` marks, in its order."""
    pairs: Tensor
    """(P, F) what is counted of each of them."""
    asking: Tensor
    """(R, A, G) of the asking tokens: log-odds of returning so far, log (1 + events), whether the last one returned."""


def n_pair_features(n_behaviors: int) -> int:
    """F."""
    return min(n_behaviors, _MOST_BEHAVIORS) + _OTHER


N_ASKING_FEATURES = _OF_ASKING


def look_back(asked: Asked, codes: Tensor, n_behaviors: int) -> Met:
    """Count what each asking token met; ``codes`` (I + 1, C) are the items' attributes, 0 where not known.

    Of a pair: log (1 + places) and log (1 + seconds) since the latest event, whether these are known; likeness of
    attributes to the event at the asking token and to all events; log (1 + events), in all and of each behaviour.
    """
    n_rows, width = asked.items.shape
    alike = asked.items[:, :, None] == asked.items[:, None, :]
    kin = _kin(codes[asked.items])
    told = min(n_behaviors, _MOST_BEHAVIORS)
    done = F.one_hot(asked.behaviors.clamp_max(told - 1), told).bool()
    counted = torch.empty(n_rows, width, told + 2, width, device=kin.device)
    counted[:, :, 0], counted[:, :, 1:-1], counted[:, :, -1] = alike.tril(-1), alike[:, :, None] & done[..., None], kin
    found = asked.visible.float() @ counted.view(n_rows, width, -1)
    found = found.view(n_rows, -1, told + 2, width).float()
    latest = asked.visible & (found[:, :, 0] < 0.5)
    n_events = asked.visible.sum(2).float()
    row, ask, place = latest.nonzero(as_tuple=True)
    at = asked.places[row, ask]
    apart = (at - place).abs()
    now, then = asked.times[row, at], asked.times[row, place]
    timed = (now > 0) & (then > 0)
    lag = torch.where(timed, (now - then).clamp_min(0).double() / _US, 0.0).float()
    events = n_events[row, ask]
    known = torch.stack(
        [
            apart.float().log1p(), lag.log1p() / 5, timed.float(), kin[row, at, place],
            found[row, ask, -1, place] / events, events.log1p() / 5,
        ], 1,
    )  # fmt: skip
    pairs = torch.cat([known, found[row, ask, 1:-1, place].log1p()], 1)
    n_met = latest.sum(2).float()
    again = (n_events - n_met + 0.5).log() - (n_met + 0.5).log()
    last = alike.gather(1, asked.places[:, :, None].expand(-1, -1, width)) & asked.visible
    asking = torch.stack([again, n_events.log1p() / 5, (last.sum(2) > 1).float()], 2)
    return Met(latest, apart, pairs, asking)


def _kin(codes: Tensor) -> Tensor:
    """(R, W, W) share of the attributes (R, W, C) that two events' items have in common."""
    n_rows, width, n_columns = codes.shape
    found = torch.zeros(n_rows, width, width, device=codes.device)
    for column in codes.unbind(2):
        found += (column[:, :, None] == column[:, None, :]) & (column[:, :, None] > 0)
    return found / max(1, n_columns)
