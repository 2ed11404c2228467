"""``swayline fit NEWEVENTS --warm-start MODEL_DIR``: a model goes on with tomorrow's events."""

from swayline.cli.fitting.asked import Given, Training
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.output import show, warn
from swayline.core.errors import UsageError, shown


def fit_warm(given: Given, training: Training, ending: Ending) -> None:
    """Learn on, write another folder, and say what changed; the old folder is only read."""
    from swayline.core.storage.locks import only_one
    from swayline.core.storage.outputs import claim_folder, is_model_folder
    from swayline.engine import DuckEngine
    from swayline.training.bundle import ModelBundle
    from swayline.training.newer import read_newer
    from swayline.training.onward.warm_start import warm_start
    from swayline.training.private import spare_account

    old, out = training.warm_start, given.out
    assert old is not None
    _check(given, training)
    claim_folder(out, "fit", is_model_folder, (given.events, *vars(given.sides).values(), old), ending.force)
    spare_account(out)
    fitted = ModelBundle.load(old)
    if given.model not in ("transformer", fitted.model.name):
        raise UsageError(f"{old} holds a {fitted.model.name} model, not {given.model}: leave out --model")
    with only_one(out, "fit"), DuckEngine() as engine:
        options = fitted.options if not given.reading else _options(given)
        log = read_newer(given.events, options, given.sides.users, engine, items=given.sides.items)
        bundle, changed = warm_start(engine, fitted, log, seed=training.seed, **training.said_warm())  # type: ignore[arg-type]
        bundle.save(out)
    for note in log.notes:
        warn(f"note: {note}")
    if len(log.rejected):
        warn(f"note: {len(log.rejected):,} rows are rejected; swayline check says why")
    if changed.alarm:
        warn(f"alarm: {changed.alarm}")
    told = {"model": bundle.model.name, "out": str(out), "from": str(old), "changed": changed.as_json()}
    show(ending.json, told, [*changed.lines(), f"{bundle.model.name} goes on from {old}: {out}"])


def _check(given: Given, training: Training) -> None:
    """What belongs to a first fit is refused."""
    old = training.warm_start
    assert old is not None
    if given.out.resolve() == old.resolve():
        raise UsageError(f"--out {shown(str(given.out))} is the model that is gone on from: give another folder")
    if training.settings:
        raise UsageError("a warm start keeps the settings of its model: leave out --set, or fit anew")
    if given.split != "none":
        raise UsageError(f"a warm start learns from everything: leave out --split {given.split}")
    for name in ("checkpoint", "track", "tensorboard"):
        if getattr(training, name) is not None:
            raise UsageError(f"--{name} belongs to a first fit: leave it out of a warm start")


def _options(given: Given):  # type: ignore[no-untyped-def]
    from swayline.cli.shared.reading import as_options

    return as_options(given.reading)
