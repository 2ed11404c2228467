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

from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.batching.request import NOT_KNOWN, seconds_away

_MOST_BEHAVIORS = 8
"""Behaviours beyond are counted together."""
_OTHER = 6
_ASKED = 2
"""What is told of when the question is asked, where the model reads it."""
_US = 1e6


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
    moments: Tensor
    """(R, A) when each asks, 0 where not known."""

    @classmethod
    def all_of(cls, batch: Packed, n_items: int) -> "Asked":
        """Every token of a batch: R bins, A = W."""
        n_bins, _, width, _ = batch.visible.shape
        items, behaviors, times = (x.view(n_bins, width) for x in (batch.items, batch.behaviors, batch.times))
        places = torch.arange(width, device=items.device).expand(n_bins, width)
        moments = batch.asked_at.view(n_bins, width)
        return cls(items, behaviors, times, places, batch.visible[:, 0] & (items != n_items)[:, None], moments)

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
        moments = batch.asked_at[batch.last][:, None]
        return cls(items, behaviors, times, (place - first)[:, None], visible[:, None], moments), token


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


def n_pair_features(n_behaviors: int, reads_request: bool) -> int:
    """F."""
    return min(n_behaviors, _MOST_BEHAVIORS) + _OTHER + _ASKED * reads_request


def n_asking_features(reads_request: bool) -> int:
    """G."""
    return 3 + _ASKED * reads_request


def look_back(
    asked: Asked, codes: Tensor, n_behaviors: int, reads_request: bool = False, needed: Tensor | None = None
) -> Met:
    """Count what each asking token met; ``codes`` (I + 1, C) are the items' attributes, 0 where not known.

    Of a pair: log (1 + places) and log (1 + seconds) since the latest event, whether these are known; likeness of
    attributes to the event at the asking token and to all events; log (1 + events), in all and of each behaviour. With
    ``reads_request`` seconds run to the moment of asking where that is known, and pairs and asking tokens are told log
    (1 + seconds away) and whether it is known. ``needed`` (R, A) says of which asking tokens pairs
    are counted; None: of all.
    """
    told = min(n_behaviors, _MOST_BEHAVIORS)
    done = F.one_hot(asked.behaviors.clamp_max(told - 1), told)
    count = _count_once if asked.places.shape[1] == 1 else _count_all
    counts = count(asked, done, codes[asked.items])
    n_events = asked.visible.sum(2).float()
    latest = counts.latest if needed is None else counts.latest & needed[..., None]
    row, ask, place = latest.nonzero(as_tuple=True)
    at = asked.places[row, ask]
    apart = (at - place).abs()
    here = asked.times.gather(1, asked.places)
    away = seconds_away(asked.moments, here) if reads_request else torch.full_like(here, NOT_KNOWN, dtype=torch.double)
    is_known = away >= 0
    now, then = torch.where(is_known, asked.moments, here)[row, ask], asked.times[row, place]
    timed = (now > 0) & (then > 0)
    lag = torch.where(timed, (now - then).clamp_min(0).double() / _US, 0.0).float()
    events = n_events[row, ask]
    known = torch.stack(
        [
            apart.float().log1p(), lag.log1p() / 5, timed.float(), counts.near[row, ask, place],
            counts.kin[row, ask, place] / events, events.log1p() / 5,
        ], 1,
    )  # fmt: skip
    pairs = torch.cat([known, counts.by[row, ask, :, place].log1p()], 1)
    n_met = counts.latest.sum(2).float()
    again = (n_events - n_met + 0.5).log() - (n_met + 0.5).log()
    asking = torch.stack([again, n_events.log1p() / 5, counts.again.float()], 2)
    if reads_request:
        wait = torch.stack([away.clamp_min(0).log1p().float() / 5, is_known.float()], 2)
        pairs, asking = torch.cat([pairs, wait[row, ask]], 1), torch.cat([asking, wait], 2)
    return Met(latest, apart, pairs, asking)


@dataclass(frozen=True)
class _Counts:
    """What asking tokens see at each place."""

    latest: Tensor
    """(R, A, W) bool: the latest visible event on each item."""
    by: Tensor
    """(R, A, B, W) visible events of each behaviour on the place's item."""
    kin: Tensor
    """(R, A, W) likeness of the place's attributes to those of the visible events, added up."""
    near: Tensor
    """(R, A, W) likeness to the asking token's."""
    again: Tensor
    """(R, A) bool: whether the asking token's item was met before."""


def _count_all(asked: Asked, done: Tensor, codes: Tensor) -> _Counts:
    """For many tokens a row, by products of what is visible with what is alike.

    ``done`` (R, W, B) is 1 at each event's behaviour, ``codes`` (R, W, C) are its item's attributes.
    """
    n_rows, width, told = done.shape
    alike = asked.items[:, :, None] == asked.items[:, None, :]
    kin = _kin(codes)
    counted = torch.empty(n_rows, width, told + 2, width, device=kin.device)
    counted[:, :, 0], counted[:, :, -1] = alike.tril(-1), kin
    counted[:, :, 1:-1] = alike[:, :, None] & done.bool()[..., None]
    found = asked.visible.float() @ counted.view(n_rows, width, -1)
    found = found.view(n_rows, -1, told + 2, width).float()
    latest = asked.visible & (found[:, :, 0] < 0.5)
    here = asked.places[:, :, None].expand(-1, -1, width)
    again = (alike.gather(1, here) & asked.visible).sum(2) > 1
    return _Counts(latest, found[:, :, 1:-1], found[:, :, -1], kin.gather(1, here), again)


def _count_once(asked: Asked, done: Tensor, codes: Tensor) -> _Counts:
    """The same for one asking token a row (A = 1), by groups of alike events: no product, no W × W table."""
    seen = asked.visible[:, 0]
    group, n_groups = _groups(asked.items)
    by = done.new_zeros(n_groups, done.shape[2]).index_add_(0, group.view(-1), (done * seen[..., None]).flatten(0, 1))
    by = by[group].float()  # (R, W, B)
    place = torch.arange(group.shape[1], device=group.device).expand_as(group)
    last = place.new_full((n_groups,), -1).scatter_reduce_(0, group[seen], place[seen], "amax")
    latest = seen & (place == last[group])
    kin, near = torch.zeros(2, *seen.shape, device=seen.device)
    for column in codes.unbind(2):
        alike, n_alike = _groups(column)
        total = kin.new_zeros(n_alike).index_add_(0, alike.view(-1), seen.view(-1).to(kin.dtype))
        kin += total[alike] * (column > 0) / codes.shape[2]
        near += ((column == column.gather(1, asked.places)) & (column > 0)) / codes.shape[2]
    again = seen.gather(1, asked.places) & (by.sum(2).gather(1, asked.places) > 1)
    return _Counts(latest[:, None], by.transpose(1, 2)[:, None], kin[:, None], near[:, None], again)


def _groups(values: Tensor) -> tuple[Tensor, int]:
    """(R, W) a number for each value of each row, and how many there are."""
    row = torch.arange(len(values), device=values.device)[:, None]
    found, group = torch.unique(row * (int(values.max()) + 1) + values, return_inverse=True)
    return group, len(found)


def _kin(codes: Tensor) -> Tensor:
    """(R, W, W) share of the attributes (R, W, C) that two events' items have in common."""
    n_rows, width, n_columns = codes.shape
    found = torch.zeros(n_rows, width, width, device=codes.device)
    for column in codes.unbind(2):
        found += (column[:, :, None] == column[:, None, :]) & (column[:, :, None] > 0)
    return found / max(1, n_columns)
