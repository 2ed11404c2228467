"""Titles beside ids: next-item quality of ids alone, titles alone and both, on the same users, paired.

    python benchmarks/language/fusion.py beauty
    python benchmarks/language/fusion.py ml-100k

Leave-last-out, every item ranked, seen items left out, weights chosen on validation. The transformer inside ``language``
is the very one that stands alone as "ids alone". "likeness only" and "learned only" leave one of the titles' parts out
(the ablation of late fusion); differences are paired by user.
"""

import argparse
import dataclasses
import json
from pathlib import Path

import language_data
import torch

from swayline.core.rng import generator
from swayline.evaluation import Ranking, bootstrap_mean, compare, rank_targets
from swayline.models import Recommender, Transformer
from swayline.models.text.language import Language, LanguageSettings
from swayline.models.text.text_sequence import TextSequence


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_set", choices=language_data.NAMES)
    parser.add_argument("--data", type=Path, default=language_data.DATA)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--width", type=int, help="of the transformer; by default its own")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--text-model", default="", help="folder of another text encoder")
    parser.add_argument("--transformer", type=Path, help="folder of one fitted on the same training part before")
    parser.add_argument("--text", type=Path, help="folder of a text-sequence fitted on the same training part before")
    parser.add_argument("--part", choices=["valid", "test"], default="test")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    split = language_data.split(options.data_set, options.data)
    asked = split.test if options.part == "test" else split.valid
    settings = LanguageSettings(
        text_model=options.text_model, embedding_dim=options.width, max_epochs=options.epochs, seed=options.seed
    )
    if options.text is None:
        text = TextSequence(settings.text()).fit(split.train, split.valid)
    else:
        text = TextSequence.load(options.text)
    if options.transformer is None:
        ids = Transformer(settings.sequence()).fit(split.train, split.valid)
    else:
        ids = Transformer.load(options.transformer)
    ways: dict[str, Recommender] = {"ids alone": ids, "titles alone": text}
    for name, fixed in (("likeness only", {"learned": 0.0}), ("learned only", {"likeness": 0.0}), ("language", {})):
        model = Language(dataclasses.replace(settings, **fixed))
        ways[name] = model.join(ids, text, split.train, split.valid)
    print(f"{options.data_set}, {options.part}: {len(asked):,} questions; transformer: epoch {ids.best_epoch_}")
    print("| model | R@10 | N@10 | 95% of N@10 | weights |\n|---|---|---|---|---|")
    rankings: dict[str, Ranking] = {}
    for name, way in ways.items():
        rankings[name] = rank_targets(way, asked, 10, exclude_seen=True)
        values = rankings[name].values
        found = bootstrap_mean(values["ndcg@10"], generator(0, "bootstrap"))
        span = f"{found.ci_low:.4f} to {found.ci_high:.4f}"
        chosen = dataclasses.asdict(way.weights_) if isinstance(way, Language) else ""
        print(f"| {name} | {values['hr@10'].mean():.4f} | {found.value:.4f} | {span} | {chosen} |", flush=True)
    pair = {name: rankings[name] for name in ("ids alone", "language")}
    for line in compare(pair, "ndcg@10", seed=0):
        print(json.dumps(line))


if __name__ == "__main__":
    main()
