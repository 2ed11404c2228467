"""One way to ask a model questions, for the model itself, for training and for evaluation."""

import numpy as np
import pytest

from swayline.dataset import from_lists, last_out
from swayline.models import create
from swayline.models.validation import ValidationScorer, ask, ndcg_of


@pytest.fixture(scope="module")
def split():
    rng = np.random.default_rng(0)
    return last_out(from_lists([rng.permutation(30)[: 4 + user % 5].tolist() for user in range(50)], 30))


@pytest.fixture(scope="module")
def model(split):
    return create("item-knn", neighbours=20).fit(split.train)


@pytest.mark.parametrize("batch", [1, 7, 50, None])
def test_blocks_hold_every_question_once_and_do_not_change_its_scores(split, model, batch):
    parts = list(ask(model, split.valid, exclude_seen=False, batch=batch))
    assert [user for part in parts for user in part.questions.users] == split.valid.users.tolist()
    whole = model.score(split.valid.history)
    np.testing.assert_allclose(np.concatenate([part.scores for part in parts]), whole, rtol=1e-6)
    assert all(part.seconds >= 0 for part in parts)


def test_seen_items_leave_every_row_and_only_where_asked(split, model):
    (part,) = ask(model, split.valid, exclude_seen=True)
    history = split.valid.history
    assert np.isneginf(part.scores[history.users, history.items]).all()
    assert np.isfinite(part.scores).sum() == part.scores.size - len(history.items)


def test_a_judge_is_the_mean_of_its_questions_whatever_the_block(split, model):
    judge = ValidationScorer(split.valid)
    assert judge(model, batch=7) == pytest.approx(judge.each(model).mean(), abs=1e-12)
    (part,) = ask(model, judge.questions, judge.hides_seen)
    np.testing.assert_allclose(judge.each(model, batch=3), ndcg_of(part.scores, part.questions))


def test_no_question_is_no_block(split, model):
    assert list(ask(model, split.valid.take(np.zeros(0, np.int64)), exclude_seen=True)) == []
