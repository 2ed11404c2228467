"""What was planted in a simulated shop, for any window and horizon.

``truth.json`` gives effects for the world's own window and horizon; whoever asks a log picks others, often from the
log. The world is drawn again from its settings, and the same chances are asked another question.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from swayline.core.errors import ArtifactError, ConfigError, UsageError, shown
from swayline.core.storage.artifacts import read_json
from swayline.core.types import Bools, Floats, Ints
from swayline.simulation.assemble import Parts, draw
from swayline.simulation.funnel import others_as_they_fall
from swayline.simulation.settings import TREATMENTS, WorldSettings

TRUTH_FILE = "truth.json"


@dataclass(frozen=True)
class Planted:
    """A planted effect.

    Parameters
    ----------
    ate : float
        Mean over the episodes of P(purchase in the horizon | the behaviour by the window's end) less P(the same | not
        by then), where whoever has not done it by then may do so later, as the world has it.
    att : float
        The same mean over the episodes in which the behaviour was done by then.
    episodes : int
        Complete episodes without a purchase by the window's end: those that are averaged over.
    """

    ate: float
    att: float
    episodes: int


def planted_effects(
    settings: WorldSettings, window_s: float, horizon_s: float, parts: Parts | None = None
) -> dict[str, Planted]:
    """The planted effect of each behaviour for a window and a horizon, computed from the world's chances.

    Parameters
    ----------
    window_s, horizon_s : float
        Seconds; treatments count in [t0, t0 + window], purchases in (t0 + window, t0 + window + horizon].
    parts : Parts, optional
        The world where it is at hand; drawn from its settings otherwise.

    Raises
    ------
    UsageError
        The window or the horizon is no positive number of seconds, or no episode is complete with them.

    Notes
    -----
    When a purchase falls, and how late a behaviour comes, is taken from the episodes of the world themselves, so that
    these shares (not the chances) carry the noise of their number: about .5/√purchases.

    Examples
    --------
    >>> small = WorldSettings(users=200, items=100, events=8_000)
    >>> day, week = planted_effects(small, 86_400, 604_800), planted_effects(small, 3_600, 86_400)
    >>> bool(day["cart"].ate > week["cart"].ate > 0), day["share"].ate
    (True, 0.0)
    """
    for name, value in (("window", window_s), ("horizon", horizon_s)):
        if not 0 < value < np.inf:
            raise UsageError(f"{name} is {shown(value)} seconds; give a positive number")
    made = draw(settings) if parts is None else parts
    drawn, opened = made.episodes, made.views.time_s[made.episodes.view]
    after = np.where(drawn.bought, drawn.bought_s - opened, np.inf)
    end_s = made.log.time_us[-1] / 1e6 if len(made.log) else 0.0
    rows = np.flatnonzero((opened + window_s + horizon_s <= end_s) & (after > window_s))
    if not len(rows):
        raise UsageError(
            f"no episode is complete with a window of {window_s:,.0f} s and a horizon of {horizon_s:,.0f} s: the world "
            f"has {settings.days} days"
        )
    lags = after[np.isfinite(after)]
    early, inside = (float((lags <= until).mean()) if len(lags) else 0.0 for until in (window_s, window_s + horizon_s))
    return {
        behavior: _planted(made, rows, column, window_s, (early, inside - early))
        for column, behavior in enumerate(TREATMENTS)
    }


def _planted(made: Parts, rows: Ints, column: int, window_s: float, shares: tuple[float, float]) -> Planted:
    settings, drawn = made.settings, made.episodes
    left, done, chance = others_as_they_fall(settings, drawn, rows, column)
    by_then = float((drawn.lag_s[:, column] <= window_s).mean())
    later = chance * (1 - by_then) / np.maximum(1 - chance * by_then, 1e-12)
    effect = (1 - later) * (_in_time(done, shares) - _in_time(left, shares))
    treated = drawn.done[rows, column] & (drawn.lag_s[rows, column] <= window_s)
    return Planted(_mean(effect), _mean(effect[treated]), len(rows))


def _in_time(chance: Floats, shares: tuple[float, float]) -> Floats:
    """Chance of a purchase within the horizon given none by the window's end; ``shares`` of purchases by, and in it."""
    early, inside = shares
    return np.asarray(inside * chance / np.maximum(1 - early * chance, 1e-12))


def _mean(values: Floats | Bools) -> float:
    return float(values.mean()) if len(values) else 0.0


def settings_of(folder: Path) -> WorldSettings | None:
    """The settings of the world whose ``truth.json`` lies in a folder; None where there is none.

    Raises
    ------
    ArtifactError
        The file is no truth of a world.
    """
    path = folder / TRUTH_FILE
    if not path.is_file():
        return None
    content = read_json(path)
    said = content.get("settings") if isinstance(content, dict) else None
    if not isinstance(said, dict) or not set(said) <= set(WorldSettings.__dataclass_fields__):
        raise ArtifactError(f"{path} is no truth of a simulated world: it has no settings of one")
    try:
        return WorldSettings(**said | {"start": str(said.get("start", "2026-01-01"))[:10]})
    except (ConfigError, TypeError) as error:
        raise ArtifactError(f"{path} is no truth of a simulated world: {error}") from None
