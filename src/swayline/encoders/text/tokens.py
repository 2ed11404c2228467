"""Texts to token numbers, by the folder's own fast tokenizer, a thousand at a time."""

from collections.abc import Sequence
from typing import Any

from swayline.core.errors import ArtifactError, UsageError
from swayline.core.extras import require
from swayline.encoders.text.folder import EncoderFolder

_AT_ONCE = 4096
_MAX_LETTERS = 20_000
"""Letters of a text that are looked at: far more than any encoder reads, so that one huge text costs nothing."""


class Tokenizer:
    """A folder's tokenizer, cut to its length, without padding."""

    def __init__(self, folder: EncoderFolder) -> None:
        self._tokenizer = _load(folder)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(folder.max_tokens)
        self.unknown = _unknown(self._tokenizer)

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        """Token numbers of each text, with the special tokens."""
        found: list[list[int]] = []
        for start in range(0, len(texts), _AT_ONCE):
            part = [text[:_MAX_LETTERS] for text in texts[start : start + _AT_ONCE]]
            found += [one.ids for one in self._tokenizer.encode_batch(part)]
        return found

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """Token numbers without the special tokens."""
        encoded = self._tokenizer.encode_batch([text[:_MAX_LETTERS] for text in texts], add_special_tokens=False)
        return [one.ids for one in encoded]

    def id_of(self, token: str) -> int | None:
        """The number of a token; None where the vocabulary has none such."""
        found = self._tokenizer.token_to_id(token)
        return None if found is None else int(found)


def _load(folder: EncoderFolder) -> Any:
    tokenizers = require("tokenizers", extra="text")
    if (folder.path / "tokenizer.json").is_file():
        try:
            return tokenizers.Tokenizer.from_file(str(folder.path / "tokenizer.json"))
        except Exception as error:  # the library raises bare Exception
            raise ArtifactError(f"{folder.path / 'tokenizer.json'} is damaged ({error})") from None
    auto = require("transformers", extra="text").AutoTokenizer
    try:
        slow = auto.from_pretrained(str(folder.path), local_files_only=True, trust_remote_code=False)
        return slow.backend_tokenizer
    except (OSError, ValueError, AttributeError, ImportError) as error:
        raise UsageError(f"{folder.path} has no tokenizer.json and no tokenizer that can be read ({error})") from None


def _unknown(tokenizer: Any) -> int | None:
    for token in ("[UNK]", "<unk>"):
        found = tokenizer.token_to_id(token)
        if found is not None:
            return int(found)
    return None
