"""Small worlds whose answer is known, each with a dial from signal to noise; for tests and plug-ins only."""

from swayline.testing.effects import EffectWorld, effect_world
from swayline.testing.sequences import MarkovWorld, markov_sequences
from swayline.testing.shop import small_shop

__all__ = ["EffectWorld", "MarkovWorld", "effect_world", "markov_sequences", "small_shop"]
