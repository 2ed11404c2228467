"""What a shop, a radio or a clinic asks of its log: a TOML file each, and how it is read."""

from swayline.pipeline.scenarios.scenario import Scenario, Words, load_scenario, scenario_names

__all__ = ["Scenario", "Words", "load_scenario", "scenario_names"]
