"""What was planted in a simulated world, beside what was found in its log."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from swayline.core.errors import ArtifactError
from swayline.core.names import PURCHASE
from swayline.core.time import format_duration
from swayline.simulation.assemble import draw
from swayline.simulation.planted import planted_effects, settings_of
from swayline.simulation.settings import TREATMENTS


@dataclass(frozen=True)
class Beside:
    """A planted effect for the window and horizon of an estimate, in probability, and the estimate."""

    treatment: str
    window_s: float
    horizon_s: float
    planted: float
    estimate: float
    ci_low: float
    ci_high: float
    identified: str

    def in_words(self) -> str:
        """One line for people."""
        holds = "holds it" if self.ci_low <= self.planted <= self.ci_high else "misses it"
        return (
            f"{self.treatment}: planted {self.planted:.4f} for {format_duration(self.window_s)} and "
            f"{format_duration(self.horizon_s)}; found {self.estimate:.4f} ({self.ci_low:.4f} to {self.ci_high:.4f}, "
            f"{self.identified}): the interval {holds}"
        )


def planted_beside(ledger: pa.Table, events: str | Path) -> tuple[Beside, ...]:
    """The planted truth of every quoted effect where ``truth.json`` of a simulated world lies beside its events.

    Landmark episodes alone: in sequential trials another contrast is asked, for which the world gives no figure. A
    ``truth.json`` of something else is none.
    """
    rows = [
        row for row in ledger.to_pylist()
        if row["primary"] and row["estimand"] in ("ate", "att") and row["cause_kind"] == "behavior"
        and row["effect"] == PURCHASE and row["cause"] in TREATMENTS and row["window_s"] and row["estimate"] is not None
    ]  # fmt: skip
    folder = Path(events).parent
    try:
        settings = settings_of(folder) if rows and Path(events).is_file() else None
    except ArtifactError:
        settings = None
    if settings is None:
        return ()
    made = draw(settings)
    found = []
    for row in rows:
        truth = planted_effects(settings, row["window_s"], row["horizon_s"], made)[row["cause"]]
        found.append(Beside(
            row["cause"], row["window_s"], row["horizon_s"], getattr(truth, row["estimand"]), row["estimate"],
            row["ci_low"], row["ci_high"], row["identified"],
        ))  # fmt: skip
    return tuple(found)
