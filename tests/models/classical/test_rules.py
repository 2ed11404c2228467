import numpy as np
import pytest

from swayline.dataset import from_lists
from swayline.models import Classifier, create, mask_seen


@pytest.fixture
def log():
    """After 1 comes 4 for seven of eight; after 1 directly 2, 5 for all of three; 0 is noise."""
    return from_lists([[0, 1, 4]] * 4 + [[1, 0, 4]] + [[1, 2, 5]] * 1 + [[0, 1, 2, 5, 4]] * 2, 7)


def test_the_surest_rule_scores_and_is_told_with_its_people(log):
    model = create("rules", window=3, sureness=0.0).fit(log)
    history = from_lists([[0, 1], [1, 2], [6], []], 7)
    rule = model.rule(history, 0, 4)
    assert rule.had == ((0, 0), (1, 0))  # of 6 who had 0 directly before 1, all went on to 4
    assert (rule.people, rule.of, rule.confidence) == (6, 6, 1.0)
    rule = model.rule(history, 1, 5)
    assert (rule.people, rule.of) == (3, 3)
    assert model.rule(history, 2, 4) is None
    assert model.rule(history, 3, 4) is None
    scores = model.score(history)
    assert scores[1].argmax() == 5
    np.testing.assert_allclose(scores[2], scores[3])


def test_a_score_is_its_rule_and_popularitys_share(log):
    model = create("rules", window=2, sureness=1.0).fit(log)
    history = from_lists([[0, 1], [2, 1], [1, 0, 0]], 7)
    scores = model.score(history)
    for row in range(3):
        for item in range(7):
            rule = model.rule(history, row, item)
            expected = (0.0 if rule is None else rule.confidence) + 1e-3 * model.share_[item]
            assert scores[row, item] == pytest.approx(expected, abs=1e-6)


def test_each_person_counts_once_and_few_make_no_rule():
    log = from_lists([[1, 4, 1, 4, 1, 4], [1, 4], [2, 5]], 6)
    model = create("rules", window=5, sureness=0.0).fit(log)
    assert model.rule(from_lists([[1]], 6), 0, 4).people == 2
    assert model.rule(from_lists([[2]], 6), 0, 5) is None


def test_few_people_prove_little():
    log = from_lists([[1, 4]] * 2 + [[2, 5]] * 19 + [[2, 3]], 6)
    scores = create("rules", window=1, sureness=1.0).fit(log).score(from_lists([[1], [2]], 6))
    assert scores[1, 5] > scores[0, 4]


def test_any_classifier_ranks_by_behaviour():
    tree = pytest.importorskip("sklearn.tree")
    svm = pytest.importorskip("sklearn.svm")
    rng = np.random.default_rng(0)
    log = from_lists(
        [[2 * int(pair) + step for pair in rng.permutation(9)[:4] for step in (0, 1)] for _ in range(80)], 18
    )
    asked = from_lists([[0], [4], [8]], 18)
    for estimator in (tree.DecisionTreeClassifier(max_depth=4, random_state=0), svm.LinearSVC(random_state=0)):
        model = Classifier(estimator).fit(log)
        best = mask_seen(model.score(asked), asked).argmax(axis=1)
        assert best.tolist() == [1, 5, 9]
        assert len(model.feature_names()) == model.fitted_.n_features_in_
    with pytest.raises(Exception, match="neither predict_proba nor decision_function"):
        Classifier(tree.DecisionTreeRegressor()).fit(log)
