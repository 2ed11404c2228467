"""What an attack does to the lists of a model, and how much of that a defence takes back.

The model learns from the log as it is, from the log with the attack, and from that log under each defence, each time
with the choices that validation made on the log as it is. Real people who have not met the target are asked for their
lists::

    shown(model)  share of them whose list of k holds the target
    lift          shown(after) - shown(before): what the attack gained (or, where it pushes down, took)
    place(model)  mean share of the items they have not met that stand above the target: 0 at the top, 1 at the end
    rise          place(before) - place(after): lists of ten see little of what moves from the 800th place to the 90th
    cut(defence)  1 - (shown(defended) - shown(before)) / lift, and the same of the rise

Several targets are attacked in turn, one log each, and the people of all of them are taken together.

References
----------
O'Mahony et al., "Collaborative Recommendation: A Robustness Analysis", ACM TOIT 2004 (hit ratio and prediction shift).
"""

from copy import deepcopy
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import UsageError
from swayline.core.names import ITEM, USER
from swayline.core.progress import task
from swayline.core.rng import generator
from swayline.engine import Engine
from swayline.evaluation import Estimate, bootstrap_mean
from swayline.events import EventLog
from swayline.models.topk import mask_seen
from swayline.training import ModelBundle, TrainingPlan, fit_log, training_data
from swayline.trust.acts import Floats
from swayline.trust.attack.defences import DEFENCES, Defended, check_defences, defend
from swayline.trust.attack.profiles import Attacked, attacked

LIFT = pa.schema(
    [
        ("defence", pa.string()), ("shown_before", pa.float64()), ("shown_after", pa.float64()),
        ("lift", pa.float64()), ("ci_low", pa.float64()), ("ci_high", pa.float64()), ("cut", pa.float64()),
        ("place_before", pa.float64()), ("place_after", pa.float64()), ("rise", pa.float64()),
        ("rise_cut", pa.float64()),
        ("attackers", pa.int64()), ("caught", pa.int64()), ("people_held_back", pa.int64()), ("people", pa.int64()),
    ]
)  # fmt: skip
"""A row a defence, over all targets: shares of people shown the target, what the attack gained with a 95% interval."""
_MOST_ASKED = 2_000
_BLOCK = 500
_NOTHING = 0.002
"""A gain below this is none that a defence could cut."""


@dataclass(frozen=True)
class AttackPlan:
    """What is attacked, and how it is measured.

    Parameters
    ----------
    model : str
        Whose lists are attacked.
    kind : str
        The attack (:data:`~swayline.trust.attack.profiles.KINDS`).
    share : float
        Profiles as a share of the people.
    target : str, optional
        The attacked item; by default ``targets`` of them are drawn.
    targets : int
        Items attacked, one after the other.
    k : int
        Length of the lists.
    defences : tuple of str
        What is tried against it.
    settings : mapping
        Of the model.
    """

    model: str = "item-knn"
    kind: str = "average"
    share: float = 0.03
    target: str | None = None
    targets: int = 3
    k: int = 10
    defences: tuple[str, ...] = DEFENCES
    settings: dict[str, object] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        check_defences(self.defences)
        if self.targets < 1:
            raise UsageError(f"--targets must be at least 1, not {self.targets}")


@dataclass(frozen=True)
class AttackResult:
    """What an attack did.

    Parameters
    ----------
    table : pa.Table
        Columns of :data:`LIFT`.
    targets : tuple of str
        The items attacked.
    """

    table: pa.Table
    targets: tuple[str, ...]


@dataclass
class _Seen:
    """Who was shown the target under a defence, over all targets; and who was caught."""

    before: list[Floats] = field(default_factory=list)
    after: list[Floats] = field(default_factory=list)
    person: list[np.ndarray] = field(default_factory=list)
    attackers: int = 0
    caught: int = 0
    held_back: int = 0


def measure_attack(engine: Engine, log: EventLog, plan: AttackPlan) -> AttackResult:
    """Attack a log, fit the model on it with and without defences, and compare what real people are shown.

    Raises
    ------
    UsageError
        The model, the kind, a defence or the target is unknown.
    DataError
        The log is too small, or cannot carry the attack.
    """
    training = TrainingPlan.of_one(plan.model, plan.settings, seed=plan.seed, unmet=False)
    with task("fit on the log as it is"):
        clean = fit_log(engine, log, training)
    seen = {name: _Seen() for name in plan.defences}
    targets = []
    for number in range(1 if plan.target is not None else plan.targets):
        attack = attacked(log, plan.kind, plan.share, target=plan.target, seed=plan.seed + number)
        targets.append(attack.target)
        people = _asked(clean, log, attack.target, plan.seed + number)
        before = _shown(clean, people, attack.target, plan.k)
        for name, defended in defend(engine, attack.log, plan.defences, plan.seed).items():
            with task(f"attack on {attack.target}, {name}"):
                after = _shown(_learned(engine, defended.log, clean), people, attack.target, plan.k)
            _note(seen[name], attack, defended, people, before, after)
    rows = [_row(name, one, plan.seed) for name, one in seen.items()]
    return AttackResult(pa.Table.from_pylist(_with_cuts(rows), LIFT), tuple(targets))


