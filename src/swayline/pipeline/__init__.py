"""Floor 13: whole paths. Settings, stages, the resumable run."""

from swayline.pipeline.job import RunDone, StageDone, run
from swayline.pipeline.scenarios import Scenario, load_scenario, scenario_names
from swayline.pipeline.settings import RunSettings
from swayline.pipeline.stages import STAGES, to_mermaid
from swayline.pipeline.workspace import Inputs

__all__ = [
    "STAGES", "Inputs", "RunDone", "RunSettings", "Scenario", "StageDone", "load_scenario", "run", "scenario_names",
    "to_mermaid",
]  # fmt: skip
