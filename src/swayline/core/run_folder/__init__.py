"""What a run folder holds: one registry of its files, and the layouts of those that are read again."""

from swayline.core.run_folder.registry import (
    ARTIFACTS,
    Artifact,
    artifact,
    made_by,
    read_by_the_report,
    results,
)

__all__ = ["ARTIFACTS", "Artifact", "artifact", "made_by", "read_by_the_report", "results"]
