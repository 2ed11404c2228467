"""Every route × method × role is decided, and nothing that is not listed is answered."""

import re

import pytest
from tests.service.conftest import Live

from swayline.core.errors import UsageError
from swayline.service.api import AppSettings, EdgeSettings, Server, serve
from swayline.service.api.access import ACCESS, PUBLIC, find
from swayline.service.api.keys import ROLES, KeyRing, new_key, remove_key
from swayline.service.dashboard.face import Dashboard

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE")


def routes_of(live):
    def walk(routes):
        for route in routes:
            if hasattr(route, "original_router"):
                yield from walk(route.original_router.routes)
            else:
                yield from ((method, route.path) for method in route.methods)

    return set(walk(live.application.routes.routes))


def test_the_table_lists_the_apps_own_routes_and_no_others(served_run, tmp_path):
    live = Live(served_run, tmp_path / "bare")
    optional = ("/api/", "/dashboard")
    assert routes_of(live) == {(method, path) for method, path in ACCESS if not path.startswith(optional)}
    live.stop()
    with_all = Live(served_run, tmp_path / "all", AppSettings(gorse=True, face=Dashboard()))
    assert routes_of(with_all) == set(ACCESS)
    with_all.stop()


@pytest.fixture
def live(served_run, tmp_path):
    one = Live(served_run, tmp_path / "data", AppSettings(face=Dashboard()))
    yield one
    one.stop()


@pytest.fixture
def keyed(live):
    secrets = {role: new_key(live.service.store, role)[0] for role in ROLES}
    live.application.parts.keys.read()
    return live, secrets


def test_every_route_and_method_and_role_is_decided(keyed):
    live, secrets = keyed
    for path in sorted({path for _, path in ACCESS}):
        address = re.sub(r"\{\w+\}", "i00001", path)
        for method in METHODS:
            roles = ACCESS.get((method, path))
            for role in (None, *ROLES):
                if method == "DELETE" and path == "/v1/users/{user}" and role == "admin":
                    continue  # erases, which has tests of its own
                headers = {"authorization": f"Bearer {secrets[role]}"} if role else {}
                status = live.client.request(method, address, headers=headers).status_code
                said = (method, path, role, status)
                if (method, path) == ("POST", "/dashboard/sign-in"):
                    assert status == 415, said  # nothing was sent; wrong keys have tests of their own
                elif roles == (PUBLIC,):
                    assert status in (200, 503), said
                elif role is None:
                    assert status == 401, said
                elif roles is None:
                    assert status == 405, said
                elif role in roles and path.startswith("/api/"):
                    assert status == 404, said  # not there without --gorse
                elif role not in roles:
                    assert status == 403, said
                else:
                    assert status not in (401, 403, 405), said
                    assert status < 500, said


def test_what_is_not_listed_is_answered_to_nobody(keyed):
    live, secrets = keyed
    live.application.routes.add_api_route("/v1/secrets", lambda: {"all": "of them"}, methods=["GET"])
    assert live.client.get("/v1/secrets").status_code == 401
    answer = live.client.get("/v1/secrets", headers={"authorization": f"Bearer {secrets['admin']}"})
    assert answer.status_code == 404
    for path in (
        "/v1/events/",
        "//v1/events",
        "/V1/events",
        "/v1/../metrics",
        "/openapi.json",
        "/redoc",
        "/api/dump",
        "/v1/users//profile",
    ):
        assert find(path) is None


@pytest.mark.parametrize(
    "said", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer sway_" + "0" * 64, "bearer é", "Bearer " + "x" * 9999]
)
def test_a_wrong_key_is_no_key(keyed, said):
    live, _ = keyed
    answer = live.client.get("/v1/influence", headers={"authorization": said.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_only_the_digest_of_a_key_is_kept_and_a_removed_one_ends(tmp_path, live):
    secret, key = new_key(live.service.store, "read", "web")
    live.service.store.compact()
    assert all(secret.encode() not in path.read_bytes() for path in live.data.rglob("*") if path.is_file())
    assert len(bytes.fromhex(secret.removeprefix("sway_"))) * 8 == 256
    ring = KeyRing(live.service.store)
    assert ring.find(secret).role == "read"
    remove_key(live.service.store, "web")
    ring.read()
    assert ring.find(secret) is None
    assert key.digest not in str(live.client.get("/metrics").text)


def test_without_a_key_only_this_machine_is_listened_on(tmp_path, served_run):
    with pytest.raises(UsageError, match="swayline live key"):
        serve(Server(tmp_path / "data", served_run, host="0.0.0.0", port=0), print)


def test_a_page_elsewhere_that_names_itself_localhost_is_refused(live):
    assert live.client.get("/v1/influence", headers={"host": "evil.example"}).status_code == 421
    answer = live.client.post(
        "/v1/events", content=b'{"user":"u","item":"i","behavior":"view"}', headers={"content-type": "text/plain"}
    )
    assert answer.status_code == 415  # what a page may send without asking is not taken


def test_a_page_of_an_allowed_origin_may_call(served_run, tmp_path):
    live = Live(served_run, tmp_path / "d", AppSettings(EdgeSettings(origins=("https://shop.example",))))
    asked = live.client.options(
        "/v1/events", headers={"origin": "https://shop.example", "access-control-request-method": "POST"}
    )
    assert asked.headers["access-control-allow-origin"] == "https://shop.example"
    other = live.client.get("/health/live", headers={"origin": "https://other.example"})
    assert "access-control-allow-origin" not in other.headers
    live.stop()


def test_more_than_the_rate_is_refused_with_the_seconds_to_wait(served_run, tmp_path):
    live = Live(served_run, tmp_path / "d", AppSettings(EdgeSettings(rate="5/minute")))
    answers = [live.client.get("/v1/trending") for _ in range(7)]
    assert [one.status_code for one in answers] == [200] * 5 + [429] * 2
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert live.client.get("/health/live").status_code == 200
    live.stop()


def test_deeds_of_admins_are_written_down_without_ids(keyed):
    live, secrets = keyed
    admin = {"authorization": f"Bearer {secrets['admin']}"}
    live.client.get("/v1/users/u00001/export", headers=admin)
    live.client.delete("/v1/users/u00001", headers=admin)
    rows = live.client.get("/v1/audit", headers=admin).json()["rows"]
    assert [one["deed"] for one in rows] == ["erase", "export"]
    assert rows[0]["user_digest"] == rows[1]["user_digest"]
    assert "u00001" not in str(rows)
