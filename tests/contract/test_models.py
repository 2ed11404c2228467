"""Every registered model through the same cases: a model that passes here can stand anywhere in the house."""

import json
import struct
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import ArtifactError, ConfigError, EmptyLogError, SchemaError, UsageError
from swayline.dataset import Catalogue, Sequences, from_lists, last_out
from swayline.dataset.knowledge import KnowledgeGraph
from swayline.metrics import ndcg, ranks
from swayline.models import Recommender, create, load_model, mask_seen, names, reads_values, recommend, score_items

QUICK: dict[str, dict[str, object]] = {
    "boosted-trees": {"n_trees": 50, "n_leaves": 8},
    "implicit-als": {"factors": 16, "alpha": 20.0},
    "factorization-machine": {"embedding_dim": 16, "max_epochs": 20, "learning_rate": 2e-2, "batch_positions": 512},
    "gru": {"embedding_dim": 32, "hidden_dim": 32, "max_epochs": 20, "learning_rate": 1e-2, "batch_tokens": 512},
    "text-sequence": {"max_epochs": 12, "n_features": 64, "learning_rate": 1e-2, "batch_size": 128, "n_negatives": 64},
    "language": {
        "embedding_dim": 32, "max_epochs": 20, "learning_rate": 3e-3, "batch_tokens": 512, "dropout": 0.1, "text_epochs": 1,
    },
    "multimodal": {"max_epochs": 1},
    "temporal": {"n_questions": 2000, "hidden_dim": 32},
    "transformer": {"embedding_dim": 32, "max_epochs": 30, "learning_rate": 3e-3, "batch_tokens": 512, "dropout": 0.1},
}  # fmt: skip
"""Settings that make a model quick on worlds this small; the others need none."""
ONE_EPOCH: dict[str, dict[str, object]] = {
    name: {"max_epochs": 1}
    for name in (
        "factorization-machine", "graph", "gru", "text-sequence", "language", "multimodal", "temporal", "transformer",
    )
}  # fmt: skip
"""Enough where quality is not asked about."""
POPULARITY = {"most-popular", "recent-popular"}
"""Read no history."""
RETURNS = {"pair-recency"}
"""Know what a person had, and nothing of what they never met."""
ORDER_BLIND = {"user-knn", "ease", "implicit-als", "content", "shared-entities", "graph"}
"""Know what goes with what, and not what comes after what."""
SHARES_WORDS = {"content", "hybrid"}
"""Count words, so that some must stand in two titles."""
ADDS_UP = {"item-knn", "ease", "naive-bayes"}
"""Score by a sum over the history."""
READS_WORDS = SHARES_WORDS | {"text-sequence", "language", "multimodal"}
"""Need to be told what the items are."""


def quick(name: str, **settings: object) -> Recommender:
    return create(name, **(QUICK.get(name, {}) | settings))


def described(sequences: Sequences, groups: np.ndarray) -> Sequences:
    """The same histories with a title for each item: the word of its group, and one of its own."""
    titles = [f"kind{group} number{item}" for item, group in enumerate(groups)]
    return with_graph(replace(sequences, catalogue=Catalogue(pa.table({"title": titles}))), groups)


def with_graph(sequences: Sequences, groups: np.ndarray) -> Sequences:
    """The same histories with a knowledge graph of one relation: the group of each item."""
    n_items, kinds = len(groups), np.unique(groups)
    graph = KnowledgeGraph(
        np.arange(n_items), np.zeros(n_items, np.int64), n_items + np.searchsorted(kinds, groups), ("kind",),
        tuple(f"kind{kind}" for kind in kinds), n_items,
    )  # fmt: skip
    return replace(sequences, graph=graph)


