"""Colours and type, once: the page's style sheet and the figures read the same tokens, in light and in dark.

The hues keep apart for the three common kinds of colour blindness (after Okabe and Ito), and each has at least 3:1
against its own background in both themes. Figures are drawn in the light colours; :func:`swaps` says which colour
takes the place of which in the dark.
"""

from typing import Any

FONT = "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif"

TOKENS = {
    "paper": ("#fbfaf7", "#15181b"),
    "card": ("#ffffff", "#1d2125"),
    "ink": ("#1f2226", "#eceae5"),
    "soft": ("#5a6068", "#a9b0b8"),
    "line": ("#e3e0d9", "#343a40"),
    "accent": ("#0b5f6b", "#6cc7d4"),
    "tint": ("#eaf3f3", "#1b2f33"),
    "warn": ("#8a4b00", "#f0b868"),
    "warn_tint": ("#fdf3e3", "#33291a"),
    "zero": ("#8d939b", "#767d86"),
}
"""name → (light, dark)."""

HUES = (
    ("#1b6ca8", "#6bb3ea"),
    ("#c8561b", "#f2935a"),
    ("#0b8468", "#45c9a3"),
    ("#9c4a8c", "#db93cc"),
    ("#8f6c0a", "#dbb44c"),
    ("#4a5fc1", "#98a7f3"),
    ("#b23a55", "#f0879d"),
    ("#5c6670", "#aab3bc"),
)
"""Data colours in the order they are given out, (light, dark)."""

SCALE = (
    ("#f3f5f6", "#22282d"),
    ("#cfe0ec", "#1f3d52"),
    ("#92bcdb", "#2b658c"),
    ("#4b8fc2", "#4a96cc"),
    ("#14507f", "#a9d8f9"),
)
"""From few to many."""

DIVERGING = (
    ("#b8602a", "#f0a06a"),
    ("#e8c1a2", "#7a4f33"),
    ("#f4f3ef", "#262b30"),
    ("#a9cbe2", "#2f5d7d"),
    ("#2a73a8", "#7cc0f0"),
)
"""From less than all to more than all."""


def token(name: str) -> str:
    """A token's light colour."""
    return TOKENS[name][0]


def hue(index: int) -> str:
    """The light colour of the n-th series; the last one serves all beyond."""
    return HUES[min(index, len(HUES) - 1)][0]


def veil(color: str) -> str:
    """A colour seen through: for ribbons and bands.

    >>> veil("#1b6ca8")
    'rgba(27,108,168,0.35)'
    """
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.35)"


def colorscale() -> list[list[Any]]:
    """The sequential scale as Plotly takes it."""
    return [[index / (len(SCALE) - 1), light] for index, (light, _) in enumerate(SCALE)]


def divergingscale() -> list[list[Any]]:
    """The diverging scale as Plotly takes it."""
    return [[index / (len(DIVERGING) - 1), light] for index, (light, _) in enumerate(DIVERGING)]


def swaps() -> dict[str, str]:
    """Light colour → dark colour, for every colour that a figure may hold."""
    solid = dict([*TOKENS.values(), *HUES, *SCALE, *DIVERGING])
    return solid | {veil(light): veil(dark) for light, dark in HUES}


def css(choice: bool = False) -> str:
    """The tokens as custom properties: light, and dark where the reader's system asks for it on a screen.

    With ``choice``, a ``data-theme`` of ``light`` or ``dark`` on the root stands above the system's.
    """
    light = "".join(f"--{name.replace('_', '-')}:{pair[0]};" for name, pair in TOKENS.items())
    dark = "".join(f"--{name.replace('_', '-')}:{pair[1]};" for name, pair in TOKENS.items())
    system = ":root:not([data-theme=light])" if choice else ":root"
    chosen = f"\n:root[data-theme=dark]{{{dark}}}" if choice else ""
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme: dark){{{system}{{{dark}}}}}{chosen}"
