"""What is asked of an experiment on a network, and what was found."""

from dataclasses import dataclass

from swayline.causal.inference.intervals import Estimate
from swayline.causal.inference.refutation import Refutation
from swayline.causal.interference.exposure import Mapping


@dataclass(frozen=True)
class Design:
    """Which columns say what.

    Attributes
    ----------
    treatment, outcome : columns; the treatment is 0 or 1
    id : column that ties name
    controls : columns known before the treatment
    clusters : column whose rows depend on each other
    strata, assigned_by : columns within which, and by whose values, the treatment was drawn
    among : column of 0 and 1: whose outcomes count; all rows' treatments reach them all the same
    taken : column of what was taken up, of which the treatment is the encouragement
    negative_controls : outcomes that the treatment cannot have caused
    """

    treatment: str
    outcome: str
    id: str
    controls: tuple[str, ...] = ()
    clusters: str | None = None
    strata: str | None = None
    assigned_by: str | None = None
    among: str | None = None
    taken: str | None = None
    negative_controls: tuple[str, ...] = ()
    randomised: bool = False


@dataclass(frozen=True)
class Found:
    """What was found with one mapping.

    Attributes
    ----------
    mapping : of others' treatment
    direct, spillover : given the expected exposures; ``direct`` is None where nobody's own treatment varies
    plain : the spillover by least squares without them
    naive : the outcome on the outcomes (or what was taken up) of ties, nothing adjusted for
    checks : attempts to break it
    n, clusters, treated : rows, clusters, rows that are treated themselves
    strength : first-stage F of an encouragement; NaN else
    """

    mapping: Mapping
    direct: Estimate | None
    spillover: Estimate
    plain: Estimate
    naive: Estimate | None
    checks: dict[str, Refutation]
    n: int
    clusters: int
    treated: int
    strength: float = float("nan")

    def verdict(self, randomised: bool) -> tuple[str, str]:
        """yes, assumed or no, and why."""
        failed = [name for name, one in self.checks.items() if not one.passed]
        if failed:
            return "no", f"Not identified: {', '.join(self.checks[name].words for name in failed)}."
        if randomised:
            return "yes", "Identified: the treatment was drawn at random and no check failed."
        return "assumed", "Assumed: given the controls, the treatments of ties are as good as random; no check failed."
