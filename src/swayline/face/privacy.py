"""``sw.anonymize``: what may be shared of a log."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from swayline.core.errors import UsageError, shown
from swayline.core.showing.result import Result
from swayline.events import as_log
from swayline.trust.privacy import AnonymizePlan, anonymize_log, check_key_file, claim_out, write_anonymized


@dataclass(frozen=True, repr=False)
class AnonymizedResult(Result):
    """What may be shared; as a table, the linkage attack that was tried on it.

    Attributes
    ----------
    table : pa.Table
        A row a number of known events: ``known``, ``people``, ``singled_out``, ``unicity`` with its 95% interval, …
    events, users, items : pa.Table
        Keyed, coarse, in groups; None where the log has no such table.
    report : dict
        The content of ``anonymized.json``: columns kept and dropped, k, suppressed people, attack, notes.
    verdict : str
        What the attack says, in one sentence.
    """

    events: pa.Table = field(default_factory=lambda: pa.table({}))
    users: pa.Table | None = None
    items: pa.Table | None = None
    report: dict[str, Any] = field(default_factory=dict)
    verdict: str = ""


def anonymize(
    log: Any,
    key_file: str | Path,
    *,
    users: Any = None,
    items: Any = None,
    keep: Sequence[str] = (),
    time_unit: str | None = None,
    place_digits: int | None = None,
    k: int = 5,
    out: str | Path | None = None,
    seed: int = 0,
) -> AnonymizedResult:
    """Key the ids of a log, make times, places and profiles coarse, and try a linkage attack on the result.

    Parameters
    ----------
    log : EventLog, path, address or frame
        What happened; it is not changed.
    key_file : path
        The secret, of mode 600; made where it is missing, never changed. The same key makes the same ids.
    users, items : path or frame, optional
        Side tables; by default the log's own.
    keep : sequence of str
        Columns kept beside ``user``, ``item``, ``behavior``, ``time``, ``value``. Those of users are put into groups.
    time_unit : str, optional
        ``hour``, ``day`` or ``week``; by default the day where the log has times.
    place_digits : int, optional
        Keep places, with so many decimal places of a degree.
    k, seed : int
        People who must share a profile, from 2; what decides, with the key, who is attacked how.
    out : path, optional
        A folder to write, as the verb does; nothing is written without it, but a missing key file.

    Returns
    -------
    AnonymizedResult
        ``.events``, ``.users``, ``.items``, ``.verdict``, ``.report``; the rows are those of the attack.

    Raises
    ------
    UsageError
        A value is out of range, a column unknown, the key file or ``out`` cannot serve.
    DataError
        The log cannot be read, or has no times or places where coarse ones are asked.
    """
    if isinstance(keep, str):
        raise UsageError(f"keep must be a list of columns, not one word {shown(keep)}: write [{keep!r}]")
    plan = AnonymizePlan(tuple(keep), time_unit, place_digits, k, seed)
    key, folder = Path(key_file), None if out is None else Path(out)
    check_key_file(key, folder)
    if folder is not None:
        claim_out(folder, (log, users, items, key))
    found = anonymize_log(as_log(log, users=users, items=items), key, plan)
    if folder is not None:
        write_anonymized(found, folder)
    return AnonymizedResult(
        found.linkage, found.report["verdict"], events=found.events, users=found.users, items=found.items,
        report=found.report, verdict=found.report["verdict"],
    )  # fmt: skip
