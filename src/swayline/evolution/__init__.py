"""Floor 8: how it changes. Drift, flow from step to step, cohorts, what comes next, and runs beside each other."""

from swayline.evolution.evolve import Evolution, evolve, evolve_log, is_evolution

__all__ = ["Evolution", "evolve", "evolve_log", "is_evolution"]
