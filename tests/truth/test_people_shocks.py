"""Every shock that everybody feels, ten seeds each: at most 8% of null ties called influence, planted ties covered."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from swayline.testing.people_worlds import SHOCKS

_PATH = Path(__file__).resolve().parents[1] / "influence" / "network" / "test_shocks.py"
_SPEC = importlib.util.spec_from_file_location("people_shocks", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
shocks = importlib.util.module_from_spec(_SPEC)
sys.modules["people_shocks"] = shocks
_SPEC.loader.exec_module(shocks)


@pytest.mark.truth
@pytest.mark.parametrize("shock", SHOCKS)
def test_null_ties_are_not_called_influence_under_any_shock(shock):
    parts = [shocks.judged(shock, seed) for seed in range(10)]
    _, claimed, covered, real = (np.concatenate(column) for column in zip(*parts, strict=True))
    assert claimed[real == 0].mean() <= 0.08
    assert covered[real > 0].mean() >= 0.9
    assert np.mean([shocks.auc(estimate, real > 0) for estimate, _, _, real in parts]) >= 0.93
