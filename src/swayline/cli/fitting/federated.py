"""``swayline fit --federated``: a model learned from sums over people who each keep their history."""

from collections.abc import Mapping
from typing import Any

from swayline.cli.fitting.asked import Given, Training
from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.output import show
from swayline.cli.shared.reading import read
from swayline.core.errors import UsageError


def fit_federated(given: Given, training: Training, said: Mapping[str, Any], ending: Ending) -> None:
    """Simulate every person as a client of their own, and keep what the server learned."""
    from swayline.core.storage.locks import only_one
    from swayline.core.storage.outputs import claim_folder, is_model_folder
    from swayline.engine import DuckEngine
    from swayline.training import ModelBundle
    from swayline.training.private import nobody, public_data, spare_account
    from swayline.training.provenance import Provenance
    from swayline.trust.federated import FederatedPlan
    from swayline.trust.federated import fit_federated as fit

    if given.model != "transformer":
        raise UsageError(f"--federated trains the transformer alone, not {given.model!r}: leave --model out")
    if given.split != "none":
        raise UsageError("--federated learns from every client's whole history: leave --split out")
    kept = {"checkpoint": training.checkpoint, "tensorboard": training.tensorboard, "track": training.track}
    for name, value in kept.items():
        if value is not None:
            raise UsageError(f"--{name} is not kept by a federated training: leave it out")
    plan = FederatedPlan(**said, settings=options.settings_of(training.settings), seed=training.seed)
    inputs = (given.events, *vars(given.sides).values())
    claim_folder(given.out, "fit", is_model_folder, inputs, ending.force)
    spare_account(given.out)
    with only_one(given.out, "fit"), DuckEngine() as engine:
        public = public_data(engine, read(given.events, given.reading, engine, items=given.sides.items))
        done = fit(public.dataset.sequences, plan)
        empty = nobody(public.dataset)
        made = Provenance.of(empty)
        ModelBundle(done.model, empty, public.data.labels, True, public.data.log.options, made=made).save(given.out)
    n_people = len(public.dataset.users)
    result = {
        "model": given.model, "out": str(given.out), "clients": n_people, "rounds": plan.rounds, "summed": done.summed,
        "vanished": done.vanished, "refused": done.refused, "bytes_a_client": done.bytes_a_client,
        "left_out": public.left_out,
    }  # fmt: skip
    show(ending.json, result, [
        f"transformer learned in {plan.rounds:,} rounds of {plan.clients:,} of {n_people:,} simulated clients:"
        f" {done.summed:,} updates in secure sums, {done.vanished:,} vanished, {done.refused:,} refused;"
        f" {done.bytes_a_client:,} bytes an update",
        f"model: {given.out}; it holds nobody's history: recommend needs --events",
    ])  # fmt: skip
