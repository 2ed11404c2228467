"""Section about who sways whom: the ties, the network they make, leagues of people, the acts behind a tie."""

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

from swayline.core.time import format_duration
from swayline.ledger.standing import FALSE_SHARE, LEAST_ACTS, Standing, standing_ties
from swayline.report import figures
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Drawing, Note, Panel, Section, Table
from swayline.report.figures.people import network_data, tie_acts
from swayline.report.wording import words

_LEAGUES = {
    "given": ("Who gives most: acts of others that one act causes directly", "actions caused per action"),
    "reach": ("Who reaches furthest: directly and through others", "actions caused per action"),
    "received": ("Who takes most: acts that one act of everybody tied causes", "actions caused per action of each"),
}
_N_PAIRS = 12

_N_TIES = 15


def people_section(run: Artifacts) -> Section | None:
    """Which people sway which, where the run measured it."""
    if run.influence is None:
        return None
    found = standing_ties(run.influence)
    if not len(found.rows):
        return None
    title = ties_finding(found)
    panel = _ties_panel(found, title)
    lead = (
        "Along each tie, how many actions of one person an action of the other causes. People who are alike act "
        "alike: the interval is what is left after that."
    )
    if found.failed:
        lead += " The model fails a check here: every figure below rests on it."
    blocks = [panel] if run.network is None else [panel, *_network_blocks(run.network)]
    return Section("people", "Who sways whom", lead, blocks, title + ".")


def ties_finding(found: Standing) -> str:
    """The finding: how many ties can be claimed, of how many, by which rule, and what of the model failed."""
    stand, asked, measured = int(found.passes.sum()), found.asked, len(found.rows)
    if not asked:
        return (
            f"No tie can be asked whether it carries influence: of {words.number(measured)}, none has a source of at "
            f"least {LEAST_ACTS} actions"
        )
    among = f"{words.number(asked)} tie{'s' if asked != 1 else ''} whose source acted at least {LEAST_ACTS} times"
    rest = f" (the other {words.number(measured - asked)} have too few actions to tell)" if measured > asked else ""
    rule = f"at most {FALSE_SHARE:.0%} of such claims are expected to be false"
    if found.failed:
        would = f"{words.number(stand) if stand else 'none'} would pass as carrying influence"
        return f"No tie's influence can be relied on: {_failed_words(found.failed)}. Of {among}, {would}{rest}"
    if not stand:
        return f"Of {among}, none carries influence that stands when all are asked together{rest}"
    carry = "carries" if stand == 1 else "carry"
    return f"{words.number(stand)} of {among} {carry} influence{rest}; {rule}"


_FAILURES = {
    "time_rescaling": "the model does not describe when people act (it misses by {} where 0.05 is allowed)",
    "stable_branching": "its branching is not stable (spectral radius {}, where it must be below 1)",
    "clock": "influence would come within {} ticks of the log's clock, which does not tell who acted first",
    "window": "influence would come later than the log can tell (its mean delay is {} of the longest that can be seen)",
    "anticipation_of_all": "people act ahead of those who should sway them (z = {}), as where all feel the same news",
}


def _failed_words(failed: Mapping[str, float]) -> str:
    return words.listed([_FAILURES[name].format(words.number(figure)) for name, figure in failed.items()])


def _ties_panel(found: Standing, title: str) -> Panel:
    chosen = found.rows.slice(0, min(_N_TIES, max(found.asked, 1))).to_pylist()
    drawn = [
        {
            "label": f"{words.label(one['cause'], 14)} → {words.label(one['effect'], 14)}",
            "kind": "tie",
            **{key: one[key] for key in ("estimate", "ci_low", "ci_high", "unit")},
        }
        for one in chosen
    ]
    table = Table(
        "The strongest ties",
        (
            "From", "To", "Actions of the first", "Actions caused per action", "95% interval", "q-value", "Stands",
            "Identified", "How",
        ),
        [
            (
                words.label(one["cause"], 40),
                words.label(one["effect"], 40),
                words.number(one["n"]),
                words.number(one["estimate"]),
                words.between(one["ci_low"], one["ci_high"]),
                words.p_value(None if isnan(q_value) else float(q_value)),
                "yes" if stands else "no",
                one["identified"],
                words.label(one["method"], 120),
            )
            for one, stands, q_value in zip(chosen, found.stands, found.q_value, strict=False)
        ],
        frozenset({2, 3, 4, 5}),
    )  # fmt: skip
    note = (
        "Ties that stand come first, then those of the smallest p-values. The q-value is the p-value corrected for "
        f"all {words.number(found.asked)} ties asked together (Benjamini and Hochberg). "
    ) + words.label(chosen[0]["assumptions"] or "", 400)
    return Panel(
        "ties",
        title,
        figures.forest(drawn, "actions caused per action"),
        table,
        f"Dots with 95% intervals: {title}.",
        note.strip(),
    )


