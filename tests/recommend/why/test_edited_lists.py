"""Every list on a person's page is what the model answers to the history without those events."""

import numpy as np
import pytest

import swayline as sw
from swayline.core.errors import DataError, UsageError
from swayline.models import recommend
from swayline.recommend.why.edited_lists import MOST_EVENTS, edited_lists
from swayline.testing.attacks import attack


@pytest.fixture(scope="module")
def about(fitted):
    return edited_lists(fitted, "u3", k=4)


def asked(fitted, user, gone, k=4):
    """The list after a history that was rebuilt by hand without some of its events."""
    history = fitted.histories.take(fitted.rows_of([user]))
    kept = np.ones(len(history.items), bool)
    kept[list(gone)] = False
    scores = fitted.model.score(history.keep(kept))[0].copy()
    if fitted.exclude_seen:
        scores[history.items] = -np.inf
    return [fitted.dataset.items.names[item] for item in np.argsort(-scores, kind="stable")[:k]], scores


def test_the_list_as_it_is_is_the_one_that_is_recommended(about, fitted):
    items, _ = recommend(fitted.model, fitted.histories.take(fitted.rows_of(["u3"])), 4, fitted.exclude_seen)
    assert [about.items[place]["item"] for place in about.shown] == [
        fitted.dataset.items.names[item] for item in items[0]
    ]
    assert [about.items[place]["rank"] for place in about.shown] == [1, 2, 3, 4]
    assert len(about.reasons) == 4


def test_every_event_and_pair_of_events_has_the_models_own_answer(about, fitted):
    n = len(about.events)
    assert set(about.lists) == {str(one) for one in range(n)} | {f"{a},{b}" for b in range(n) for a in range(b)}
    for key, one in about.lists.items():
        wanted, scores = asked(fitted, "u3", map(int, key.split(",")))
        assert [about.items[place]["item"] for place in one["list"]] == wanted
        names = fitted.dataset.items.names
        order = [names[item] for item in np.argsort(-scores, kind="stable")]
        assert one["ranks"] == [order.index(about.items[place]["item"]) + 1 for place in about.shown]


def test_a_behaviour_goes_with_all_its_events(about, fitted):
    acts = [event["behavior"] for event in about.events]
    named = {group["name"]: group for group in about.groups if group["kind"] == "behavior"}
    assert set(named) == set(acts)
    for name, group in named.items():
        gone = [at for at, act in enumerate(acts) if act == name]
        assert group["events"] == len(gone)
        assert [about.items[place]["item"] for place in group["list"]] == asked(fitted, "u3", gone)[0]


def test_pulls_are_scores_with_less_scores_without(about, fitted):
    rows = {name: at for at, name in enumerate(fitted.dataset.items.names)}
    _, whole = asked(fitted, "u3", [])
    for event in range(len(about.events)):
        _, without = asked(fitted, "u3", [event])
        for place, shown in enumerate(about.shown):
            item = rows[about.items[shown]["item"]]
            assert about.pulls[event][place] == pytest.approx(whole[item] - without[item], abs=2e-5)


def test_of_a_long_history_the_newest_events_go_one_by_one(tmp_path):
    lines = ["user,item,behavior,time"]
    lines += [
        f"u{u},i{(u * 7 + n) % 90},{'view' if n % 2 else 'cart'},{1_700_000_000 + n}"
        for u in range(12)
        for n in range(60)
    ]
    (tmp_path / "log.csv").write_text("\n".join(lines))
    found = edited_lists(sw.Recommender("item-knn").fit(sw.read_events(tmp_path / "log.csv")), "u1", k=3)
    assert (len(found.events), found.earlier) == (MOST_EVENTS, 60 - MOST_EVENTS)
    assert len(found.lists) == MOST_EVENTS * (MOST_EVENTS + 1) // 2
    assert sum(group["events"] for group in found.groups if group["kind"] == "behavior") == 60


def test_an_unknown_person_is_refused(fitted):
    with pytest.raises(UsageError, match="nobody"):
        edited_lists(fitted, "nobody")


def test_a_person_who_had_everything_has_no_page(tmp_path):
    lines = ["user,item,behavior,time", *(f"u{u},i{n},view,{1_700_000_000 + n}" for u in range(5) for n in range(4))]
    (tmp_path / "log.csv").write_text("\n".join(lines))
    model = sw.Recommender("item-knn").fit(sw.read_events(tmp_path / "log.csv"))
    with pytest.raises(DataError, match="u1"):
        edited_lists(model, "u1")


def test_the_verb_writes_the_page_and_refuses_what_it_cannot_mean(fitted, tmp_path):
    fitted.save(tmp_path / "m")
    words = ["influence", "events", "m", "--user", "u3", "--out", "why.parquet", "--json"]
    done = attack([*words, "--page", "why.html", "--say", "zh"], tmp_path)
    assert (done.code, done.result["page"]) == (0, "why.html")
    page = (tmp_path / "why.html").read_text("utf-8")
    assert 'lang="zh"' in page
    assert attack([*words, "--page", "why.html"], tmp_path).code == 0  # its own page may be written again
    (tmp_path / "own.html").write_text("mine")
    for more, said in (
        (["--page", "own.html"], "--force"), (["--page", "why.txt"], ".html"), (["--page", "m/items.html"], "--page"),
        (["--page", "p.html", "--say", "en", "--private"], "--private"), (["--page", "p.html", "--say", "fr"], "fr"),
    ):  # fmt: skip
        done = attack([*words, *more], tmp_path)
        assert (done.code, done.err.count("\n")) == (2, 1), done
        assert said in done.err
    assert (tmp_path / "own.html").read_text() == "mine"
    refused = ["influence", "events", "m", "--user", "u3", "--page", "p.html", "--say", "fr", "--out", "none.parquet"]
    assert (attack(refused, tmp_path).code, (tmp_path / "none.parquet").exists()) == (2, False)
    done = attack(["influence", "events", "m", "--page", "p.html"], tmp_path)
    assert (done.code, "--user" in done.err) == (2, True)
