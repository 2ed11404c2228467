"""Contagion is found where it was planted, and likeness alone is not called contagion."""

import numpy as np
import pytest

import swayline as sw
from swayline.core.errors import IdentificationError, SchemaError, UsageError
from swayline.influence.contagion import Contagion
from swayline.testing.contagion_worlds import ContagionDials, contagion_world

LIKE = {"likeness": 0.9, "launches": 1.0}
SMALL = {"people": 240, "items": 90, "days": 40, "n_ties": 6, "acts": 14.0}


@pytest.fixture(scope="module")
def planted():
    world = contagion_world(1, ContagionDials(contagion=0.12, **LIKE), **SMALL)
    return world, Contagion("purchase", "7d", most_exposures=2500, by_person=True).fit(world.log)


@pytest.fixture(scope="module")
def alike():
    world = contagion_world(2, ContagionDials(**LIKE), **SMALL)
    return world, Contagion("purchase", "7d", most_exposures=2500).fit(world.log)


def test_a_planted_effect_is_found_and_claimed(planted):
    world, found = planted
    truth, one = world.truth(7.0, 4.0), found.answers_[0]
    assert one.claimed
    assert one.identified == "assumed"
    assert one.found.estimate.low < truth < one.found.estimate.high


def test_likeness_alone_is_not_claimed(alike):
    _, found = alike
    one = found.answers_[0]
    assert one.main.naive.low > 0  # a naive reader would claim it
    assert not one.claimed
    assert abs(one.found.estimate.value) < 0.6 * one.main.naive.value


def test_placebos_show_nothing_where_everything_was_adjusted(planted):
    named = {one.name: one for one in planted[1].answers_[0].placebos}
    main = planted[1].answers_[0].main.adjusted.value
    for name in ("future ties' acts", "shuffled ties"):
        assert abs(named[name].found.adjusted.value) < 0.25 * main


def test_rows_stand_in_the_ledger_beside_their_association(planted):
    table = planted[1].to_pandas()
    table = table[table["cause_kind"] == "behavior"]
    quoted = table[table["primary"]]
    assert len(quoted) == 1
    assert quoted.iloc[0]["estimand"] == "peer_effect"
    assert quoted.iloc[0]["channel"] == "consumption"
    assert "future ties' acts" in quoted.iloc[0]["refutations"]
    whole = table[table["subject"].isna()]
    assert (whole["estimand"] == "association").sum() == 1
    assert set(table["subject"].dropna()) >= {"active ties: 1", "tie: one way"}
    claims = table[table["identified"] != "no"]
    assert np.isfinite(claims[["estimate", "ci_low", "ci_high"]].to_numpy(float)).all()


def test_what_a_tie_merely_viewed_moves_nobody_in_a_world_of_purchases(planted):
    world, _ = planted
    found = sw.Contagion("purchase", "7d", behaviors=["view"], most_exposures=1500).fit(world.log)
    assert [row["cause"] for row in found.ledger_.to_pylist() if row["primary"]] == ["view"]
    assert found.answers_[0].found.estimate.value < 0.5 * world.truth(7.0, 4.0)


def test_words_say_naive_adjusted_and_verdict(planted):
    lines = "\n".join(planted[1].in_words())
    for word in ("naive", "adjusted", "contagion is claimed", "placebo, shuffled times", "active ties: 2"):
        assert word in lines


def test_logs_that_cannot_answer_say_why(alike):
    world, _ = alike
    with pytest.raises(SchemaError, match="no ties are given"):
        Contagion("purchase").fit(world.events)
    with pytest.raises(UsageError, match="'viw' is not in the log; did you mean 'view'"):
        Contagion("purchase", behaviors=["viw"]).fit(world.log)
    with pytest.raises(UsageError, match="unseen category 'x'"):
        Contagion("purchase", unseen=["x"]).fit(world.log)
    alone = world.events.append_column("own", world.events["item"])
    lonely = alone.set_column(
        2, "item", [[f"{u}-{i}" for u, i in zip(alone["user"].to_pylist(), alone["item"].to_pylist(), strict=True)]]
    )
    with pytest.raises(IdentificationError, match="adopt within the horizon"):
        Contagion("purchase", "7d").fit(lonely.drop_columns(["own"]), ties=world.ties)


def test_each_person_whose_acts_were_seen_has_a_row_with_the_verdict_of_the_whole(planted):
    world, found = planted
    rows = found.to_pandas()
    rows = rows[rows["cause_kind"] == "user"]
    overall = found.answers_[0].found.estimate.value
    assert set(rows["cause"]) <= set(world.ties["source"].to_pylist())
    assert len(rows) > 150
    assert rows["estimand"].unique().tolist() == ["peer_effect"]
    assert rows["identified"].unique().tolist() == [found.answers_[0].identified]
    assert abs((rows["estimate"] * rows["n"]).sum() / rows["n"].sum() - overall) < 0.2 * overall
