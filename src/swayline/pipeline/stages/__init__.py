"""The stages of the main job, one file each; ``order`` says what each needs and makes."""

from swayline.pipeline.stages.order import STAGES, Stage, to_mermaid

__all__ = ["STAGES", "Stage", "to_mermaid"]
