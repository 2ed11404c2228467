"""Evolve: what changed over the log, what follows what, who comes back."""

from swayline.core.names import EVOLUTION_FOLDER
from swayline.evolution import evolve_log
from swayline.pipeline.workspace import Workspace


def evolve(work: Workspace) -> None:
    """Write ``evolution/``: tables, and what the report draws."""
    evolve_log(work.log, quick=True, seed=work.settings.seed).save(work.folder / EVOLUTION_FOLDER)
