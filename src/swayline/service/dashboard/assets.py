"""Style and scripts of the pages, from this package and Plotly's own wheel, named by their content."""

import gzip
import hashlib
from functools import cache
from importlib import resources

from plotly.offline import get_plotlyjs

from swayline.report import theme
from swayline.service.api.access import PREFIX

CSS, SCRIPT = "text/css; charset=utf-8", "text/javascript; charset=utf-8"
NAMES = ("style.css", "dashboard.js", "figures.js", "network.js", "plotly.js")


@cache
def content(name: str) -> bytes:
    """The bytes of an asset."""
    report = resources.files("swayline.report") / "templates"
    own = resources.files("swayline.service.dashboard") / "templates"
    if name == "plotly.js":
        script: str = get_plotlyjs()
        return script.encode()
    if name == "style.css":
        parts = (
            theme.css(choice=True),
            (report / "style.css").read_text("utf-8"),
            (own / "dashboard.css").read_text("utf-8"),
        )
        return "\n".join(parts).encode()
    if name == "figures.js":
        return (report / "page.js").read_bytes()
    return (report / name if name == "network.js" else own / name).read_bytes()


@cache
def packed(name: str) -> bytes:
    """The same, for a browser that takes gzip."""
    return gzip.compress(content(name), 6, mtime=0)


@cache
def address(name: str) -> str:
    """Where a page finds an asset; another content has another address."""
    return f"{PREFIX}/{name}?v={hashlib.sha256(content(name)).hexdigest()[:12]}"