def _learned(engine: Engine, log: EventLog, clean: ModelBundle) -> ModelBundle:
    """The same model with the same choices, learned from another log."""
    dataset = training_data(engine, log).dataset
    return replace(clean, model=deepcopy(clean.model).refit(dataset.sequences), dataset=dataset)


def _asked(bundle: ModelBundle, log: EventLog, target: str, seed: int) -> list[str]:
    """Real people who have not met the target, at most two thousand."""
    events = log.events
    met = set(events.filter(pc.equal(events[ITEM].cast(pa.string()), target))[USER].cast(pa.string()).to_pylist())
    others = [name for name in bundle.dataset.users.names if name not in met]
    order = generator(seed, "asked").permutation(len(others))[:_MOST_ASKED]
    return [others[at] for at in np.sort(order)]


def _shown(bundle: ModelBundle, people: list[str], target: str, k: int) -> Floats:
    """(Q, 2) whether a person's list of k holds the target, and its place; NaN of people whom the model does not know.

    Items level with the target stand half above it, so that a list holds it with the chance that ties leave.
    """
    rows = bundle.dataset.users.rows(people)
    found = np.full((len(people), 2), np.nan)
    item = int(bundle.dataset.items.rows([target])[0])
    if item < 0:
        found[rows >= 0] = (0.0, 1.0)
        return found
    known = np.flatnonzero(rows >= 0)
    for start in range(0, len(known), _BLOCK):
        part = known[start : start + _BLOCK]
        asked = bundle.histories.take(rows[part])
        scores = mask_seen(np.array(bundle.model.score(asked), np.float32), asked)
        own = scores[:, [item]]
        above, level = (scores > own).sum(axis=1), (scores == own).sum(axis=1)
        others = np.maximum(np.isfinite(scores).sum(axis=1) - 1, 1)
        found[part, 0] = np.clip((k - above) / level, 0.0, 1.0)
        found[part, 1] = (above + (level - 1) / 2) / others
    return found


def _note(seen: _Seen, attack: Attacked, defended: Defended, people: list[str], before: Floats, after: Floats) -> None:
    both = ~(np.isnan(before) | np.isnan(after)).any(axis=1)
    seen.before.append(before[both])
    seen.after.append(after[both])
    seen.person.append(np.array(people, object)[both])
    attackers = set(attack.attackers)
    seen.attackers += len(attackers)
    seen.caught += len(attackers & defended.held_back)
    seen.held_back += len(defended.held_back - attackers)


def _row(name: str, seen: _Seen, seed: int) -> dict[str, object]:
    before, after = np.concatenate(seen.before), np.concatenate(seen.after)
    clusters = np.unique(np.concatenate(seen.person).astype(str), return_inverse=True)[1]
    gained: Estimate = bootstrap_mean((after - before)[:, 0], generator(seed, "lift", name), clusters=clusters)
    places = before[:, 1].mean(), after[:, 1].mean()
    return {
        "defence": name, "shown_before": float(before[:, 0].mean()), "shown_after": float(after[:, 0].mean()),
        "lift": gained.value, "ci_low": gained.ci_low, "ci_high": gained.ci_high, "cut": None,
        "place_before": float(places[0]), "place_after": float(places[1]), "rise": float(places[0] - places[1]),
        "rise_cut": None, "attackers": seen.attackers, "caught": seen.caught, "people_held_back": seen.held_back,
        "people": len(before),
    }  # fmt: skip


def _with_cuts(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """The rows with what share of the undefended gain each defence takes back; nothing where there was no gain."""
    undefended = next((one for one in rows if one["defence"] == "none"), None)
    for gain, cut in (("lift", "cut"), ("rise", "rise_cut")):
        whole = 0.0 if undefended is None else float(str(undefended[gain]))
        for one in rows:
            if one["defence"] != "none" and abs(whole) >= _NOTHING:
                one[cut] = 1.0 - float(str(one[gain])) / whole
    return rows
