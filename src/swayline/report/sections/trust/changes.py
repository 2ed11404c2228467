"""What flagged people changed: quality, lists and effects with them and without them."""

from collections.abc import Mapping
from typing import Any

from swayline.report.blocks import Note, Table
from swayline.report.wording import words
from swayline.report.wording.naming import model_words


def change_blocks(told: Mapping[str, Any]) -> list[Any]:
    """Nothing where nobody and nothing is flagged."""
    if not told["people_flagged"] and not told["items_flagged"]:
        return []
    blocks: list[Any] = []
    if told["shown"] is not None:
        shown = told["shown"]
        blocks.append(Note(
            f"{words.number(shown['showing'])} of {words.number(shown['lists'])} lists of people who are not flagged "
            "hold a flagged item."
        ))  # fmt: skip
    if told["quality"]:
        share = words.percent(told["events_of_flagged"] / max(told["events"], 1))
        blocks.append(Note(f"{words.number(told['events_of_flagged'])} events ({share}) are of flagged people."))
        blocks.append(_quality(told))
    blocks += _lists(told) + _effects(told)
    if told["people_flagged"] and not told["audited"]:
        blocks.append(Note(
            "What lists and effects would be without the flagged people takes a second training: the same "
            "swayline run with --audit tells it here."
        ))  # fmt: skip
    return blocks


def _quality(told: Mapping[str, Any]) -> Table:
    rows = [
        (model_words(one["model"]) + (" (recommends)" if one["model"] == told["model"] else ""),
         words.number(one["n"]), _figure(one, ""), words.number(one["n_without"]), _figure(one, "_without"))
        for one in told["quality"]
    ]  # fmt: skip
    return Table(
        f"NDCG@{told['k']} with everybody's questions, and with those of the others alone (the models have learned "
        "from everybody)",
        ("Model", "Questions", "NDCG", "Of the others", "NDCG of the others"), rows, frozenset({1, 2, 3, 4}),
    )  # fmt: skip


def _figure(one: Mapping[str, Any], end: str) -> str:
    if one[f"value{end}"] is None:
        return "–"
    return words.estimate(one[f"value{end}"], one[f"ci_low{end}"], one[f"ci_high{end}"], "", sign=False)


def _lists(told: Mapping[str, Any]) -> list[Note]:
    found = told["lists"]
    if found is None or found["changed"] is None:
        return []
    chance = ""
    if found["changed_by_chance"] is not None:
        chance = (
            f" Without as many people drawn at random {words.percent(found['changed_by_chance'])} change, and "
            f"{words.percent(found['kept_by_chance'])} of a list stays."
        )
    return [Note(
        "Without the flagged people the model that recommends was trained again: "
        f"{words.percent(found['changed'])} of {words.number(found['lists'])} lists of the others hold another item, "
        f"{words.percent(found['kept'])} of a list stays, and {words.number(found['showing_without'])} lists hold a "
        f"flagged item, {words.number(found['showing'])} before.{chance}"
    )]  # fmt: skip


def _effects(told: Mapping[str, Any]) -> list[Table]:
    if not told["effects"]:
        return []
    rows = [
        (words.capital(words.noun(one["cause"], 2)), _effect(one, ""), words.label(one["identified"] or "–", 20),
         _effect(one, "_without"), words.label(one["identified_without"] or "–", 20))
        for one in told["effects"]
    ]  # fmt: skip
    outcome = words.noun(told["effects"][0]["effect"], 2)
    return [Table(
        f"Effects on the chance of {outcome}, with and without the flagged people",
        ("Behaviour", "With them", "Identified", "Without them", "Identified"), rows, frozenset({1, 3}),
    )]  # fmt: skip


def _effect(one: Mapping[str, Any], end: str) -> str:
    if one[f"estimate{end}"] is None:
        return "too few to tell"
    return words.estimate(one[f"estimate{end}"], one[f"ci_low{end}"], one[f"ci_high{end}"], one["unit"])
