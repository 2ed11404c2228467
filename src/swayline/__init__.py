"""Swayline: measures what sways users and uses it to recommend better.

The public face. Names are imported when first used, so that ``swayline --help`` does not load PyTorch.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "BehaviorEffects": "swayline.influence.effects",
    "EventLog": "swayline.events",
    "Paging": "swayline.events",
    "PeopleInfluence": "swayline.influence.network",
    "ReadOptions": "swayline.events",
    "Chain": "swayline.recommend",
    "Query": "swayline.recommend",
    "Recommender": "swayline.recommend",
    "RunSettings": "swayline.pipeline",
    "SequenceRecommender": "swayline.recommend",
    "SwaylineError": "swayline.core.errors",
    "WorldSettings": "swayline.simulation",
    "attribute_events": "swayline.recommend",
    "clean_log": "swayline.events",
    "estimate_effect": "swayline.causal",
    "profiles": "swayline.features.profiles",
    "read_events": "swayline.events",
    "read_log": "swayline.events",
    "run": "swayline.pipeline",
    "write_log": "swayline.events",
    "write_report": "swayline.report",
    "write_world": "swayline.simulation",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"swayline has no {name!r}; it has {', '.join(_PUBLIC)}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
