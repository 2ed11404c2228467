"""Floor 4: effects in any table: identified, estimated, refuted, judged. Knows no log."""

from swayline.causal.effect import EffectEstimate, estimate_effect

__all__ = ["EffectEstimate", "estimate_effect"]
