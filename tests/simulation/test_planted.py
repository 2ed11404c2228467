import json

import numpy as np
import pytest
from typer.testing import CliRunner

from swayline.cli.app import app
from swayline.core.errors import ArtifactError, UsageError
from swayline.simulation import WorldSettings, write_world
from swayline.simulation.assemble import draw
from swayline.simulation.planted import planted_effects, settings_of
from swayline.simulation.truth import truth

SETTINGS = WorldSettings(users=400, items=120, events=20_000, seed=3)


def test_the_worlds_own_window_and_horizon_give_its_own_truth():
    parts = draw(SETTINGS)
    own = truth(parts)["effects"]
    for behavior, one in planted_effects(SETTINGS, SETTINGS.window_s, SETTINGS.horizon_s, parts).items():
        assert one.ate == pytest.approx(own[behavior]["ate"], rel=0.02, abs=1e-12)


@pytest.mark.parametrize(("window_s", "horizon_s"), [(3_600, 604_800), (86_400, 86_400), (2 * 86_400, 3 * 86_400)])
def test_any_window_and_horizon_agree_with_what_falls_where_nothing_confounds(window_s, horizon_s):
    settings = WorldSettings(users=3_000, items=400, events=300_000, seed=5, confounding=0.0)
    parts = draw(settings)
    drawn, opened = parts.episodes, parts.views.time_s[parts.episodes.view]
    after = np.where(drawn.bought, drawn.bought_s - opened, np.inf)
    end_s = parts.log.time_us[-1] / 1e6
    rows = (opened + window_s + horizon_s <= end_s) & (after > window_s)
    happened = (after <= window_s + horizon_s)[rows]
    treated = (drawn.done[:, 2] & (drawn.lag_s[:, 2] <= window_s))[rows]  # the third behaviour is the cart
    fell = happened[treated].mean() - happened[~treated].mean()
    noise = np.sqrt(happened[treated].var() / treated.sum() + happened[~treated].var() / (~treated).sum())
    planted = planted_effects(settings, window_s, horizon_s, parts)
    assert abs(planted["cart"].ate - fell) < 3 * noise
    assert planted["share"].ate == 0
    assert planted["cart"].episodes == rows.sum()


def test_what_no_world_can_answer_is_refused():
    with pytest.raises(UsageError, match="window is '-1' seconds"):
        planted_effects(SETTINGS, -1, 10)
    with pytest.raises(UsageError, match="no episode is complete"):
        planted_effects(SETTINGS, 86_400, 90 * 86_400.0)


def test_settings_come_back_from_a_folder(tmp_path):
    write_world(SETTINGS, tmp_path / "world")
    assert settings_of(tmp_path / "world") == SETTINGS
    assert settings_of(tmp_path) is None
    (tmp_path / "truth.json").write_text('{"settings": {"users": 3, "moons": 2}}')
    with pytest.raises(ArtifactError, match="no truth of a simulated world"):
        settings_of(tmp_path)


def test_the_verb_prints_the_truth_for_what_is_asked(tmp_path):
    write_world(SETTINGS, tmp_path / "world")
    said = CliRunner().invoke(app, ["truth", str(tmp_path / "world"), "--window", "1h", "--horizon", "2d", "--json"])
    effects = json.loads(said.stdout)["effects"]
    assert effects["cart"]["ate"] == planted_effects(SETTINGS, 3_600, 172_800)["cart"].ate
    refused = CliRunner().invoke(app, ["truth", str(tmp_path)])
    assert refused.exit_code != 0
