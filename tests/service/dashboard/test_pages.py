"""Every page answers with data; what is wrong stands on it in one message, and nothing is half applied."""

import csv
import io
import re
import shutil
import time
from types import SimpleNamespace

import pytest

from swayline.service.dashboard.rendering import PAGES

ALERT = re.compile(r'role="alert">(.*?)</p>', re.S)


def alert(answer):
    found = ALERT.findall(answer.text)
    assert len(found) == 1, found
    return re.sub(r"<[^>]+>", "", found[0]).strip()


@pytest.mark.parametrize("path", [path for path, _ in PAGES])
def test_every_page_answers(shown, path):
    answer = shown.client.get(f"/dashboard{path}")
    assert answer.status_code == 200
    assert 'role="alert"' not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")


def test_a_person_has_a_portrait_a_list_reasons_and_a_history(shown):
    text = shown.client.get("/dashboard/person", params={"user": "u00003"}).text
    assert "What they are recommended now" in text
    assert text.count('<span class="reason">') == 10
    assert text.count('name="gone"') > 5


def test_what_if_gives_the_list_that_the_model_gives_to_the_history_without_the_events(shown):
    from swayline.service.serving import Ask

    text = shown.client.get("/dashboard/person", params={"user": "u00003"}).text
    keys = re.findall(r'name="gone" value="([^"]+)"', text)[:8]
    answer = shown.client.get("/dashboard/person", params={"user": "u00003", "what-if": "1", "gone": keys})
    table = answer.text.split("Rank without</th>")[1].split("</table>")[0]
    row = r"<bdi>([^<]*)</bdi></th><td class=.number.>[^<]*</td><td class=.number.>(\d+)</td>"
    then = {int(rank): name for name, rank in re.findall(row, table)}
    service = shown.service
    n = len(service.histories([Ask(user="u00003")]).items)
    gone = tuple(range(n - 8, n))
    edited = service.histories([Ask(user="u00003", without=gone)])
    assert len(edited.items) == n - 8
    wanted = service.ask(Ask(user="u00003", without=gone)).result()
    assert [then[rank] for rank in sorted(then)] == [service.loaded.label(place.item) for place in wanted.places]
    plain = service.ask(Ask(user="u00003")).result()
    assert [place.item for place in plain.places] != [place.item for place in wanted.places]


def test_events_that_are_gone_do_not_make_their_items_seen(shown):
    from swayline.service.serving import Ask

    service = shown.service
    history = service.histories([Ask(user="u00003")])
    everything = service.ask(Ask(user="u00003", k=120, seen="drop", without=tuple(range(len(history.items))))).result()
    assert {service.loaded.bundle.dataset.items.names[row] for row in history.items} <= {
        place.item for place in everything.places
    }


def test_an_event_that_is_not_in_the_history_is_refused_by_name(shown):
    answer = shown.client.get("/dashboard/person", params={"user": "u00003", "gone": "1|view|nothing"})
    assert answer.status_code == 422
    assert "event '1|view|nothing' is not in the history" in answer.text.replace("&#39;", "'")


def test_a_person_unknown_gets_the_nearest_name(shown):
    answer = shown.client.get("/dashboard/person", params={"user": "u0003"})
    assert answer.status_code == 404
    assert "u00003" in alert(answer)


def test_the_ledger_is_filtered_sorted_and_exported(shown):
    page = shown.client.get("/dashboard/ledger", params={"estimand": "ate"}).text
    effects = [row for row in shown.service.loaded.ledger.to_pylist() if row["estimand"] == "ate"]
    assert page.count("<details>") == len(effects) > 0
    assert "Association</th>" in page
    row = page.split("<tbody>")[1]
    assert "percentage points" in row.split("</details></td>")[1]  # the association stands beside the effect
    got = shown.client.get("/dashboard/ledger.csv", params={"estimand": "excitation", "sort": "p_value"})
    rows = list(csv.DictReader(io.StringIO(got.text)))
    assert [row["estimand"] for row in rows] == ["excitation", "excitation"]
    assert float(rows[0]["p_value"]) < float(rows[1]["p_value"])
    whole = list(csv.DictReader(io.StringIO(shown.client.get("/dashboard/ledger.csv").text)))
    assert len(whole) == len(shown.service.loaded.ledger)


