"""``swayline influence events``: what each past event does to a recommendation."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from swayline.cli.influence.shared import Out
from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.model_folder import ModelFolder, newer, user_ids
from swayline.cli.shared.output import show
from swayline.cli.shared.reading import EventsOption
from swayline.core.storage.outputs import claim_file

if TYPE_CHECKING:
    from swayline.training.bundle import ModelBundle


@dataclass(frozen=True)
class How:
    """What is asked of the events, one question at a time."""

    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without",
            help="Leave out together: behavior, category, item or session, each in turn; or a set, 'behavior=view' "
            "(again for more).",
            show_default=False,
        ),
    ] = None
    minimal: Annotated[
        bool, typer.Option("--minimal", help="The fewest events without which the first item would be another.")
    ] = False
    method: Annotated[
        str,
        typer.Option(
            "--method", help="removal (exact), gradient, integrated-gradients, attention or shapley (with its error)."
        ),
    ] = "removal"
    to_show: Annotated[
        str | None, typer.Option("--to-show", help="What to do to be shown this item.", show_default=False)
    ] = None
    people: Annotated[
        bool, typer.Option("--people", help="Whose data each recommendation rests on (item-knn exactly, transformer).")
    ] = False
    edits: Annotated[
        bool, typer.Option("--edits", help="Add what adding, removing, replacing each behaviour does to the lists.")
    ] = False
    page: Annotated[
        Path | None,
        typer.Option(
            "--page",
            help="Write a page about --user (.html): take events out and the list follows, offline; words as --say.",
            show_default=False,
        ),
    ] = None
    say: Annotated[
        str | None, typer.Option("--say", help="Also print a reason for each item: en or zh.", show_default=False)
    ] = None
    private: Annotated[
        bool, typer.Option("--private", help="With --say: past things are named by their category alone.")
    ] = False


@option_groups
def events(
    model: ModelFolder,
    events: EventsOption = None,
    user: Annotated[str | None, typer.Option("--user", help="One user.", show_default=False)] = None,
    users: Annotated[
        Path | None,
        typer.Option(
            "--users", help="File of user ids, one a line; by default 100 drawn by the seed.", show_default=False
        ),
    ] = None,
    item: Annotated[
        str | None, typer.Option("--item", help="Explain this item; by default each user's top 10.", show_default=False)
    ] = None,
    how: How = How(),
    seed: options.Seed = 0,
    out: Out = Path("influence.parquet"),
    ending: Ending = Ending(),
) -> None:
    """How much each past event moves a recommendation: score with the event minus score without it."""
    from swayline.core.errors import UsageError
    from swayline.ledger import concat, write_ledger
    from swayline.recommend import edit_behaviors, explain_events, shown_rows
    from swayline.training.bundle import ModelBundle

    asks = (how.to_show is not None, bool(how.without), how.minimal, how.method != "removal", how.people)
    if sum(asks) > 1 or (how.to_show is not None and item is not None):
        raise UsageError("--to-show, --without, --minimal, --method and --people are questions of their own: ask one")
    if how.private and how.say is None:
        raise UsageError("--private is how reasons are said: give --say too")
    claim_file(out, "influence events", (model, events, users), ending.force)
    if how.page is not None:
        _claim_page(how, user, (model, events, users, out), ending.force)
    fitted = newer(ModelBundle.load(model), events, users)
    asked = [user] if user is not None else user_ids(users) if users is not None else None
    if how.to_show is not None:
        table = shown_rows(fitted, asked, how.to_show, seed=seed)
    else:
        table = explain_events(
            fitted, asked, item=item, seed=seed, method=how.method, without=how.without or (), minimal=how.minimal,
            people=how.people,
        )  # fmt: skip
    if how.edits:
        table = concat([table, edit_behaviors(fitted, asked, seed=seed)])
    write_ledger(table, out, "influence events")
    if how.page is not None:
        _write_page(fitted, user or "", how)
    reasons = [] if how.say is None else _reasons(fitted, asked, item, seed, how)
    told = {"out": str(out), "rows": len(table)} | ({} if how.say is None else {"reasons": reasons})
    told |= {} if how.page is None else {"page": str(how.page)}
    show(
        ending.json,
        told | ({} if fitted.match is None else {"events": fitted.match.as_json()}),
        [
            *(f"{one['user']} {one['rank']}. {one['item']}: {one['reason']}" for one in reasons),
            f"{len(table):,} rows: {_asked(how)}",
            f"written: {out}" + ("" if how.page is None else f" and {how.page}"),
        ],
    )


def _claim_page(how: How, user: str | None, inputs: tuple[Any, ...], force: bool) -> None:
    """Refuse a page that cannot be written, before anything is."""
    from swayline.core.errors import UsageError, nearest
    from swayline.recommend.why.sentences import LANGUAGES

    if user is None:
        raise UsageError("--page is about one person: give --user too")
    if how.page is None or how.page.suffix != ".html":
        raise UsageError(f"--page {how.page}: a page's name ends in .html")
    if how.private:
        raise UsageError("--page shows a person's whole history; --private hides it: ask one")
    if how.say is not None and how.say not in LANGUAGES:
        raise UsageError(f"--say {how.say!r} is no language of reasons: {nearest(how.say, LANGUAGES)}")
    claim_file(how.page, "influence events", inputs, force, option="--page")


def _write_page(fitted: "ModelBundle", user: str, how: How) -> None:
    from dataclasses import asdict

    from swayline.core.storage.outputs import note_output
    from swayline.recommend import edited_lists
    from swayline.report import write_person_page

    language, page = how.say or "en", how.page or Path()
    write_person_page(page, asdict(edited_lists(fitted, user, language=language)), language)
    note_output(page, "influence events")


def _reasons(
    fitted: "ModelBundle", asked: list[str] | None, item: str | None, seed: int, how: How
) -> list[dict[str, Any]]:
    from swayline.recommend import why_sentences

    table = why_sentences(fitted, asked, item=item, language=how.say or "en", private=how.private, seed=seed)
    return table.to_pylist()  # type: ignore[no-any-return]


def _asked(how: How) -> str:
    if how.people:
        return "the people whose data each recommendation rests on"
    if how.to_show is not None:
        return f"what to do to be shown {how.to_show}"
    if how.minimal:
        return "the fewest events without which the first item would be another"
    if how.without:
        return f"what each recommendation is without {' and '.join(how.without)}"
    return "what each event does to each recommendation" + ("" if how.method == "removal" else f", by {how.method}")
