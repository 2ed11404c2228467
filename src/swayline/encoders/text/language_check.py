"""Whether an English encoder can read these texts: told, never guessed over.

MiniLM's vocabulary holds pieces of every alphabet, so it never fails; it just gives vectors that mean little. Two signs
are looked at: letters of other scripts, and how many words the vocabulary holds whole. (Measured: Beauty's titles, full
of brand names, 78%; films 90%; tags 85%; French 50%, Spanish 33%, German 31%, Chinese none.)
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from swayline.core.errors import DataError, shown
from swayline.encoders.text.tokens import Tokenizer

_LOOKED_AT = 2000
_FOREIGN_LETTERS = 0.2
_WHOLE_WORDS = 0.6
_ENOUGH_WORDS = 40
_WORD = re.compile(r"[^\W\d_]{3,}")


class UnsuitedTextError(DataError):
    """The default encoder was not made for these texts; the message says what to do."""


@dataclass(frozen=True)
class Reading:
    """How an English vocabulary sees some texts.

    Parameters
    ----------
    scripts : dict
        Script → share of letters (LATIN, CJK, CYRILLIC …).
    n_words : int
        Words of three Latin letters or more.
    whole : float
        Share of them that the vocabulary holds whole.
    """

    scripts: dict[str, float]
    n_words: int
    whole: float

    @property
    def problem(self) -> str | None:
        """Why the texts are not for an English encoder; None where they are."""
        foreign = {name: share for name, share in self.scripts.items() if name != "LATIN"}
        if sum(foreign.values()) > _FOREIGN_LETTERS:
            main = max(foreign, key=lambda name: foreign[name])
            return f"{sum(foreign.values()):.0%} of their letters are no Latin ones, mostly {main}"
        if self.n_words >= _ENOUGH_WORDS and self.whole < _WHOLE_WORDS:
            return f"only {self.whole:.0%} of their words are in an English vocabulary"
        return None


def read_texts(tokens: Tokenizer, texts: Sequence[str]) -> Reading:
    """Look at up to 2,000 texts, spread over all of them."""
    step = max(1, len(texts) // _LOOKED_AT)
    looked = [text[:500] for text in texts[::step]]
    letters = Counter(letter for text in looked for letter in text if letter.isalpha())
    scripts: Counter[str] = Counter()
    for letter, n in letters.items():
        scripts[script_of(letter)] += n
    total = max(1, scripts.total())
    words = Counter(word for text in looked for word in _WORD.findall(text) if script_of(word[0]) == "LATIN")
    known = [len(pieces) == 1 for pieces in tokens.pieces(list(words))]
    whole = sum(n for n, one in zip(words.values(), known, strict=True) if one)
    shares = {name: n / total for name, n in scripts.most_common()}
    return Reading(shares, words.total(), whole / max(1, words.total()))


def script_of(letter: str) -> str:
    """The first word of a letter's Unicode name, which for letters is their script.

    >>> script_of("a"), script_of("é"), script_of("华"), script_of("я")
    ('LATIN', 'LATIN', 'CJK', 'CYRILLIC')
    """
    return unicodedata.name(letter, "UNKNOWN").split(" ")[0].split("-")[0]


def check_suited(tokens: Tokenizer, texts: Sequence[str]) -> None:
    """Refuse texts that the default encoder would silently make nonsense of.

    Raises
    ------
    UnsuitedTextError
        With what to do instead.
    """
    if (problem := read_texts(tokens, texts).problem) is not None:
        example = next((text for text in texts if text.strip()), "")
        raise UnsuitedTextError(
            f"the default text encoder reads English, and of these {len(texts):,} texts {problem} (first:"
            f" {shown(example, 40)}): give the folder of a multilingual encoder, or learn one from the log's own texts"
            " (swayline.encoders.encoder_for does)"
        )
