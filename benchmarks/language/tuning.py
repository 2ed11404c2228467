"""Encoders taught on a log's own titles: what it takes, and what it does to ranking by titles alone.

    python benchmarks/language/tuning.py ml-100k --work /tmp/tuning --json tuning.json
    python benchmarks/language/tuning.py beauty --work /tmp/tuning --json tuning.json --ways minilm,pretrain,lora

MiniLM as it is; trained on by hidden words and by pairing titles that one person took one after the other
(``pretrain``); a small BERT with a vocabulary of these titles, learned from nothing (``fresh``); and MiniLM tuned end to
end with the sequence loss by LoRA, by IA3, or its two upper layers whole. All learn from the training part alone. Each
is judged by ``text-sequence`` (no ids) on its vectors, leave-last-out, every item ranked, seen items left out. A row that
is in the JSON file is not run again.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import language_data
import numpy as np
import torch

from swayline.core.rng import generator
from swayline.dataset import Split
from swayline.encoders import PretrainSettings, next_item_pairs, pretrain
from swayline.evaluation import bootstrap_mean, rank_targets
from swayline.models.text.features import texts_of
from swayline.models.text.text_sequence import TextSequence, TextSequenceSettings
from swayline.models.text.tuning import TextTuningSettings, tune_text

WAYS = ("minilm", "pretrain", "fresh", "lora", "ia3", "layers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_set", choices=language_data.NAMES)
    parser.add_argument("--data", type=Path, default=language_data.DATA)
    parser.add_argument("--work", type=Path, required=True, help="folder for the encoders")
    parser.add_argument("--json", type=Path, required=True, help="rows done so far; read, and written after each")
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--steps", type=int, default=150, help="of tuning with the sequence loss")
    parser.add_argument("--seconds", type=float, default=180.0, help="of pre-training and of tuning, at most")
    parser.add_argument("--minutes", type=float, default=8.0, help="no further row is begun after this")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    ends = time.perf_counter() + 60 * options.minutes
    split = language_data.split(options.data_set, options.data)
    done: dict[str, Any] = json.loads(options.json.read_text()) if options.json.exists() else {}
    print(
        "| encoder | taught, s of processor (wall) | steps | loss, first and last tenth | valid N@10 | test N@10 | 95% |"
    )
    print("|---|---|---|---|---|---|---|")
    for way in options.ways.split(","):
        name = f"{options.data_set} · {way}"
        if name not in done and time.perf_counter() < ends:
            done[name] = run(way, split, options)
            options.json.write_text(json.dumps(done, indent=1) + "\n")
        if name in done:
            print(line(way, done[name]), flush=True)


def run(way: str, split: Split, options: argparse.Namespace) -> dict[str, Any]:
    """Teach an encoder and judge it."""
    folder = options.work / f"{options.data_set}-{way}"
    found = taught(way, split, folder, options)
    settings = TextSequenceSettings(text_model="" if way == "minilm" else str(folder), seed=options.seed)
    model = TextSequence(settings).fit(split.train, split.valid)
    for name, part in (("valid", split.valid), ("test", split.test)):
        values = rank_targets(model, part, 10, exclude_seen=True).values["ndcg@10"]
        mean = bootstrap_mean(values, generator(0, "bootstrap"))
        found |= {name: mean.value, f"{name}_low": mean.ci_low, f"{name}_high": mean.ci_high}
    return found


def taught(way: str, split: Split, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    if way == "minilm":
        return {}
    began = time.process_time()
    if way in ("pretrain", "fresh"):
        texts = texts_of(split.train.catalogue)
        pairs, chosen = next_item_pairs(split.train, texts), PretrainSettings(max_seconds=options.seconds)
        done = pretrain(texts, folder, pairs=pairs, fresh=way == "fresh", settings=chosen)
        losses = {"words": done.word_loss, "partners": done.pair_loss}
        steps, wall = done.steps, done.seconds
    else:
        asked = TextTuningSettings(method=way, max_steps=options.steps, max_seconds=options.seconds, seed=options.seed)  # type: ignore[arg-type]
        tuned = tune_text(split.train, folder, asked)
        tenth = max(1, len(tuned.losses) // 10)
        losses = {"next title": (float(np.mean(tuned.losses[:tenth])), float(np.mean(tuned.losses[-tenth:])))}
        steps, wall = len(tuned.losses), tuned.seconds
    return {"steps": steps, "losses": losses, "wall_s": wall, "cpu_s": time.process_time() - began}


def line(way: str, row: dict[str, Any]) -> str:
    losses = "; ".join(f"{name} {first:.2f}, {last:.2f}" for name, (first, last) in row.get("losses", {}).items())
    cost = f"{row['cpu_s']:.0f} ({row['wall_s']:.0f})" if "cpu_s" in row else ""
    span = f"{row['test_low']:.4f} to {row['test_high']:.4f}"
    return f"| {way} | {cost} | {row.get('steps', '')} | {losses} | {row['valid']:.4f} | {row['test']:.4f} | {span} |"


if __name__ == "__main__":
    main()
