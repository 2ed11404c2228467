"""What people and items are like, summed up from their acts.

The table of acts is of numbers: ``u``, ``i``, ``c`` (user, item, category; -1 where an act has none), ``b``
(behaviour), ``t`` (UTC microseconds, null in logs without times), ``day``, ``hour``, ``weekday`` on the log's clock,
``weight``, ``row``. ``who`` is the column whose habits are asked: ``u`` or ``i``.
"""

from collections.abc import Sequence

from swayline.core.names import ROW
from swayline.engine.dialect import Dialect
from swayline.engine.registry import Name, Source, operator


@operator
def totals(d: Dialect, acts: Source, who: Name, n_behaviors: int, distinct: Sequence[str]) -> str:
    """One row an owner: events, those of each behaviour (``n0``, ``n1``, …), distinct others, first, last, days."""
    counts = ", ".join(f"sum(CASE WHEN b = {code} THEN 1 ELSE 0 END) AS n{code}" for code in range(n_behaviors))
    others = ", ".join(
        f"count(DISTINCT CASE WHEN {d.quote(name)} >= 0 THEN {d.quote(name)} END) AS {d.quote(f'd_{name}')}"
        for name in distinct
    )
    return (
        f"SELECT {who} AS owner, count(*) AS events, {counts}, {others}, min(t) AS first, max(t) AS last,"
        f" count(DISTINCT day) AS days FROM {acts} WHERE {who} >= 0 GROUP BY {who} ORDER BY {who}"
    )


@operator
def by_clock(d: Dialect, acts: Source, who: Name, part: Name) -> str:
    """Events of each owner in each ``hour`` or on each ``weekday``: ``owner, part, n``."""
    return (
        f"SELECT {who} AS owner, {part} AS part, count(*) AS n FROM {acts}"
        f" WHERE {who} >= 0 AND {part} IS NOT NULL GROUP BY {who}, {part}"
    )


@operator
def pauses(d: Dialect, acts: Source) -> str:
    """Days between a person's active days: ``owner, gap, day`` (the day that ends the pause)."""
    days = f"SELECT DISTINCT u, day FROM {acts} WHERE day IS NOT NULL"
    gaps = f"SELECT u AS owner, day, day - lag(day) OVER (PARTITION BY u ORDER BY day) AS gap FROM ({days})"
    return f"SELECT owner, gap, day FROM ({gaps}) WHERE gap IS NOT NULL"


@operator
def quantiles(d: Dialect, values: Source, column: Name, shares: Sequence[float]) -> str:
    """One row: quantiles of a column, ``q0``, ``q1``, …."""
    named = ", ".join(
        f"percentile_disc({share}) WITHIN GROUP (ORDER BY {column}) AS q{at}" for at, share in enumerate(shares)
    )
    return f"SELECT {named} FROM {values}"


@operator
def own_pauses(d: Dialect, values: Source, recent_day: int, long_gap: int) -> str:
    """Each person's median pause, and whether a long one ended lately: ``owner, middle, n, came_back``."""
    back = f"max(CASE WHEN gap > {long_gap} AND day >= {recent_day} THEN 1 ELSE 0 END)"
    middle = "percentile_disc(0.5) WITHIN GROUP (ORDER BY gap)"
    return f"SELECT owner, {middle} AS middle, count(*) AS n, {back} AS came_back FROM {values} GROUP BY owner"


@operator
def marks(d: Dialect, traits: Source, pull: float, most: int) -> str:
    """The traits that set each owner apart: ``owner, trait, n, weight, share, lift, place``, most telling first.

    ``traits`` has ``owner, trait, w, n`` (one row a pair: its weight and its events). A trait's score is its part of
    the divergence between the owner's mixture and everybody's, s log(s / p), where s is the owner's share, pulled
    towards p by ``pull`` events' worth; ``lift`` is s / p, ``share`` the owner's own share, and ``weight`` the score's
    share of all the owner's positive ones.
    """
    world = f"SELECT trait, sum(w) AS w FROM {traits} GROUP BY trait"
    everything = f"SELECT sum(w) AS total, sum(n) AS events FROM {traits}"
    owners = f"SELECT owner, sum(w) AS total FROM {traits} GROUP BY owner"
    shares = (
        "SELECT x.owner AS owner, x.trait AS trait, x.n AS n, x.w / o.total AS share, p.w / e.total AS world,"
        f" (x.w + {pull} * e.total / e.events * (p.w / e.total)) / (o.total + {pull} * e.total / e.events) AS pulled"
        f" FROM {traits} x JOIN ({owners}) o ON x.owner = o.owner JOIN ({world}) p ON x.trait = p.trait"
        f" CROSS JOIN ({everything}) e"
    )
    scored = f"SELECT *, pulled * ln(pulled / world) AS score FROM ({shares}) WHERE pulled > world"
    ranked = (
        "SELECT *, row_number() OVER (PARTITION BY owner ORDER BY round(score, 9) DESC, trait) AS place,"
        f" sum(score) OVER (PARTITION BY owner) AS all_scores FROM ({scored})"
    )
    return (
        "SELECT owner, trait, n, score / all_scores AS weight, share, pulled / world AS lift, place"
        f" FROM ({ranked}) WHERE place <= {most} ORDER BY owner, place"
    )


@operator
def most_of(d: Dialect, traits: Source, most: int) -> str:
    """The traits that weigh most with each owner: ``owner, trait, n, share, place``; ``share`` is that of events."""
    ranked = (
        "SELECT *, row_number() OVER (PARTITION BY owner ORDER BY round(w, 9) DESC, n DESC, trait) AS place,"
        f" n / sum(n) OVER (PARTITION BY owner) AS share FROM {traits}"
    )
    return (
        f"SELECT owner, trait, CAST(n AS BIGINT) AS n, share, place FROM ({ranked}) WHERE place <= {most}"
        " ORDER BY owner, place"
    )


