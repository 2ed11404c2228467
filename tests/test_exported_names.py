import pytest

import swayline as sw


def test_the_public_face_is_exactly_this():
    assert sorted(sw.__all__) == sorted([
        "BehaviorEffects", "Chain", "EventLog", "Paging", "PeopleInfluence", "Query", "ReadOptions", "Recommender",
        "RunSettings", "SequenceRecommender",
        "SwaylineError", "WorldSettings", "__version__", "attribute_events", "clean_log", "estimate_effect",
        "profiles", "read_events", "read_log", "run", "write_log",
        "write_report", "write_world",
    ])  # fmt: skip


def test_every_public_name_can_be_had():
    for name in sw.__all__:
        assert getattr(sw, name) is not None


def test_an_unknown_name_lists_the_known():
    with pytest.raises(AttributeError, match="read_events"):
        sw.read_event  # noqa: B018
