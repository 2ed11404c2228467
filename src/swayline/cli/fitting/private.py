"""``swayline fit --private``: a model whose people are protected by noise, within a budget."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from swayline.cli.fitting.asked import Given, Training
from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.output import show, warn
from swayline.cli.shared.reading import read
from swayline.core.errors import UsageError

if TYPE_CHECKING:
    from swayline.training.private import PrivatelyTrained


def fit_private(given: Given, training: Training, said: Mapping[str, Any], ending: Ending) -> None:
    """Train, book what it cost on the folder, and tell both."""
    from swayline.core.storage.locks import only_one
    from swayline.core.storage.outputs import claim_folder, is_model_folder
    from swayline.engine import DuckEngine
    from swayline.training.plan import check_split
    from swayline.training.private import PrivatePlan
    from swayline.training.private import fit_private as fit

    if "epsilon" not in said:
        raise UsageError("a private training needs to know what it may cost: --epsilon 3")
    kept = {"checkpoint": training.checkpoint, "tensorboard": training.tensorboard, "track": training.track}
    for name, value in kept.items():
        if value is not None:
            raise UsageError(
                f"--{name} would keep what a private training must not tell (losses by epoch): leave it out"
            )
    check_split(given.split)
    settings = options.settings_of(training.settings)
    plan = PrivatePlan(**said, model=given.model, settings=settings, split=given.split, seed=training.seed)
    inputs = (given.events, *vars(given.sides).values())
    claim_folder(given.out, "fit", is_model_folder, inputs, ending.force)
    if given.sides.users is not None:
        warn("note: a private training does not read the table of users")
    with only_one(given.out, "fit"), DuckEngine() as engine:
        log = read(given.events, given.reading, engine, items=given.sides.items)
        done = fit(engine, log, plan, given.out)
        done.save(given.out)
    _tell(done, given, ending.json)


def _tell(done: "PrivatelyTrained", given: Given, as_json: bool) -> None:
    account, steps = done.account, done.steps
    result = {
        "model": given.model, "out": str(given.out), "users": done.n_people, "items": len(done.bundle.dataset.items),
        "left_out": done.left_out, "epsilon": account.spent, "delta": account.delta, "budget": account.budget,
        "noise_multiplier": steps.noise_multiplier, "sampling_rate": steps.sampling_rate, "steps": steps.n_steps,
        "trainings": len(account.trainings),
    }  # fmt: skip
    out = f"; {done.left_out:,} events on items of no table left out" if done.left_out else ""
    show(as_json, result, [
        f"{given.model} trained privately on {done.n_people:,} people ({result['items']:,} items{out})",
        f"this folder has cost ε {account.spent:.4g} of {account.budget:g} at δ {account.delta:.3g} (per person); noise"
        f" {steps.noise_multiplier:.3g} × clip, {steps.n_steps:,} step(s)",
        f"model: {given.out}; what was read and how: {given.out}/card.md",
    ])  # fmt: skip
