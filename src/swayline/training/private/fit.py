"""A private training from the log to the folder.

::

    log ─ public catalogue ─ δ, account ─ noise for ε ─ noisy steps ─ bundle without people ─ account, weights, card
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from swayline.core.time import iso
from swayline.dataset import Dataset, Vocabulary
from swayline.engine import Engine
from swayline.events import EventLog
from swayline.training.bundle import ModelBundle
from swayline.training.fit import cut
from swayline.training.plan import TrainingPlan
from swayline.training.private.accounting import Steps, noise_for
from swayline.training.private.budget import Account, Training, account_for
from swayline.training.private.card import card_of, write_card
from swayline.training.private.mechanism import Secret
from swayline.training.private.plan import PrivatePlan
from swayline.training.private.public import PublicData, public_data
from swayline.training.private.sequence import fit_sequence, private_settings
from swayline.training.private.sums import fit_sum
from swayline.training.provenance import Provenance


@dataclass(frozen=True)
class PrivatelyTrained:
    """A private model and what it cost.

    Parameters
    ----------
    bundle : ModelBundle
        With the catalogue, and nobody's id or history.
    account : Account
    steps : Steps
        Of this training.
    n_people, left_out : int
        People of the log, and events on items that the catalogue does not name: for who trains.
    """

    bundle: ModelBundle
    account: Account
    steps: Steps
    n_people: int
    left_out: int

    def save(self, folder: Path) -> None:
        """Write the account first, then model and card: no weights ever stand without what they cost."""
        self.account.write(folder)
        self.bundle.save(folder)
        write_card(folder, self.account)


def fit_private(engine: Engine, log: EventLog, plan: PrivatePlan, folder: Path | None = None) -> PrivatelyTrained:
    """Train within a budget.

    Parameters
    ----------
    folder : Path, optional
        Where the model will be kept: what its account has spent counts.

    Raises
    ------
    UsageError
        The log has no table of items, δ is above 1/n, or the budget is spent; nothing is trained.
    MissingExtraError
        Opacus is not installed.
    EmptyLogError
        No event is on an item of the catalogue.
    """
    return fit_private_data(public_data(engine, log), plan, folder)


def fit_private_data(public: PublicData, plan: PrivatePlan, folder: Path | None = None) -> PrivatelyTrained:
    """As :func:`fit_private`, of histories over a public catalogue."""
    if not plan.one_step:
        private_settings(plan)
    dataset = public.dataset
    n_people = len(dataset.users)
    delta = plan.delta_for(n_people)
    account = account_for(folder, plan.budget, plan.epsilon, delta, plan.delta is not None)
    steps = noise_for(plan.epsilon, account.delta, plan.rate, plan.n_steps)
    account.check(steps)
    histories = dataset.sequences
    if plan.split != "none":
        histories = cut(histories, TrainingPlan(split=plan.split)).train
    fit = fit_sum if plan.one_step else fit_sequence
    model = fit(histories, plan, steps, Secret())
    training = Training(plan.model, steps, plan.clip, iso(datetime.now(UTC)))
    account = account.with_training(training, card_of(plan, steps, account, n_people))
    empty = nobody(dataset)
    made = Provenance.of(empty)
    bundle = ModelBundle(model, empty, public.data.labels, True, public.data.log.options, {}, None, made)
    return PrivatelyTrained(bundle, account, steps, n_people, public.left_out)


def nobody(dataset: Dataset) -> Dataset:
    """The same catalogue and behaviours with no person in it."""
    sequences = replace(dataset.sequences.take(np.zeros(0, np.int64)), values=None, profiles=None)
    return replace(dataset, users=Vocabulary.of([]), sequences=sequences, people=None)