def _network_blocks(found: Mapping[str, Any]) -> list[Any]:
    blocks: list[Any] = []
    if found["edges"]:
        blocks.append(_network_panel(found))
    if found["radius"] >= 1:
        blocks.append(
            Note(
                f"The branching is not stable (spectral radius {words.number(found['radius'])}, at least one): one act "
                "would bring others without end, so nobody's reach is given. An outbreak that the log's end cuts off "
                "does that; influence people with --max-radius .95 fits branching that dies out.",
                warn=True,
            )
        )
    blocks += [
        _league_panel(name, rows)
        for name, rows in found["leagues"].items()
        if any((one["score"] or 0) > 0 for one in rows)
    ]
    if found["leaders"]:
        blocks.append(_leaders(found["leaders"]))
    if any(tie["acts"] for tie in found["ties"]):
        blocks.append(_tie_panel([tie for tie in found["ties"] if tie["acts"]]))
    return blocks


def _network_panel(found: Mapping[str, Any]) -> Drawing:
    nodes, edges = found["nodes"], found["edges"]
    drawn, people = len(edges["source"]), len(nodes["user"])
    title = f"The {words.number(drawn)} ties with the highest lower bounds join {words.number(people)} people"
    order = sorted(range(people), key=lambda k: -(nodes["given"][k] or 0.0))[:15]
    table = Table(
        "The people drawn largest",
        ("Person", "Actions", "Given", "95% interval", "Community"),
        [
            (
                words.label(nodes["user"][k], 40),
                words.number(nodes["acts"][k]),
                words.number(nodes["given"][k]),
                words.between(nodes["given_low"][k], nodes["given_high"][k]),
                str(nodes["community"][k]),
            )
            for k in order
        ],
        frozenset({1, 2, 3}),
    )
    note = (
        "Larger dots give more; colours are communities found in the network; a triangle points to who follows. "
        "Choose a channel, or what each tie brought in one part of the log. Drag to move, use + and − or Ctrl and the "
        "wheel to come nearer, click a person to see whom it sways and who sways it. Places in the picture mean "
        "nothing but nearness in the network."
    )
    data = network_data(nodes, edges, found["periods"])
    return Drawing("network", title, data, table, title + ", as a network.", note)


def _league_panel(name: str, rows: Sequence[Mapping[str, Any]]) -> Panel:
    title, axis = _LEAGUES[name]
    drawn = [
        {
            "label": words.label(one["user"], 30),
            "kind": "person",
            "estimate": one["score"],
            "ci_low": one["ci_low"],
            "ci_high": one["ci_high"],
            "unit": "",
        }
        for one in rows
        if one["score"] is not None
    ]
    table = Table(
        title,
        ("Rank", "Person", "Actions", "Score", "95% interval"),
        [
            (
                str(one["rank"]),
                words.label(one["user"], 40),
                words.number(one["acts"]),
                words.number(one["score"]),
                words.between(one["ci_low"], one["ci_high"]),
            )
            for one in rows
        ],
        frozenset({0, 2, 3, 4}),
    )
    note = f"Of people with at least {LEAST_ACTS} actions. Ranks whose intervals overlap may be the other way round."
    return Panel(f"league-{name}", title, figures.forest(drawn, axis), table, f"Dots with intervals: {title}.", note)


def _leaders(rows: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        "Opinion leaders: who brought most actions of others in each category",
        ("Category", "Rank", "Person", "Actions brought", "95% interval"),
        [
            (
                words.label(one["category"], 40),
                str(one["rank"]),
                words.label(one["user"], 40),
                words.number(one["brought"]),
                words.between(one["ci_low"], one["ci_high"]),
            )
            for one in rows
        ],
        frozenset({1, 3, 4}),
    )


def _tie_panel(ties: Sequence[Mapping[str, Any]]) -> Panel:
    pairs = [(tie, one) for tie in ties for one in tie["acts"][: max(_N_PAIRS // len(ties), 2)]]
    table = Table(
        "The likeliest pairs behind each tie",
        ("From", "To", "Action", "Followed after", "Probability"),
        [
            (
                words.label(tie["source"], 30),
                words.label(tie["target"], 30),
                words.moment(one["source_time"]),
                format_duration(one["lag_s"]),
                words.percent(one["probability"]),
            )
            for tie, one in pairs
        ],
        frozenset({3, 4}),
    )
    title = "Which action followed which, along the ties with the highest lower bounds"
    note = (
        "A line joins an action of who sways with one of who follows; the stronger the line, the likelier that the one "
        "brought the other and not rhythm, past or somebody else. Times are UTC. The menu chooses the tie."
    )
    return Panel("tie-acts", title, tie_acts(ties), table, title + ".", note)
