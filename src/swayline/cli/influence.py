"""``swayline influence``: verbs that measure what moved what."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swayline.cli.recommend import newer, user_ids
from swayline.cli.shared import options
from swayline.cli.shared.outcome import Outcome, told_outcome
from swayline.cli.shared.output import show, table_path
from swayline.cli.shared.reading import EventsArgument, EventsOption, Items, Said, read, reads
from swayline.core.errors import UsageError, nearest, shown
from swayline.core.storage.outputs import claim_file
from swayline.core.time import parse_duration_s

if TYPE_CHECKING:
    import pyarrow as pa

app = typer.Typer(help="Measure what moved what; every verb writes rows of one influence table.", no_args_is_help=True)

SPREAD_MODELS = ("independent-cascade", "linear-threshold")
Out = Annotated[
    Path, typer.Option("--out", callback=table_path, help="Influence table to write (.parquet, .csv, .jsonl).")
]


@app.command("events")
def events(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL_DIR", help="Folder that fit or run wrote.", show_default=False)
    ],
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
    edits: Annotated[
        bool, typer.Option("--edits", help="Add what adding, removing, replacing each behaviour does to the lists.")
    ] = False,
    seed: options.Seed = 0,
    out: Out = Path("influence.parquet"),
    force: options.Force = False,
    json: options.Json = False,
) -> None:
    """How much each past event moves a recommendation: score with the event minus score without it."""
    from swayline.ledger import concat, write_ledger
    from swayline.recommend import edit_behaviors, explain_events
    from swayline.training.bundle import ModelBundle

    claim_file(out, "influence events", (model, events, users), force)
    fitted = newer(ModelBundle.load(model), events, users)
    asked = [user] if user is not None else user_ids(users) if users is not None else None
    table = explain_events(fitted, asked, item=item, seed=seed)
    if edits:
        table = concat([table, edit_behaviors(fitted, asked, seed=seed)])
    write_ledger(table, out, "influence events")
    show(
        json,
        {"out": str(out), "rows": len(table)} | ({} if fitted.match is None else {"events": fitted.match.as_json()}),
        [f"{len(table):,} rows: what each event does to each recommendation", f"written: {out}"],
    )


Graph = Annotated[
    str | None,
    typer.Option(
        "--graph",
        help="Causal graph: a file (text or DOT) or the edges themselves, 'a -> b; b -> c'.",
        show_default=False,
    ),
]
Instrument = Annotated[
    str | None,
    typer.Option(
        "--instrument",
        help="Column that moves the treatment and reaches the outcome through it alone.",
        show_default=False,
    ),
]
Propensity = Annotated[
    str | None,
    typer.Option("--propensity", help="Column with the known chance of the treatment.", show_default=False),
]


@app.command("behaviors")
@reads("items")
def behaviors(
    events: EventsArgument,
    treatment: Annotated[
        list[str], typer.Option("--treatment", help="A behaviour whose effect is asked; may be repeated.")
    ],
    outcome: Outcome = None,
    window: Annotated[
        str | None,
        typer.Option("--window", help="Treated within: 1d, 27h; by default from the log.", show_default=False),
    ] = None,
    horizon: Annotated[
        str | None, typer.Option("--horizon", help="Outcome within: 7d; by default from the log.", show_default=False)
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="Only episodes that open from this date.", show_default=False)
    ] = None,
    unit: Annotated[str, typer.Option("--unit", help="What an episode is about: item or category.")] = "item",
    estimand: Annotated[str, typer.Option("--estimand", help="ate, att or cate.")] = "ate",
    graph: Graph = None,
    instrument: Instrument = None,
    propensity: Propensity = None,
    learner: Annotated[
        str, typer.Option("--learner", help="auto, linear (seconds), boosting (minutes) or forest.")
    ] = "auto",
    state: Annotated[
        int,
        typer.Option(
            "--sequence-state", min=0, help="Numbers of a sequence model's state to adjust for; needs --from."
        ),
    ] = 0,
    items: Items = None,
    seed: options.Seed = 0,
    out: Out = Path("influence.parquet"),
    force: options.Force = False,
    json: options.Json = False,
    *,
    reading: Said,
) -> None:
    """What each behaviour causes: effects beside associations, with intervals, refutations and a verdict."""
    from swayline.causal.answer.words import in_words
    from swayline.influence.effects import BehaviorEffects
    from swayline.ledger import write_ledger

    effects = BehaviorEffects(
        treatment, outcome, window=window, horizon=horizon, from_date=since, unit=unit, estimand=estimand,
        graph=_graph(graph), instrument=instrument, propensity=propensity, learner=learner, sequence_state=state,
        seed=seed,
    )  # fmt: skip
    effects.check_words()
    claim_file(out, "influence behaviors", (events, items, graph), force)
    log = read(events, reading, items=items)
    effects.outcome = told_outcome(log, outcome)
    effects.fit(log)
    write_ledger(effects.ledger_, out, "influence behaviors")
    show(json, _result(effects.ledger_, out), [*in_words(effects.ledger_), f"written: {out}"])


@app.command("table")
def table(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="CSV, TSV, Parquet or Stata: a row a unit.", show_default=False)
    ],
    treatment: Annotated[str, typer.Option("--treatment", help="Column of the treatment.")],
    outcome: Annotated[str, typer.Option("--outcome", help="Column of the outcome.")],
    controls: Annotated[
        str | None,
        typer.Option("--controls", help="Columns known before: a,b,c; by default all others.", show_default=False),
    ] = None,
    estimand: Annotated[str, typer.Option("--estimand", help="ate, att or cate.")] = "ate",
    clusters: Annotated[
        str | None, typer.Option("--clusters", help="Column whose rows depend on each other.", show_default=False)
    ] = None,
    randomised: Annotated[bool, typer.Option("--randomised", help="The treatment was drawn at random.")] = False,
    reference: Annotated[
        str | None, typer.Option("--reference", help="The arm compared with.", show_default=False)
    ] = None,
    propensity: Propensity = None,
    graph: Graph = None,
    instrument: Instrument = None,
    negative_controls: Annotated[
        str | None,
        typer.Option(
            "--negative-controls",
            help="Outcome columns that the treatment cannot have caused: a,b,c.",
            show_default=False,
        ),
    ] = None,
    learner: Annotated[str, typer.Option("--learner", help="auto, linear, boosting, gaussian or forest.")] = "auto",
    beside: Annotated[bool, typer.Option("--beside", help="Add the estimates of EconML and DoWhy.")] = False,
    seed: options.Seed = 0,
    out: Out = Path("influence.parquet"),
    force: options.Force = False,
    json: options.Json = False,
) -> None:
    """The effect of one column on another, from an experiment or from observation."""
    from swayline.causal.answer.words import in_words
    from swayline.causal.effect import estimate_effect
    from swayline.causal.table.question import ESTIMANDS, LEARNERS
    from swayline.events import read_table
    from swayline.ledger import write_ledger

    for name, word, words in (("estimand", estimand, ESTIMANDS), ("learner", learner, LEARNERS)):
        if word not in words:
            raise UsageError(f"--{name} {shown(word)} is unknown: {nearest(word, words)}")
    claim_file(out, "influence table", (table, graph), force)
    found = estimate_effect(
        read_table(table), treatment, outcome, _names(controls), estimand=estimand, clusters=clusters,
        reference=reference, randomised=randomised, propensity=propensity, learner=learner,
        negative_controls=_names(negative_controls) or (), graph=_graph(graph), instrument=instrument, beside=beside,
        seed=seed,
    )  # fmt: skip
    write_ledger(found.ledger, out, "influence table")
    show(
        json,
        _result(found.ledger, out) | {"notes": list(found.notes)},
        [*in_words(found.ledger), *found.notes, f"written: {out}"],
    )


@app.command("people")
@reads("ties")
def people(
    events: EventsArgument,
    ties: Annotated[str, typer.Option("--ties", help="Who can influence whom: source, target.")],
    outcome: Outcome = None,
    max_radius: Annotated[
        float | None,
        typer.Option(
            "--max-radius",
            help="Hold the branching stable: a spectral radius of at most this, say .95.",
            show_default=False,
        ),
    ] = None,
    seed: options.Seed = 0,
    out: Out = Path("influence.parquet"),
    force: options.Force = False,
    json: options.Json = False,
    *,
    reading: Said,
) -> None:
    """Who sways whom: acts of others that follow because of one act, along each tie, with intervals."""
    from swayline.influence.network import PeopleInfluence
    from swayline.ledger import write_ledger

    claim_file(out, "influence people", (events, ties), force)
    log = read(events, reading, ties=ties)
    found = PeopleInfluence(told_outcome(log, outcome), max_radius=max_radius, seed=seed).fit(log)
    write_ledger(found.ledger_, out, "influence people")
    told = found.ledger_.to_pandas()
    whole = told[told["estimand"] == "excitation"]
    rows = whole[whole["estimate"].notna()].sort_values("ci_low", ascending=False).head(10)
    lines = [
        f"{row.cause} → {row.effect}: {row.estimate:.3f} acts per act [{row.ci_low:.3f}, {row.ci_high:.3f}]"
        for row in rows.itertuples()
    ]
    if silent := int(whole["estimate"].isna().sum()):
        strangers = int((~found.read_.known).sum())
        lines.append(
            f"{silent:,} of {len(whole):,} ties say nothing: their source never did {found.outcome_!r}, "
            f"or they name people who are not in the log ({strangers:,} ties)"
        )
    radius = {"radius": found.radius_, "free_radius": found.free_radius_}
    show(json, _result(found.ledger_, out) | radius, [*lines, found.stability(), f"written: {out}"])


@app.command("spread")
def spread(
    influence: Annotated[
        Path, typer.Argument(metavar="INFLUENCE", help="Table that influence people wrote.", show_default=False)
    ],
    budget: Annotated[
        float, typer.Option("--budget", min=0.0, help="How many people to start with, or what they may cost.")
    ] = 50,
    model: Annotated[
        str, typer.Option("--model", help="independent-cascade or linear-threshold.")
    ] = "independent-cascade",
    costs: Annotated[
        Path | None, typer.Option("--costs", help="Table of user and cost; one for all others.", show_default=False)
    ] = None,
    audience: Annotated[
        Path | None,
        typer.Option("--audience", help="File of user ids: only reaching these counts.", show_default=False),
    ] = None,
    deadline: Annotated[
        str | None, typer.Option("--deadline", help="Count only who is reached in time: 7d.", show_default=False)
    ] = None,
    seed: options.Seed = 0,
    out: Annotated[
        Path,
        typer.Option(
            "--out", callback=table_path, help="File to write: rank, user, gain, spread (.parquet, .csv, .jsonl)."
        ),
    ] = Path("seeds.parquet"),
    force: options.Force = False,
    json: options.Json = False,
) -> None:
    """Whom to start with so that influence reaches furthest."""
    from swayline.core.storage.tables import write_table
    from swayline.influence.diffusion import spread_from_ledger
    from swayline.ledger import read_ledger

    if model not in SPREAD_MODELS:
        raise UsageError(f"--model {shown(model)} is unknown: {nearest(model, SPREAD_MODELS)}")
    deadline_s = parse_duration_s(deadline) if deadline else None
    claim_file(out, "influence spread", (influence, costs, audience), force)
    found = spread_from_ledger(
        read_ledger(influence), budget, model=model, costs=_costs(costs), seed=seed,
        audience=user_ids(audience) if audience else None, deadline_s=deadline_s,
    )  # fmt: skip
    write_table(out, found.table, "influence spread")
    rows = found.table.to_pylist()
    lines = [f"{row['rank']:>3}  {row['user']}  +{row['gain']:.2f}  reaches {row['spread']:.2f}" for row in rows[:10]]
    surely = found.seeds.guarantee
    show(
        json,
        {"out": str(out), "seeds": rows, "guarantee": surely},
        [*lines, f"surely {100 * surely:.0f}% of the best possible reach", f"written: {out}"],
    )


def _costs(path: Path | None) -> dict[str, float] | None:
    """Price of each user in a table of ``user`` and ``cost``."""
    if path is None:
        return None
    from swayline.events import read_table

    table = read_table(path)
    missing = [name for name in ("user", "cost") if name not in table.column_names]
    if missing:
        raise UsageError(f"--costs {path} has no column {', '.join(missing)}: it needs user and cost")
    return dict(zip(map(str, table["user"].to_pylist()), map(float, table["cost"].to_pylist()), strict=True))


def _names(written: str | None) -> list[str] | None:
    """Columns written ``a,b,c``."""
    return [name.strip() for name in written.split(",") if name.strip()] if written is not None else None


def _graph(written: str | None) -> str | None:
    """The text of a graph, given itself or as a file."""
    if written is None or "->" in written or "--" in written or "<-" in written:
        return written
    try:
        return Path(written).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--graph is neither edges ('a -> b') nor a file that can be read: {error}") from None


def _result(table: "pa.Table", out: Path) -> dict[str, object]:
    from swayline.causal.answer.words import SHOWN

    primary = [row for row in table.select(SHOWN).to_pylist() if row["primary"]]
    return {"out": str(out), "rows": len(table), "primary": primary[:1000]}
