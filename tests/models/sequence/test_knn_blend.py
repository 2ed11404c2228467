"""Item neighbours beside the network: they are taken where they help, weighed exactly, and served on every way."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from swayline.core.errors import ArtifactError
from swayline.dataset import Sequences, Split, from_lists, last_out
from swayline.metrics import ndcg, ranks
from swayline.models import Transformer, TransformerSettings, mask_seen, top_k
from swayline.models.sequence import knn_blend
from swayline.models.sequence.knn_blend import _SCALES, _SHARES, BlendWeights, KnnBlend, _NetworkScores, choose_blend
from swayline.models.sequence.serving.returns_gate import GateLikelihood
from swayline.models.validation import ValidationScorer

N_ITEMS = 40


def chains(n_users: int = 120, seed: int = 0) -> Sequences:
    """Everybody walks up the catalogue from somewhere, nobody returns."""
    rng = np.random.default_rng(seed)
    return from_lists([[(start + step) % N_ITEMS for step in range(7)] for start in rng.integers(N_ITEMS, size=n_users)], N_ITEMS)  # fmt: skip


def untaught(split: Split, **settings: object) -> Transformer:
    """A network that one small step has hardly taught anything."""
    sizes = {"embedding_dim": 16, "max_epochs": 1, "warm_start": False, "learning_rate": 1e-5, "max_length": 10}
    return Transformer(TransformerSettings(**(sizes | settings))).fit(split.train, split.valid)


def hit(model: Transformer, split: Split) -> float:
    scores = mask_seen(model.score(split.test.history), split.test.history)
    return float(ndcg(*ranks(scores, split.test.items), k=10).mean())


@pytest.fixture(scope="module")
def split() -> Split:
    return last_out(chains())


@pytest.fixture(scope="module")
def model(split: Split) -> Transformer:
    return untaught(split)


def test_neighbours_answer_where_the_network_knows_nothing(model: Transformer, split: Split) -> None:
    alone = untaught(split, neighbours=False)
    assert alone.knn_blend_ is None
    assert hit(alone, split) < 0.4
    assert hit(model, split) > 0.9
    assert model.knn_blend_ is not None
    assert model.knn_blend_.chosen.backward < 1.0


def test_a_history_that_hides_the_whole_catalogue_asks_nothing() -> None:
    scores = np.array([[0.0, 1.0, 2.0], [-np.inf] * 3], np.float32)
    level = sparse.csr_array(np.array([[0.0, 1.0, 0.5], [1.0, 1.0, 0.0]], np.float32))
    losses = _NetworkScores.of(scores, np.array([2, 1])).losses(level)
    assert np.isfinite(losses).all()
    assert (losses[:, :, 0] > 0).all()
    assert not losses[:, :, 1].any()


def test_neighbours_are_left_out_where_nothing_follows_from_anything() -> None:
    rng = np.random.default_rng(0)
    noise = last_out(from_lists([rng.permutation(N_ITEMS)[:7].tolist() for _ in range(600)], N_ITEMS))

    def level(history: Sequences) -> np.ndarray:
        return np.zeros((len(history), N_ITEMS), np.float32)

    assert choose_blend(noise.train, ValidationScorer(noise.valid), level) is None


def test_without_validation_questions_or_with_texts_inside_there_are_none(split: Split) -> None:
    settings = TransformerSettings(embedding_dim=16, max_epochs=1)
    assert Transformer(settings).fit(split.train).knn_blend_ is None
    assert not TransformerSettings(fusion="gate").counts_neighbours
    assert TransformerSettings(fusion="gate", neighbours=True).counts_neighbours


def test_weights_are_judged_as_the_sum_of_both_would_be() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(30, 50)).astype(np.float32)
    answers = rng.integers(50, size=30)
    scores[rng.random(scores.shape) < 0.1] = -np.inf
    asked = np.isfinite(scores[np.arange(30), answers])
    level = sparse.csr_array(np.where(rng.random(scores.shape) < 0.2, rng.random(scores.shape), 0).astype(np.float32))
    found = _NetworkScores.of(scores, answers).losses(level)
    for first, scale in enumerate(_SCALES):
        for second, share in enumerate(_SHARES):
            both = scale * (scores.astype(float) + share * level.toarray())
            plain = np.log(np.exp(both).sum(axis=1)) - both[np.arange(30), answers]
            assert found[first, second] == pytest.approx(np.where(asked, plain, 0.0), rel=1e-4)


def test_the_best_neighbour_counts_one_and_what_was_met_nothing_where_nobody_returns() -> None:
    train = from_lists([[0, 1, 2], [0, 1, 3], [0, 1, 2]], 5)
    asked = from_lists([[0, 1], [], [4]], 5)
    kept, once = (KnnBlend.counted(train, BlendWeights(1.0, 0.8, 2.0, 1.0, returning)) for returning in (True, False))
    assert kept.level(asked).toarray().max(axis=1).tolist() == [1.0, 0.0, 0.0]
    assert kept.level(asked).toarray()[0, 0] > 0
    found = once.level(asked).toarray()
    assert found[0, :2].tolist() == [0.0, 0.0]
    assert found[0, 2] == 1.0 > found[0, 3] > 0
    assert once.added(asked).toarray() == pytest.approx(2.0 * found)


@pytest.mark.parametrize("repeats", [False, True])
def test_every_way_of_asking_gives_the_same_scores(split: Split, repeats: bool) -> None:
    model = untaught(split, repeats=repeats, neighbours=True)
    model.knn_blend_ = KnnBlend.counted(split.train, BlendWeights(0.2, 0.8, 3.0, 0.7, returning=repeats))
    asked = split.test.history.take(np.arange(20))
    scores = model.score(asked)
    assert model.score_items(asked, split.test.items[:20]) == pytest.approx(scores[np.arange(20), split.test.items[:20]], abs=1e-5)  # fmt: skip
    assert model.stream(asked).score() == pytest.approx(scores, abs=1e-4)
    for exclude in (False, True):
        items, values = model.best_items(asked, 10, exclude)
        wanted, best = top_k(scores, 10, asked if exclude else None)
        assert values == pytest.approx(best, abs=1e-4)
        assert (items == wanted).mean() > 0.99  # level items may change places by a rounding


def test_a_stream_counts_events_that_the_network_no_longer_reads(split: Split) -> None:
    model = untaught(split, max_length=3)
    assert model.knn_blend_ is not None
    history = from_lists([[0, 1, 2, 3, 4, 5]], N_ITEMS)
    stream = model.stream(from_lists([[0, 1, 2, 3, 4]], N_ITEMS))
    stream.add(np.array([5]))
    assert stream.score() == pytest.approx(model.score(history), abs=1e-4)


def test_refitting_counts_again_with_the_choices_kept(model: Transformer, split: Split) -> None:
    other = untaught(split)
    assert other.knn_blend_ is not None
    chosen = other.knn_blend_.chosen
    other.refit(last_out(chains(seed=5)).train)
    assert other.knn_blend_ is not None
    assert other.knn_blend_.chosen == chosen
    assert (other.knn_blend_.neighbours.similarity_ != model.knn_blend_.neighbours.similarity_).nnz  # type: ignore[union-attr]


def test_a_folder_holds_them_and_is_read_with_suspicion(model: Transformer, split: Split, tmp_path: Path) -> None:
    model.save(tmp_path)
    asked = split.test.history
    assert np.array_equal(Transformer.load(tmp_path).score(asked), model.score(asked))
    file = tmp_path / "model.json"
    whole = json.loads(file.read_text())
    for change, message in (
        ({"neighbours": None}, "neighbours must be an object"),
        ({"neighbours": whole["learned"]["neighbours"] | {"n_items": N_ITEMS + 1}}, "offsets"),
        ({"neighbours": whole["learned"]["neighbours"] | {"beside": {"share": -1.0}}}, "share|beside"),
    ):
        file.write_text(json.dumps(whole | {"learned": whole["learned"] | change}))
        with pytest.raises(ArtifactError, match=message):
            Transformer.load(tmp_path)
    file.write_text(json.dumps(whole | {"learned": {k: v for k, v in whole["learned"].items() if k != "neighbours"}}))
    with pytest.raises(ArtifactError, match="does not belong"):
        Transformer.load(tmp_path)


def test_no_neighbours_for_an_empty_question(model: Transformer) -> None:
    assert model.score(replace(from_lists([[]], N_ITEMS))).shape == (1, N_ITEMS)
    assert model.score(from_lists([], N_ITEMS)).shape == (0, N_ITEMS)


def test_a_history_with_returns_is_not_changed_by_being_read():
    from swayline.dataset import from_lists
    from swayline.models.classical.item_knn import ItemKNN
    from swayline.models.sequence.knn_blend import BlendWeights, KnnBlend

    history = from_lists([[0, 1, 0, 1, 2], [2, 2, 1]], n_items=3)
    before = (history.items.copy(), history.offsets.copy())
    KnnBlend(ItemKNN().fit(history), BlendWeights(1.0, returning=False)).level(history)
    assert (history.items == before[0]).all()
    assert (history.offsets == before[1]).all()


@pytest.mark.parametrize(
    "beside", [None, BlendWeights(0.2, 0.8, 3.0, 0.7, returning=True), BlendWeights(1.0, 0.9, 1.0, 1.2)]
)
def test_the_gate_is_weighed_from_one_reading_as_by_scoring_everything_again(split: Split, beside) -> None:
    model = untaught(split, repeats=True, neighbours=True)
    model.knn_blend_ = beside and KnnBlend.counted(split.train, beside)
    scorer, judge = model._scorer, ValidationScorer(split.valid)
    repeats = scorer.network.repeats
    assert repeats is not None
    assert (scorer.blend is None) == (beside is None)
    once, start = GateLikelihood.of(scorer, judge.questions.history, judge.questions.items), repeats.log_odds
    for moved in (0.0, -4.0, 2.5, 9.0):
        repeats.set_log_odds(start + moved)
        assert once(moved) == pytest.approx(np.log(judge.likelihood(scorer)), abs=2e-4)
    repeats.set_log_odds(start)


def test_sums_by_share_are_those_of_exponentials() -> None:
    rng = np.random.default_rng(0)
    weights, more = rng.random((5, 40), np.float32), 1.2 * rng.random((5, 40), np.float32)
    wanted = [(weights * np.exp(share * more)).sum(axis=1) for share in knn_blend._SHARES]
    np.testing.assert_allclose(knn_blend._sums_by_share(weights.copy(), more), np.stack(wanted, axis=1), rtol=1e-4)
    np.testing.assert_allclose(np.cumsum((0.0, *knn_blend._STEPS)), knn_blend._SHARES)


def test_only_a_way_that_lost_by_more_than_chance_is_asked_no_more() -> None:
    rng = np.random.default_rng(0)
    base = rng.random((2, 3, 200))
    ways = {(0, True): base, (1, True): base + rng.normal(0, 0.5, base.shape), (2, True): base + 1.0}
    assert set(knn_blend._still_likely(ways)) == {(0, True), (1, True)}
