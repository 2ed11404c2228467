"""Items like an item: by the people who took both, then by shared words."""

import math
from typing import Any

import numpy as np

from swayline.service.serving.loaded import Loaded

_MOST_TIES = 10_000


def similar_to(loaded: Loaded, item: str, k: int, by: str = "together") -> list[dict[str, Any]]:
    """The k items most like an item, each with its score and where that comes from.

    ``together`` is the cosine of two items over the people who took each; where fewer than k items have one, those
    with shared words follow.
    """
    things, now = loaded.state.things, loaded.state.now_us()
    found: list[tuple[str, float, str]] = []
    if by == "together":
        mine = max(1, things.popularity(item))
        pairs = things.together(item)
        scored = [(other, count / math.sqrt(mine * max(1, things.popularity(other)))) for other, count in pairs.items()]
        scored.sort(key=lambda one: (-one[1], one[0]))
        found = [(other, score, "together") for other, score in scored[:_MOST_TIES]]
    if len(found) < k:
        known = {other for other, _, _ in found} | {item}
        likeness = loaded.words.likeness({"title": loaded.label(item), **(loaded.catalogue.item(item) or {})})
        names = loaded.bundle.dataset.items.names
        for row in np.argsort(-likeness, kind="stable")[: k + len(known)].tolist():
            if likeness[row] > 0 and names[row] not in known:
                found.append((names[row], float(likeness[row]), "words"))
    shown = [one for one in found if loaded.catalogue.is_shown(one[0], now)][:k]
    return [
        {"item": other, "rank": at, "score": score, "source": source}
        for at, (other, score, source) in enumerate(shown, 1)
    ]
