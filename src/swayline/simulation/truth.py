"""What was planted in a world, in figures and in words: the content of ``truth.json``."""

from typing import Any

import numpy as np

from swayline.core.names import KIND, PURCHASE, SOURCE, TARGET
from swayline.core.time import iso
from swayline.simulation.assemble import Parts
from swayline.simulation.catalogue import ZIPF_EXPONENT, category_names, item_names
from swayline.simulation.funnel import BASE, PURCHASE_BASE, PURCHASE_SLOPE, SLOPE, true_effects
from swayline.simulation.log import BEHAVIORS, NONE
from swayline.simulation.people import RHYTHMS, user_names
from swayline.simulation.sessions import COMPLEMENT, FAITHFUL, MAIN, SECOND, STAY
from swayline.simulation.settings import TREATMENTS
from swayline.simulation.words import CITIES, TOPICS

DEFINITIONS = {
    "episode": "the first view of an item by a user, at t0 (the first event of the pair)",
    "treatment": "the behaviour occurs in [t0, t0 + window_s]",
    "outcome": "a purchase of the item by the user in (t0 + window_s, t0 + window_s + horizon_s]",
    "effects.*.ate": "probability: mean over the complete episodes of P(purchase | do behaviour) - P(purchase | do "
    "not), the other behaviours falling as they would; computed from the generating probabilities, not from what fell",
    "effects.*.att": "the same mean over the episodes in which the behaviour was done",
    "effects.*.atc": "the same mean over the episodes in which it was not done",
    "effects.*.ate_overlap": "the same mean over the episodes whose true chance of the behaviour lies in [.02, .98]; "
    "overlap_share is their share",
    "effects.*.log_odds": "what the behaviour adds to the log-odds of the purchase, given interest and u",
    "effects.*.naive_difference": "probability: share of purchases after the behaviour minus the share without it",
    "effects.*.naive_bias": "naive_difference - att",
    "effects.*.naive_bias_to_ate": "naive_difference - ate",
    "complete episodes": "t0 + window_s + horizon_s is not past the last event of the log",
    "confounder": "interest = (log1p(views of the user in the item's category strictly before t0) + 0.5 log1p(views of "
    "the user strictly before t0)), standardised over the episodes; it moves the log-odds of each behaviour by "
    "confounding * slope and those of the purchase by confounding * purchase_slope",
    "hidden": "u, standard normal for each episode and in no column, moves the log-odds of every behaviour and of "
    "the purchase by `hidden`; 0: there is no unseen cause",
    "ties.branching": "expected purchases of the target directly caused by one purchase of the source, whatever the "
    "item, on this tie alone; those that would come after the log's end count too. 0: the tie carries nothing",
    "ties.caused": "how many such purchases the log holds",
    "ties.delay_s": "mean of the exponential delay from the purchase of the source to the one it causes, seconds",
    "ties.likeness": "source and target have the same weekly rhythm (and, where someone was found, the same first "
    "topic) and nothing else joins them",
    "contagion.blurred": "caused purchases that fell on a pair with an episode of its own, for want of any other item",
    "drift.weekly_chance": "chance that the main topic of a user changes from one week of the log to the next",
    "drift.topics": "for each user the main topic of every week, as rows of topic_names",
    "sequence.follow": "chance that the next item viewed in a session is successor[present item]",
    "sequence.complement": "chance that it is the complement of the present item, an item of another category",
    "sequence.stay": "chance otherwise that it is of the same category",
    "sequence.main_topic, second_topic, own_category": "taste: chance of the week's topic, of the lasting one (else "
    "any category), and within a topic of the user's own category",
    "rhythm": "row of rhythms (name, main peak, second peak, weight of the second, weight of the weekend; hours UTC) "
    "and the user's own shift in hours",
}


def truth(parts: Parts) -> dict[str, Any]:
    """Every dial, every planted effect, and what came out."""
    return {
        "definitions": DEFINITIONS, "settings": _settings(parts), "counts": _counts(parts), "outcome": PURCHASE,
        "unit": "probability", "window_s": parts.settings.window_s, "horizon_s": parts.settings.horizon_s,
        "effects": true_effects(parts.settings, parts.episodes, parts.complete), "confounder": _confounder(parts),
        "contagion": _contagion(parts), "ties": _ties(parts), "drift": _drift(parts), "sequence": _sequence(parts),
        "rhythm": _rhythm(parts), "places": {name: [lat, lon] for name, lat, lon, _ in CITIES},
    }  # fmt: skip


