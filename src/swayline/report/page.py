"""One self-contained page: sections to HTML, figures and Plotly's own script inside, nothing loaded from anywhere.

The page's Content-Security-Policy names its scripts by their SHA-256, so that nothing else on it can run and no
request can leave it, whatever an id or a title of the log holds.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import TypeVar

import jinja2
import plotly.graph_objects as go
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from swayline.report import theme
from swayline.report.blocks import Drawing, Panel, Section, paired

Block = TypeVar("Block")
_TEMPLATES = resources.files("swayline.report") / "templates"


def render(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """The page as HTML.

    Parameters
    ----------
    sections : sequence of Section
        In reading order; their findings are listed at the top.
    """
    sections, figures = _laid(sections)
    plotly, drawing, pages_own = script(get_plotlyjs()), script(asset("network.js")), script(asset("page.js"))
    return _template().render(
        title=title,
        subtitle=subtitle,
        sections=sections,
        findings=[one for one in sections if one.finding],
        css=Markup(theme.css() + "\n" + asset("style.css")),
        policy=policy(plotly, drawing, pages_own),
        plotly=Markup(plotly),
        drawing=Markup(drawing),
        script=Markup(pages_own),
        figures=figures,
        swaps=Markup(inert(json.dumps(theme.swaps()))),
    )


def fragment(sections: Sequence[Section]) -> str:
    """The sections alone as HTML, figures inside, for a page that brings style and scripts: the dashboard's."""
    laid, figures = _laid(sections)
    template = _template()
    return "".join(template.blocks["sections"](template.new_context({"sections": laid, "figures": figures})))


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(asset("report.html.j2"))


def _laid(sections: Sequence[Section]) -> tuple[list[Section], dict[str, Markup]]:
    """Sections with their half blocks paired, and the data of each figure by its id."""
    laid = [replace(one, blocks=paired(one.blocks)) for one in sections]
    figures = {panel.id: figure_json(panel.figure) for panel in _blocks(laid, Panel)}
    figures |= {one.id: inert(json.dumps(one.data)) for one in _blocks(laid, Drawing)}
    return laid, {name: Markup(text) for name, text in figures.items()}


def figure_json(figure: go.Figure) -> str:
    """A figure as JSON that can stand inside a script element."""
    return inert(figure.to_json())


def inert(text: str) -> str:
    """JSON in which nothing can be read as HTML.

    >>> "<" in inert('{"a": "</script>"}'), json.loads(inert('{"a": "</script>"}'))
    (False, {'a': '</script>'})
    """
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def asset(name: str) -> str:
    """A file of the templates' folder."""
    return (_TEMPLATES / name).read_text("utf-8")


def script(text: str) -> str:
    """A script as the browser will read it: line ends as HTML has them, no way out of its element."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("</script", "<\\/script").replace("<!--", "<\\!--")


def policy(*scripts: str) -> str:
    """The Content-Security-Policy of a page with these scripts alone."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def _blocks(sections: Sequence[Section], kind: type[Block]) -> Iterator[Block]:
    return (block for section in sections for block in section.blocks if isinstance(block, kind))
