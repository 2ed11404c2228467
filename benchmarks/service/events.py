"""Durable events a second, one by one over 32 connections and in batches, beside the disk's fsync alone.

    python benchmarks/service/events.py --seconds 8

Also: how soon an event is in the person's next list, and memory over a soak of so many events (--soak 1000000).
"""

import argparse
import asyncio
import itertools
import json
import os
import tempfile
import time
from pathlib import Path

from load_data import Connection, quantiles_ms, run_folder

from swayline.testing.served import Served


def fsyncs(folder: Path, seconds: float) -> float:
    """Writes of 4 KiB with an fdatasync each, a second."""
    with (folder / "fsync").open("wb", buffering=0) as file:
        n, until = 0, time.perf_counter() + seconds
        while time.perf_counter() < until:
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            n += 1
    return n / seconds


def event(number: int, name: str) -> dict[str, object]:
    return {
        "event_id": f"{name}{number}",
        "user": f"u{number % 5000:06d}",
        "item": f"i{number * 7 % 900:06d}",
        "behavior": "view",
    }


async def one_by_one(port: int, seconds: float, connections: int) -> tuple[float, list[float]]:
    numbers, took, until = itertools.count(), [], time.perf_counter() + seconds

    async def work() -> None:
        connection = await Connection.to(port)
        while (begun := time.perf_counter()) < until:
            status, _ = await connection.ask("POST", "/v1/events", event(next(numbers), "a"))
            assert status == 200
            took.append(time.perf_counter() - begun)

    await asyncio.gather(*(work() for _ in range(connections)))
    return len(took) / seconds, took


async def batches(port: int, count: int, size: int, name: str, connections: int = 2) -> float:
    bodies = iter(
        [json.dumps([event(start + at, name) for at in range(size)]).encode() for start in range(0, count, size)]
    )
    begun = time.perf_counter()

    async def work() -> None:
        connection = await Connection.to(port)
        for body in bodies:
            status, _ = await connection.ask("POST", "/v1/events", body)
            assert status == 200

    await asyncio.gather(*(work() for _ in range(connections)))
    return count / (time.perf_counter() - begun)


async def seen(port: int, n: int) -> list[float]:
    """From sending an event to the answer of a list that knows it."""
    connection, took = await Connection.to(port), []
    for number in range(n):
        begun = time.perf_counter()
        await connection.ask(
            "POST",
            "/v1/events",
            {"event_id": f"s{number}", "user": f"seen{number}", "item": "i000005", "behavior": "view"},
        )
        _, body = await connection.ask("GET", f"/v1/users/seen{number}/recommendations?k=5&seen=drop")
        took.append(time.perf_counter() - begun)
        assert b'"source":"model"' in body, body
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--batched", type=int, default=100_000)
    parser.add_argument("--soak", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "swayline-bench")
    said = parser.parse_args()
    run = run_folder(said.folder, 1_000, 500, 20, "item-knn")
    with tempfile.TemporaryDirectory(dir=said.folder) as data:
        served = Served(run, Path(data))
        disk = fsyncs(Path(data), 2.0)
        before = served.cpu_s()
        single, took = asyncio.run(one_by_one(served.port, said.seconds, 32))
        cost_single = (served.cpu_s() - before) / len(took) * 1e6
        before = served.cpu_s()
        many = asyncio.run(batches(served.port, said.batched, 5_000, "b"))
        cost_many = (served.cpu_s() - before) / said.batched * 1e6
        told = quantiles_ms(asyncio.run(seen(served.port, 200)))
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n\n| | a second | |\n|---|---|---|")
        print(f"| fdatasync of 4 KiB alone | {disk:,.0f} | |")
        print(f"| durable events one by one, 32 connections | {single:,.0f} | ms: {quantiles_ms(took)} |")
        print(f"| durable events in batches of 5,000 | {many:,.0f} | |")
        print(f"| sent, acknowledged, and in the person's next list | | ms: {told} |")
        print(f"processor of the service: {cost_single:.0f} µs an event one by one, {cost_many:.1f} µs in batches")
        if said.soak:
            marks = [round(served.memory_mb())]
            for part in range(10):
                asyncio.run(batches(served.port, said.soak // 10, 5_000, f"soak{part}-"))
                marks.append(round(served.memory_mb()))
            print(f"\nsoak of {said.soak:,} events, 5,000 people: MB after each tenth: {marks}")
        served.end()


if __name__ == "__main__":
    main()
