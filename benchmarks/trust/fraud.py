"""Fraud seen on real logs: planted attacks, genuine people, labelled reviewers, fake reviews from text.

python benchmarks/trust/fraud.py genuine|attacks|fraud-amazon|fraud-yelpchi|opinion-spam-hotels [--log ml-100k] [--seeds 2]
"""

import argparse
import csv
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from swayline.core.rng import generator
from swayline.engine import DuckEngine
from swayline.events import EventLog
from swayline.metrics.prediction import auc
from swayline.trust.attack import attacked
from swayline.trust.fraud import detect_fraud
from swayline.trust.fraud.labelled import detect_with_labels
from swayline.trust.fraud.reviews import score_reviews

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def log_of(users, items, values=None, seconds=None) -> EventLog:
    n = len(users)
    stamp = pa.timestamp("us", "UTC")
    clock = pa.nulls(n, stamp) if seconds is None else pa.array((np.asarray(seconds) * 1e6).astype(np.int64), stamp)
    columns = {"row": pa.array(range(1, n + 1)), "user": pa.array([str(one) for one in users])}
    columns |= {"item": pa.array([str(one) for one in items]), "behavior": pa.array(["rate"] * n), "time": clock}
    if values is not None:
        columns["value"] = pa.array(values, pa.float64())
    return EventLog(pa.table(columns))


def ml_100k():
    rows = np.loadtxt(DATA / "ml-100k/ml-100k.inter", skiprows=1)
    return log_of(rows[:, 0].astype(int), rows[:, 1].astype(int), rows[:, 2], rows[:, 3])


def ml_1m():
    rows = np.loadtxt(DATA / "ml-1m/interactions.txt", dtype=int)
    return log_of(rows[:, 0], rows[:, 1])


def ciao():
    rows = np.loadtxt(DATA / "ciao/ratings.txt")
    return log_of(rows[:, 0].astype(int), rows[:, 1].astype(int), rows[:, 3], rows[:, 5])


def lastfm():
    rows = np.loadtxt(DATA / "lastfm-2k/user_taggedartists.dat", skiprows=1, dtype=int)
    days = [
        np.datetime64(f"{max(year, 1971):04d}-{month:02d}-{max(day, 1):02d}", "s") for day, month, year in rows[:, 3:6]
    ]
    return log_of(rows[:, 0], rows[:, 1], None, np.array(days).astype(np.int64))


LOGS = {"ml-100k": ml_100k, "ml-1m": ml_1m, "ciao": ciao, "lastfm-2k": lastfm}


def found_in(log):
    with DuckEngine() as engine:
        begun = time.process_time()
        return detect_fraud(engine, log), time.process_time() - begun


def genuine(_):
    print("| log | people | flagged | items flagged | CPU s |\n|---|---|---|---|---|")
    for name in ("ml-100k", "ciao", "lastfm-2k"):
        found, seconds = found_in(LOGS[name]())
        print(
            f"| {name} | {len(found.scores()):,} | {len(found.flagged())} | {len(found.flagged('item'))} | {seconds:.1f} |"
        )


def attacks(asked):
    log = LOGS[asked.log]()
    kinds = ("random", "average", "bandwagon", "segment", "reverse", "copy")
    print(
        "| attack | share | AUC by seed | profiles flagged | genuine flagged | target flagged |\n|---|---|---|---|---|---|"
    )
    for kind in kinds[:4] if asked.log == "ml-1m" else kinds:
        for share in (0.01, 0.03, 0.05):
            areas, caught, false, hit = [], [], [], 0
            for seed in range(asked.seeds):
                made = attacked(log, kind, share, seed=seed)
                found, _ = found_in(made.log)
                scores, flagged, attackers = found.scores(), set(found.flagged()), set(made.attackers)
                areas.append(auc(np.array([one in attackers for one in scores]), np.array(list(scores.values()))))
                caught.append(len(flagged & attackers) / len(attackers))
                false.append(len(flagged - attackers))
                hit += made.target in found.flagged("item")
            told = " ".join(f"{one:.4f}" for one in areas)
            print(
                f"| {kind} | {share:.0%} | {told} | {np.mean(caught):.0%} | {false} | {hit} of {asked.seeds} |",
                flush=True,
            )


def interval(truth, score, draws=500):
    rng = generator(0, "bootstrap")
    rows = (rng.integers(0, len(truth), len(truth)) for _ in range(draws))
    return np.quantile([auc(truth[at], score[at]) for at in rows], [0.025, 0.975])


