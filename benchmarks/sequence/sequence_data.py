"""The sequence-model data sets, in the files' own order, cut by protocols P1 and P2 (leave-last-out).

They are read from ``--data`` (by default ``../shared/data`` beside the checkout) and never copied.
"""

import sys
from pathlib import Path

from swayline.dataset import Sequences, Split, from_lists, last_out

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
NAMES = ("beauty", "toys", "ml-1m")


def histories(name: str, data: Path = DATA) -> Sequences:
    """Every user's items in time order; item rows are the files' numbers minus one."""
    path = data / name / ("interactions.txt" if name == "ml-1m" else "sequences.txt")
    if not path.exists():
        sys.exit(f"{path} is missing: give the folder that holds {name}/ with --data")
    rows: dict[int, list[int]] = {}
    for line in path.read_text().splitlines():
        user, *items = map(int, line.split())
        rows.setdefault(user, []).extend(item - 1 for item in items)
    return from_lists(rows.values(), 1 + max(max(row) for row in rows.values()))


def split(name: str, data: Path = DATA) -> Split:
    """Training histories, validation and test questions."""
    return last_out(histories(name, data))
