"""Items that training never saw: 20% of a catalogue held out of it, all items ranked, beside their categories' popularity.

    python benchmarks/language/cold.py beauty
    python benchmarks/language/cold.py ml-100k

Questions are each user's last item (leave-last-out). Those about hidden items are "cold", the others "warm". Histories
of the questions hold hidden items as they come: only training leaves them out. The transformer inside ``language`` is
the very one that stands alone as "ids alone", so what differs is titles and nothing else. Baselines for a hidden item:
the mean events of its categories' items as its own popularity in a ranking by popularity; the same of the ten most
popular items of each category, which does bring hidden items into lists; and ids alone with the first popularity
(z-scored to the logits of each row) as the hidden items' logits. "Among themselves" ranks hidden items alone, for the
cold questions: there every way of placing them can be compared, however shy it is beside met items. ``--fusion`` adds a
transformer with that fusion inside.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import language_data
import numpy as np
import torch

from swayline.core.rng import generator
from swayline.dataset import Sequences, Targets
from swayline.evaluation import bootstrap_mean, rank_targets
from swayline.models import Transformer, TransformerSettings, create
from swayline.models.text.language import Language, LanguageSettings
from swayline.models.text.text_sequence import TextSequence


class Scored:
    """Anything with scores, as the ranking asks for it."""

    def __init__(self, score: Any) -> None:
        self.score = score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_set", choices=language_data.NAMES)
    parser.add_argument("--data", type=Path, default=language_data.DATA)
    parser.add_argument("--share", type=float, default=0.2, help="of the items, hidden from training")
    parser.add_argument("--width", type=int, help="of the transformer; by default its own")
    parser.add_argument("--fusion", action="append", default=[], help="a transformer with this fusion as well")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", type=Path, help="folder where fitted models are kept, and found by a later run")
    parser.add_argument("--part", choices=["valid", "test"], default="test")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    split = language_data.split(options.data_set, options.data)
    hidden = language_data.hidden_items(split.train.n_items, options.share, options.seed)
    train = split.train.keep(~hidden[split.train.items])
    asked = split.test if options.part == "test" else split.valid
    began = time.perf_counter()
    settings = LanguageSettings(embedding_dim=options.width, max_epochs=options.epochs, seed=options.seed)
    work: Path | None = options.work
    text = kept(TextSequence(settings.text()), "text", train, split.valid, work)
    ids = kept(Transformer(settings.sequence()), "ids", train, split.valid, work)
    model = Language(settings).join(ids, text, train, split.valid)
    seconds = time.perf_counter() - began
    groups = language_data.categories(options.data_set, train.n_items, options.data)
    popular = language_data.category_popularity(train, hidden, groups)
    best = language_data.category_popularity(train, hidden, groups, of_best=10)
    place = (popular - popular[~hidden].mean()) / popular[~hidden].std()

    def by(counts: np.ndarray) -> Scored:
        return Scored(lambda history: np.repeat(counts[None], len(history), axis=0))

    def ids_and_popularity(history: Any) -> np.ndarray:
        scores = model.sequence_.score(history)
        warm = scores[:, ~hidden]
        scores[:, hidden] = warm.mean(1, keepdims=True) + warm.std(1, keepdims=True) * place[hidden]
        return scores

    ways = {
        "ranking by popularity, hidden: their categories'": by(popular),
        "ranking by popularity, hidden: their categories' ten best": by(best),
        "ids alone": model.sequence_,
        "ids alone, hidden: their categories' popularity": Scored(ids_and_popularity),
        "item-knn": create("item-knn").fit(train, split.valid),
        "text-sequence": model.text_,
        "language": model,
    }
    print(
        f"{options.data_set}, {options.part}: {hidden.sum():,} of {train.n_items:,} items hidden, fit {seconds:.0f} s"
    )
    print(
        f"transformer: epoch {model.sequence_.best_epoch_}, width {model.sequence_.settings.width}; chosen: {model.weights_}"
    )
    print("| ranking | cold N@10 | 95% | among themselves | warm N@10 | 95% | all |\n|---|---|---|---|---|---|---|")
    for name, way in ways.items():
        report(name, way, asked, hidden)
    for fusion in options.fusion:
        settings_of = TransformerSettings(
            fusion=fusion, embedding_dim=options.width, max_epochs=options.epochs, seed=options.seed, neighbours=False
        )
        fused = kept(Transformer(settings_of), fusion, train, split.valid, work)
        report(f"transformer, {fusion}", fused, asked, hidden)


def kept(model: Any, name: str, train: Sequences, valid: Targets, work: Path | None) -> Any:
    """The model, fitted; read from the work folder where an earlier run left it."""
    folder = work / name if work else None
    if folder is not None and (folder / "model.json").exists():
        return type(model).load(folder)
    fitted = model.fit(train, valid)
    if folder is not None:
        fitted.save(folder)
    return fitted


def report(name: str, way: Any, asked: Targets, hidden: np.ndarray) -> None:
    def among_themselves(history: Any) -> np.ndarray:
        scores = way.score(history)
        scores[:, ~hidden] = -np.inf
        return scores

    cold = hidden[asked.items]
    values = rank_targets(way, asked, 10, exclude_seen=True).values["ndcg@10"]
    alone = rank_targets(Scored(among_themselves), asked.take(np.flatnonzero(cold)), 10, exclude_seen=True)
    cells = []
    for part in (cold, ~cold):
        found = bootstrap_mean(values[part], generator(0, "bootstrap"))
        cells += [f"{found.value:.4f}", f"{found.ci_low:.4f} to {found.ci_high:.4f}"]
    cells.insert(2, f"{alone.values['ndcg@10'].mean():.4f}")
    print(f"| {name} | {' | '.join(cells)} | {values.mean():.4f} |", flush=True)


if __name__ == "__main__":
    main()
