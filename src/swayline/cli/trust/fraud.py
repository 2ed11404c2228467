"""``swayline trust fraud``: people and items that look manipulated, with a score and a reason each."""

from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.output import TableOut, show
from swayline.cli.shared.reading import EventsArgument, Said, Ties, read, reads
from swayline.core.storage.outputs import claim_file

_SHOWN = 10


@reads("ties")
def fraud(
    events: EventsArgument,
    ties: Ties = None,
    labels: Annotated[
        str | None,
        typer.Option("--labels", help="Known cases: user, label (1 fraud, 0 genuine).", show_default=False),
    ] = None,
    seed: options.Seed = 0,
    out: TableOut = Path("fraud.parquet"),
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:
    """People and items that look manipulated, with a score, a reason, and what cannot be told."""
    from swayline.core.storage.tables import write_table
    from swayline.engine import DuckEngine
    from swayline.events import read_people
    from swayline.trust.fraud import detect_fraud
    from swayline.trust.fraud.labelled import detect_with_labels
    from swayline.trust.fraud.labels import labels_of

    claim_file(out, "trust fraud", (events, ties, labels), ending.force)
    known = None if labels is None else labels_of(read_people(labels))
    log = read(events, reading, ties=ties)
    judged, told = [], {}
    with DuckEngine() as engine:
        if known is None:
            found = detect_fraud(engine, log, log.ties, seed)
        else:
            learned = detect_with_labels(engine, log, known, log.ties, seed)
            found = learned.found
            told = {"auc": learned.auc, "ci_low": learned.ci_low, "ci_high": learned.ci_high,
                    "labelled": learned.n_labelled, "labels_of_unknown_people": learned.n_unknown}  # fmt: skip
            judged = [
                f"AUC {learned.auc:.3f} [{learned.ci_low:.3f}, {learned.ci_high:.3f}] on {learned.n_labelled:,} "
                "labelled people, each judged by a model that never saw the label"
            ]
            if learned.n_unknown:
                judged.append(f"{learned.n_unknown:,} labels name people who are not in the log")
    write_table(out, found.table, "trust fraud")
    people, items = found.flagged(), found.flagged("item")
    n_people = len(found.scores())
    n_items = len(found.table) - n_people
    lines = [
        f"{len(people):,} of {n_people:,} people and {len(items):,} of {n_items:,} items are flagged; none is dropped",
        *(
            f"{row['kind']} {row['id']} ({row['score']:.2f}): {row['reason']}"
            for row in _first(found.table.to_pylist())
        ),
        *judged,
        *(f"note: {one}" for one in found.notes),
    ]
    result = {"out": str(out), "people": n_people, "people_flagged": len(people), "items": n_items,
              "items_flagged": len(items), "notes": list(found.notes)} | told  # fmt: skip
    show(ending.json, result, [*lines, f"written: {out}"])


def _first(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """The first flagged items, then the first flagged people."""
    flagged = [row for row in rows if row["flagged"]]
    return [row for kind in ("item", "user") for row in [one for one in flagged if one["kind"] == kind][: _SHOWN // 2]]
