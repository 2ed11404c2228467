"""A gate for a release: what a change may cost at most, and which limits it broke."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from swayline.core.errors import UsageError, nearest
from swayline.evolution.runs.compare import Comparison


@dataclass(frozen=True)
class Limits:
    """What is allowed.

    Attributes
    ----------
    drops : metric → by how much it may fall at most, for the model named, or for every model
    model : whose metrics are held; None: every model of both runs
    least_overlap : mean share of a list that must stay
    verdicts : whether verdicts may change
    """

    drops: Mapping[str, float] = field(default_factory=dict)
    model: str | None = None
    least_overlap: float | None = None
    verdicts: bool = True


def failures(found: Comparison, limits: Limits) -> list[str]:
    """The limits that were broken, a sentence each.

    Raises
    ------
    UsageError
        A limit is of a metric or a model that the runs do not have.
    """
    broken = []
    for metric, most in limits.drops.items():
        rows = [row for row in found.metrics if row["metric"] == metric]
        if not rows:
            raise UsageError(f"neither run has the metric {metric!r}: {nearest(metric, _names(found, 'metric'))}")
        if limits.model is not None:
            rows = [row for row in rows if row["model"] == limits.model]
            if not rows:
                raise UsageError(
                    f"no run has the model {limits.model!r}: {nearest(limits.model, _names(found, 'model'))}"
                )
        for row in rows:
            if row["after"] is None:
                broken.append(f"{metric} of {row['model']} is gone")
            elif row["change"] is not None and row["change"] < -most:
                broken.append(f"{metric} of {row['model']} fell by {-row['change']:.4f}, more than {most:g}")
    overlap = found.lists.get("overlap")
    if limits.least_overlap is not None and (overlap is None or overlap < limits.least_overlap):
        told = "cannot be compared" if overlap is None else f"overlap by {overlap:.2f}"
        broken.append(f"lists {told}, less than {limits.least_overlap:g}")
    if not limits.verdicts and found.verdicts:
        names = ", ".join(f"{one['cause']} → {one['effect']}" for one in found.verdicts[:3])
        broken.append(f"{len(found.verdicts)} verdicts changed: {names}")
    return broken


def _names(found: Comparison, column: str) -> list[str]:
    return sorted({row[column] for row in found.metrics})
