"""Requests generated from the service's own description: none makes a 500."""

import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from tests.service.conftest import Live

from swayline.service.api import AppSettings, EdgeSettings

schemathesis = pytest.importorskip("schemathesis")
CASES = int(os.environ.get("SWAYLINE_CASES", "6"))
"""Of each route; SWAYLINE_CASES=300 sends about 10,000 in all."""


def test_no_generated_request_makes_a_500(served_run, tmp_path):
    live = Live(served_run, tmp_path / "data", AppSettings(EdgeSettings(hosts=frozenset({"*"}))))
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", live.application.asgi)
    schema.config.base_url = "http://localhost"
    sent = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path == "/v1/models/refit" and operation.method == "post":
            continue  # each would start a training

        def once(case):
            nonlocal sent
            answer = case.call(headers={"host": "localhost"})
            sent += 1
            assert answer.status_code < 500 or answer.status_code in (501, 503), (case.as_curl_command(), answer.text)

        wrapped = operation.as_strategy()
        run = settings(
            max_examples=CASES, deadline=None, database=None, derandomize=True, phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )(given(case=wrapped)(once))  # fmt: skip
        run()
    live.stop()
    assert sent >= 20 * min(CASES, 2)
    print(f"{sent:,} requests, no 5xx")
