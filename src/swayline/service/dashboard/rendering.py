"""Pages from templates: language, theme, navigation; and the headers that keep a page to itself.

The policy lets scripts and requests go to this service alone: no word of an event can run, and nothing leaves the host.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlencode

import jinja2
from markupsafe import Markup
from starlette.requests import Request, cookie_parser
from starlette.responses import Response

from swayline.core.time import iso
from swayline.report import theme
from swayline.report.page import inert
from swayline.report.wording import words
from swayline.service.api.access import PREFIX
from swayline.service.api.keys import ADMIN
from swayline.service.dashboard import assets
from swayline.service.dashboard.wording import LANGUAGES, Language

PAGES = (
    ("", "Now"), ("/person", "A person"), ("/ledger", "Ledger"), ("/people", "People and spread"),
    ("/evolution", "Evolution"), ("/experiments", "Experiments"), ("/models", "Model quality"),
    ("/quality", "Data quality"), ("/tasks", "Tasks"), ("/privacy", "Privacy"), ("/settings", "Settings"),
)  # fmt: skip
"""Path under the prefix, and title, in the order of the navigation."""
LOOK = "swayline_look"
"""Cookie of language and theme, as ``zh.dark``; the page's script sets it."""
THEMES = ("system", "light", "dark")
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store", "referrer-policy": "same-origin",
}  # fmt: skip
_TEMPLATES = resources.files("swayline.service.dashboard") / "templates"


def look(request: Request) -> tuple[str, str]:
    """Language and theme of whoever asks: as chosen, else by what the browser accepts and the system's theme."""
    chosen = cookie_parser(request.headers.get("cookie", "")).get(LOOK, "")
    language, _, shade = chosen.partition(".")
    if language not in LANGUAGES:
        accepted = request.headers.get("accept-language", "").lower().lstrip()
        language = "zh" if accepted.startswith("zh") else "en"
    return language, shade if shade in THEMES else "system"


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> Response:
    """A page; ``title`` of the context is its heading."""
    code, shade = look(request)
    language = Language(code)
    about = request.scope.get("swayline", {})
    path = request.scope["path"].removeprefix(PREFIX)
    admin = about.get("role") == ADMIN
    nav = [(PREFIX + each, language(title), each == path) for each, title in PAGES if admin or each != "/privacy"]
    text = _environment().get_template(template).render(
        t=language, lang=code, theme=shade, themes=THEMES, languages=LANGUAGES, nav=nav, admin=admin,
        key=about.get("key", ""), role=about.get("role", ""), prefix=PREFIX, asset=assets.address,
        swaps=Markup(inert(_swaps())), **context,
    )  # fmt: skip
    return Response(text, status, HEADERS, "text/html; charset=utf-8")


@cache
def _swaps() -> str:
    return json.dumps(theme.swaps())


def _query(said: Mapping[str, str], page: int | None) -> str:
    """The words of an address with another part of the table."""
    kept = {name: value for name, value in said.items() if value and name != "page"}
    return urlencode(kept | ({} if page is None else {"page": str(page)}))


def _moment(at_us: int) -> str:
    return words.moment(iso(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)))


def _about(row: Mapping[str, Any]) -> str:
    """What a deed of the audit log was about, beside who did what when."""
    rest = {name: value for name, value in row.items() if name not in ("at_us", "key", "request_id", "deed")}
    return ", ".join(f"{name} {str(value)[:16]}" for name, value in rest.items())


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        loader=jinja2.FunctionLoader(lambda name: (_TEMPLATES / name).read_text("utf-8")),
    )  # fmt: skip
    made.globals |= {"query": _query, "moment": _moment, "about": _about, "words": words}
    return made
