"""Reasons as sentences, from evidence alone, in the words of a language.

A language is a :class:`Words`: templates with named places, so that another one is a table of strings. English and
Chinese come with it.

>>> from swayline.recommend.why.evidence import Cause, Evidence
>>> lamp = Cause("Lamp", "purchase", "lights", 8, 1.2)
>>> sentence(Evidence("u1", "i9", "Bulb", 2, (lamp,), 38))
'Because you bought Lamp last week; without it this would be rank 38, not 2.'
>>> sentence(Evidence("u1", "i9", "Bulb", 2, (lamp,), 38), "zh")
'因为您上周买了Lamp；若没有它，这里会排在第38位，而不是第2位。'
>>> sentence(Evidence("u1", "i9", "Bulb", 2, (lamp,), 38), private=True)
'Because you bought something in lights last week; without it this would be rank 38, not 2.'
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from swayline.core.errors import UsageError, nearest
from swayline.recommend.why.evidence import Cause, Evidence


@dataclass(frozen=True)
class Words:
    """The templates of a language.

    Parameters
    ----------
    one, two : str
        A reason with one cause and with two; places ``first``, ``second``, ``end``.
    moved, kept : str
        How it ends where the rank falls without the first cause (``without``, ``rank``, ``item``), or stays.
    none : str
        Where no single event holds the item up.
    acts : mapping
        Behaviour → what the person did; places ``what`` and ``when``.
    act : str
        Of every other behaviour (``behavior``).
    group : str
        A thing named by its category alone (``group``); ``thing`` where it has none.
    whens : tuple of (int, str)
        For so many days at most; places ``days``, ``weeks``, ``months``.
    it, former : str
        The only cause, or the first of two about the same thing, said again.
    """

    one: str
    two: str
    moved: str
    kept: str
    none: str
    acts: Mapping[str, str]
    act: str
    group: str
    thing: str
    whens: tuple[tuple[int, str], ...]
    it: str
    former: str


_LONG = 10**6
ENGLISH = Words(
    one="Because you {first}; {end}", two="Because you {first} and {second}; {end}",
    moved="without {item} this would be rank {without}, not {rank}.",
    kept="without {item} it would score lower and keep rank {rank}.",
    none="No single past event holds this up: it is what people with such a history take next.",
    acts={
        "view": "looked at {what}{when}", "click": "clicked on {what}{when}", "cart": "put {what} in the cart{when}",
        "favorite": "saved {what}{when}", "purchase": "bought {what}{when}", "rate": "rated {what}{when}",
        "review": "reviewed {what}{when}", "play": "played {what}{when}", "like": "liked {what}{when}",
        "share": "shared {what}{when}", "comment": "commented on {what}{when}", "follow": "followed {what}{when}",
        "checkin": "were at {what}{when}", "interact": "took {what}{when}",
    },
    act="acted on {what}{when} ({behavior})", group="something in {group}", thing="something",
    whens=(
        (0, " today"), (1, " yesterday"), (6, " {days} days ago"), (13, " last week"), (60, " {weeks} weeks ago"),
        (_LONG, " {months} months ago"),
    ),
    it="it", former="the former",
)  # fmt: skip
CHINESE = Words(
    one="因为您{first}；{end}", two="因为您{first}，并且{second}；{end}",
    moved="若没有{item}，这里会排在第{without}位，而不是第{rank}位。",
    kept="若没有{item}，得分会降低，但仍排在第{rank}位。",
    none="没有任何单独一次行为支撑这条推荐：有类似历史的人接下来常选它。",
    acts={
        "view": "{when}看了{what}", "click": "{when}点击了{what}", "cart": "{when}把{what}加入了购物车",
        "favorite": "{when}收藏了{what}", "purchase": "{when}买了{what}", "rate": "{when}给{what}评了分",
        "review": "{when}评论了{what}", "play": "{when}播放了{what}", "like": "{when}赞了{what}",
        "share": "{when}分享了{what}", "comment": "{when}评论了{what}", "follow": "{when}关注了{what}",
        "checkin": "{when}去了{what}", "interact": "{when}选了{what}",
    },
    act="{when}对{what}有过行为（{behavior}）", group="“{group}”类中的某件", thing="某件东西",
    whens=(
        (0, "今天"), (1, "昨天"), (6, "{days}天前"), (13, "上周"), (60, "{weeks}周前"), (_LONG, "{months}个月前"),
    ),
    it="它", former="前者",
)  # fmt: skip
LANGUAGES: dict[str, Words] = {"en": ENGLISH, "zh": CHINESE}


def sentence(known: Evidence, language: str | Words = "en", *, private: bool = False) -> str:
    """One reason as a sentence; it says nothing that the evidence does not.

    Parameters
    ----------
    language : ``en``, ``zh`` or the words of another
    private : bool
        Past things are named by their category alone.

    Raises
    ------
    UsageError
        The language is unknown.
    """
    words = _words(language)
    if not known.causes or known.rank_without is None:
        return words.none
    names = [_what(words, cause, private) for cause in known.causes]
    said = [_did(words, cause, name) for cause, name in zip(known.causes, names, strict=True)]
    least = words.it if len(said) == 1 else words.former if names[0] == names[1] else names[0]
    end = (words.moved if known.rank_without > known.rank else words.kept).format(
        item=least, without=known.rank_without, rank=known.rank
    )
    if len(said) == 1:
        return words.one.format(first=said[0], end=end)
    return words.two.format(first=said[0], second=said[1], end=end)


def _words(language: str | Words) -> Words:
    if isinstance(language, Words):
        return language
    if language not in LANGUAGES:
        raise UsageError(f"no sentences in {language!r}: {nearest(language, LANGUAGES)}")
    return LANGUAGES[language]


def _what(words: Words, cause: Cause, private: bool) -> str:
    if not private:
        return cause.label
    return words.thing if cause.group is None else words.group.format(group=cause.group)


def _did(words: Words, cause: Cause, what: str) -> str:
    when = "" if cause.days is None else next(text for most, text in words.whens if cause.days <= most)
    when = when.format(days=cause.days, weeks=(cause.days or 0) // 7, months=(cause.days or 0) // 30)
    return words.acts.get(cause.behavior, words.act).format(what=what, when=when, behavior=cause.behavior)


def rephrasing_fault(text: str, known: Evidence, titles: Collection[str], language: str | Words = "en") -> str | None:
    """What a rephrased reason says that the evidence does not, or leaves out; None where it is true to it.

    A language model may only say the same in other words: every cause is named, no other title of the catalogue is, and
    no number is new.

    >>> from swayline.recommend.why.evidence import Cause, Evidence
    >>> known = Evidence("u1", "i9", "Bulb", 2, (Cause("Lamp", "purchase", None, 8, 1.2),), 38)
    >>> rephrasing_fault("You bought Lamp, so Bulb is second.", known, ["Lamp", "Bulb", "Desk"])
    >>> rephrasing_fault("You love Desk and Lamp.", known, ["Lamp", "Bulb", "Desk"])
    "it names 'Desk', which is no cause"
    >>> rephrasing_fault("Lamp: 97% match.", known, ["Lamp", "Bulb", "Desk"])
    "it says '97', which the evidence does not"
    """
    named = {cause.label for cause in known.causes} | {known.label}
    for cause in known.causes:
        if cause.label not in text:
            return f"it does not name {cause.label!r}, the cause"
    bare = text
    for name in sorted(named, key=len, reverse=True):
        bare = bare.replace(name, " ")
    for title in titles:
        if title and title not in named and re.search(rf"(?<!\w){re.escape(title)}(?!\w)", bare):
            return f"it names {title!r}, which is no cause"
    said = set(re.findall(r"\d+", sentence(known, language)))
    for number in re.findall(r"\d+", bare):
        if number not in said:
            return f"it says {number!r}, which the evidence does not"
    return None
