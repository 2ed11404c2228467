import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import UsageError
from swayline.recommend.why.evidence import Cause, Evidence, evidence
from swayline.recommend.why.questions import questions
from swayline.recommend.why.sentences import LANGUAGES, rephrasing_fault, sentence
from swayline.recommend.why.told import why_sentences

LAMP, DESK = Cause("Lamp", "purchase", "lights", 8, 1.2), Cause("Desk", "view", None, 1, 0.4)


def known(*causes, rank=2, without=38):
    return Evidence("u1", "i9", "Bulb", rank, causes, without if causes else None)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("private", [False, True])
def test_every_language_fills_every_template(language, private):
    words = LANGUAGES[language]
    for behavior in [*words.acts, "quiz done"]:
        for days in (None, 0, 1, 5, 10, 40, 400):
            for group in ("lights", None):
                cause = Cause("Lamp", behavior, group, days, 1.0)
                for one in (known(cause), known(cause, DESK), known(cause, cause), known(cause, without=2), known()):
                    said = sentence(one, language, private=private)
                    assert "{" not in said
                    assert not (private and ("Lamp" in said or "Desk" in said))


def test_languages_know_the_same_behaviours():
    assert LANGUAGES["en"].acts.keys() == LANGUAGES["zh"].acts.keys()


def test_a_rank_that_stays_is_not_said_to_fall():
    assert sentence(known(LAMP, without=2)).endswith("without it it would score lower and keep rank 2.")
    assert sentence(known(LAMP, DESK)) == (
        "Because you bought Lamp last week and looked at Desk yesterday; without Lamp this would be rank 38, not 2."
    )
    assert "the former" in sentence(known(LAMP, LAMP))


def test_a_language_nobody_wrote_is_refused():
    with pytest.raises(UsageError, match="no sentences in 'fr'"):
        sentence(known(LAMP), "fr")


@pytest.fixture(scope="module")
def asked(fitted):
    return questions(fitted, None, k=3)


def test_no_reason_is_given_that_the_counterfactual_denies(asked):
    """Every cause, rank and missing cause is checked by scoring the edited history alone."""
    found = evidence(asked)
    model, fitted = asked.fitted.model, asked.fitted
    assert sum(bool(one.causes) for one in found) > len(found) / 3
    for place in range(0, len(found), 7):
        one, row, item = found[place], int(asked.rows[place]), int(asked.items[place])
        alone = asked.histories.take(np.array([row]))
        whole = model.score(alone)[0, item]
        without = [
            model.score(alone.keep(np.arange(len(alone.items)) != event))[0, item] for event in range(len(alone.items))
        ]
        losses = whole - np.array(without)
        if not one.causes:
            assert losses.max(initial=0.0) <= 1e-5
            continue
        first = one.causes[0]
        best = int(losses.argmax())
        assert first.score_change == pytest.approx(losses.max(), abs=1e-5)
        assert first.score_change > 0
        assert first.label in {
            fitted.labels[alone.items[event]] for event in np.flatnonzero(losses > losses.max() - 1e-6)
        }
        scores = model.score(alone.keep(np.arange(len(alone.items)) != best))[0]
        scores[alone.items] = -np.inf
        if (losses > losses.max() - 1e-6).sum() == 1:
            above = (scores > scores[item]).sum() + (scores[:item] == scores[item]).sum()
            assert one.rank_without == above + 1


def test_the_planted_cause_is_the_reason(fitted):
    """Whoever has a cause without its effect is shown the effect, because of the cause."""
    histories, names = fitted.histories, fitted.dataset.items.names
    right = 0
    for user in range(40):
        row = int(fitted.rows_of([f"u{user}"])[0])
        had = [names[one] for one in histories.items[histories.of(row)]]
        cause = had[-1]
        effect = f"i{int(cause[1:]) + 1}"
        told = why_sentences(fitted, [f"u{user}"], item=effect).to_pylist()[0]
        title = fitted.labels[names.index(cause)]
        assert told["rank"] == 1
        right += told["reason"].startswith(("Because you looked at " + title, f"Because you put {title} in the cart"))
    assert right == 40


def test_people_without_a_history_and_lists_in_private_are_told_so(fitted, shop):
    table = why_sentences(fitted, ["u3"], k=2, private=True, language="zh")
    assert table.column_names == ["user", "item", "rank", "rank_without", "reason"]
    titles = [title for title in fitted.labels if len(title) > 2]
    assert not any(title in reason for title in titles for reason in table["reason"].to_pylist())
    assert pa.types.is_integer(table["rank"].type)


def test_a_rephrasing_must_keep_causes_and_add_nothing():
    titles = ["Lamp", "Bulb", "Desk", "Chair"]
    one = known(LAMP, DESK)
    assert rephrasing_fault("Since Lamp came home and you saw Desk: Bulb, 2nd instead of 38th.", one, titles) is None
    assert "does not name 'Desk'" in rephrasing_fault("You bought Lamp.", one, titles)
    assert "names 'Chair'" in rephrasing_fault("Lamp and Desk go with Chair.", one, titles)
    assert "says '99'" in rephrasing_fault("Lamp, Desk: 99 people agree.", one, titles)
