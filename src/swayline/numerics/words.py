"""The words of a text, in any script: one scanner, read in two ways.

Writing without blanks (Chinese, Japanese, Thai) has no words that a rule could find; pairs of neighbouring letters
stand for them. What is compared (:func:`words_of`: search, keywords, content) has its accents off and keeps everything,
so that "Café" meets "cafe"; what is shown to people or weighed as a feature (:func:`telling_words`) stays as it is
spelt, and what says nothing by itself (numbers, single letters) is no word.
"""

import re
import unicodedata

_UNSPACED = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUN = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+(?:['’][^\W_{_UNSPACED}]+)*")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_APOSTROPHE = re.compile("['’]")
_LONGEST = 40


def words_of(text: str) -> list[str]:
    """The words of a text for comparing, in order: lower case, accents off; letters and pairs of unspaced scripts.

    >>> words_of("OPI's Café-Crème 0.5oz"), words_of("红色口红 No5")
    (['opi', 's', 'cafe', 'creme', '0', '5oz'], ['红', '色', '口', '红', '红色', '色口', '口红', 'no5'])
    """
    plain = unicodedata.normalize("NFKD", text.lower())
    found: list[str] = []
    for run in _RUN.findall("".join(letter for letter in plain if not unicodedata.combining(letter))):
        found += [*run, *_pairs(run)] if _IS_UNSPACED.match(run) else _APOSTROPHE.split(run)
    return found


def telling_words(text: str) -> list[str]:
    """The words of a text that say something by themselves, in order: no numbers, no single letters.

    >>> telling_words("Walnut lamp, 60 W – don't drop"), telling_words("红色台灯")
    (['walnut', 'lamp', "don't", 'drop'], ['红色', '色台', '台灯'])
    """
    found: list[str] = []
    for run in _RUN.findall(text.casefold()):
        if _IS_UNSPACED.match(run):
            found += _pairs(run) or [run]
        elif 1 < len(run) <= _LONGEST and not run.isnumeric():
            found.append(run)
    return found


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]
