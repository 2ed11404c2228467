import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from swayline.cli.app import app
from swayline.core.errors import ArtifactError, ConfigError
from swayline.pipeline.capacity import Asked, Costs, StageCost, capacity
from swayline.pipeline.capacity.calibrate import measured
from swayline.pipeline.capacity.costs import STAGES, Run, fit_costs

COSTS = Costs(
    "a machine", "2026-11-28",
    {
        "read": StageCost(s_event=1e-6, bytes_event=100.0, disk_event=20.0),
        "histories": StageCost(s_event=1e-6, bytes_event=100.0),
        "neighbours": StageCost(s_event=1e-5, bytes_event=100.0, bytes_item=1000.0, disk_item=800.0),
        "train": StageCost(s_event=1e-4, bytes_event=50.0, bytes_item=1000.0, disk_item=256.0),
        "serve": StageCost(s_person=1e-3, s_pair=1e-8, bytes_item=300.0, disk_item=256.0),
    },
    (1000,), (),
)  # fmt: skip
ASKED = Asked(people=1e6, items=1e5, events_a_day=1e6, days=10, epochs=10)


def by_stage(asked: Asked, costs: Costs = COSTS) -> dict[str, object]:
    return {one.stage: one for one in capacity(asked, costs).needs}


def test_needs_follow_from_costs_by_hand() -> None:
    needs = by_stage(ASKED)
    assert needs["train"].cpu_hours == pytest.approx(1e-4 * 1e7 * 10 / 3600)
    assert needs["read"].memory_bytes == pytest.approx(1e9)
    assert needs["neighbours"].disk_bytes == pytest.approx(8e7)
    assert needs["serve"].cpu_hours == pytest.approx((1e-3 * 1e6 + 1e-8 * 1e6 * 1e5) / 3600)
    assert {one.machines for one in needs.values()} == {1}


def test_more_of_everything_never_takes_fewer_machines() -> None:
    sizes = [capacity(replace(ASKED, events_a_day=10.0**n, people=10.0**n), COSTS).machines for n in range(4, 11)]
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0]
    small, large = (capacity(replace(ASKED, events_a_day=1e10, memory_gb=gb), COSTS).machines for gb in (512, 16))
    assert large >= small


def test_batch_stages_are_done_in_time_by_the_machines_said() -> None:
    asked = replace(ASKED, events_a_day=1e9)
    found = capacity(asked, COSTS)
    batch = [one for one in found.needs if one.stage != "serve"]
    assert sum(one.cpu_hours / (one.machines * asked.cores) for one in batch) <= asked.hours


def test_an_item_table_beyond_one_machine_is_said_and_what_is_extrapolated_too() -> None:
    asked = replace(ASKED, items=1e9)
    assert "rows must be shared out" in by_stage(asked)["train"].note
    assert any("extrapolated" in one for one in capacity(asked, COSTS).assumptions)


def test_costs_are_found_again_from_runs_that_follow_them_and_checks_are_not_fitted() -> None:
    runs = [
        Run(name, n, m, n // 20, COSTS.stages[name].cpu_s(n, m, n // 20), COSTS.stages[name].memory_bytes(n, m),
            COSTS.stages[name].disk_bytes(n, m))
        for name in STAGES for n, m in ((1000, 10), (10_000, 100), (10_000, 1000), (50_000, 500))
    ]  # fmt: skip
    odd = [replace(one, cpu_s=one.cpu_s * 2) if one.events == 50_000 else one for one in runs]
    found = fit_costs(odd, "here", "2026-11-28", checked=(50_000,))
    assert found.stages["train"].s_event == pytest.approx(1e-4)
    assert found.stages["neighbours"].bytes_item == pytest.approx(1000.0)
    assert found.stages["neighbours"].bytes_event == pytest.approx(100.0)
    assert found.stages["serve"].cpu_s(0, 500, 2500) == pytest.approx(COSTS.stages["serve"].cpu_s(0, 500, 2500))
    check = next(one for one in found.checks if one["stage"] == "train")
    assert check["cpu_s"] == pytest.approx(2 * check["cpu_s_predicted"])
    assert Costs.of_json(json.loads(json.dumps(found.as_json()))) == found


def test_the_packaged_costs_were_measured_and_checked_on_two_sizes() -> None:
    costs = Costs.packaged()
    assert costs.machine
    assert costs.date
    assert len({one["events"] for one in costs.checks}) >= 2
    assert all(one["cpu_s"] > 0 for one in costs.checks)


def test_every_stage_is_measured_and_more_events_take_longer() -> None:
    measured(500, 20, 0)  # the first run loads what later ones find loaded
    small = {one.stage: one for one in measured(500, 20, 0)}
    large = {one.stage: one for one in measured(20_000, 200, 0)}
    assert set(small) == set(STAGES)
    assert all(one.cpu_s > 0 for one in large.values())
    assert large["train"].cpu_s > small["train"].cpu_s
    assert large["train"].disk_bytes > small["train"].disk_bytes


@pytest.mark.parametrize("value", [0.0, -1.0, 1e30, float("nan")])
def test_a_size_out_of_range_is_refused(value: float) -> None:
    with pytest.raises(ConfigError, match="people"):
        Asked(people=value, items=1.0, events_a_day=1.0)


def test_a_file_that_holds_no_costs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "costs.json").write_text('{"format": 1}')
    with pytest.raises(ArtifactError, match="--calibrate"):
        Costs.read(tmp_path / "costs.json")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--people, --items, --events-a-day is missing"),
        (("--people", "many", "--items", "1e3", "--events-a-day", "1e3"), "valid number"),
        (("--people", "-5", "--items", "1e3", "--events-a-day", "1e3"), "people"),
    ],
)
def test_what_cannot_be_planned_is_said_in_one_line(words: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(app, ["plan", *words])
    assert done.exit_code != 0
    assert said in str(done.exception) + done.output


def test_the_verb_prints_a_table_and_json() -> None:
    words = ["plan", "--people", "1e8", "--items", "1e7", "--events-a-day", "1e9"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "machines at once" in done.output
    assert "checked: " in done.output
    told = json.loads(CliRunner().invoke(app, [*words, "--json"]).output)
    assert [one["stage"] for one in told["stages"]] == list(STAGES)
