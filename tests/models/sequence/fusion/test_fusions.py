"""Titles inside the network: they help where they carry the answer, and do little harm where they say nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import ArtifactError, ConfigError, SchemaError
from swayline.dataset import Catalogue, Sequences, Split, from_lists, last_out
from swayline.metrics import ndcg, ranks
from swayline.models import Transformer, TransformerSettings, load_model, mask_seen, recommend
from swayline.models.sequence.fusion import FUSIONS

WARES = [
    "nail polish", "desk lamp", "garden hose", "running shoe", "coffee grinder", "wool scarf", "guitar", "tea pot",
    "fishing rod", "chess board", "winter coat", "dog leash", "camera lens", "bread knife", "yoga mat", "toy train",
]  # fmt: skip
COLORS = ["red", "blue", "green", "black", "white", "yellow"]
N = len(WARES) * len(COLORS)
SETTINGS = {
    "embedding_dim": 64, "max_epochs": 8, "learning_rate": 1e-3, "batch_tokens": 256, "dropout": 0.2, "patience": 8,
    "neighbours": False,
}  # fmt: skip
NAMES = sorted(FUSIONS)


def world(told: bool = True, n_users: int = 80, seed: int = 0) -> Sequences:
    """People who stay with one ware and change its colour; few enough that ids alone hardly know the ware."""
    rng = np.random.default_rng(seed)
    rows = [(ware * len(COLORS) + rng.permutation(len(COLORS))[:5]).tolist() for ware in rng.integers(16, size=n_users)]
    titles = np.array([f"{color} {ware}" for ware in WARES for color in COLORS])
    catalogue = Catalogue(pa.table({"title": titles if told else rng.permutation(titles)}))
    return replace(from_lists(rows, N), catalogue=catalogue)


def fitted(name: str, split: Split, **settings: object) -> Transformer:
    return Transformer(TransformerSettings(fusion=name, **(SETTINGS | settings))).fit(split.train, split.valid)


def hit(model: Transformer, questions: object, chosen: np.ndarray | slice = slice(None)) -> float:
    """Mean NDCG@10."""
    scores = mask_seen(model.score(questions.history), questions.history)
    return float(ndcg(*ranks(scores, questions.items), k=10)[chosen].mean())


@pytest.fixture(scope="module")
def split() -> Split:
    return last_out(world(n_users=40))


@pytest.fixture(scope="module")
def fused(split: Split) -> dict[str, Transformer]:
    return {name: fitted(name, split) for name in ["none", *NAMES]}


@pytest.mark.parametrize("name", NAMES)
def test_titles_that_carry_the_answer_beat_ids_alone(fused: dict[str, Transformer], split: Split, name: str) -> None:
    assert hit(fused[name], split.test) > hit(fused["none"], split.test) + 0.01


@pytest.mark.parametrize("name", NAMES)
def test_titles_that_say_nothing_cost_little(name: str) -> None:
    lost = last_out(world(told=False))
    assert hit(fitted(name, lost), lost.test) > hit(fitted("none", lost), lost.test) - 0.1


@pytest.mark.parametrize("name", ["concatenate", "cross-attend"])
def test_titles_beside_ids_count_as_validation_says_and_a_refit_keeps_it(split: Split, name: str) -> None:
    model = fitted(name, split, max_epochs=2)
    told, best = model._network.told, hit(model, split.valid)
    chosen = float(told.share)
    for share in (0.0, 1.0):
        told.share.fill_(share)
        model._scorer.forget_catalogue()
        assert hit(model, split.valid) <= best + 1e-9
    told.share.fill_(chosen)
    assert float(model.refit(split.train)._network.told.share) == chosen


@pytest.mark.parametrize("name", NAMES)
def test_items_nobody_met_are_found_by_their_titles(name: str) -> None:
    hidden = np.arange(N) % len(COLORS) == 2
    questions = last_out(world(n_users=160, seed=1))
    train = questions.train.keep(~hidden[questions.train.items])
    cold = hidden[questions.test.items]
    model = fitted(name, replace(questions, train=train))
    alone = fitted("none", replace(questions, train=train))
    assert cold.sum() > 20
    assert hit(model, questions.test, cold) > hit(alone, questions.test, cold) + 0.1
    assert hit(model, questions.test, ~cold) > hit(alone, questions.test, ~cold) - 0.03


@pytest.mark.parametrize("name", NAMES)
def test_a_fused_model_scores_the_same_saved_and_loaded(
    fused: dict[str, Transformer], split: Split, tmp_path: Path, name: str
) -> None:
    fused[name].save(tmp_path)
    again = load_model(tmp_path)
    np.testing.assert_array_equal(again.score(split.test.history), fused[name].score(split.test.history))
    assert again.serves_unmet


@pytest.mark.parametrize("name", NAMES)
def test_eight_bits_rank_like_full_weights_saved_and_unsaved(split: Split, tmp_path: Path, name: str) -> None:
    full, small = fitted(name, split, max_epochs=2), fitted(name, split, max_epochs=2, weights="int8")
    if full._network.n_text_dims:  # validation weighs texts for each alone: compared at one weight
        small._network.told.share.copy_(full._network.told.share)
        small._scorer.forget_catalogue()
    scores = small.score(split.test.history)
    assert np.corrcoef(full.score(split.test.history).ravel(), scores.ravel())[0, 1] > 0.99
    small.save(tmp_path)
    np.testing.assert_array_equal(load_model(tmp_path).score(split.test.history), scores)


@pytest.mark.parametrize("name", NAMES)
def test_every_way_of_scoring_gives_the_same_scores(fused: dict[str, Transformer], split: Split, name: str) -> None:
    model, whole = fused[name], split.test.history
    scores = model.score(whole)
    picked = model.score_items(whole, split.test.items)
    np.testing.assert_allclose(picked, scores[np.arange(len(whole)), split.test.items], rtol=1e-4, atol=1e-4)
    place = np.arange(len(whole.items)) - np.repeat(whole.offsets[:-1], whole.lengths)
    stream = model.stream(whole.keep(place < np.repeat(whole.lengths - 1, whole.lengths)))
    newest = whole.offsets[1:] - 1
    stream.add(whole.items[newest], whole.behaviors[newest])
    np.testing.assert_allclose(stream.score(), scores, rtol=1e-4, atol=1e-4)
    found, _ = recommend(model, whole, k=5, batch=7)
    best = np.argsort(-mask_seen(scores.copy(), whole), axis=1, kind="stable")[:, :5]
    assert (np.sort(found, axis=1) == np.sort(best, axis=1)).mean() > 0.99


def test_training_that_was_cut_off_ends_with_the_same_weights(split: Split, tmp_path: Path) -> None:
    def trained(n_epochs: int, file: Path | None = None) -> Transformer:
        settings = TransformerSettings(fusion="cross-attend", **(SETTINGS | {"max_epochs": n_epochs}))
        return Transformer(settings, file).fit(split.train)

    trained(2, tmp_path / "run")
    resumed, straight = trained(4, tmp_path / "run"), trained(4)
    np.testing.assert_array_equal(resumed.score(split.test.history), straight.score(split.test.history))


def test_a_log_without_texts_says_what_to_give() -> None:
    with pytest.raises(SchemaError, match="--items"):
        Transformer(TransformerSettings(fusion="gate")).fit(from_lists([[0, 1], [1, 0]], 2))
    with pytest.raises(ConfigError, match="did you mean 'gate'"):
        TransformerSettings(fusion="gait")


def test_a_folder_whose_fusion_does_not_fit_its_weights_is_refused(
    fused: dict[str, Transformer], tmp_path: Path
) -> None:
    fused["gate"].save(tmp_path)
    text = (tmp_path / "model.json").read_text()
    (tmp_path / "model.json").write_text(text.replace('"fusion": "gate"', '"fusion": "none"'))
    with pytest.raises(ArtifactError, match="fusion"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    "settings",
    [
        {"block": "hstu"}, {"objective": "masked"}, {"objective": "encoder-decoder"}, {"temperature": 0.1},
        {"loss": "full-softmax"}, {"loss": "gbce"}, {"repeats": True}, {"n_heads": 4, "n_blocks": 2}, {"windows": True},
    ],
    ids=lambda settings: "-".join(map(str, settings)),
)  # fmt: skip
@pytest.mark.parametrize("name", ["concatenate", "cross-attend"])
def test_fusions_go_with_every_other_part(split: Split, tmp_path: Path, name: str, settings: dict[str, object]) -> None:
    if name == "concatenate" and settings.get("objective") == "masked":
        with pytest.raises(ConfigError, match="cross-attend"):
            fitted(name, split, **settings)
        return
    model = fitted(name, split, max_epochs=2, **settings)
    scores = model.score(split.test.history)
    assert hit(model, split.test) > 0.3
    assert np.isfinite(scores).all()
    model.save(tmp_path)
    np.testing.assert_array_equal(load_model(tmp_path).score(split.test.history), scores)
