"""Lists at a steady rate over 100,000 items of 64 dimensions, histories of 50 events; and where each millisecond goes.

    python benchmarks/service/latency.py --items 100000 --users 2000 --rate 100 --seconds 20

The load comes from this process over loopback, so client and service share the machine's cores. Beside it, in the same
run: the exact product with the catalogue and the best ten alone (faiss flat where installed, and PyTorch), one thread.
"""

import argparse
import asyncio
import os
import random
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from load_data import Connection, quantiles_ms, run_folder

from swayline.service.log import open_store
from swayline.service.serving import Ask, Service
from swayline.testing.served import Served


async def steady(port: int, rate: float, seconds: float, paths, connections: int = 16) -> list[float]:
    """Seconds of each answer; requests leave at their time whether or not earlier ones were answered."""
    queue: asyncio.Queue = asyncio.Queue()
    took: list[float] = []

    async def work() -> None:
        connection = await Connection.to(port)
        while (entry := await queue.get()) is not None:
            due, path = entry
            status, _ = await connection.ask("GET", path)
            assert status == 200, (status, path)
            took.append(time.perf_counter() - due)

    workers = [asyncio.create_task(work()) for _ in range(connections)]
    begun = time.perf_counter()
    for number in range(int(rate * seconds)):
        due = begun + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        queue.put_nowait((due, next(paths)))
    for _ in workers:
        queue.put_nowait(None)
    await asyncio.gather(*workers)
    return took


async def flat_out(port: int, seconds: float, paths, connections: int = 16) -> float:
    """Answers a second with every connection always asking."""
    done, until = 0, time.perf_counter() + seconds

    async def work() -> None:
        nonlocal done
        connection = await Connection.to(port)
        while time.perf_counter() < until:
            await connection.ask("GET", next(paths))
            done += 1

    await asyncio.gather(*(work() for _ in range(connections)))
    return done / seconds


def asked(users: int, more: str = ""):
    draw = random.Random(0)
    while True:
        yield f"/v1/users/u{draw.randrange(users):06d}/recommendations?k=10{more}"


def peer(items: int, dim: int, seconds: float, together: int) -> dict[str, float]:
    """Exact product and best ten alone, a thread: questions a second."""
    torch.set_num_threads(1)
    table, states = torch.randn(items, dim), torch.randn(together, dim)
    found, n, until = {}, 0, time.perf_counter() + seconds
    begun = time.perf_counter()
    while time.perf_counter() < until:
        (states @ table.T).topk(10, dim=1)
        n += together
    found["pytorch"] = n / (time.perf_counter() - begun)
    try:
        import faiss
    except ImportError:
        return found
    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(dim)
    index.add(table.numpy())
    n, begun = 0, time.perf_counter()
    until = begun + seconds
    while time.perf_counter() < until:
        index.search(states.numpy(), 10)
        n += together
    found["faiss flat"] = n / (time.perf_counter() - begun)
    return found


def stages(run: Path, folder: Path, users: int) -> dict[str, float]:
    """Milliseconds of each step of one list, in this process, mean of 100."""
    service = Service(open_store(folder), folder, run)
    chooser, took = service._chooser, {"history": 0.0, "model": 0.0, "choose": 0.0, "reasons": 0.0}
    for number in range(101):
        ask = Ask(user=f"u{number % users:06d}", k=10)
        points = [time.perf_counter()]
        history = chooser.histories([ask], service.loaded.state.now_us())
        points.append(time.perf_counter())
        scores = np.array(service.loaded.bundle.model.score(history), np.float32)
        points.append(time.perf_counter())
        chooser._one(ask, history, scores[0], service.loaded.state.now_us())
        points.append(time.perf_counter())
        if number:  # the first one warms up
            for name, one in zip(("history", "model", "choose"), np.diff(points), strict=True):
                took[name] += one * 10
    for number in range(10):
        ask = Ask(user=f"u{number:06d}", k=10, reasons=True)
        begun = time.perf_counter()
        chooser.answer([ask])
        took["reasons"] += (time.perf_counter() - begun) * 100
    service.stop()
    return {name: round(one, 2) for name, one in took.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=2_000)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "swayline-bench")
    said = parser.parse_args()
    run = run_folder(said.folder, said.items, said.users, 50)
    with tempfile.TemporaryDirectory() as data:
        served = Served(run, Path(data) / "live")
        print(
            f"ready in {served.ready_s:.1f} s, {served.memory_mb():,.0f} MB, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
        )
        asyncio.run(steady(served.port, 20, 2, asked(said.users)))
        print("\n| lists, k = 10 | p50, ms | p90 | p99 | a second |\n|---|---|---|---|---|")
        for name, more, rate in (
            ("", "", said.rate),
            ("with reasons", "&reasons=true", said.rate / 10),
            ("filtered by seen", "&seen=drop", said.rate),
        ):
            took = quantiles_ms(asyncio.run(steady(served.port, rate, said.seconds, asked(said.users, more))))
            print(f"| {name or 'plain'}, {rate:g}/s | {took['p50']} | {took['p90']} | {took['p99']} | |")
        speed = asyncio.run(flat_out(served.port, said.seconds / 2, asked(10**6, "&seen=keep")))
        cold = asyncio.run(flat_out(served.port, said.seconds / 2, asked(said.users, "&diversity=0&seen=keep")))
        print(f"| as fast as it goes, people unknown | | | | {speed:.0f} |\n| as fast as it goes | | | | {cold:.0f} |")
        stopping = time.perf_counter()
        served.end()
        print(f"\nstopped in {time.perf_counter() - stopping:.1f} s")
        print("\none list, ms of each step:", stages(run, Path(data) / "stages", said.users))
    for name, one in peer(said.items, 64, said.seconds / 4, 1).items():
        print(f"{name}, product and best ten alone, one at a time: {one:.0f}/s")
    for name, one in peer(said.items, 64, said.seconds / 4, 16).items():
        print(f"{name}, product and best ten alone, sixteen together: {one:.0f}/s")


if __name__ == "__main__":
    main()