def _settings(parts: Parts) -> dict[str, Any]:
    held = dict(vars(parts.settings))
    held["effects"] = {behavior: parts.settings.effect(behavior) for behavior in TREATMENTS}
    held["start"] = iso(parts.settings.start_time)
    return held


def _counts(parts: Parts) -> dict[str, Any]:
    log, n = parts.log, len(parts.log)
    by_behavior = np.bincount(log.behavior, minlength=len(BEHAVIORS))
    return {
        "events": n, "events_asked": parts.settings.events, "users": parts.settings.users,
        "users_in_log": len(np.unique(log.user)), "items": parts.settings.items,
        "items_in_log": len(np.unique(log.item[log.item != NONE])), "sessions": len(parts.places.lat),
        "behaviors": dict(zip(BEHAVIORS, by_behavior.tolist(), strict=True)), "episodes": len(parts.complete),
        "episodes_complete": int(parts.complete.sum()), "categories": parts.items.n_categories,
    }  # fmt: skip


def _confounder(parts: Parts) -> dict[str, Any]:
    return {
        "confounding": parts.settings.confounding, "hidden": parts.settings.hidden, "base": dict(BASE),
        "slope": dict(SLOPE),
        "purchase_base": PURCHASE_BASE, "purchase_slope": PURCHASE_SLOPE,
    }  # fmt: skip


def _contagion(parts: Parts) -> dict[str, Any]:
    carries = parts.ties.contagious
    return {
        "ties": len(carries), "contagious": int(carries.sum()), "likeness": int((~carries).sum()),
        "mean_branching": float(parts.ties.branching[carries].mean()) if carries.any() else 0.0,
        "delay_s": parts.settings.delay_s, "caused": len(parts.caused.tie), "blurred": parts.blurred,
    }  # fmt: skip


def _ties(parts: Parts) -> list[dict[str, Any]]:
    names = user_names(parts.settings.users)
    caused = np.bincount(parts.caused.tie, minlength=len(parts.ties.source)).tolist()
    rows = zip(
        parts.ties.source.tolist(), parts.ties.target.tolist(), parts.ties.contagious.tolist(),
        parts.ties.branching.tolist(), caused, strict=True,
    )  # fmt: skip
    return [
        {SOURCE: names[source], TARGET: names[target], KIND: "contagion" if carries else "likeness",
         "branching": branching, "caused": n, "delay_s": parts.settings.delay_s if carries else None}
        for source, target, carries, branching, n in rows
    ]  # fmt: skip


def _drift(parts: Parts) -> dict[str, Any]:
    topic = parts.crowd.topic
    names = user_names(parts.settings.users)
    return {
        "weekly_chance": parts.settings.drift, "changes": int((topic[:, 1:] != topic[:, :-1]).sum()),
        "topic_names": [TOPICS[row].name for row in range(parts.items.n_topics)],
        "topics": {name: " ".join(map(str, weeks)) for name, weeks in zip(names, topic.tolist(), strict=True)},
    }  # fmt: skip


def _sequence(parts: Parts) -> dict[str, Any]:
    names = item_names(parts.settings.items)
    return {
        "follow": parts.settings.follow, "complement": COMPLEMENT, "stay": STAY, "main_topic": MAIN,
        "second_topic": SECOND,
        "own_category": FAITHFUL, "zipf_exponent": ZIPF_EXPONENT, "categories": category_names(parts.items),
        "successor": {name: names[row] for name, row in zip(names, parts.items.successor.tolist(), strict=True)},
    }  # fmt: skip


def _rhythm(parts: Parts) -> dict[str, Any]:
    pairs = zip(parts.crowd.rhythm.tolist(), parts.crowd.shift_h.tolist(), strict=True)
    own = [f"{rhythm} {shift:+d}" for rhythm, shift in pairs]
    users = dict(zip(user_names(parts.settings.users), own, strict=True))
    return {"rhythms": [list(row) for row in RHYTHMS], "users": users}
