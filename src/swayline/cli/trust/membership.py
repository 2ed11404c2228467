"""``swayline trust membership``: an attack on who was in a training."""

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from swayline.cli.fitting.asked import Guard
from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.output import show
from swayline.cli.shared.reading import EventsArgument, Items, Said, read, reads
from swayline.core.errors import UsageError

if TYPE_CHECKING:
    from swayline.dataset import Dataset
    from swayline.models import Recommender


@reads("items")
def membership(
    events: EventsArgument,
    items: Items = None,
    model: Annotated[str, typer.Option("--model", help="Which model to train and attack.")] = "transformer",
    settings: options.Set = None,
    guard: Guard = Guard(),
    seed: options.Seed = 0,
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:
    """Train on a third of the people, and try to tell them from another third."""
    from swayline.engine import DuckEngine
    from swayline.training import TrainingPlan, training_data
    from swayline.training.fit import learn
    from swayline.training.private import PrivatePlan, PublicData, fit_private_data, public_data
    from swayline.trust.privacy.membership import audit_membership

    chosen = options.settings_of(settings)
    if not guard.private and (said := guard.said()):
        raise UsageError(f"--{next(iter(said)).replace('_', '-')} belongs to a private training: say --private too")
    if guard.private and guard.epsilon is None:
        raise UsageError("a private training needs to know what it may cost: --epsilon 3")
    cost: dict[str, float] = {}
    with DuckEngine() as engine:
        log = read(events, reading, engine, items=items)
        if guard.private:
            private = PrivatePlan(**guard.said(), model=model, settings=chosen, seed=seed)  # type: ignore[arg-type]
            public = public_data(engine, log)

            def fit(people: "Dataset") -> "Recommender":
                data = dataclasses.replace(public.data, dataset=people)
                done = fit_private_data(PublicData(data, 0), private)
                cost.update(epsilon=done.account.spent, delta=done.account.delta)
                return done.bundle.model

            dataset = public.dataset
        else:
            plan = TrainingPlan.of_one(model, chosen, seed=seed, unmet=False)
            dataset = training_data(engine, log).dataset

            def fit(people: "Dataset") -> "Recommender":
                return learn(people, plan).model

        found = audit_membership(dataset, fit, seed)
    paid = f"at ε {cost['epsilon']:.3g}, δ {cost['delta']:.3g}: " if cost else ""
    show(ending.json, found.as_json() | cost | {"model": model}, [
        f"{model}, {found.members:,} members and {found.others:,} others", f"{paid}{found.verdict}",
    ])  # fmt: skip
