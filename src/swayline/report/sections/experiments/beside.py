"""An experiment's figures beside what the run's own log had said about the same cause and effect."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from swayline.report.blocks import Table
from swayline.report.wording import words

Row = Mapping[str, Any]


def beside(rows: Sequence[Row], influence: pa.Table | None) -> list[Table]:
    """What the run's own log had said about the same cause and effect."""
    if influence is None:
        return []
    keys = {(one["cause_kind"], one["cause"], one["effect"]) for one in rows}
    log = [
        one for one in influence.to_pylist()
        if (one["cause_kind"], one["cause"], one["effect"]) in keys and one["subject"] is None and one["primary"]
        and one["estimate"] is not None
    ]  # fmt: skip
    if not log:
        return []
    return [
        Table(
            "The experiment beside what the log had said",
            ("Cause", "Effect", "Evidence", "Estimate", "95% interval", "Identified", "How"),
            [
                (
                    words.label(one["cause"], 60), words.label(one["effect"], 60), one["evidence"] or "",
                    words.signed(one["estimate"], one["unit"]),
                    words.between(one["ci_low"], one["ci_high"], one["unit"], sign=True),
                    one["identified"] or "", words.label(one["method"], 120),
                )
                for one in [*rows, *log]
                if (one["cause_kind"], one["cause"], one["effect"])
                in {(other["cause_kind"], other["cause"], other["effect"]) for other in log}
            ],
            frozenset({3, 4}),
        )
    ]  # fmt: skip
