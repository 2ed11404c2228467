"""The report's people section in headless Chromium: the network, the leagues, the acts behind a tie."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from swayline.core.names import NETWORK_FILE
from swayline.report import write_report
from swayline.testing.run_folder import HOSTILE, write_run_folder

PEOPLE, ARCS = 400, 900


def picture() -> dict[str, Any]:
    """Four hundred people of whom one, whose name is a script, sways the next eight; all other ties by chance."""
    rng = np.random.default_rng(0)
    users = [HOSTILE[0], *(f"person {k}" for k in range(1, PEOPLE))]
    given = rng.pareto(3, PEOPLE) * 0.1
    given[0] = 5.0
    pairs = {(0, k) for k in range(1, 9)} | {(int(a), int(b)) for a, b in rng.integers(1, PEOPLE, (ARCS, 2)) if a != b}
    source, target = (np.array(end) for end in zip(*sorted(pairs), strict=True))
    weight = np.where(source == 0, 0.6, rng.exponential(0.05, len(source)))
    league = [
        {"rank": k + 1, "user": users[k], "acts": 20, "score": 1.0 / (k + 1), "ci_low": 0.1, "ci_high": 1.5}
        for k in range(5)
    ]
    act = {
        "source_time": "2026-01-01T00:00:00+00:00", "target_time": "2026-01-01T02:00:00+00:00", "lag_s": 7200.0,
        "probability": 0.9,
    }  # fmt: skip
    tie = {"source": users[0], "target": users[1], "estimate": 0.6, "ci_low": 0.4, "ci_high": 0.8, "n": 30}
    return {
        "outcome": "purchase", "radius": 0.4, "ties_measured": len(source), "ties_sure": 8, "leaders": [],
        "leagues": {"given": league, "reach": league, "received": []},
        "nodes": {
            "user": users, "x": rng.normal(size=PEOPLE).tolist(), "y": rng.normal(size=PEOPLE).tolist(),
            "acts": [20] * PEOPLE, "given": given.tolist(), "given_low": (0.5 * given).tolist(),
            "given_high": (1.5 * given).tolist(), "community": rng.integers(0, 9, PEOPLE).tolist(),
        },
        "edges": {
            "source": [users[k] for k in source], "target": [users[k] for k in target], "estimate": weight.tolist(),
            "ci_low": (0.5 * weight).tolist(), "ci_high": (1.5 * weight).tolist(),
            "brought": [(9 * weight).tolist(), np.where(source == 0, 0.0, weight).tolist()],
            "channels": {"social": weight.tolist(), "consumption": (0 * weight).tolist()},
        },
        "periods": ["first half", "second half"], "ties": [tie | {"acts": [act]}],
    }  # fmt: skip


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_run_folder(folder, effects=True)
    (folder / NETWORK_FILE).write_text(json.dumps(picture()))
    return write_report(folder)


@pytest.fixture
def page(chromium, report) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.trouble = []
    opened.on("console", lambda message: opened.trouble.append(f"{message.type}: {message.text}"))
    opened.on("pageerror", lambda error: opened.trouble.append(f"error: {error}"))
    opened.goto(report.as_uri())
    opened.wait_for_selector("html[data-drawn]", timeout=60_000)
    yield opened
    assert opened.trouble == []
    context.close()


_PIXELS = """() => {
  const canvas = document.querySelector("#network canvas");
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const bytes = copy.getImageData(0, 0, canvas.width, canvas.height).data;
  let [inked, sum] = [0, 0];
  for (let k = 3; k < bytes.length; k += 4) if (bytes[k] > 0) { inked += 1; sum = (sum * 31 + bytes[k - 1] + k) % 1e9; }
  return [inked / (bytes.length / 4), sum];
}"""


def settled(page: Any) -> list[float]:
    """Share of the canvas that is drawn on, and a sum over its pixels, when it has been drawn."""
    page.wait_for_timeout(400)
    return page.evaluate(_PIXELS)


def test_the_network_is_drawn_and_a_channel_or_period_changes_it(page):
    inked, first = settled(page)
    assert 0.02 < inked < 0.9
    assert int(page.get_attribute("#network canvas", "data-drawn")) > ARCS
    names = page.eval_on_selector_all("#network option", "all => all.map(one => one.textContent)")
    assert names == ["All channels, whole log", "Channel: social", "first half", "second half"]
    page.select_option("#network select", "second half")
    assert settled(page)[1] != first
    assert int(page.get_attribute("#network canvas", "data-drawn")) <= ARCS


def test_a_person_is_found_and_the_ties_are_told_as_text(page):
    page.fill("#network input", HOSTILE[0])
    page.press("#network input", "Enter")
    told = page.inner_text("#network [role=status]")
    assert told.startswith(HOSTILE[0])
    assert "5.00 (2.50 to 7.50) actions of others per action. Sways person" in told
    assert "and 3 more" in told
    assert page.evaluate("document.querySelectorAll('#network script').length") == 0
    page.fill("#network input", "nobody at all")
    page.press("#network input", "Enter")
    assert "Nobody of that name" in page.inner_text("#network [role=status]")


def test_it_moves_comes_nearer_and_goes_back(page):
    _, first = settled(page)
    page.click("#network button[value=in]")
    _, near = settled(page)
    box = page.query_selector("#network canvas").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 380, box["y"] + 260, steps=5)
    page.mouse.up()
    _, moved = settled(page)
    page.focus("#network canvas")
    page.keyboard.press("ArrowLeft")
    _, keyed = settled(page)
    assert len({first, near, moved, keyed}) == 4
    page.click("#network button[value=all]")
    assert settled(page)[1] == first


def test_pointing_at_a_person_tells_its_figures(page):
    page.fill("#network input", "person 5")
    page.press("#network input", "Enter")
    page.wait_for_timeout(300)
    canvas = page.query_selector("#network canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(200)
    assert "actions of others per action" in page.inner_text("#network .tip")


def test_leagues_and_the_acts_behind_a_tie_stand_beside_it(page):
    assert page.evaluate("document.querySelectorAll('#league-given .point, #league-given .points path').length") >= 5
    assert page.evaluate("document.querySelectorAll('#league-reach .point, #league-reach .points path').length") >= 5
    assert page.evaluate("document.querySelectorAll('#tie-acts .points path').length") >= 2
    table = page.evaluate("document.querySelector('#tie-acts').closest('figure').querySelector('table').textContent")
    assert "2 h" in table
    assert "90%" in table


def test_dark_and_print_have_their_own_colours(page):
    _, light = settled(page)
    page.emulate_media(color_scheme="dark")
    assert settled(page)[1] != light
    page.emulate_media(media="print", color_scheme="dark")
    page.wait_for_timeout(400)
    assert page.evaluate("getComputedStyle(document.querySelector('#network .controls')).display") == "none"
