"""Federated averaging of the sequence model: each person trains on their own history, the server sees sums alone.

::

    every round    weights ─ to the people drawn ─ each: a few steps on the own history ─ update = new - old
                   ─ refused where it is no number or too long ─ secure sum ─ mean ─ the server steps along it (Adam)

The server's catalogue is the public table of items; nothing else of anybody is read outside the person's own steps.

Shapes: D weights.

References
----------
McMahan et al., "Communication-Efficient Learning of Deep Networks from Decentralized Data", AISTATS 2017.
Reddi et al., "Adaptive Federated Optimization", ICLR 2021 (the server's step).
"""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from swayline.core.errors import SwaylineError, UsageError
from swayline.core.progress import task
from swayline.core.rng import generator
from swayline.core.settings import build
from swayline.core.types import Floats, Ints
from swayline.dataset import Sequences
from swayline.models import Transformer, TransformerSettings
from swayline.models.sequence.fitting import begun
from swayline.models.sequence.optimize.one_person import PersonLoss
from swayline.training.private.plan import OUTSIDE, PUBLIC
from swayline.trust.federated.secure_sum import Client, secure_sum

_THRESHOLD = 2 / 3
Tamper = Callable[[int, Floats], Floats]


@dataclass(frozen=True)
class FederatedPlan:
    """Rounds of federated averaging.

    Parameters
    ----------
    rounds : int
    clients : int
        People of a round.
    local_steps : int
        Steps of each on their own history.
    local_rate : float
        Learning rate of these.
    longest : float
        Length beyond which an update is refused.
    vanish : float
        Share of a round's people who vanish after they agreed on masks, drawn by the seed: for trials of drop-out.
    settings : mapping
        Of the sequence model, where they read nobody's events.
    seed : int
    """

    rounds: int = 30
    clients: int = 20
    local_steps: int = 2
    local_rate: float = 0.1
    longest: float = 100.0
    vanish: float = 0.0
    settings: Mapping[str, object] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("rounds", "clients", "local_steps"):
            least = 3 if name == "clients" else 1
            if getattr(self, name) < least:
                raise UsageError(f"{name.replace('_', ' ')} of a federated training must be at least {least}")
        for name in ("local_rate", "longest"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise UsageError(f"{name.replace('_', ' ')} must be a number above 0, not {value!r}")
        if not 0 <= self.vanish < 1 - _THRESHOLD:
            raise UsageError(f"at most a third of a round may vanish, not {self.vanish!r}")
        for name, value in self.settings.items():
            if name in OUTSIDE and value != OUTSIDE[name]:
                raise UsageError(f"setting {name} = {value!r} reads people's events on the server: leave it out")


@dataclass(frozen=True)
class FederatedRounds:
    """A model and how its rounds went.

    Parameters
    ----------
    model : Transformer
    summed, vanished, refused : int
        Updates that entered a sum, people who vanished, updates that were refused.
    bytes_a_client : int
        Of a masked update.
    """

    model: Transformer
    summed: int
    vanished: int
    refused: int
    bytes_a_client: int


def fit_federated(histories: Sequences, plan: FederatedPlan, tamper: Tamper | None = None) -> FederatedRounds:
    """Train over people who each keep their history.

    Parameters
    ----------
    tamper : callable, optional
        Person and update → what is sent in its place: for trials of broken clients.

    Raises
    ------
    UsageError
        There are fewer people with events than a round takes.
    """
    able = np.flatnonzero(histories.lengths > 0)
    if len(able) < plan.clients:
        raise UsageError(f"{len(able)} people have events, fewer than the {plan.clients} of a round")
    settings = build(TransformerSettings, {"seed": plan.seed, **PUBLIC, **plan.settings, **OUTSIDE})
    nobody = histories.take(np.zeros(0, np.int64))
    scorer = begun(nobody, settings)
    network, rng = scorer.network, generator(plan.seed, "federated rounds")
    server = [one.detach() for one in network.parameters()]
    optimizer = torch.optim.Adam(network.parameters(), settings.learning_rate, betas=(0.9, 0.98))
    mine = copy.deepcopy(network)
    loss = PersonLoss(mine, settings, scorer.sizes.max_length)
    counts = np.zeros(3, np.int64)
    with torch.random.fork_rng(devices=[]), task("train federated", plan.rounds) as bar:
        for _ in range(plan.rounds):
            loss.step(int(rng.integers(2**62)))
            people = rng.choice(able, plan.clients, replace=False)
            updates = {int(one): _update(loss, histories, int(one), server, plan) for one in people}
            if tamper is not None:
                updates = {one: tamper(one, update) for one, update in updates.items()}
            total, n, told = _round(updates, plan, rng)
            counts += told
            if n:
                _point(list(network.parameters()), total / n)
                optimizer.step()
            bar.advance()
    network.eval()
    model = Transformer.of_network(settings, scorer, plan.rounds)
    summed, vanished, refused = counts.tolist()
    return FederatedRounds(model, summed, vanished, refused, 8 * sum(one.numel() for one in server))


def _update(loss: PersonLoss, histories: Sequences, person: int, server: list[Tensor], plan: FederatedPlan) -> Floats:
    """(D,) what a person's own steps change."""
    parameters: list[Tensor] = list(loss.network.parameters())
    loss.network.train()
    with torch.no_grad():
        torch._foreach_copy_(parameters, server)
    n = max(1, min(int(histories.lengths[person]), loss.max_length + 1))
    for _ in range(plan.local_steps):
        got = torch.autograd.grad(loss(histories, person) / n, parameters, allow_unused=True)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, got, strict=True):
                if gradient is not None:
                    parameter.sub_(gradient, alpha=plan.local_rate)
    return _flat([new.detach() - old for new, old in zip(parameters, server, strict=True)])


def _round(
    updates: Mapping[int, Floats], plan: FederatedPlan, rng: np.random.Generator
) -> tuple[Floats, int, tuple[int, int, int]]:
    """The sum of a round, of how many, and (summed, vanished, refused)."""
    clients, refused = [], 0
    for name, update in enumerate(updates.values(), start=1):
        try:
            clients.append(Client(name, _short(update, plan.longest), plan.longest))
        except UsageError:
            refused += 1
    names = [one.name for one in clients]
    gone: Ints = rng.choice(names, int(plan.vanish * len(names)), replace=False) if names else np.zeros(0, np.int64)
    try:
        total, sent = secure_sum(clients, math.ceil(_THRESHOLD * len(names)), before_sending=gone.tolist())
    except SwaylineError:  # too few are left: the round is lost, the weights stay
        return np.zeros(0), 0, (0, len(names), refused)
    return total, len(sent), (len(sent), len(gone), refused)


def _short(update: Floats, longest: float) -> Floats:
    """An update that is not too long.

    Raises
    ------
    UsageError
        It is.
    """
    length = float(np.linalg.norm(update))
    if not length <= longest:
        raise UsageError(f"an update of length {length:.3g} is refused: at most {longest:g}")
    return update


def _flat(parts: list[Tensor]) -> Floats:
    return torch.cat([one.reshape(-1) for one in parts]).double().numpy()


def _point(parameters: list[nn.Parameter], change: Floats) -> None:
    """Make the mean update the way down that the server steps along."""
    start = 0
    for one in parameters:
        part = change[start : start + one.numel()]
        one.grad = -torch.from_numpy(part).to(one.dtype).view_as(one)
        start += one.numel()
