"""Floor 4: content to vectors: texts, pictures and sounds, words by their rarity, all from local files alone."""

from swayline.encoders.audio.encoder import AudioEncoder
from swayline.encoders.cache import VectorCache, default_cache
from swayline.encoders.image.encoder import ImageEncoder
from swayline.encoders.pretraining.choose import encoder_for
from swayline.encoders.pretraining.pretrain import Pretrained, PretrainSettings, next_item_pairs, pretrain
from swayline.encoders.text.encoder import TextEncoder
from swayline.encoders.text.folder import EncoderFolder, open_folder
from swayline.encoders.text.language_check import Reading, UnsuitedTextError, read_texts
from swayline.encoders.words.lexical import WordIndex
from swayline.encoders.words.sentiment import VALENCE, Valence, split_by_valence, with_valence
from swayline.encoders.words.user_keywords import Portraits, portraits
from swayline.numerics.words import words_of

__all__ = [
    "VALENCE", "AudioEncoder", "EncoderFolder", "ImageEncoder", "Portraits", "PretrainSettings", "Pretrained",
    "Reading", "TextEncoder", "UnsuitedTextError", "Valence", "VectorCache", "WordIndex", "default_cache",
    "encoder_for", "next_item_pairs", "open_folder", "portraits", "pretrain", "read_texts", "split_by_valence",
    "with_valence", "words_of",
]  # fmt: skip
