"""Floor 4: what was known strictly before a moment, and columns made fit to learn from."""

from swayline.features.asof import features_as_of
from swayline.features.bots import FLAGS, BotFlags, BotRules, flag_bots
from swayline.features.preparing import FILLED, FeaturePreparer, Prepared

__all__ = [
    "FILLED", "FLAGS", "BotFlags", "BotRules", "FeaturePreparer", "Prepared", "features_as_of", "flag_bots",
]  # fmt: skip