@operator
def pairs(d: Dialect, acts: Source, who: Name, what: Name) -> str:
    """Weight and events of each (owner, trait): ``owner, trait, w, n``; acts without either are left out."""
    return (
        f"SELECT {who} AS owner, {what} AS trait, sum(weight) AS w, count(*) AS n FROM {acts}"
        f" WHERE {who} >= 0 AND {what} >= 0 GROUP BY {who}, {what}"
    )


@operator
def traits_of(d: Dialect, owned: Source, links: Source, known: Name, trait: Name) -> str:
    """Traits of what owners have (``owner, trait, w, n``), as the owners' own: weights and events add up.

    Parameters
    ----------
    links : Source
        A row for each trait of each thing owned.
    known, trait : str
        Its columns: the thing, as ``trait`` in ``owned``, and the trait.
    """
    return (
        f"SELECT o.owner AS owner, s.{trait} AS trait, sum(o.w) AS w, sum(o.n) AS n FROM {owned} o"
        f" JOIN {links} s ON o.trait = s.{known} GROUP BY o.owner, s.{trait}"
    )


@operator
def item_words(d: Dialect, item_texts: Source) -> str:
    """The texts of items as traits of the items themselves: ``owner, trait, w, n``; from ``i, text``."""
    return f"SELECT i AS owner, text AS trait, 1.0 AS w, 1 AS n FROM {item_texts}"


@operator
def texts_of_acts(d: Dialect, acts: Source, who: Name, act_texts: Source) -> str:
    """The texts of acts themselves (``row, text``) as traits of who acted: ``owner, trait, w, n``."""
    return (
        f"SELECT a.{who} AS owner, s.text AS trait, sum(a.weight) AS w, count(*) AS n FROM {acts} a"
        f" JOIN {act_texts} s ON a.{ROW} = s.{ROW} WHERE a.{who} >= 0 GROUP BY a.{who}, s.text"
    )


@operator
def used(d: Dialect, acts: Source, codes: Source) -> str:
    """What each person acts with (``row, code``; -1: unknown), such as devices: ``owner, trait, w, n``."""
    return (
        f"SELECT a.u AS owner, p.code AS trait, CAST(count(*) AS DOUBLE) AS w, count(*) AS n FROM {acts} a"
        f" JOIN {codes} p ON a.{ROW} = p.{ROW} WHERE p.code >= 0 GROUP BY a.u, p.code"
    )


@operator
def active_days(d: Dialect, acts: Source) -> str:
    """Each person's first and last active day: ``owner, first_day, last_day``."""
    return f"SELECT u AS owner, min(day) AS first_day, max(day) AS last_day FROM {acts} GROUP BY u ORDER BY u"


@operator
def next_items(d: Dialect, acts: Source) -> str:
    """How often a person's next other item follows an item: ``owner, trait, w, n`` (item, next item)."""
    order = "PARTITION BY u ORDER BY t NULLS LAST, row"
    steps = f"SELECT i, lag(i) OVER ({order}) AS before FROM {acts} WHERE i >= 0"
    return (
        "SELECT before AS owner, i AS trait, CAST(count(*) AS DOUBLE) AS w, count(*) AS n"
        f" FROM ({steps}) WHERE before IS NOT NULL AND before <> i GROUP BY before, i HAVING count(*) > 1"
    )


@operator
def reached(d: Dialect, acts: Source, outcome: int) -> str:
    """Of the people on each item: how many show the outcome on it, how many come on more than one day."""
    people = (
        f"SELECT i, u, max(CASE WHEN b = {outcome} THEN 1 ELSE 0 END) AS x,"
        f" CASE WHEN count(DISTINCT day) > 1 THEN 1 ELSE 0 END AS again FROM {acts} WHERE i >= 0 GROUP BY i, u"
    )
    return f"SELECT i AS owner, count(*) AS people, sum(x) AS reached, sum(again) AS again FROM ({people}) GROUP BY i"


@operator
def visits(d: Dialect, acts: Source, t: int) -> str:
    """Days of people on each item: ``owner, people, n, late, ll, ln, nn``.

    A person's many acts on an item in one day are one visit. ``late`` counts visits that begin at or after a moment;
    ``ll``, ``ln``, ``nn`` are the sums over people of the products of their late and all visits, which the variance of
    a share clustered by person needs.
    """
    days = f"SELECT i, u, day, min(t) AS t FROM {acts} WHERE i >= 0 AND t IS NOT NULL GROUP BY i, u, day"
    people = (
        f"SELECT i, u, count(*) AS n, sum(CASE WHEN t >= {t} THEN 1 ELSE 0 END) AS late FROM ({days}) GROUP BY i, u"
    )
    return (
        "SELECT i AS owner, count(*) AS people, sum(n) AS n, sum(late) AS late, sum(late * late) AS ll,"
        f" sum(late * n) AS ln, sum(n * n) AS nn FROM ({people}) GROUP BY i"
    )


@operator
def audience(d: Dialect, acts: Source, segments: Source) -> str:
    """People of each segment on each item: ``owner, trait, w, n``; ``segments`` has ``u, segment``."""
    people = f"SELECT DISTINCT i, u FROM {acts} WHERE i >= 0"
    return (
        f"SELECT p.i AS owner, s.segment AS trait, CAST(count(*) AS DOUBLE) AS w, count(*) AS n FROM ({people}) p"
        f" JOIN {segments} s ON p.u = s.u GROUP BY p.i, s.segment"
    )
