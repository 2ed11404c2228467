"""The encoder for some texts: the one named, the default where it can read them, else one that learns them itself."""

import warnings
from collections.abc import Sequence
from pathlib import Path

from swayline.core.storage.files import digest
from swayline.encoders.cache import default_cache, key_of
from swayline.encoders.pretraining.pretrain import Pairs, PretrainSettings, pretrain
from swayline.encoders.text.encoder import TextEncoder
from swayline.encoders.text.language_check import read_texts


def encoder_for(
    texts: Sequence[str],
    *,
    model: str | Path | None = None,
    cache: Path | None = None,
    pairs: Pairs | None = None,
    settings: PretrainSettings | None = None,
) -> TextEncoder:
    """An encoder that can read these texts, and a warning where that takes more than the default.

    Parameters
    ----------
    model : path, optional
        A local encoder, taken as it is.
    cache : Path, optional
        Where vectors, and encoders learned from texts, are kept; by default the user's cache folder.
    pairs : (P, 2) int, optional
        Rows of texts that follow each other, for an encoder learned from the texts.
    settings : PretrainSettings, optional
        For such an encoder; by default a small BERT within two minutes.
    """
    place = cache or default_cache()
    if model is not None:
        return TextEncoder(model, cache=place)
    default = TextEncoder(cache=place)
    problem = read_texts(default.tokens, texts).problem
    if problem is None:
        return default
    chosen = settings or PretrainSettings(max_seconds=120.0)
    said = [[key_of(text).hex() for text in texts], None if pairs is None else pairs.tolist(), repr(chosen)]
    folder = place / "encoders" / digest(said)[:32]
    known = (folder / "config.json").is_file()
    warnings.warn(
        f"{problem}: the default text encoder reads English, so a small BERT"
        f" {'learned earlier' if known else 'is learned now'} from these {len(texts):,} texts alone serves ({folder});"
        " a multilingual encoder's folder would know more",
        stacklevel=2,
    )
    if not known:
        pretrain(texts, folder, pairs=pairs, fresh=True, settings=chosen)
    return TextEncoder(folder, cache=place)
