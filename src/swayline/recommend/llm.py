"""Ranking and summaries by a local language model, always from evidence: titles that were met, reasons that were found.

A ranking asks how likely the model finds each candidate's title after the titles of the history. A summary is kept
only as far as the evidence bears it out: a sentence that names a number or a word of its own is dropped, and where none
is left, the evidence itself is listed.

References
----------
Geng et al., "Recommendation as Language Processing (P5)", RecSys 2022.
Bao et al., "TALLRec: An Effective and Efficient Tuning Framework to Align LLMs with Recommendation", RecSys 2023.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swayline.core.errors import UsageError
from swayline.encoders import words_of
from swayline.encoders.llm import LanguageModel, TuneSettings

Values = npt.NDArray[np.float64]
_HISTORY = 10
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")
_PLAIN = frozenset(
    words_of(
        "a an and are as at be because been but by did do does for from had has have he her him his how i in into is it"
        " its like liked likes more most much new not of often on or other person recently she so some such than that"
        " the their them then there these they this those to user users was were what when which who whose will with"
        " would also bought buy buys chosen chose interest interested mostly recommended recommend looked viewed view"
        " views item items product products enjoy enjoys prefer prefers people reason reasons evidence summary"
    )
)
"""Words that say nothing by themselves; any other word of a summary must stand in the evidence."""


def prompt_of(history: Sequence[str]) -> str:
    r"""The last titles of a history as a list that the next title continues.

    >>> prompt_of(["Desk lamp", "Wool scarf"])
    'Items in order:\n- Desk lamp\n- Wool scarf\n-'
    """
    return "\n".join(["Items in order:", *(f"- {title}" for title in history[-_HISTORY:]), "-"])


class LLMRanker:
    """Candidates in the order in which a language model would name them next.

    Parameters
    ----------
    model : LanguageModel
        As it is (zero-shot), or after :meth:`tune`.
    """

    def __init__(self, model: LanguageModel) -> None:
        self.model = model

    def scores(self, history: Sequence[str], candidates: Sequence[str]) -> Values:
        """(n,) mean log-probability of each candidate's title after the history's titles.

        A model that was not tuned owes much of it to the title's words alone, so what it says without a history is
        taken away (pointwise mutual information); a tuned one has learned how often titles come.
        """
        ends = [f" {title}" for title in candidates]
        found = self.model.log_likelihood(prompt_of(history), ends)
        return found if self.model.tuned else found - self.model.log_likelihood(prompt_of([]), ends)

    def rank(self, history: Sequence[str], candidates: Sequence[str]) -> list[int]:
        """Places of the candidates, the likeliest first."""
        return [int(place) for place in np.argsort(-self.scores(history, candidates), kind="stable")]

    def tune(self, histories: Sequence[Sequence[str]], settings: TuneSettings | None = None) -> list[float]:
        """Learn from histories of titles which title comes next, by LoRA; returns the loss of each step."""
        examples = [(prompt_of(titles[:-1]), f" {titles[-1]}") for titles in histories if len(titles) > 1]
        return self.model.tune(examples, settings)


@dataclass(frozen=True)
class Summary:
    """A few sentences and whether a model wrote them.

    Parameters
    ----------
    text : str
        What a person reads.
    written : bool
        True where the model's own sentences stand; False where the evidence is listed.
    dropped : tuple of str
        Sentences of the model's that the evidence does not bear out.
    """

    text: str
    written: bool
    dropped: tuple[str, ...] = ()


def summarise(about: str, evidence: Sequence[str], model: LanguageModel | None = None) -> Summary:
    """A profile or the reasons of a recommendation in a few sentences, from the evidence only.

    Parameters
    ----------
    about : str
        Whom or what, such as ``"user u7"`` or ``"why Desk lamp is recommended"``.
    evidence : sequence of str
        Facts, one a line: words of a portrait, reasons with their dates.
    model : LanguageModel, optional
        Without one the evidence is listed.

    >>> summarise("user u7", ["often looks at fishing rods"]).text
    'user u7: often looks at fishing rods.'

    Raises
    ------
    UsageError
        There is no evidence.
    """
    facts = [fact.strip().rstrip(".") for fact in evidence if fact.strip()]
    if not facts:
        raise UsageError(f"a summary of {about!r} needs evidence: give at least one fact")
    listed = f"{about}: {'; '.join(facts)}."
    if model is None:
        return Summary(listed, False)
    told = model.complete("\n".join([f"Facts about {about}:", *(f"- {fact}" for fact in facts), "Summary:"]))
    known = _PLAIN | set(words_of(" ".join([about, *facts])))
    sentences = [one.strip() for one in _SENTENCE.findall(told) if words_of(one)]
    kept = [one for one in sentences if set(words_of(one)) <= known and set(words_of(one)) - _PLAIN]
    dropped = tuple(one for one in sentences if one not in kept)
    return Summary(" ".join(kept), True, dropped) if kept else Summary(listed, False, dropped)