@pytest.mark.parametrize(
    ("words", "said"),
    [({"estimand": "att"}, "no row has estimand"), ({"sort": "size"}, "sort 'size'"), ({"page": "0"}, "page '0'"),
     ({"causes": "cart"}, "there is no filter 'causes'")],
)  # fmt: skip
def test_a_word_of_the_ledger_that_is_unknown_is_refused_on_the_page(shown, words, said):
    answer = shown.client.get("/dashboard/ledger", params=words)
    assert answer.status_code == 422
    assert said in alert(answer).replace("&#39;", "'")


@pytest.mark.parametrize("budget", ["0", "201", "-3", "many", "²"])
def test_seeds_out_of_range_are_refused_on_the_page(shown, budget):
    answer = shown.client.get("/dashboard/people", params={"budget": budget})
    assert answer.status_code == 422
    assert "from 1 to 200" in alert(answer)


def test_whom_to_start_with_is_what_the_verb_chooses(shown, monkeypatch):
    import pyarrow as pa

    from swayline.service.dashboard.routes import reading

    asked = []

    def choose(ledger, budget):  # the real one compiles for a minute; tests/influence/diffusion holds it
        asked.append((ledger, budget))
        table = pa.table({"rank": [1], "user": ["u3"], "gain": [1.25], "spread": [1.25]})
        return SimpleNamespace(table=table, seeds=SimpleNamespace(guarantee=0.97))

    monkeypatch.setattr(reading, "spread_from_ledger", choose)
    page = shown.client.get("/dashboard/people", params={"budget": "2"}).text
    assert asked == [(shown.service.loaded.ledger, 2)]
    assert "97%" in page
    assert '<a href="/dashboard/person?user=u3"><bdi>u3</bdi></a></td><td class="number">1.25' in page


def test_a_run_that_is_gone_is_said_on_the_page_and_lists_go_on(pages):
    shutil.rmtree(pages.run)
    for path in ("", "/people", "/settings"):
        answer = pages.client.get(f"/dashboard{path}")
        assert answer.status_code == 200
        assert "is gone: lists are answered" in alert(answer)
    assert pages.list("u00003")


def test_settings_are_set_all_or_none(pages):
    service, refits = pages.service, pages.application.parts.refits

    def said(**form):
        return pages.client.post("/dashboard/settings", data=form, follow_redirects=False)

    done = said(explore="0.2", every="1d")
    assert (done.status_code, done.headers["location"]) == (303, "/dashboard/settings?done=settings")
    assert (service.explore, refits.every_s) == (0.2, 86_400.0)
    for form in (
        {"explore": "0.1", "every": "5s"}, {"explore": "0.1", "every": "often"}, {"explore": "0.7", "every": "2d"},
        {"explore": "nan", "every": "2d"}, {"explore": "x", "every": "2d"}, {"explore": "0.1"},
        {"explore": "0.1", "every": "2d", "seed": "3"},
    ):  # fmt: skip
        answer = said(**form)
        assert answer.status_code == 422, form
        assert alert(answer).startswith("Nothing was changed.")
        assert (service.explore, refits.every_s) == (0.2, 86_400.0)
    assert 'value="1d"' in pages.client.get("/dashboard/settings").text
    assert said(explore="0", every="0").status_code == 303
    assert (service.explore, refits.every_s) == (0.0, 0.0)


