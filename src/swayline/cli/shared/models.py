"""``--model list``: every model's name and what it is for."""

from swayline.cli.shared.output import show


def list_models(as_json: bool) -> None:
    """Print every model's name, what it is for, and whether it reads values."""
    from swayline.models import names, purpose, reads_values

    width = max(len(name) for name in names()) + 2
    lines = [f"{name:<{width}}{purpose(name)}{'' if reads_values(name) else ' (ignores values)'}" for name in names()]
    about = {name: purpose(name) for name in names()}
    reading = [name for name in names() if reads_values(name)]
    show(as_json, {"models": names(), "about": about, "reads_values": reading}, lines)
