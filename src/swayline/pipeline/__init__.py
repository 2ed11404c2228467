"""Floor 10: whole paths. Settings, stages, the resumable run."""

from swayline.pipeline.job import RunDone, StageDone, run
from swayline.pipeline.settings import RunSettings
from swayline.pipeline.stages import STAGES, Inputs
from swayline.pipeline.tune import Tuned, check_tunable, tune

__all__ = ["STAGES", "Inputs", "RunDone", "RunSettings", "StageDone", "Tuned", "check_tunable", "run", "tune"]
