"""What a private training did with everything that it read, for ``privacy.json`` and ``card.md``."""

from pathlib import Path
from typing import Any

from swayline.core.storage.files import write_text
from swayline.training.private.accounting import Steps, library
from swayline.training.private.budget import Account
from swayline.training.private.plan import PrivatePlan

CARD_FILE = "card.md"

_READ = {
    "gradients or counts of people": "private: each person's are shortened to the clip, summed, and noise is added",
    "who is in a step": "private: drawn by the system's random numbers, Poisson; no seed is kept",
    "items, their titles and attributes": "public: the table of items alone; events on other items are left out",
    "number of people": "public: it sets the sampling rate and δ",
    "names of columns, how the log is read": "public: kept in the folder",
    "behaviours": "not read: every event is one behaviour",
    "values, categories and places of events": "not read",
    "table of users": "not read",
    "popularity, co-occurrence": "not read: first weights and negatives are drawn; no neighbours",
    "validation (stopping, choice, calibration)": "turned off: steps and settings are fixed beforehand",
    "sizes that the log usually decides (width, depth, length read)": "fixed beforehand",
    "whether seen items leave the lists": "fixed: they leave",
    "loss and quality of the training": "not kept",
    "histories and ids of people": "not kept: recommend needs --events",
}
"""What is read → how; everything that a training of this house reads stands here."""
_LIMITS = (
    "The promise covers what the folder holds, for adding or removing one person with everything they did.",
    "Noise is drawn in floating point by a generator that is not made for cryptography (seeded by the system).",
    "Trainings into other folders on the same people add to what is given away; this folder does not know of them.",
    "What a table of items tells of people (an item that one person made) is not covered.",
)


def card_of(plan: PrivatePlan, steps: Steps, account: Account, n_people: int) -> dict[str, Any]:
    """The card as JSON values."""
    return {
        "unit": "person (add or remove)", "epsilon": plan.epsilon, "delta": account.delta, "n_people": n_people,
        "accountant": library(), "noise_multiplier": steps.noise_multiplier, "sampling_rate": steps.sampling_rate,
        "n_steps": steps.n_steps, "clip": plan.clip, "model": plan.model, "read": dict(_READ), "limits": list(_LIMITS),
    }  # fmt: skip


def write_card(folder: Path, account: Account) -> None:
    """The card for people."""
    card = account.card
    lines = [
        f"# {card['model']}, trained privately",
        "",
        f"ε {account.spent:.4g} of {account.budget:g} at δ {account.delta:.3g}, per {card['unit']};"
        f" {card['n_people']:,} people; {len(account.trainings)} training(s) into this folder.",
        f"Noise {card['noise_multiplier']:.4g} × clip {card['clip']:g}, each person in a step by chance"
        f" {card['sampling_rate']:g}, {card['n_steps']:,} step(s); {card['accountant']}.",
        "",
        "| what is read | how |",
        "|---|---|",
        *(f"| {what} | {how} |" for what, how in card["read"].items()),
        "",
        *(f"- {one}" for one in card["limits"]),
        "",
        "An ε is a bound, not a measurement: `swayline trust membership` attacks the model and says how far it gets.",
        "",
    ]
    write_text(folder / CARD_FILE, "\n".join(lines))
