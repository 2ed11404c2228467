"""The steps of a chain by the names that configuration uses; a new step is its class and its line here.

::

    candidates   model, neighbours, ties, trending, cold, own
    filter       seen, hidden, expired, where, cap, abstain
    rank         rank, unknown
    blend        boost, influence, uplift
    re-rank      diversity, calibration, freshness, trend, value, exposure, parity, popularity
    reasons      reasons
"""

from collections.abc import Mapping
from typing import Any

from swayline.core.errors import ConfigError, UsageError, nearest, shown
from swayline.core.settings import build
from swayline.recommend.steps.blending import Boost, Influence, Uplift
from swayline.recommend.steps.candidates import Cold, Neighbours, Own, Ties, Trending, Whole
from swayline.recommend.steps.charts import Trend
from swayline.recommend.steps.fairness import Parity, Popularity
from swayline.recommend.steps.filtering import Expired, Hidden, Seen, Where
from swayline.recommend.steps.limits import Abstain, Cap
from swayline.recommend.steps.protocol import CANDIDATES, FILTER, ORDERING, RANK, REASONS, Step
from swayline.recommend.steps.ranking import Rank, Unknown
from swayline.recommend.steps.reasoning import Reasons
from swayline.recommend.steps.reranking import Calibration, Diversity, Exposure, Freshness, Value

STEPS: dict[str, Any] = {
    one.name: one
    for one in (
        Whole, Neighbours, Ties, Trending, Cold, Own, Seen, Hidden, Expired, Where, Cap, Abstain, Rank, Unknown, Boost,
        Influence, Uplift, Diversity, Calibration, Freshness, Trend, Value, Exposure, Parity, Popularity, Reasons,
    )
}  # fmt: skip
"""Name → step."""


def create_step(name: str, settings: Mapping[str, object] | None = None) -> Step:
    """A step by its name.

    >>> create_step("diversity", {"strength": 0.5}).strength
    0.5
    >>> create_step("divercity")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    swayline.core.errors.UsageError: a chain has no step 'divercity': did you mean 'diversity'? ...

    Raises
    ------
    UsageError
        The name is unknown.
    ConfigError
        A setting is unknown or cannot be used.
    """
    if name not in STEPS:
        raise UsageError(f"a chain has no step {shown(name)}: {nearest(str(name), STEPS)}")
    try:
        return build(STEPS[name], settings or {})  # type: ignore[no-any-return]
    except ConfigError as error:
        raise ConfigError(f"step {name}: {error}") from None


__all__ = ["CANDIDATES", "FILTER", "ORDERING", "RANK", "REASONS", "STEPS", "Step", "create_step"]
