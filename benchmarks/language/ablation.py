"""Fusion × fine-tuning: how titles join ids, told by a frozen encoder or by one tuned with the sequence loss.

    python benchmarks/language/ablation.py --work /tmp/ablation --json ablation.json
    python benchmarks/language/ablation.py --work /tmp/ablation --json ablation.json --test

Beauty, leave-last-out, every item ranked, seen items left out: validation N@10 over all questions for ids alone, each
fusion inside the network, titles alone and the late fusion ``language``, with vectors of MiniLM as it is and of MiniLM
tuned by LoRA (``models/text_tuning``) on the training part. All have the same epochs. A row that is in the JSON file is
not run again, and a model that is in the work folder is not fitted again, so a run that was stopped (``--minutes``) goes
on where it was. ``--test`` asks the test questions of ids alone and of the two rows that are best on validation, one
inside the network and one late.
"""

import argparse
import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import language_data
import torch

from swayline.core.rng import generator
from swayline.dataset import Split, Targets
from swayline.evaluation import Ranking, bootstrap_mean, compare, rank_targets
from swayline.models import Recommender, Transformer, TransformerSettings, load_model
from swayline.models.sequence.fusion import FUSIONS
from swayline.models.text.language import Language, LanguageSettings
from swayline.models.text.text_sequence import TextSequence, TextSequenceSettings
from swayline.models.text.tuning import TextTuningSettings, tune_text

IDS, TITLES, LATE = "ids alone", "titles alone", "late (language)"
FROZEN, TUNED = "frozen", "lora"
Row = tuple[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_set", choices=language_data.NAMES, nargs="?", default="beauty")
    parser.add_argument("--data", type=Path, default=language_data.DATA)
    parser.add_argument("--work", type=Path, required=True, help="folder for the tuned encoder and the fitted models")
    parser.add_argument("--json", type=Path, required=True, help="rows done so far; read, and written after each")
    parser.add_argument("--people", type=int, help="how many, drawn by the seed; by default all")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--steps", type=int, default=150, help="of tuning the encoder")
    parser.add_argument("--minutes", type=float, default=8.0, help="no further row is begun after this")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--test", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    ends = time.perf_counter() + 60 * options.minutes
    split = language_data.split(options.data_set, options.data, options.people, options.seed)
    done: dict[str, Any] = json.loads(options.json.read_text()) if options.json.exists() else {}
    for row in rows():
        if " · ".join(row) in done:
            continue
        if time.perf_counter() > ends:
            print(table(done))
            print("time is up: the same command goes on from here")
            return
        done[" · ".join(row)] = run(row, split, options)
        options.json.write_text(json.dumps(done, indent=1) + "\n")
    print(table(done))
    if options.test:
        print(tested(done, split, options))


def rows() -> list[Row]:
    """What is compared, in an order in which each row finds what it needs."""
    told = [TITLES, *FUSIONS, LATE]
    return [(IDS, "")] + [(name, vectors) for vectors in (FROZEN, TUNED) for name in told]


def run(row: Row, split: Split, options: argparse.Namespace) -> dict[str, Any]:
    """Fit a row, keep its model, and ask the validation questions."""
    name, vectors = row
    text_model = str(tuned(split, options)) if vectors == TUNED else ""
    wall, processor = time.perf_counter(), time.process_time()
    folder = place(options.work, row)
    if (folder / "model.json").exists():
        model = load_model(folder)
    else:
        model = fitted(name, vectors, text_model, split, options)
        model.save(folder)  # type: ignore[attr-defined]
    seconds = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - processor}
    found = bootstrap_mean(asked(model, split.valid).values["ndcg@10"], generator(0, "bootstrap"))
    line = {"valid": found.value, "low": found.ci_low, "high": found.ci_high, **seconds}
    if isinstance(model, Transformer):
        line |= {"best_epoch": model.best_epoch_, "epochs": [one["valid_ndcg"] for one in model.history_]}
    if isinstance(model, Language):
        line |= {"weights": dataclasses.asdict(model.weights_)}
    print(row, json.dumps(line), flush=True)
    return line


def fitted(name: str, vectors: str, text_model: str, split: Split, options: argparse.Namespace) -> Recommender:
    if name == TITLES:
        settings = TextSequenceSettings(text_model=text_model, max_epochs=options.epochs, seed=options.seed)
        return TextSequence(settings).fit(split.train, split.valid)
    if name == LATE:
        parts = [load_model(place(options.work, row)) for row in ((IDS, ""), (TITLES, vectors))]
        late = LanguageSettings(text_model=text_model, max_epochs=options.epochs, seed=options.seed)
        return Language(late).join(*parts, split.train, split.valid)  # type: ignore[arg-type]
    fusion = "none" if name == IDS else name
    inside = TransformerSettings(
        fusion=fusion,
        text_model=text_model,
        max_epochs=options.epochs,
        seed=options.seed,  # type: ignore[arg-type]
        neighbours=False,
    )
    return Transformer(inside).fit(split.train, split.valid)


def tuned(split: Split, options: argparse.Namespace) -> Path:
    """The folder of MiniLM tuned on the training part, made once."""
    folder: Path = options.work / "encoder"
    if not (folder / "config.json").exists():
        done = tune_text(split.train, folder, TextTuningSettings(max_steps=options.steps, seed=options.seed))
        first, last = sum(done.losses[:20]) / 20, sum(done.losses[-20:]) / 20
        print(
            f"tuned by LoRA: {len(done.losses)} steps, {done.seconds:.0f} s, loss {first:.3f} to {last:.3f}", flush=True
        )
    return folder


def place(work: Path, row: Row) -> Path:
    return work / "-".join(word for part in row for word in part.replace("(", "").replace(")", "").split())


def asked(model: Recommender, questions: Targets) -> Ranking:
    return rank_targets(model, questions, 10, exclude_seen=True)


def table(done: dict[str, Any]) -> str:
    lines = ["| how titles join | frozen MiniLM | 95% | tuned by LoRA | 95% |", "|---|---|---|---|---|"]
    for name in (IDS, TITLES, *FUSIONS, LATE):
        cells = []
        for vectors in ("",) if name == IDS else (FROZEN, TUNED):
            line = done.get(f"{name} · {vectors}")
            cells += [f"{line['valid']:.4f}", f"{line['low']:.4f} to {line['high']:.4f}"] if line else ["", ""]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def tested(done: dict[str, Any], split: Split, options: argparse.Namespace) -> str:
    """Test figures of ids alone and of the rows best on validation, paired by user."""
    inside = [row for row in rows() if row[0] in FUSIONS]
    late = [row for row in rows() if row[0] == LATE]
    best = [max(group, key=lambda row: done[" · ".join(row)]["valid"]) for group in (inside, late)]
    rankings = {row[0]: asked(load_model(place(options.work, row)), split.test) for row in ((IDS, ""), *best)}
    lines = []
    for (name, ranking), row in zip(rankings.items(), ((IDS, ""), *best), strict=True):
        found = bootstrap_mean(ranking.values["ndcg@10"], generator(0, "bootstrap"))
        recall = ranking.values["hr@10"].mean()
        lines.append(
            f"| {name} ({row[1]}) | {recall:.4f} | {found.value:.4f} | {found.ci_low:.4f} to {found.ci_high:.4f} |"
        )
    return "\n".join(lines + [json.dumps(line) for line in compare(rankings, "ndcg@10", seed=0)])


if __name__ == "__main__":
    main()
