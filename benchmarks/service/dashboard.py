"""What the dashboard costs: time to a page that answers, and the API's latency with and without people who watch.

    python benchmarks/service/dashboard.py [RUN] --events 1000 --watchers 20 --seconds 10

Lists are asked at a steady rate while events come in; then the same with watchers, each of which asks
for news once a second as the page's script does; the two alternate, so that a busy machine is busy for both. Client,
browser and service share the machine's cores.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import tempfile
import time
from pathlib import Path

from latency import steady
from load_data import Connection, quantiles_ms, run_folder

from swayline.testing.served import Served

BATCH = 50


def first_page(address: str, times: int) -> list[tuple[float, float, float]]:
    """Seconds from asking to HTML, to a page that answers (its script ran), and to every figure drawn; a new browser each time."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--headless", "--no-sandbox", "--disable-gpu"])
        for _ in range(times):
            context = browser.new_context()
            tab = context.new_page()
            begun = time.perf_counter()
            tab.goto(f"{address}/dashboard", wait_until="commit")
            html = time.perf_counter() - begun
            tab.wait_for_selector("html[data-ready]", state="attached")
            ready = time.perf_counter() - begun
            if tab.query_selector("[data-figure]"):
                tab.wait_for_selector("html[data-drawn]", state="attached")
            found.append((html, ready, time.perf_counter() - begun))
            context.close()
        browser.close()
    return found


async def come_in(port: int, rate: float, until: float, people: list[str], items: list[str]) -> int:
    """Post events in batches at a rate; how many were accepted."""
    connection, draw, taken, number = await Connection.to(port), random.Random(1), 0, 0
    begun = time.perf_counter()
    while time.perf_counter() < until:
        rows = [{"user": draw.choice(people), "item": draw.choice(items), "behavior": "view"} for _ in range(BATCH)]
        status, body = await connection.ask("POST", "/v1/events", json.dumps(rows).encode())
        assert status == 200, body
        taken, number = taken + BATCH, number + 1
        await asyncio.sleep(max(0.0, begun + number * BATCH / rate - time.perf_counter()))
    return taken


async def watch(port: int, until: float) -> int:
    """Ask for news once a second, as a page does; how often."""
    connection, mark, times = await Connection.to(port), "", 0
    while time.perf_counter() < until:
        status, body = await connection.ask("GET", f"/dashboard/news?after={mark}")
        assert status == 200, body
        mark, times = json.loads(body).get("mark", mark), times + 1
        await asyncio.sleep(1.0)
    return times


async def loaded(port: int, said: argparse.Namespace, watchers: int, names: tuple[list[str], list[str]]) -> list[float]:
    """Seconds of each list while events come in and people watch."""
    draw = random.Random(0)
    paths = iter(lambda: f"/v1/users/{draw.choice(names[0])}/recommendations?k=10", None)
    until = time.perf_counter() + said.seconds
    others = [asyncio.create_task(watch(port, until)) for _ in range(watchers)]
    others.append(asyncio.create_task(come_in(port, said.events, until, *names)))
    took = await steady(port, said.rate, said.seconds, paths)
    await asyncio.gather(*others)
    return took


def names_of(run: Path) -> tuple[list[str], list[str]]:
    """People and items of a run whose ids need no encoding in an address."""
    from swayline.training.bundle import ModelBundle

    data = ModelBundle.load(run / "model").dataset
    plain = [[one for one in kind.names if one.isalnum()][:2_000] for kind in (data.users, data.items)]
    return plain[0], plain[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, nargs="?", help="a run folder; without one, a model of 2,000 items is served")
    parser.add_argument("--events", type=float, default=1_000.0)
    parser.add_argument("--watchers", type=int, default=20)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pages", type=int, default=4, help="how often the first page is opened")
    said = parser.parse_args()
    said.run = said.run or run_folder(Path(tempfile.gettempdir()) / "swayline-bench", 2_000, 2_000, 50)
    names = names_of(said.run)
    with tempfile.TemporaryDirectory() as data:
        served = Served(said.run, Path(data) / "live")
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, ready in {served.ready_s:.1f} s\n")
        print("| first page | HTML, s | answers, s | all drawn, s |\n|---|---|---|---|")
        for number, row in enumerate(first_page(served.address, said.pages)):
            print(
                f"| {'right after the start' if not number else 'again, a new browser'} | "
                + " | ".join(f"{one:.2f}" for one in row)
                + " |"
            )
        asyncio.run(loaded(served.port, argparse.Namespace(**vars(said) | {"seconds": 2}), 2, names))
        print(
            "\n| lists at a steady rate, events coming in | p50, ms | p90 | p99 | CPU of the service, s |\n|---|---|---|---|---|"
        )
        both: dict[int, list[float]] = {0: [], said.watchers: []}
        cpu = dict.fromkeys(both, 0.0)
        for _ in range(said.rounds):  # alternating: a busy machine is busy for both
            for watchers in both:
                before = served.cpu_s()
                both[watchers] += asyncio.run(loaded(served.port, said, watchers, names))
                cpu[watchers] += served.cpu_s() - before
        for watchers, took in both.items():
            found = quantiles_ms(took)
            print(f"| {watchers} dashboards | {found['p50']} | {found['p90']} | {found['p99']} | {cpu[watchers]:.1f} |")
        served.end()
        print(f"\nload at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
