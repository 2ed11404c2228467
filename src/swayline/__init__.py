"""Swayline: measures what sways users and uses it to recommend better.

The public face: functions and classes. Names are imported when first used, so that ``swayline --help`` does not load
PyTorch. ``__init__.pyi`` tells type checkers and editors the same names.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "BehaviorEffects": "swayline.influence.effects",
    "Chain": "swayline.recommend",
    "Contagion": "swayline.influence.contagion",
    "EventLog": "swayline.events",
    "InfluencePredictor": "swayline.influence.predictor",
    "Paging": "swayline.events",
    "PeopleInfluence": "swayline.influence.network",
    "Query": "swayline.recommend",
    "ReadOptions": "swayline.events",
    "Recommender": "swayline.recommend",
    "Result": "swayline.core.showing.result",
    "RunSettings": "swayline.pipeline",
    "SequenceRecommender": "swayline.recommend",
    "SwaylineError": "swayline.core.errors",
    "WorldSettings": "swayline.simulation",
    "anonymize": "swayline.face.privacy",
    "attribute_events": "swayline.recommend",
    "attribute_paths": "swayline.face.tables",
    "choose_seeds": "swayline.face.people",
    "clean_log": "swayline.events",
    "discover_graph": "swayline.face.graphs",
    "discover_ties": "swayline.face.people",
    "estimate_effect": "swayline.causal",
    "evaluate": "swayline.face.evaluation",
    "evolve": "swayline.evolution",
    "features_as_of": "swayline.face.tables",
    "forecast": "swayline.evolution",
    "learn_policy": "swayline.causal.policy.learn_policy",
    "person_page": "swayline.face.why",
    "prepare": "swayline.face.prepare",
    "profiles": "swayline.features.profiles",
    "qini": "swayline.face.tables",
    "read_events": "swayline.events",
    "read_ledger": "swayline.face.tables",
    "read_log": "swayline.events",
    "run": "swayline.pipeline",
    "search": "swayline.face.tables",
    "simulate": "swayline.face.tables",
    "trust_attack": "swayline.face.trust",
    "trust_fairness": "swayline.face.trust",
    "trust_fraud": "swayline.face.trust",
    "tune": "swayline.face.tuning",
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
