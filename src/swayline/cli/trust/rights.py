"""``swayline export`` and ``swayline erase``: what a folder keeps of a person, told and taken out."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from swayline.cli.shared import options
from swayline.cli.shared.output import show

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run or a fit.", show_default=False)]
Person = Annotated[str, typer.Option("--user", help="The person's id, as the log writes it.", show_default=False)]


def export(
    folder: Folder,
    user: Person,
    out: Annotated[
        Path | None, typer.Option("--out", help="JSON file to write; by default only counts are told.")
    ] = None,
    force: options.Force = False,
    json: options.Json = False,
) -> None:
    """Everything that a folder keeps of a person."""
    from swayline.core.storage.files import write_json
    from swayline.core.storage.outputs import claim_file, note_output
    from swayline.trust.rights import exported

    if out is not None:
        claim_file(out, "export", (folder,), force)
    found = _plain(exported(folder, user))
    if out is not None:
        write_json(out, found)
        note_output(out, "export")
    lines = [f"{name}: {len(rows):,} row(s)" for name, rows in found["tables"].items()]
    lines += [f"{name}: a history of {len(events):,} event(s)" for name, events in found["history"].items()]
    lines += [f"{name}: names the person" for name in found["elsewhere"]]
    show(json, found, [*lines, *([f"written: {out}"] if out is not None else [])])


def erase(
    folder: Folder,
    user: Person,
    approximate: Annotated[
        bool, typer.Option("--approximate", help="Leave every model's weights as they are; sooner done.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Erase a person from every file of a run or a fit, with a receipt."""
    from swayline.core.names import RUN_FILE
    from swayline.core.storage.locks import only_one
    from swayline.report import write_report
    from swayline.trust.rights import check_folder, erase_person

    check_folder(folder)
    with only_one(folder, "erase"):
        done = erase_person(folder, user, exact=not approximate)
        if (folder / RUN_FILE).exists():
            write_report(folder)
    lines = [f"{name}: {n:,} row(s) dropped" for name, n in done.rows.items()]
    lines += [f"{name}: rewritten" for name in done.rewritten]
    lines += [f"model {folder / name}: {how['how']}" for name, how in done.models.items()]
    lines += [f"approximate: {one}" for one in done.approximate]
    show(json, asdict(done), [
        *lines, f"nothing in {folder} names the person any more; the log that it was made from is not touched",
        f"receipt {done.digest[:16]}… in {folder / 'erasures.json'}; its key, told once: {done.key}",
    ])  # fmt: skip


def _plain(value: Any) -> Any:
    """Values as JSON takes them: moments and bytes as texts, no NaN."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else None
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
