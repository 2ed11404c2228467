"""``swayline live``: the data folder of a service: its keys, its log as Parquet, a copy of it."""

from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.options import Json
from swayline.cli.shared.output import show, table_path
from swayline.core.errors import UsageError

app = typer.Typer(no_args_is_help=True, help="Keys, log and copies of a service's data folder.", rich_markup_mode=None)
Data = Annotated[Path, typer.Argument(help="Data folder of the service.", show_default=False)]
StoreAddress = Annotated[
    str | None, typer.Option("--store", help="postgresql://… or redis://… where the log is there.", show_default=False)
]
KeyFile = Annotated[Path | None, typer.Option("--key-file", help="What the log is encrypted with.", show_default=False)]


@option_groups
def key(
    data: Data,
    role: Annotated[str, typer.Option("--role", help="ingest, read or admin.")] = "read",
    name: Annotated[str, typer.Option("--name", help="How logs call it.")] = "",
    remove: Annotated[
        str | None, typer.Option("--remove", help="Remove the key of a name.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--list", help="List the keys.")] = False,
    store: StoreAddress = None,
    key_file: KeyFile = None,
    json: Json = False,
) -> None:
    """Make a key of the API, which is shown once; list or remove keys."""
    from swayline.service.api.keys import all_keys, new_key, remove_key
    from swayline.service.log import open_store

    kept = open_store(store or data, key_file=key_file)
    try:
        if every:
            keys = [{"name": one.name, "role": one.role} for one in all_keys(kept)]
            show(json, {"keys": keys}, [f"{one['name']}  {one['role']}" for one in keys] or ["no key was made"])
        elif remove is not None:
            if not remove_key(kept, remove):
                raise UsageError(f"there is no key named {remove!r}: --list names them")
            show(json, {"removed": remove}, [f"removed: {remove}; it stops working within 5 seconds"])
        else:
            secret, made = new_key(kept, role, name)
            show(json, {"key": secret, "name": made.name, "role": made.role}, [secret, f"role {made.role}, shown once"])
    finally:
        kept.close()


@option_groups
def compact(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")] = Path("log"),
    store: StoreAddress = None,
    key_file: KeyFile = None,
    ending: Ending = Ending(),
) -> None:
    """Write the log, and the items, users and ties said since, as Parquet that swayline run reads."""
    from swayline.core.storage.outputs import claim_file
    from swayline.service.log import open_store
    from swayline.service.refit import compact as compact_all
    from swayline.service.serving import Versions, load
    from swayline.service.serving.erase import Erased

    claim_file(out / "events.parquet", "live compact", (data,), ending.force)
    version = Versions(data).current()
    if version is None:
        raise UsageError(f"{data} is no data folder of a service: start one with  swayline serve RUN --data {data}")
    kept = open_store(store or data, key_file=key_file)
    try:
        erased = Erased(kept)
        done = compact_all(load(version, kept, erased), kept, out, erased)
    finally:
        kept.close()
    lines = [f"{done.events:,} events, {done.live:,} of them through the service", f"written: {out}"]
    show(ending.json, {"out": str(out), "events": done.events, "live": done.live, "files": done.files}, lines)


@option_groups
def lists(
    data: Data,
    k: options.K = 10,
    out: Annotated[
        Path, typer.Option("--out", callback=table_path, help="File to write: user, item, rank, score, source.")
    ] = Path("lists.parquet"),
    store: StoreAddress = None,
    key_file: KeyFile = None,
    ending: Ending = Ending(),
) -> None:
    """Write everybody's list as it is now, for those who serve by themselves."""
    from swayline.core.storage.outputs import claim_file
    from swayline.core.storage.tables import write_table
    from swayline.service.log import open_store
    from swayline.service.serving import Versions, all_lists, load
    from swayline.service.serving.erase import Erased

    claim_file(out, "live lists", (data,), ending.force)
    version = Versions(data).current()
    if version is None:
        raise UsageError(f"{data} is no data folder of a service: start one with  swayline serve RUN --data {data}")
    kept = open_store(store or data, key_file=key_file)
    try:
        table = all_lists(load(version, kept, Erased(kept)), k)
    finally:
        kept.close()
    write_table(out, table, "live lists")
    show(ending.json, {"out": str(out), "rows": len(table)}, [f"{len(table):,} rows", f"written: {out}"])


@option_groups
def backup(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="File to write.")] = Path("live-backup.sqlite"),
    ending: Ending = Ending(),
) -> None:
    """Copy the SQLite log to a file, also while the service writes it; restore by copying it back as live.sqlite."""
    from swayline.core.storage.outputs import claim_file
    from swayline.service.log.sqlite import FILE, SQLiteStore

    if not (data / FILE).is_file():
        raise UsageError(f"{data / FILE} does not exist: a log in Postgres or Redis is backed up with their own tools")
    claim_file(out, "live backup", (data / FILE,), ending.force)
    kept = SQLiteStore(data)
    try:
        kept.backup(out)
    finally:
        kept.close()
    show(ending.json, {"out": str(out)}, [f"written: {out}"])


@option_groups
def secret(
    file: Annotated[Path, typer.Argument(help="File to write; an existing one is never replaced.", show_default=False)],
    json: Json = False,
) -> None:
    """Make a key file that a log is encrypted with; whoever loses it loses the log."""
    from swayline.service.log.sealed import make_key_file

    make_key_file(file)
    show(json, {"file": str(file)}, [f"written: {file}; keep a copy elsewhere, since nothing opens the log without it"])


@option_groups
def follow(
    data: Data,
    source: Annotated[str, typer.Option("--from", help="redis://… of the server with the stream.")],
    stream: Annotated[str, typer.Option("--stream", help="Name of the stream.")],
    group: Annotated[str, typer.Option("--group", help="Name of the consumer group.")] = "swayline",
    consumer: Annotated[str, typer.Option("--consumer", help="Name of this one of the group.")] = "one",
    once: Annotated[bool, typer.Option("--once", help="Take what is there and end.")] = False,
    store: StoreAddress = None,
    key_file: KeyFile = None,
    json: Json = False,
) -> None:
    """Take events from a Redis stream by a consumer group into the log; each once, whoever of the group dies."""
    from swayline.service.log import open_store
    from swayline.service.streams import RedisGroup, Taken

    kept = open_store(store or data, key_file=key_file)
    reader = RedisGroup(source, stream, group, consumer)
    total = Taken()
    try:
        while True:
            taken = reader.take(kept, wait_s=0.0 if once else 5.0)
            total += taken
            if once and taken == Taken():
                break
    except KeyboardInterrupt:
        pass
    finally:
        reader.close()
        kept.close()
    lines = [
        f"{total.written:,} events written, {total.repeated:,} stood there already, {total.claimed:,} claimed from"
        " others",
        *([f"{total.refused:,} refused: why stands in the stream {stream}:refused"] if total.refused else []),
    ]
    show(json, vars(total), lines)


app.command("secret")(secret)
app.command("follow")(follow)
app.command("key")(key)
app.command("compact")(compact)
app.command("lists")(lists)
app.command("backup")(backup)
