"""Influence: what behaviours cause, who sways whom, and what the model answers when things are removed."""

from dataclasses import asdict

import numpy as np
import pyarrow as pa

from swayline.core.errors import DataError, UsageError
from swayline.core.names import AUDIT_FILE, INFLUENCE_FILE, NETWORK_FILE, OVERLAP_FILE, PROPENSITY
from swayline.core.progress import task
from swayline.core.rng import generator
from swayline.core.storage.files import write_json
from swayline.core.types import Ints
from swayline.engine import DuckEngine
from swayline.evaluation.off_policy import INFLUENCE, choices_from_log, influence_policy, policy_rows, value_of_policy
from swayline.influence.attribution import behavior_rows, edit_rows, event_rows, remove_events
from swayline.influence.attribution.credit import credit_rows
from swayline.influence.attribution.paths import journeys
from swayline.influence.effects import BehaviorEffects, associations, planted_beside
from swayline.influence.network import PeopleInfluence
from swayline.ledger import concat, ledger, write_ledger
from swayline.models import recommend as best_items
from swayline.pipeline.workspace import Workspace

_ASKED_USERS = 500
_EDITED_USERS, _EDITED_BEHAVIORS = 200, 5


def measure_influence(work: Workspace) -> None:
    """Effects of behaviours beside associations, influence on ties, and the model's answer to removing things."""
    settings, histories = work.settings, work.bundle.histories
    effects = _behavior_effects(work)
    parts = [effects, *_credit(work, effects), *_people(work)]
    parts += _worth_of_influence(work, concat(parts))
    active = np.flatnonzero(histories.lengths >= 2)
    order = generator(settings.seed, "explained users").permutation(active)
    drawn = np.sort(order[: max(_ASKED_USERS, settings.explained_users)])
    if len(drawn):
        parts += _answers_of_the_model(work, drawn)
    write_ledger(concat(parts), work.folder / INFLUENCE_FILE)


def _worth_of_influence(work: Workspace, measured: pa.Table) -> list[pa.Table]:
    """What showing items in proportion to interest × influence would have been worth, on a log with propensities."""
    if PROPENSITY not in work.log.events.column_names:
        return []
    try:
        with task("worth of influence"):
            choices = choices_from_log(work.log, work.wanted, work.settings.seed)
            values = value_of_policy(choices, influence_policy(choices, work.log, measured))
            return [ledger(policy_rows(values, INFLUENCE, choices.outcome, choices.unit))]
    except (DataError, UsageError) as error:
        work.say("influence", f"what ranking with measured influence would have been worth cannot be told: {error}")
        return []


def _answers_of_the_model(work: Workspace, drawn: Ints) -> list[pa.Table]:
    """What removing, adding and replacing behaviours does to people's lists, and each event to its recommendations."""
    bundle, settings = work.bundle, work.settings
    asked = bundle.histories.take(drawn)
    items, _ = best_items(bundle.model, asked, settings.k, bundle.exclude_seen)
    rows, places = np.nonzero(items >= 0)
    with task("edit behaviours"):
        removed = behavior_rows(bundle.model, bundle.dataset, asked, rows, items[rows, places].astype(np.int64))
        edited = edit_rows(
            bundle.model, bundle.dataset, asked.take(np.arange(min(len(asked), _EDITED_USERS))),
            behaviors=bundle.behaviors.names[:_EDITED_BEHAVIORS], edits=("add", "replace"), k=settings.k,
            exclude_seen=bundle.exclude_seen,
        )  # fmt: skip
    some = rows < settings.explained_users
    wanted = items[rows[some], places[some]].astype(np.int64)
    without = remove_events(bundle.model, asked, rows[some], wanted, label="remove events")
    people = [bundle.dataset.users.names[row] for row in drawn]
    events = event_rows(bundle.dataset, asked, people, rows[some], wanted, without, bundle.event_ids)
    return [removed, edited, events]


def _behavior_effects(work: Workspace) -> pa.Table:
    """What each other behaviour causes; associations alone where no effect can be estimated from this log."""
    try:
        with task("effects of behaviours"):
            # Linear nuisances answer in seconds on any log; `influence behaviors` takes its time over the choice.
            effects = BehaviorEffects(
                outcome=work.outcome, window=work.settings.window, horizon=work.settings.horizon, learner="linear",
                seed=work.settings.seed,
            ).fit(work.asked)  # fmt: skip
            write_json(work.folder / OVERLAP_FILE, effects.picture())
        _audit(work, effects)
        return effects.ledger_
    except (DataError, UsageError) as error:  # too few of something, or no times
        work.say("influence", f"effects of behaviours cannot be estimated, so associations stand alone: {error}")
        with DuckEngine() as engine:
            return associations(engine, work.asked.events, work.outcome)


def _credit(work: Workspace, effects: pa.Table) -> list[pa.Table]:
    """Who gets the credit for the outcome on the way to it, by rule, the causal share beside."""
    try:
        with task("credit along paths"), DuckEngine() as engine:
            taken = journeys(engine, work.asked.events, work.outcome)
            return [credit_rows(taken, work.outcome, effects, work.settings.seed)]
    except DataError as error:  # no times, or nothing comes before the outcome
        work.say("influence", f"credit for the outcome cannot be shared out: {error}")
        return []


def _audit(work: Workspace, effects: BehaviorEffects) -> None:
    """What planted effects say of the verdicts: copies of this log where asked for, the truth of a simulated one."""
    path = work.folder / AUDIT_FILE
    audits = effects.audit() if work.settings.audit else ()
    events = work.inputs.events
    planted = () if isinstance(events, list) else planted_beside(effects.ledger_, events)
    for words in [*(one.in_words() for one in audits), *(one.in_words() for one in planted)]:
        work.say("influence", words)
    if audits or planted:
        write_json(path, {"copies": [asdict(one) for one in audits], "planted": [asdict(one) for one in planted]})
    else:
        path.unlink(missing_ok=True)


def _people(work: Workspace) -> list[pa.Table]:
    """Who sways whom on the ties, where the log came with ties and says enough about the people they join."""
    if work.log.ties is None:
        return []
    try:
        with task("influence on ties"):
            people = PeopleInfluence(work.outcome, seed=work.settings.seed).fit(work.asked)
            write_json(work.folder / NETWORK_FILE, people.picture())
            return [people.ledger_]
    except DataError as error:
        work.say("influence", f"influence on ties cannot be estimated: {error}")
        return []
