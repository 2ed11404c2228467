"""Predicted stars on a log: our models beside ``surprise``, one split, one run, nobody tuned.

    pip install scikit-surprise
    python benchmarks/models/value_prediction.py ../shared/data/ml-100k/ml-100k.inter --seeds 3

A tenth of the ratings is held out at random (the first one of everybody stays). Both sides learn from all the others
with their defaults; ours know a person by the training ratings, as theirs do.
"""

import argparse
import time

import numpy as np

from swayline.dataset import build_dataset
from swayline.engine import DuckEngine
from swayline.evaluation import error_measures
from swayline.events import read_events
from swayline.models import create_value_model, held_out_values, value_model_names


def ours(name, train, asked, seed):
    """Predictions for the questions."""
    return create_value_model(name, seed).fit(train).predict(asked.history, asked.items)


def theirs(kind, train, asked, seed):
    """Predictions of a model of surprise for the same questions."""
    import pandas as pd
    import surprise

    frame = pd.DataFrame({"user": train.users, "item": train.items, "value": train.values})
    reader = surprise.Reader(rating_scale=(train.values.min(), train.values.max()))
    data = surprise.Dataset.load_from_df(frame, reader).build_full_trainset()
    alike = {"name": "pearson_baseline", "user_based": False, "shrinkage": 100}
    model = {
        "BaselineOnly": lambda: surprise.BaselineOnly(verbose=False),
        "KNNBaseline items": lambda: surprise.KNNBaseline(k=40, sim_options=alike, verbose=False),
        "KNNBaseline people": lambda: surprise.KNNBaseline(
            k=40, sim_options=alike | {"user_based": True}, verbose=False
        ),
        "SVD": lambda: surprise.SVD(random_state=seed),
    }[kind]().fit(data)
    pairs = zip(asked.users.tolist(), asked.items.tolist(), strict=True)
    return np.array([model.predict(user, item).est for user, item in pairs])


def main():
    """Print a line a model and seed, then means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events")
    parser.add_argument("--seeds", type=int, default=3)
    said = parser.parse_args()
    with DuckEngine() as engine:
        sequences = build_dataset(engine, read_events(said.events, engine=engine).events).sequences
    models = [(f"swayline {name}", ours, name) for name in value_model_names()]
    models += [
        (f"surprise {name}", theirs, name)
        for name in ("BaselineOnly", "KNNBaseline items", "KNNBaseline people", "SVD")
    ]
    found = {name: [] for name, _, _ in models}
    for seed in range(said.seeds):
        train, asked = held_out_values(sequences, 0.1, seed, most=10**9)
        for name, run, kind in models:
            started = time.perf_counter()
            gaps = run(kind, train, asked, seed) - asked.values
            found[name].append((np.square(gaps).mean(), np.abs(gaps).mean(), time.perf_counter() - started))
            told = error_measures(gaps, asked.users, seed)["rmse"]
            print(
                f"seed {seed}  {name:<28} RMSE {told['value']:.4f} [{told['ci_low']:.4f}, {told['ci_high']:.4f}]",
                flush=True,
            )
    print("\n| model | MSE | RMSE | MAE | seconds |\n|---|---|---|---|---|\n", end="")
    for name, parts in found.items():
        mse, mae, seconds = np.mean(parts, axis=0)
        rmse = np.mean([np.sqrt(part[0]) for part in parts])
        print(f"| {name} | {mse:.4f} | {rmse:.4f} | {mae:.4f} | {seconds:.1f} |")


if __name__ == "__main__":
    main()