def test_a_person_is_forgotten_from_every_page(pages):
    pages.send({"user": "zoe", "item": "i00003", "behavior": "view"})
    tie = "u3"  # the source of a tie in the ledger
    assert tie in pages.client.get("/dashboard/ledger.csv").text
    wrong = pages.client.post("/dashboard/privacy", data={"action": "erase", "user": "zoe", "again": "ana"})
    assert wrong.status_code == 422
    assert alert(wrong).startswith("Nothing was changed.")
    assert "zoe" in pages.client.get("/dashboard/news").text
    for user in ("zoe", tie):
        done = pages.client.post("/dashboard/privacy", data={"action": "erase", "user": user, "again": user})
        assert "The person is forgotten." in done.text
    assert "zoe" not in pages.client.get("/dashboard/news").text
    assert pages.client.get("/dashboard/news").json()["behind"] == 0  # the last event of the log is gone, not unread
    rows = list(csv.DictReader(io.StringIO(pages.client.get("/dashboard/ledger.csv").text)))
    assert not any(tie in (row["cause"], row["effect"]) for row in rows)
    assert "erase" in pages.client.get("/dashboard/privacy").text
    assert pages.client.get("/dashboard/person", params={"user": "zoe"}).status_code == 404


def test_an_export_is_what_the_api_gives(pages):
    pages.send({"user": "zoe", "item": "i00003", "behavior": "view"})
    got = pages.client.post("/dashboard/privacy", data={"action": "export", "user": "zoe"}).json()
    assert got["events"] == pages.client.get("/v1/users/zoe/export").json()["events"]
    nobody = pages.client.post("/dashboard/privacy", data={"action": "export", "user": "nobody"})
    assert nobody.status_code == 404


def test_tasks_that_cannot_be_done_say_why(pages):
    back = pages.client.post("/dashboard/tasks", data={"action": "rollback"})
    assert back.status_code == 422
    assert "there is no earlier model" in alert(back)
    assert "there is no task" in alert(pages.client.post("/dashboard/tasks", data={"action": "dance"}))
    copied = pages.client.post("/dashboard/tasks", data={"action": "backup"}, follow_redirects=False)
    assert copied.status_code == 303
    assert list((pages.data / "backups").glob("*.sqlite"))


def test_news_are_few_words_while_nothing_comes_and_count_what_does(pages):
    first = pages.client.get("/dashboard/news").json()
    assert first["newest"] == []
    time.sleep(0.6)  # what was told a moment ago is told again
    pages.send(*({"user": f"n{n}", "item": "i00003", "behavior": "cart" if n else "view"} for n in range(3)))
    time.sleep(0.6)
    news = pages.client.get("/dashboard/news", params={"after": first["mark"]}).json()
    assert [row[1] for row in news["newest"]] == ["n2", "n1", "n0"]
    assert news["figure"]["data"][0]["x"] == [1, 2]
    again = pages.client.get("/dashboard/news", params={"after": news["mark"]}).json()
    assert again["same"]


def test_the_pulse_counts_what_a_recount_of_the_log_counts(pages):
    from collections import defaultdict

    rows = [
        {"user": f"n{n % 7}", "item": f"i0000{n % 5}", "behavior": ("view", "cart", "purchase")[n % 3]}
        for n in range(90)
    ]
    pages.send(*rows)
    room = pages.application.routes.state.room
    told = room.pulse.now()
    people, events = defaultdict(set), defaultdict(int)
    for row in rows:
        people[row["behavior"]].add(row["user"])
        events[row["behavior"]] += 1
    assert told["per_minute"] == 90  # all of them were received a moment ago
    assert {one["behavior"]: (one["n"], one["events"]) for one in told["behaviors"]} == {
        name: (len(people[name]), events[name]) for name in people
    }


def test_hostile_names_are_text(pages):
    pages.send({"user": "<script>alert(1)</script>", "item": "<img src=x>", "behavior": "view"})
    text = pages.client.get("/dashboard").text
    assert "<script>alert" not in text
    assert "<img" not in text
