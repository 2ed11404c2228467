"""Who may see what: keys and roles are the API's; sessions end; a form from elsewhere does nothing."""

import re

import pytest

from swayline.service.api.keys import ROLES, new_key, remove_key
from swayline.service.api.sessions import COOKIE, Sessions
from swayline.service.dashboard.answering import own_page


@pytest.fixture
def keyed(pages):
    secrets = {role: new_key(pages.service.store, role, role)[0] for role in ROLES}
    pages.application.parts.keys.read()
    return pages, secrets


def sign_in(pages, key, to="/dashboard/ledger"):
    return pages.client.post("/dashboard/sign-in", data={"key": key, "next": to}, follow_redirects=False)


def test_a_browser_without_a_session_is_sent_to_sign_in_and_back(keyed):
    pages, secrets = keyed
    went = pages.client.get("/dashboard/ledger?sort=n", headers={"sec-fetch-mode": "navigate"}, follow_redirects=False)
    assert went.status_code == 303
    assert went.headers["location"] == "/dashboard/sign-in?next=%2Fdashboard%2Fledger%3Fsort%3Dn"
    assert pages.client.get("/dashboard/ledger").status_code == 401
    back = sign_in(pages, secrets["read"], "/dashboard/ledger?sort=n")
    assert (back.status_code, back.headers["location"]) == (303, "/dashboard/ledger?sort=n")
    cookie = back.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Path=/dashboard"))
    assert secrets["read"] not in cookie
    assert pages.client.get("/dashboard/ledger").status_code == 200


@pytest.mark.parametrize(
    ("key", "status", "said"),
    [("sway_wrong", 401, "this is no key"), ("", 401, "no key was entered"), ("x" * 5000, 401, "this is no key")],
)
def test_a_wrong_key_is_said_on_the_page(keyed, key, status, said):
    pages, _ = keyed
    answer = sign_in(pages, key)
    assert answer.status_code == status
    assert said in answer.text
    assert "set-cookie" not in answer.headers


def test_a_key_that_may_only_write_events_is_told_so(keyed):
    pages, secrets = keyed
    answer = sign_in(pages, secrets["ingest"])
    assert answer.status_code == 403
    assert "this one has ingest" in answer.text


def test_a_session_ends_with_its_key_and_on_signing_out(keyed):
    pages, secrets = keyed
    sign_in(pages, secrets["read"])
    remove_key(pages.service.store, "read")
    pages.application.parts.keys.read()
    answer = pages.client.get("/dashboard/tasks")
    assert answer.status_code == 401
    assert "your session has ended" in answer.text
    sign_in(pages, secrets["admin"])
    assert pages.client.get("/dashboard/tasks").status_code == 200
    token = pages.client.cookies[COOKIE]
    pages.client.post("/dashboard/sign-out")
    assert pages.client.get("/dashboard/tasks", headers={"cookie": f"{COOKIE}={token}"}).status_code == 401


def test_a_session_ends_by_itself(keyed):
    pages, _ = keyed
    keys = pages.application.parts.keys
    known = next(iter(keys._keys.values()))
    assert Sessions(keys).find(Sessions(keys).open(known)) is None
    sessions = Sessions(keys, life_s=0.0)
    assert sessions.find(sessions.open(known)) is None
    sessions = Sessions(keys)
    assert sessions.find(sessions.open(known)) == known


def test_a_session_opens_no_route_of_the_api(keyed):
    pages, secrets = keyed
    sign_in(pages, secrets["admin"])
    token = pages.client.cookies[COOKIE]
    assert pages.client.get("/v1/audit", headers={"cookie": f"{COOKIE}={token}"}).status_code == 401


def test_reading_keys_see_and_change_nothing(keyed):
    pages, secrets = keyed
    sign_in(pages, secrets["read"])
    assert pages.client.get("/dashboard/privacy").status_code == 403
    assert 'href="/dashboard/privacy"' not in pages.client.get("/dashboard/tasks").text
    for path in ("tasks", "privacy", "settings"):
        assert pages.client.post(f"/dashboard/{path}", data={"explore": "0.3", "every": "0"}).status_code == 403
    assert pages.service.explore == 0.0


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"origin": "http://evil.example"}])
def test_a_form_sent_by_a_page_from_elsewhere_does_nothing(pages, headers):
    answer = pages.client.post("/dashboard/settings", data={"explore": "0.3", "every": "0"}, headers=headers)
    assert answer.status_code == 403
    assert pages.service.explore == 0.0
    assert pages.client.post(
        "/dashboard/settings", data={"explore": "0.3", "every": "0"}, headers={"origin": "http://localhost"}
    ).is_success
    assert pages.service.explore == 0.3


def test_an_open_service_answers_its_own_machine_alone(pages):
    assert pages.client.get("/dashboard/tasks", headers={"host": "evil.example"}).status_code == 421


def test_the_first_key_is_made_on_the_page_and_closes_the_service(pages):
    answer = pages.client.post("/dashboard/privacy", data={"action": "new-key", "role": "admin", "name": "me"})
    secret = re.search(r"sway_[0-9a-f]{64}", answer.text)[0]
    assert pages.client.get("/dashboard/tasks").status_code == 401
    assert sign_in(pages, secret).status_code == 303
    assert "new key" in pages.client.get("/dashboard/privacy").text
    bad = pages.client.post("/dashboard/privacy", data={"action": "new-key", "role": "king"})
    assert bad.status_code == 422
    assert pages.client.post("/dashboard/privacy", data={"action": "remove-key", "name": "you"}).status_code == 404


@pytest.mark.parametrize(
    "path", ["https://evil.example", "//evil.example", "/dashboard/../v1", "/dashboard/nope", "/dashboard\r\nx"]
)
def test_signing_in_leads_to_no_page_but_our_own(path):
    assert own_page(path) == "/dashboard"
