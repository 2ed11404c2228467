import ast
from pathlib import Path

import pytest

import swayline as sw


def test_the_public_face_is_exactly_this():
    assert sorted(sw.__all__) == sorted([
        "BehaviorEffects", "Chain", "Contagion", "EventLog", "InfluencePredictor", "Paging", "PeopleInfluence", "Query", "ReadOptions", "Recommender",
        "Result", "RunSettings", "SequenceRecommender", "SwaylineError", "WorldSettings", "__version__",
        "anonymize", "attribute_events", "attribute_paths", "choose_seeds", "clean_log", "discover_graph", "discover_ties", "estimate_effect",
        "evaluate", "evolve", "features_as_of", "forecast", "learn_policy", "person_page", "prepare", "profiles", "qini", "read_events", "read_ledger", "read_log",
        "run", "search", "simulate", "trust_attack", "trust_fairness", "trust_fraud", "tune", "write_log",
        "write_report", "write_world",
    ])  # fmt: skip


def test_every_public_name_can_be_had():
    for name in sw.__all__:
        assert getattr(sw, name) is not None


def test_an_unknown_name_lists_the_known():
    with pytest.raises(AttributeError, match="read_events"):
        sw.read_event  # noqa: B018


def test_type_checkers_see_the_same_names():
    stub = ast.parse((Path(sw.__file__).parent / "__init__.pyi").read_text("utf-8"))
    told = {
        alias.asname: (node.module, alias.name)
        for node in ast.walk(stub)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert {name: module for name, (module, _) in told.items()} == sw._PUBLIC
    assert all(name == asked for name, (_, asked) in told.items())
    assert (Path(sw.__file__).parent / "py.typed").exists()


def test_rooms_are_no_public_names():
    rooms = {path.name for path in Path(sw.__file__).parent.iterdir() if path.is_dir()}
    assert not rooms & set(dir(sw))
