"""``swayline recommend``: lists from a model folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.model_folder import ModelFolder, item_ids, newer, user_ids
from swayline.cli.shared.output import show, table_path, warn
from swayline.cli.shared.reading import EventsOption, side_table
from swayline.core.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from swayline.training.bundle import ModelBundle


@dataclass(frozen=True)
class Search:
    """Items asked for in words."""

    query: Annotated[
        str | None,
        typer.Option(
            "--query",
            help="Items whose titles answer these words; with --users, those each user would take first.",
            show_default=False,
        ),
    ] = None
    encoder: Annotated[
        Path | None,
        typer.Option(
            "--encoder",
            help="Folder of a Hugging Face text encoder for --query; by default MiniLM.",
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True)
class Asked:
    """What may be shown, when, and by which steps."""

    chain: Annotated[
        Path | None,
        typer.Option(
            "--chain", help="Steps from a question to a list, as TOML; by default the model's own.", show_default=False
        ),
    ] = None
    candidates: Annotated[
        Path | None, typer.Option("--candidates", help="Choose among these items: ids, one a line.", show_default=False)
    ] = None
    exclude: Annotated[
        Path | None, typer.Option("--exclude", help="Never show these items: ids, one a line.", show_default=False)
    ] = None
    where: Annotated[
        str | None,
        typer.Option(
            "--filter", help="A condition on item columns: \"price < 20 and category = 'lamps'\".", show_default=False
        ),
    ] = None
    boost: Annotated[
        list[str] | None,
        typer.Option(
            "--boost",
            metavar="CONDITION=>NUMBER",
            show_default=False,
            help="Lift (or sink) items by so many standard deviations of the scores; again for each.",
        ),
    ] = None
    seen: Annotated[str, typer.Option("--seen", help="Items of the history: auto, drop, keep or only.")] = "auto"
    new_only: Annotated[
        bool, typer.Option("--new-only", "--new-items-only", help="Only what is new to the person.")
    ] = False
    at: Annotated[
        str | None,
        typer.Option("--at", help="Ask at this moment (UTC), from what was known then.", show_default=False),
    ] = None
    history: Annotated[
        str | None,
        typer.Option("--history", help="Ask for somebody new who met these items: i1,i2.", show_default=False),
    ] = None
    trace: Annotated[bool, typer.Option("--trace", help="Add the place of each item after every step.")] = False


@dataclass(frozen=True)
class Known:
    """What the steps may weigh by."""

    items: Annotated[
        Path | None,
        typer.Option("--items", help="Table of items, newer than what the model holds.", show_default=False),
    ] = None
    ties: Annotated[
        Path | None, typer.Option("--ties", help="Who can influence whom: source, target.", show_default=False)
    ] = None
    influence: Annotated[
        Path | None, typer.Option("--influence", help="The ledger: measured influence.", show_default=False)
    ] = None


@option_groups
def recommend(
    model: ModelFolder,
    events: EventsOption = None,
    users: Annotated[
        Path | None,
        typer.Option(
            "--users",
            help="Whom to serve: ids, one a line, or a table whose further columns are their profiles.",
            show_default=False,
        ),
    ] = None,
    search: Search = Search(),
    asked: Asked = Asked(),
    known: Known = Known(),
    k: options.K = 10,
    out: Annotated[
        Path,
        typer.Option(
            "--out", callback=table_path, help="File to write: user, item, rank, score (.parquet, .csv, .jsonl)."
        ),
    ] = Path("recs.parquet"),
    ending: Ending = Ending(),
) -> None:
    """Write the best next items of each user, or the items that answer a query."""
    from swayline.core.storage.outputs import claim_file
    from swayline.core.storage.tables import write_table
    from swayline.training.bundle import ModelBundle

    inputs = (model, events, users, search.encoder, asked.chain, asked.candidates, asked.exclude, *vars(known).values())
    claim_file(out, "recommend", inputs, ending.force)
    if search.query is None and search.encoder is not None:
        raise UsageError("--encoder belongs to a search: say --query too")
    if search.query is not None and (asked != Asked() or known != Known()):
        raise UsageError("--query searches by words: leave out the options of the chain, or leave out --query")
    if asked.history is not None and users is not None:
        raise UsageError("--history asks for somebody new: leave out --users")
    wanted = user_ids(users) if users else None
    fitted = newer(ModelBundle.load(model), events, users)
    short: tuple[dict[str, object], ...] = ()
    if search.query is None:
        lists, short = _walked(fitted, asked, known, wanted, k)
    else:
        lists = _found(fitted, search, wanted, k, model)
    write_table(out, lists, "recommend")
    n_users = len(lists["user"].unique()) if "user" in lists.column_names else 0
    result = {"out": str(out), "users": n_users, "rows": len(lists)} | _told(fitted, lists) | _short(short)
    if search.query is not None and not n_users:
        labels = dict(zip(fitted.dataset.items.names, fitted.labels, strict=True))
        lines = [f"{row['rank']:>3}  {row['item']}  {labels[row['item']]}" for row in lists.to_pylist()]
        found = {"query": search.query, "items": lists.to_pylist()}
        show(ending.json, result | found, [*lines, f"written: {out}"])
        return
    what = "recommendations" if search.query is None else f"answers to {search.query!r}"
    show(ending.json, result, [f"{len(lists):,} {what} for {n_users:,} users", f"written: {out}"])


def _walked(
    fitted: "ModelBundle", asked: Asked, known: Known, users: list[str] | None, k: int
) -> "tuple[pa.Table, tuple[dict[str, object], ...]]":
    """The lists of the chain, and those of them that are short."""
    from swayline.ledger import read_ledger
    from swayline.recommend import Chain, Context, Query

    chain = Chain() if asked.chain is None else Chain.read(asked.chain)
    query = Query(
        k=k, candidates=None if asked.candidates is None else item_ids(asked.candidates),
        exclude=() if asked.exclude is None else item_ids(asked.exclude), filter=asked.where,
        boost=dict(_boosted(one) for one in asked.boost or ()), seen=asked.seen, new_only=asked.new_only, at=asked.at,
        history=None if asked.history is None else [one.strip() for one in asked.history.split(",") if one.strip()],
    )  # fmt: skip
    context = Context(
        fitted,
        ledger=None if known.influence is None else read_ledger(known.influence),
        ties=None if known.ties is None else side_table("ties", known.ties),
        side=None if known.items is None else side_table("items", known.items),
    )
    names = fitted.dataset.users.names
    rows = fitted.served if users is None else fitted.rows_of(users)
    queries = [query] if asked.history is not None else [query.of(names[row]) for row in rows]
    lists = chain.serve(context, queries, trace=asked.trace)
    for note in lists.notes:
        warn(f"note: {note}")
    return lists.table, lists.short


def _boosted(said: str) -> tuple[str, float]:
    """``CONDITION=>NUMBER`` as both."""
    condition, _, number = said.rpartition("=>")
    try:
        return condition.strip(), float(number)
    except ValueError:
        pass
    raise UsageError(f"--boost takes CONDITION=>NUMBER, not {said!r}: --boost \"category = 'lamps'=>0.5\"")


def _short(short: tuple[dict[str, object], ...]) -> dict[str, object]:
    """Lists that hold fewer items than asked, said to people and kept for machines."""
    for one in short[:3]:
        who = "the question" if one["user"] is None else f"user {one['user']}"
        warn(f"note: the list of {who} is short: {one['why']}")
    if len(short) > 3:
        warn(f"note: {len(short) - 3:,} more lists are short; --json names the first hundred")
    return {"short": {"lists": len(short), "first": list(short[:100])}}


def _found(fitted: "ModelBundle", search: Search, users: list[str] | None, k: int, folder: Path) -> "pa.Table":
    """The answers to a query; the titles' vectors are kept beside the model, so that the next one is quick."""
    import warnings

    from swayline.encoders import TextEncoder
    from swayline.recommend import ItemSearch

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UserWarning)
        encoder = TextEncoder(search.encoder, cache=folder / "vectors")
        found = ItemSearch(fitted, encoder=encoder).search(str(search.query), users, k)
    for note in said:
        typer.echo(f"note: {note.message}", err=True)
    return found


def _told(fitted: "ModelBundle", lists: "pa.Table") -> dict[str, object]:
    """What a newer log held that the model does not know, and how many lists are not the model's own."""
    told: dict[str, object] = {} if fitted.match is None else {"events": fitted.match.as_json()}
    if "source" not in lists.column_names:
        return told
    import pyarrow.compute as pc

    popular = lists.filter(pc.equal(lists["source"], "popular"))
    n = len(popular["user"].unique())
    if n and (fitted.match is None or n > fitted.match.without_history):
        warn(f"note: the model can tell nothing of {n:,} people: their lists are what most take (source popular)")
    return told | {"popular": n}
