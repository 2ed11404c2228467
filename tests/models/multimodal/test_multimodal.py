"""Ids with pictures and sounds: what helps is found, what says nothing costs nothing, what is missing stays so."""

import copy
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import ConfigError, SchemaError
from swayline.dataset import Catalogue, from_lists, last_out
from swayline.encoders.items import vector_column
from swayline.influence.attribution.content import content_rows
from swayline.metrics import ndcg, ranks
from swayline.models import create, load_model, mask_seen

N, GROUPS = 60, 6
FUSIONS = ("gate", "concatenate", "late")


def vectors(groups, noise, seed, dim=16):
    """A direction a group, and noise."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(GROUPS, dim))[groups] + noise * rng.normal(size=(len(groups), dim))).astype(np.float32)


@pytest.fixture(scope="module")
def split():
    """People who love one of six groups of ten; looks tell the group, sounds say nothing; ten items never met."""
    rng = np.random.default_rng(0)
    groups = np.arange(N) % GROUPS
    image, sound = vectors(groups, 0.5, 1), vectors(rng.permutation(groups), 0.5, 2)
    image[[1, 2]] = 0.0  # no picture
    own = rng.integers(GROUPS, size=120)
    lists = [[int(group + GROUPS * one) for one in rng.permutation(9)[:6]] for group in own]
    for person, answer in enumerate(rng.random(120) < 0.3):
        if answer:
            lists[person][-1] = int(own[person] + GROUPS * 9)  # the last item of each group is met last alone
    table = pa.table({"image_vector": vector_column(image), "sound": vector_column(sound)})
    return last_out(replace(from_lists(lists, N), catalogue=Catalogue(table)))


@pytest.fixture(scope="module")
def fitted(split):
    return {name: create("multimodal", fusion=name, max_epochs=2).fit(split.train, split.valid) for name in FUSIONS}


@pytest.fixture(scope="module")
def seen(split):
    """Content without ids: what nobody else could say must come from looks."""
    return create("multimodal", ids="most-popular", fusion="late").fit(split.train, split.valid)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_pictures_that_tell_what_comes_next_lift_the_ranking(fitted, split, fusion):
    model = fitted[fusion]
    ids = create("item-knn").fit(split.train, split.valid)
    found = [
        ndcg(*ranks(mask_seen(one.score(split.test.history), split.test.history), split.test.items), k=10)
        for one in (model, ids)
    ]
    assert found[0].mean() >= found[1].mean() - 0.01
    cold = ~model.met_[split.test.items]
    assert cold.sum() > 10
    assert found[0][cold].mean() > found[1][cold].mean() + 0.05


def test_sound_that_says_nothing_counts_for_less_than_pictures(seen):
    weights = dict(zip(seen.parts, seen.weighing_.met, strict=True))
    assert weights["image"] > 0
    assert weights["sound"] < weights["image"]


def test_an_item_without_a_picture_gets_nothing_from_pictures_and_is_told(fitted, split):
    model = fitted["late"]
    assert model.missing_ == {"image": 2, "sound": 0}
    parts = model._parts(split.test.history)
    assert not parts[2][:, [1, 2]].any()
    assert parts[2][:, 3].any()


def test_a_model_by_one_modality_and_most_popular_ids_is_content_alone(split):
    model = create("multimodal", ids="most-popular", modalities="image", fusion="late").fit(split.train, split.valid)
    assert model.parts == ("ids", "learned", "image")
    history = split.test.history
    likely = np.argsort(-model.score(history), axis=1)[:, :5] % GROUPS
    own = history.items[history.offsets[:-1]] % GROUPS
    assert (likely == own[:, None]).mean() > 0.5


def test_unknown_modalities_and_models_of_ids_are_refused(split):
    with pytest.raises(ConfigError, match="did you mean 'image'"):
        create("multimodal", modalities="imag").fit(split.train)
    with pytest.raises(ConfigError, match="did you mean 'ease'"):
        create("multimodal", ids="eas")


def test_vectors_of_several_lengths_are_refused(split):
    table = pa.table({"look": pa.array([[1.0, 2.0], [1.0]] + [None] * (N - 2), pa.list_(pa.float32()))})
    with pytest.raises(SchemaError, match="of 1 and of 2 numbers"):
        create("multimodal").fit(replace(split.train, catalogue=Catalogue(table)))


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_folder_gives_the_same_scores(fitted, split, fusion, tmp_path):
    fitted[fusion].save(tmp_path)
    np.testing.assert_allclose(
        load_model(tmp_path).score(split.test.history), fitted[fusion].score(split.test.history), atol=1e-5
    )


@pytest.mark.parametrize("fusion", FUSIONS)
def test_the_change_by_another_picture_is_what_the_scores_say(fitted, split, fusion):
    model = fitted[fusion]
    history = split.test.history.take(np.arange(5))
    items = np.array([55, 56, 57, 58, 59])
    same = model.content_change(history, items, "image", model.modalities_.features[0][items])
    np.testing.assert_allclose(same, 0.0, atol=1e-5)
    other = model.content_change(history, items, "image", model.modalities_.features[0][items - 6])
    edited = copy.copy(model)
    features = model.modalities_.features.copy()
    features[0, items] = features[0, items - 6]  # whole: every item of them has the other's picture
    edited._know(replace(model.modalities_, features=features))
    if edited.learned_ is not None:
        edited.learned_ = replace(edited.learned_, features=features)
    rows = np.arange(5)
    told = model.score(history)[rows, items] - edited.score(history)[rows, items]
    # Five items of sixty move the mean over all items a little; nobody met them, so that no history holds one.
    np.testing.assert_allclose(other, told, atol=0.15)
    assert np.corrcoef(other, told)[0, 1] > 0.98


def test_influence_of_content_is_found_where_it_is_and_none_where_there_is_none(seen, split):
    model = copy.copy(seen)
    silent = np.array([1, 1, 1, 0], np.float32)  # sound does not count
    model.weighing_ = replace(model.weighing_, met=model.weighing_.met * silent, cold=model.weighing_.cold * silent)
    history = split.test.history.take(np.arange(30))
    best = model.score(history).argsort(axis=1)[:, ::-1][:, :3]
    users, items = np.repeat(np.arange(30), 3), best.reshape(-1).astype(np.int64)

    class Names:
        names = tuple(f"i{row}" for row in range(N))

    class Known:
        items = Names

    table = content_rows(model, Known, history, [f"u{row}" for row in range(30)], users, items).to_pylist()
    means = {(row["cause"], row["estimand"]): row for row in table if row["primary"]}
    assert means["image", "score_change"]["ci_low"] > 0
    assert means["image", "rank_change"]["estimate"] > 0
    assert means["sound", "score_change"]["estimate"] == 0
    single = [row for row in table if row["cause"] == f"i{items[0]}|image" and row["estimand"] == "score_change"]
    assert {row["method"].split()[0] for row in single} == {"replacement", "removal"}
    assert all(
        row["cause_kind"] == "content" and row["evidence"] == "model" and row["identified"] is None for row in table
    )