def chain_world(signal: float, n_users: int = 300, n_items: int = 40, length: int = 12, seed: int = 0) -> Sequences:
    """Users who walk a ring of items: with probability ``signal`` to the next one, else anywhere."""
    rng = np.random.default_rng(seed)
    walks = np.empty((n_users, length), np.int64)
    walks[:, 0] = rng.integers(n_items, size=n_users)
    for step in range(1, length):
        stays = rng.random(n_users) < signal
        walks[:, step] = np.where(stays, (walks[:, step - 1] + 1) % n_items, rng.integers(n_items, size=n_users))
    return described(from_lists(walks.tolist(), n_items), rng.permutation(n_items) // 3)


def taste_world(n_users: int = 300, n_groups: int = 8, size: int = 5, length: int = 10, seed: int = 0) -> Sequences:
    """Users who love one group of items and act in it nine times of ten, in no order."""
    rng = np.random.default_rng(seed)
    own = rng.integers(n_groups, size=(n_users, 1)) * size + rng.integers(size, size=(n_users, length))
    items = np.where(rng.random(own.shape) < 0.9, own, rng.integers(n_groups * size, size=own.shape))
    return described(from_lists(items.tolist(), n_groups * size), np.arange(n_groups * size) // size)


@pytest.fixture(params=names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def world() -> Sequences:
    return chain_world(signal=0.9, n_users=60, n_items=15, length=8)


@pytest.fixture(scope="module")
def fitted(world: Sequences) -> dict[str, Recommender]:
    return {name: quick(name, **ONE_EPOCH.get(name, {})).fit(world) for name in names()}


def test_a_model_is_a_recommender(name: str) -> None:
    assert isinstance(create(name), Recommender)
    assert create(name).name == name


def test_scores_are_finite_float32_and_one_for_every_item(
    name: str, fitted: dict[str, Recommender], world: Sequences
) -> None:
    scores = fitted[name].score(world)
    assert scores.shape == (60, 15)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()


def test_an_empty_history_and_no_history_at_all_are_scored(name: str, fitted: dict[str, Recommender]) -> None:
    assert np.isfinite(fitted[name].score(from_lists([[], [3]], 15))).all()
    assert fitted[name].score(from_lists([], 15)).shape == (0, 15)


def test_a_row_does_not_depend_on_the_others(name: str, fitted: dict[str, Recommender], world: Sequences) -> None:
    model = fitted[name]
    mixed = from_lists([[1, 2, 3], list(range(15)) * 5, [], [7]], 15)
    together = model.score(mixed)
    alone = np.concatenate([model.score(mixed.take(np.array([row]))) for row in range(4)])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)
    swapped = model.score(mixed.take(np.array([3, 2, 1, 0])))[::-1]
    np.testing.assert_allclose(together, swapped, rtol=1e-4, atol=1e-5)


def test_scoring_and_fitting_leave_the_histories_alone(name: str, world: Sequences) -> None:
    before = world.items.copy()
    quick(name, **ONE_EPOCH.get(name, {})).fit(world).score(world)
    np.testing.assert_array_equal(world.items, before)


def test_score_items_agrees_with_the_full_scores(name: str, fitted: dict[str, Recommender], world: Sequences) -> None:
    items = (np.arange(60) % 15).astype(np.int32)
    full = fitted[name].score(world)[np.arange(60), items]
    np.testing.assert_allclose(score_items(fitted[name], world, items), full, rtol=1e-4, atol=1e-5)


def test_what_is_said_of_an_event_is_the_answer_without_it(
    name: str, fitted: dict[str, Recommender], world: Sequences
) -> None:
    from swayline.influence.attribution import remove_events

    model, histories = fitted[name], world.take(np.array([3, 17]))
    removed = remove_events(model, histories, np.array([0, 0, 1]), np.array([1, 7, 2]))
    for question, (row, item) in enumerate([(0, 1), (0, 7), (1, 2)]):
        whole = model.score(histories)[row, item]
        for event in np.flatnonzero(removed.recommendation == question):
            kept = np.arange(len(histories.items)) != removed.position[event]
            without = model.score(histories.keep(kept))[row, item]
            assert removed.score_change[event] == pytest.approx(whole - without, rel=2e-3, abs=2e-5)


def test_models_that_can_answer_a_removal_without_scoring_many_histories_do(
    name: str, fitted: dict[str, Recommender]
) -> None:
    assert hasattr(fitted[name], "event_terms") == (name in ADDS_UP)
    assert hasattr(fitted[name], "scores_without") == (name == "transformer")


def test_a_catalogue_of_one_item_and_a_log_of_one_user_are_fitted(name: str) -> None:
    for log in (from_lists([[0, 0], [0]], 1), from_lists([[0, 1, 2]], 3), from_lists([[0]], 1)):
        log = with_graph(log, np.zeros(log.n_items, np.int64))
        if name in READS_WORDS:
            log = replace(
                log, catalogue=Catalogue(pa.table({"category": ["a"] * log.n_items, "title": ["b"] * log.n_items}))
            )
            if log.n_items < 2:
                continue
        model = quick(name, **ONE_EPOCH.get(name, {})).fit(log)
        assert np.isfinite(model.score(log)).all()


def test_saving_and_loading_keeps_every_score(
    name: str, fitted: dict[str, Recommender], world: Sequences, tmp_path
) -> None:
    fitted[name].save(tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert type(loaded) is type(fitted[name])
    np.testing.assert_array_equal(loaded.score(world), fitted[name].score(world))
    files = {path.name for path in (tmp_path / "model").rglob("*") if path.is_file()}  # a part has a folder of its own
    assert files == {"model.json", "weights.safetensors"}


def test_a_loaded_model_can_be_refitted(name: str, fitted: dict[str, Recommender], world: Sequences, tmp_path) -> None:
    fitted[name].save(tmp_path)
    refitted = load_model(tmp_path).refit(world)
    np.testing.assert_array_equal(refitted.score(world), fitted[name].score(world))


def test_the_same_seed_gives_the_same_model_to_the_bit(name: str, world: Sequences) -> None:
    split = last_out(world)
    first, second = (
        quick(name, **ONE_EPOCH.get(name, {})).fit(split.train, split.valid).score(world) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


def test_an_unknown_setting_is_refused_with_the_choices(name: str) -> None:
    with pytest.raises(ConfigError, match="unknown setting 'wheels'"):
        create(name, wheels=4)


def test_every_model_beats_a_coin_where_there_is_something_to_learn(name: str) -> None:
    """The ring has no popular items, so this is asked of models that read a history."""
    if name in POPULARITY | ORDER_BLIND | RETURNS:
        pytest.skip("knows no order")
    split = last_out(chain_world(signal=0.9))
    model = quick(name).fit(split.train, split.valid)
    found = ndcg(*ranks(model.score(split.test.history), split.test.items), k=10)
    assert found.mean() > 0.6, "chance is .11, knowing the ring .9"


def test_every_model_finds_out_what_a_person_loves(name: str) -> None:
    if name in POPULARITY:
        pytest.skip("reads no history")
    split = last_out(taste_world())
    model = quick(name).fit(split.train, split.valid)
    found = ndcg(*ranks(model.score(split.test.history), split.test.items), k=10)
    assert found.mean() > 0.4, "chance is .11, knowing the group .53"


def test_no_model_finds_an_order_in_noise(name: str) -> None:
    split = last_out(chain_world(signal=0.0, n_users=800, n_items=100))
    found = [
        ndcg(*ranks(model.score(split.test.history), split.test.items), k=10)
        for model in (quick(name).fit(split.train, split.valid), create("most-popular").fit(split.train))
    ]
    gap = found[0] - found[1]
    assert abs(gap.mean()) < 4 * max(1e-3, gap.std() / np.sqrt(len(gap)))
    assert found[0].mean() < 0.08, "chance is .045"


def test_popularity_is_learned_by_every_model(name: str) -> None:
    rng = np.random.default_rng(0)
    chance = 1.0 / np.arange(1, 51)
    log = from_lists(rng.choice(50, size=(300, 10), p=chance / chance.sum()).tolist(), 50)
    log = described(log, rng.permutation(50) // 5)
    split = last_out(log)
    model = quick(name).fit(split.train, split.valid)
    assert ndcg(*ranks(model.score(split.test.history), split.test.items), k=10).mean() > 0.25, "chance is .09"


def test_recommendations_leave_out_what_was_seen(name: str, fitted: dict[str, Recommender], world: Sequences) -> None:
    items, scores = recommend(fitted[name], world, k=15)
    seen = {(user, item) for user, item in zip(world.users, world.items, strict=True)}
    assert not seen & {(user, item) for user, row in enumerate(items) for item in row}
    assert ((items == -1) == np.isneginf(scores)).all()
    whole, _ = recommend(fitted[name], world, k=15, exclude_seen=False, batch=7)
    assert (np.sort(whole, axis=1) == np.arange(15)).all()


@pytest.mark.parametrize("name", sorted(READS_WORDS))
def test_a_model_that_reads_words_says_so_where_there_are_none(name: str) -> None:
    plain = from_lists([[0, 1], [1, 2]], 3)
    with pytest.raises(SchemaError, match="no items table.*--items"):
        create(name).fit(plain)
    if name not in SHARES_WORDS:
        return
    strangers = replace(plain, catalogue=Catalogue(pa.table({"title": ["one", "two", None]})))
    with pytest.raises(SchemaError, match="no word or category that two items share"):
        create(name).fit(strangers)


# --- hostile folders ---------------------------------------------------------------------------


def _json(change):
    def damage(folder):
        content = json.loads((folder / "model.json").read_text())
        change(content)
        (folder / "model.json").write_text(json.dumps(content))

    return damage


def _text(text):
    return lambda folder: (folder / "model.json").write_text(text)


def _weights(data):
    return lambda folder: (folder / "weights.safetensors").write_bytes(data)


def _arrays(change):
    def damage(folder):
        from safetensors.numpy import load_file, save_file

        arrays = dict(load_file(folder / "weights.safetensors"))
        change(arrays)
        save_file(arrays, folder / "weights.safetensors")

    return damage


def _first(arrays, change):
    name = next(name for name in sorted(arrays) if arrays[name].dtype.kind == "f")
    arrays[name] = change(arrays[name].copy())


def _with_nan(array):
    array.reshape(-1)[:1] = np.nan
    return array


DAMAGES = {
    "no description": lambda folder: (folder / "model.json").unlink(),
    "no weights": lambda folder: (folder / "weights.safetensors").unlink(),
    "no object": _text("[1]"),
    "no JSON": _text("{"),
    "deep JSON": _text("[" * 100_000),
    "NUL bytes": _text("\0\0"),
    "doubled keys": _text('{"format": 1, "format": 1}'),
    "NaN in JSON": _text('{"format": NaN}'),
    "another format": _json(lambda content: content.update(format=99)),
    "format of another type": _json(lambda content: content.update(format="1")),
    "another model": _json(lambda content: content.update(model="gpt")),
    "no settings": _json(lambda content: content.pop("settings")),
    "unknown setting": _json(lambda content: content["settings"].update(wheels=4)),
    "settings no object": _json(lambda content: content.update(settings=[])),
    "no sizes": _json(lambda content: content["learned"].clear()),
    "negative size": _json(lambda content: content["learned"].update(n_items=-1)),
    "huge size": _json(lambda content: content["learned"].update(n_items=10**9)),
    "size no number": _json(lambda content: content["learned"].update(n_items="15")),
    "empty weights": _weights(b""),
    "header of exabytes": _weights(struct.pack("<Q", 2**62) + b"{}"),
    "header of nonsense": _weights(struct.pack("<Q", 2) + b"[]"),
    "cut weights": lambda folder: (folder / "weights.safetensors").write_bytes(
        (folder / "weights.safetensors").read_bytes()[:-4]
    ),
    "missing array": _arrays(lambda arrays: arrays.pop(sorted(arrays)[0])),
    "foreign array": _arrays(lambda arrays: arrays.update(foreign=np.zeros(3, np.float32))),
    "another shape": _arrays(lambda arrays: _first(arrays, lambda array: np.zeros((7, 5), np.float32))),
    "another type": _arrays(lambda arrays: _first(arrays, lambda array: array.astype(np.float64))),
    "NaN weights": _arrays(lambda arrays: _first(arrays, _with_nan)),
}


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_a_damaged_folder_is_refused_in_one_line(
    name: str, damage: str, fitted: dict[str, Recommender], tmp_path
) -> None:
    fitted[name].save(tmp_path)
    DAMAGES[damage](tmp_path)
    with pytest.raises(ArtifactError) as error:
        load_model(tmp_path)
    assert "\n" not in str(error.value)


def test_an_unknown_model_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'transformer'"):
        create("transfomer")


def test_a_folder_of_another_model_is_refused(fitted: dict[str, Recommender], tmp_path) -> None:
    fitted["most-popular"].save(tmp_path)
    with pytest.raises(ArtifactError, match="'most-popular'"):
        type(fitted["item-knn"]).load(tmp_path)


def test_weights_that_are_not_finite_are_never_written(fitted: dict[str, Recommender], tmp_path) -> None:
    model = create("most-popular").fit(from_lists([[0]], 1))
    model.counts_[:] = np.inf  # type: ignore[attr-defined]
    with pytest.raises(ArtifactError, match="NaN or infinity"):
        model.save(tmp_path / "model")


@pytest.mark.parametrize("name", list(ONE_EPOCH))
def test_a_network_says_so_when_there_is_nothing_to_train_on(name: str) -> None:
    with pytest.raises(EmptyLogError):
        create(name).fit(from_lists([[], []], 5))


def test_seen_items_are_masked_in_place() -> None:
    scores = np.zeros((2, 3), np.float32)
    assert mask_seen(scores, from_lists([[0], []], 3)) is scores
    assert np.isneginf(scores[0, 0])
    assert np.isfinite(scores[1]).all()


# --- values ------------------------------------------------------------------------------------


def starred(n_users: int = 80, n_items: int = 16, length: int = 8, seed: int = 0) -> Sequences:
    """People who love the even or the odd items: 4 or 5 stars for these, 1 or 2 for the others, met alike."""
    rng = np.random.default_rng(seed)
    rows = [rng.permutation(n_items)[:length].tolist() for _ in range(n_users)]
    taste = rng.integers(2, size=n_users)
    stars = [
        [float((4 if item % 2 == own else 1) + rng.integers(2)) for item in row]
        for own, row in zip(taste, rows, strict=True)
    ]
    made = from_lists(rows, n_items, values=stars)
    return described(made, np.arange(n_items) // 2)


def test_a_model_reads_values_exactly_where_it_says_so(name: str) -> None:
    log = starred()
    inverted = replace(log, values=6.0 - log.values)
    first, second = (quick(name, **ONE_EPOCH.get(name, {})).fit(one).score(one) for one in (log, inverted))
    assert np.array_equal(first, second) is not reads_values(name)


def test_a_log_without_values_is_scored_as_if_values_were_unknown(name: str) -> None:
    log = starred()
    absent, unknown = replace(log, values=None), replace(log, values=np.full(len(log.items), np.nan))
    first, second = (quick(name, **ONE_EPOCH.get(name, {})).fit(one).score(one) for one in (absent, unknown))
    np.testing.assert_array_equal(first, second)


def test_what_was_read_of_values_is_kept_with_the_model(name: str, tmp_path) -> None:
    log = starred()
    model = quick(name, **ONE_EPOCH.get(name, {})).fit(log)
    model.save(tmp_path)
    np.testing.assert_array_equal(load_model(tmp_path).score(log), model.score(log))
