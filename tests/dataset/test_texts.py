"""Words of texts and TF-IDF before a moment."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import ConfigError, UsageError
from swayline.dataset.texts import TextFeatures

START = datetime(2026, 1, 1, tzinfo=UTC)


def said(*rows: tuple[str, float, str | None]) -> pa.Table:
    return pa.table(
        {
            "row": range(1, len(rows) + 1),
            "user": [user for user, _, _ in rows],
            "time": pa.array([START + timedelta(hours=hour) for _, hour, _ in rows], pa.timestamp("us", "UTC")),
            "text": pa.array([text for _, _, text in rows], pa.string()),
        }
    )


def at(*rows: tuple[str, float]) -> pa.Table:
    return said(*((user, hour, None) for user, hour in rows)).select(["user", "time"])


LOG = said(
    ("a", 1, "red lamp"), ("a", 3, "red chair"), ("b", 2, "blue sofa"), ("a", 5, "green garden hose"), ("b", 4, None)
)


def features(**settings: int) -> TextFeatures:
    return TextFeatures(min_texts=1, **settings).fit(LOG["text"].to_pylist())


def test_agrees_with_scikit_learn():
    text = pytest.importorskip("sklearn.feature_extraction.text")
    texts = ["red lamp red", "blue lamp shade", "red shade", "green"]
    ours = TextFeatures(min_texts=1, max_share=1.0).fit(texts)
    theirs = text.TfidfVectorizer(vocabulary=ours.words_).fit(texts)
    assert ours.vectors(texts).toarray() == pytest.approx(theirs.transform(texts).toarray())


def test_words_and_weights_come_from_the_training_texts_alone():
    found = TextFeatures(min_texts=1).fit(["red lamp", "blue lamp", "sofa"])
    before = found.idf_.copy()
    found.vectors(["sofa sofa unknown"] * 50)
    assert np.array_equal(found.idf_, before)
    assert "unknown" not in found.words_
    assert found.words_ == ["blue", "red", "sofa"]  # two texts of three have a lamp: it says nothing


def test_a_moment_sees_the_texts_strictly_before_it_and_of_its_person_alone():
    found = features()
    rows = found.as_of(LOG, at(("a", 3), ("a", 3.1), ("b", 9), ("c", 9), ("a", 1))).toarray()
    assert rows[0] == pytest.approx(found.vectors(["red lamp"]).toarray()[0])
    both = found.vectors(["red lamp", "red chair"]).toarray().sum(axis=0)
    assert rows[1] == pytest.approx(both / np.linalg.norm(both))
    assert rows[2] == pytest.approx(found.vectors(["blue sofa"]).toarray()[0])
    assert not rows[3:].any()


def test_only_the_last_texts_count():
    found = features(last=1)
    rows = found.as_of(LOG, at(("a", 4))).toarray()
    assert rows[0] == pytest.approx(found.vectors(["red chair"]).toarray()[0])


def test_another_future_changes_nothing():
    found, asked = features(), at(("a", 3), ("b", 3), ("a", 2))
    later = said(("a", 3, "sofa sofa"), ("b", 3, "lamp"), ("a", 99, "red"))
    log = pa.concat_tables([LOG.slice(0, 1), LOG.slice(2, 1)])
    other = pa.concat_tables([log, later])
    assert (found.as_of(log, asked) != found.as_of(other, asked)).nnz == 0


def test_bad_arguments_say_what_to_do():
    with pytest.raises(ConfigError, match="max_words is '0'"):
        TextFeatures(max_words=0)
    with pytest.raises(ConfigError, match="max_share is '2'"):
        TextFeatures(max_share=2)
    timeless = LOG.set_column(2, "time", pa.nulls(len(LOG), pa.timestamp("us", "UTC")))
    with pytest.raises(UsageError, match="need times"):
        features().as_of(timeless, at(("a", 1)))
