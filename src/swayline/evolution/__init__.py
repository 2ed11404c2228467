"""Floor 8: how it changes. Drift, flow from step to step, cohorts, what comes next, and how likely it is."""

from swayline.evolution.evolve import Evolution, evolve, evolve_log, is_evolution
from swayline.evolution.forecast.face import Forecasts, forecast

__all__ = ["Evolution", "Forecasts", "evolve", "evolve_log", "forecast", "is_evolution"]
