"""Time and peak memory of each stage of ``swayline run`` as simulated logs grow tenfold.

    python benchmarks/pipeline/run_scaling.py [--sizes 10000,100000,1000000] [--epochs 2] [--models most-popular,item-knn]

The Transformer trains a fixed number of epochs here, so that the table shows how work grows with the log and not how
early each log stops.
"""

import argparse
import tempfile
from pathlib import Path

from swayline.pipeline import Inputs, RunSettings, run
from swayline.simulation import WorldSettings, write_world


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument(
        "--models", default="most-popular,recent-popular,item-knn,transformer", help="the last recommends"
    )
    asked = parser.parse_args()
    models = tuple(asked.models.split(","))
    sizes = [int(size) for size in asked.sizes.split(",")]
    settings = RunSettings(
        outcome="purchase",
        models=models,
        model=models[-1],
        model_settings={"transformer": {"max_epochs": asked.epochs, "patience": asked.epochs}},
    )
    rows: dict[str, list[str]] = {}
    totals = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            world = Path(folder) / "world"
            write_world(
                WorldSettings(users=max(50, size // 50), items=max(50, min(5_000, size // 100)), events=size), world
            )
            done = run(Inputs(world / "events.parquet", items=world / "items.parquet"), settings, Path(folder) / "run")
        for stage in done.stages:
            rows.setdefault(stage.name, []).append(f"{stage.seconds:.1f} s, {stage.peak_mb:,.0f} MB")
        totals.append(sum(stage.seconds for stage in done.stages))
        print(f"{size:,} events: {totals[-1]:.1f} s", flush=True)
    print(f"| stage | {' | '.join(f'{size:,} events' for size in sizes)} |")
    print("|---|" + "---|" * len(sizes))
    for name, cells in rows.items():
        print(f"| {name} | {' | '.join(cells)} |")
    print(f"| **all** | {' | '.join(f'{total:.1f} s' for total in totals)} |")


if __name__ == "__main__":
    main()
