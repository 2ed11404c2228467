"""Each stage run at several sizes on this machine, its CPU time, memory and files measured.

The logs are drawn: items by Zipf's law, twenty events a person, three behaviours, times in order. One log has ten times
the items for its events that the others have, so that what an event costs and what an item costs are told apart.
CPU seconds are of this process, so that other work on the machine counts little; memory is the highest resident size of
a stage less what was resident before.
"""

import gc
import platform
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from swayline.core.errors import UsageError
from swayline.core.progress import task
from swayline.core.rng import generator
from swayline.engine import DuckEngine
from swayline.events import EventLog, read_events
from swayline.models import ItemKNN, ItemKNNSettings, Transformer, TransformerSettings, recommend
from swayline.pipeline.capacity.costs import STAGES, Costs, Run, fit_costs
from swayline.training import TrainingData, training_data

SIZES = ((20_000, 200), (50_000, 500), (200_000, 20_000))
"""Events and items of the runs that costs are fitted on."""
CHECKED = ((100_000, 1_000), (1_000_000, 10_000))
"""Events and items of the runs that they are checked on."""
SETTINGS = TransformerSettings(
    embedding_dim=64, n_blocks=1, n_heads=1, max_length=50, max_epochs=1, neighbours=False, windows=False,
    repeats=False, device="cpu",
)  # fmt: skip
_A_PERSON = 20
_SERVED = 512
_WARM = (2_000, 20)
"""Events and items of a first run that is thrown away."""
_PEAK = Path("/proc/self/clear_refs")

T = TypeVar("T")


def calibrate(seed: int = 0) -> Costs:
    """Measure this machine.

    Raises
    ------
    UsageError
        The system does not say how much memory a process held at most.
    """
    if not _PEAK.exists():
        raise UsageError("memory is measured by /proc/self, which only Linux has: calibrate there and say --costs FILE")
    runs: list[Run] = []
    every = sorted((*SIZES, *CHECKED))
    measured(*_WARM, seed)  # what is loaded and reserved once belongs to no size
    with task("measure stages", total=len(every) * len(STAGES)) as bar:
        for n_events, n_items in every:
            runs += measured(n_events, n_items, seed)
            bar.advance(len(STAGES))
    return fit_costs(runs, machine(), datetime.now(UTC).date().isoformat(), [n for n, _ in CHECKED])


def measured(n_events: int, n_items: int, seed: int) -> list[Run]:
    """Every stage at one size."""
    n_people = max(20, n_events // _A_PERSON)
    found: list[Run] = []

    def add(stage: str, cpu_s: float, memory: float, disk: float, people: int = n_people) -> None:
        found.append(Run(stage, n_events, n_items, people, cpu_s, memory, disk))

    with tempfile.TemporaryDirectory(prefix="swayline-plan-") as folder, DuckEngine() as engine:
        path = Path(folder) / "events.parquet"
        pq.write_table(drawn(n_events, n_items, n_people, seed), path)
        log, cpu_s, held = _taking(lambda: read_events(path, engine=engine))
        add("read", cpu_s, held, path.stat().st_size)
        data, cpu_s, held = _taking(lambda: _histories(engine, log))
        add("histories", cpu_s, held, 0.0)
        histories = data.dataset.sequences
        knn, cpu_s, held = _taking(lambda: ItemKNN(ItemKNNSettings(value_weight=0.0)).fit(histories))
        knn.save(Path(folder) / "knn")
        add("neighbours", cpu_s, held, _size(Path(folder) / "knn"))
        model, cpu_s, held = _taking(lambda: Transformer(SETTINGS).fit(histories))
        model.save(Path(folder) / "model")
        add("train", cpu_s, held, _size(Path(folder) / "model"))
        some = histories.take(np.arange(min(_SERVED, len(histories))))
        recommend(model, some.take(np.arange(min(8, len(some)))), 10, True)
        _, cpu_s, held = _taking(lambda: recommend(model, some, 10, True))
        held = max(held, float(_size(Path(folder) / "model")))
        add("serve", cpu_s, held, _size(Path(folder) / "model"), len(some))
    return found


def _histories(engine: DuckEngine, log: EventLog) -> TrainingData:
    return training_data(engine, log)


def drawn(n_events: int, n_items: int, n_people: int, seed: int) -> pa.Table:
    """A log with Zipf's law among the items."""
    rng = generator(seed, "capacity")
    chance = 1.0 / np.arange(1, n_items + 1)
    items = rng.choice(n_items, n_events, p=chance / chance.sum())
    users = rng.integers(n_people, size=n_events)
    seconds = np.sort(rng.integers(0, 90 * 86_400, n_events)) + 1_700_000_000
    acts = pa.array(["view", "cart", "purchase"]).take(pa.array(rng.choice(3, n_events, p=[0.8, 0.15, 0.05])))
    return pa.table({"user": users, "item": items, "behavior": acts, "time": seconds})


def _taking(work: Callable[[], T]) -> tuple[T, float, float]:
    """What a piece of work gives, its CPU seconds and the memory that it held at most."""
    gc.collect()
    _PEAK.write_text("5")
    before, began = _status("VmRSS"), time.process_time()
    found = work()
    return found, time.process_time() - began, max(0.0, _status("VmHWM") - before)


def _status(name: str) -> float:
    """Bytes that Linux tells of this process."""
    lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    return 1024.0 * int(next(line for line in lines if line.startswith(name)).split()[1])


def _size(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.iterdir())


def machine() -> str:
    """What this machine is, in words."""
    told = Path("/proc/cpuinfo").read_text("utf-8", "replace") if Path("/proc/cpuinfo").exists() else ""
    names = [line.partition(":")[2].strip() for line in told.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()
