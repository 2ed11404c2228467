"""What the service's benchmarks share: a run with many items, a server in a process of its own, a lean HTTP client."""

import asyncio
import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from swayline.engine import DuckEngine
from swayline.events import read_events
from swayline.training.fit import fit_log
from swayline.training.plan import TrainingPlan


def run_folder(folder: Path, items: int, users: int, events: int, model: str = "transformer") -> Path:
    """A run of random histories (only work is measured, no quality): a Transformer of 64 dimensions, one epoch."""
    out = folder / f"run-{model}-{items}-{users}"
    if (out / "model" / "model.json").is_file():
        return out
    rng = np.random.default_rng(0)
    n = users * events
    table = pa.table({
        "user": np.char.mod("u%06d", np.repeat(np.arange(users), events)),
        "item": np.char.mod("i%06d", np.concatenate([np.arange(items), rng.integers(items, size=max(0, n - items))])[:n]),
        "behavior": np.where(rng.random(n) < 0.9, "view", "purchase"),
        "time": pa.array(1_760_000_000_000_000 + rng.integers(10**12, size=n), pa.timestamp("us", "UTC")),
    })  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, out / "events.parquet")
    small = (
        {"embedding_dim": 64, "max_epochs": 1, "max_length": 50, "loss": "sampled-softmax"}
        if model == "transformer"
        else {}
    )
    with DuckEngine() as engine:
        bundle = fit_log(engine, read_events(out / "events.parquet", engine=engine), TrainingPlan.of_one(model, small))
    bundle.save(out / "model")
    return out


class Connection:
    """One kept connection."""

    @classmethod
    async def to(cls, port: int) -> "Connection":
        self = cls()
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        return self

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {len(raw)}\r\n\r\n"
        self.writer.write(head.encode() + raw)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", answer)[1])
        return int(answer[9:12]), await self.reader.readexactly(length)


def quantiles_ms(seconds: list[float]) -> dict[str, float]:
    found = np.quantile(np.array(seconds) * 1e3, (0.5, 0.9, 0.99))
    return dict(zip(("p50", "p90", "p99"), (round(float(one), 1) for one in found), strict=True))
