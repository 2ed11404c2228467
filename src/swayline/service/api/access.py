"""Who may do what: every route and method, once. What does not stand here is answered to nobody.

``{item}`` and ``{user}`` stand for one segment of the path, percent-encoded where it holds a slash.
"""

import re
from functools import cache
from typing import NamedTuple

from swayline.service.api.keys import ADMIN, INGEST, READ

PUBLIC = "public"
PREFIX = "/dashboard"
"""Where pages for people are: a browser's session counts there and nowhere else."""

ACCESS: dict[tuple[str, str], tuple[str, ...]] = {
    ("GET", "/health/live"): (PUBLIC,),
    ("GET", "/health/ready"): (PUBLIC,),
    ("GET", "/metrics"): (READ, ADMIN),
    ("GET", "/docs"): (READ, ADMIN),
    ("GET", "/tracker.js"): (INGEST, READ, ADMIN),
    ("GET", "/v1/openapi.json"): (READ, ADMIN),
    ("POST", "/v1/events"): (INGEST, ADMIN),
    ("POST", "/v1/feedback"): (INGEST, ADMIN),
    ("PUT", "/v1/items/{item}"): (INGEST, ADMIN),
    ("GET", "/v1/items/{item}"): (READ, ADMIN),
    ("DELETE", "/v1/items/{item}"): (INGEST, ADMIN),
    ("GET", "/v1/items/{item}/similar"): (READ, ADMIN),
    ("PUT", "/v1/users/{user}"): (INGEST, ADMIN),
    ("GET", "/v1/users/{user}"): (READ, ADMIN),
    ("DELETE", "/v1/users/{user}"): (ADMIN,),
    ("GET", "/v1/users/{user}/recommendations"): (READ, ADMIN),
    ("GET", "/v1/users/{user}/explanations/{item}"): (READ, ADMIN),
    ("GET", "/v1/users/{user}/profile"): (READ, ADMIN),
    ("GET", "/v1/users/{user}/history"): (READ, ADMIN),
    ("GET", "/v1/users/{user}/export"): (ADMIN,),
    ("POST", "/v1/ties"): (INGEST, ADMIN),
    ("DELETE", "/v1/ties"): (INGEST, ADMIN),
    ("POST", "/v1/recommendations"): (READ, ADMIN),
    ("GET", "/v1/trending"): (READ, ADMIN),
    ("GET", "/v1/influence"): (READ, ADMIN),
    ("GET", "/v1/models"): (ADMIN,),
    ("POST", "/v1/models/refit"): (ADMIN,),
    ("POST", "/v1/models/rollback"): (ADMIN,),
    ("GET", "/v1/audit"): (ADMIN,),
    ("POST", "/v1/backups"): (ADMIN,),
    ("GET", "/dashboard"): (READ, ADMIN),
    ("GET", "/dashboard/news"): (READ, ADMIN),
    ("GET", "/dashboard/person"): (READ, ADMIN),
    ("GET", "/dashboard/ledger"): (READ, ADMIN),
    ("GET", "/dashboard/ledger.csv"): (READ, ADMIN),
    ("GET", "/dashboard/people"): (READ, ADMIN),
    ("GET", "/dashboard/evolution"): (READ, ADMIN),
    ("GET", "/dashboard/experiments"): (READ, ADMIN),
    ("GET", "/dashboard/models"): (READ, ADMIN),
    ("GET", "/dashboard/quality"): (READ, ADMIN),
    ("GET", "/dashboard/tasks"): (READ, ADMIN),
    ("POST", "/dashboard/tasks"): (ADMIN,),
    ("GET", "/dashboard/privacy"): (ADMIN,),
    ("POST", "/dashboard/privacy"): (ADMIN,),
    ("GET", "/dashboard/settings"): (READ, ADMIN),
    ("POST", "/dashboard/settings"): (ADMIN,),
    ("GET", "/dashboard/sign-in"): (PUBLIC,),
    ("POST", "/dashboard/sign-in"): (PUBLIC,),
    ("POST", "/dashboard/sign-out"): (READ, ADMIN),
    ("GET", "/dashboard/style.css"): (PUBLIC,),
    ("GET", "/dashboard/dashboard.js"): (PUBLIC,),
    ("GET", "/dashboard/figures.js"): (PUBLIC,),
    ("GET", "/dashboard/network.js"): (PUBLIC,),
    ("GET", "/dashboard/plotly.js"): (PUBLIC,),
    ("POST", "/api/feedback"): (INGEST, ADMIN),
    ("PUT", "/api/feedback"): (INGEST, ADMIN),
    ("POST", "/api/item"): (INGEST, ADMIN),
    ("POST", "/api/items"): (INGEST, ADMIN),
    ("GET", "/api/item/{item}"): (READ, ADMIN),
    ("DELETE", "/api/item/{item}"): (INGEST, ADMIN),
    ("GET", "/api/item/{item}/neighbors"): (READ, ADMIN),
    ("POST", "/api/user"): (INGEST, ADMIN),
    ("POST", "/api/users"): (INGEST, ADMIN),
    ("GET", "/api/recommend/{user}"): (READ, ADMIN),
    ("POST", "/api/session/recommend"): (READ, ADMIN),
    ("GET", "/api/popular"): (READ, ADMIN),
}
"""(method, path) → roles; those under ``/api`` are Gorse's, and there with ``--gorse`` alone; those under
``/dashboard`` are pages for people, of an application that has a face."""


class Listed(NamedTuple):
    """A path that stands in the table: its template, and the roles of each of its methods."""

    template: str
    methods: dict[str, tuple[str, ...]]


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Listed], ...]:
    templates: dict[str, dict[str, tuple[str, ...]]] = {}
    for (method, template), roles in ACCESS.items():
        templates.setdefault(template, {})[method] = roles
    return tuple(
        (re.compile(re.sub(r"\{\w+\}", "[^/]+", template)), Listed(template, methods))
        for template, methods in templates.items()
    )


@cache
def _plain() -> dict[str, Listed]:
    return {listed.template: listed for _, listed in _patterns() if "{" not in listed.template}


def find(path: str) -> Listed | None:
    """The template that a path (still percent-encoded) is of; None where it is of none.

    >>> find("/v1/items/a%2Fb/similar").template
    '/v1/items/{item}/similar'
    >>> find("/v1/secrets") is None
    True
    """
    if path in _plain():
        return _plain()[path]
    return next((listed for pattern, listed in _patterns() if pattern.fullmatch(path)), None)