def labelled(log, labels, rival, name):
    """Unsupervised, beside a rival score of the same people (paired), and learned from labels in five folds."""
    found, _ = found_in(log)
    scores = found.scores()
    truth = np.array([labels[one] for one in scores])
    ours, theirs = np.array(list(scores.values())), np.array([rival[one] for one in scores])
    low, high = interval(truth, ours)
    rng = generator(0, "paired")
    drawn = [rng.integers(0, len(truth), len(truth)) for _ in range(500)]
    gained = np.quantile([auc(truth[at], ours[at]) - auc(truth[at], theirs[at]) for at in drawn], [0.025, 0.975])
    print(f"unsupervised AUC {auc(truth, ours):.4f} [{low:.4f}, {high:.4f}]; {name} {auc(truth, theirs):.4f}; "
          f"difference 95% [{gained[0]:+.4f}, {gained[1]:+.4f}]", flush=True)  # fmt: skip
    with DuckEngine() as engine:
        learned = detect_with_labels(engine, log, labels)
    print(f"with labels, five folds of people: AUC {learned.auc:.4f} [{learned.ci_low:.4f}, {learned.ci_high:.4f}]")


def fraud_amazon(_):
    rows = [line.split() for line in (DATA / "fraud-amazon/ratings.txt").read_text().splitlines()]
    log = log_of([one[0] for one in rows], [one[1] for one in rows], [float(one[2]) for one in rows])
    users = {one[0] for one in rows}
    labels = {
        user: value == "1" for user, value in (line.split() for line in (DATA / "fraud-amazon/labels.txt").open())
    }
    five: dict[str, set[str]] = {user: set() for user in users}
    n = dict.fromkeys(users, 0)
    for user, item, value in rows:
        n[user] += 1
        if float(value) == 5:
            five[user].add(item)
    fans: dict[str, list[str]] = {}
    for user, items in five.items():
        for item in items:
            fans.setdefault(item, []).append(user)
    rival = {}
    for user, items in five.items():
        shared: dict[str, int] = {}
        for item in items:
            for other in fans[item]:
                shared[other] = shared.get(other, 0) + 1
        rival[user] = sum(count > 1 for other, count in shared.items() if other != user) / n[user]
    labelled(log, {user: labels[user] for user in users}, rival, "co-rating with five stars")


def fraud_yelpchi(_):
    rows = np.loadtxt(DATA / "fraud-yelpchi/reviews.csv", delimiter=",", skiprows=1, dtype=int)
    users, counts = np.unique(rows[:, 0], return_counts=True)
    spam = {str(one) for one in rows[rows[:, 2] == 1, 0]}
    rival = {str(user): -float(n) for user, n in zip(users, counts, strict=True)}
    labelled(log_of(rows[:, 0], rows[:, 1]), {str(one): str(one) in spam for one in users}, rival, "few reviews alone")


def opinion_spam_hotels(_):
    """Five folds of hotels; beside TF-IDF of words and a linear SVM on the same folds."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.model_selection import GroupKFold
    from sklearn.svm import LinearSVC

    with (DATA / "opinion-spam-hotels/reviews.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    texts, fake = (
        np.array([row["text"] for row in rows], object),
        np.array([row["deceptive"] == "deceptive" for row in rows]),
    )
    ours, theirs = np.zeros(len(rows)), np.zeros(len(rows))
    for learned, asked in GroupKFold(5).split(texts, fake, [row["hotel"] for row in rows]):
        ours[asked] = score_reviews(texts[learned].tolist(), fake[learned], texts[asked].tolist())
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        svm = LinearSVC().fit(words.fit_transform(texts[learned]), fake[learned])
        theirs[asked] = svm.decision_function(words.transform(texts[asked]))
    right, right_svm = (ours > 0) == fake, (theirs > 0) == fake
    rng = generator(0, "paired")
    gained = [
        (right[at] * 1.0 - right_svm[at]).mean() for at in (rng.integers(0, len(rows), len(rows)) for _ in range(2000))
    ]
    low, high = np.quantile(gained, [0.025, 0.975])
    print(f"accuracy {right.mean():.4f}, AUC {auc(fake, ours):.4f}; TF-IDF of one and two words, linear SVM "
          f"{right_svm.mean():.4f}, {auc(fake, theirs):.4f}; accuracy difference 95% [{low:+.4f}, {high:+.4f}]")  # fmt: skip


PARTS = {
    "genuine": genuine, "attacks": attacks, "fraud-amazon": fraud_amazon, "fraud-yelpchi": fraud_yelpchi,
    "opinion-spam-hotels": opinion_spam_hotels,
}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--log", choices=LOGS, default="ml-100k")
    parser.add_argument("--seeds", type=int, default=2)
    asked = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"{DATA} is not there: real logs are read where they lie")
    PARTS[asked.part](asked)


if __name__ == "__main__":
    main()
