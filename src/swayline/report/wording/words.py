"""Words and numbers as people read them: behaviours as nouns, figures with their intervals, verdicts."""

from datetime import datetime
from math import isinf

from swayline.core.words import label as label
from swayline.core.words import meaning as meaning
from swayline.core.words import noun as noun


def a(behavior: str) -> str:
    """A behaviour with its article.

    >>> a("impression"), a("cart")
    ('an impression', 'a cart')
    """
    word = noun(behavior)
    return ("an " if word.lstrip("“")[:1].lower() in "aeiou" else "a ") + word


def capital(text: str) -> str:
    """The text with a capital first letter, the rest untouched.

    >>> capital("carts of NYC")
    'Carts of NYC'
    """
    return text[:1].upper() + text[1:]


def number(value: float | None) -> str:
    """A count, or a figure with as many decimals as mean something.

    >>> number(64440), number(2_500_000), number(0.01234), number(5e24), number(None)
    ('64,440', '2.5 million', '0.012', '5×10²⁴', '–')
    """
    if value is None:
        return "–"
    if abs(value) >= 1e12:
        return _power(value)
    if abs(value) >= 1e6:
        return f"{value / 1e6:.3g} million" if abs(value) < 1e9 else f"{value / 1e9:.3g} billion"
    if float(value).is_integer() or abs(value) >= 1000:
        return _minus(f"{value:,.0f}")
    return _minus(f"{value:.{3 if 0.01 <= abs(value) < 1 else _digits(value, 2 if abs(value) < 0.01 else 3)}f}")


def _power(value: float) -> str:
    """A figure that only its power of ten can tell.

    >>> _power(-2.34e13), _power(float("inf"))
    ('−2.3×10¹³', '∞')
    """
    if isinf(value):
        return "∞" if value > 0 else "−∞"
    mantissa, power = f"{value:.1e}".split("e")
    return _minus(mantissa.removesuffix(".0")) + "×10" + str(int(power)).translate(_RAISED)


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def _digits(value: float, meaningful: int) -> int:
    """Decimals that leave so many meaningful digits."""
    size = abs(value)
    decimals = meaningful - 1
    while size < 1 and decimals < 8 and size > 0:
        size *= 10
        decimals += 1
    while size >= 10 and decimals > 0:
        size /= 10
        decimals -= 1
    return decimals


def _minus(text: str) -> str:
    return text.replace("-", "−")


def percent(share: float | None) -> str:
    """A share as a percentage with two or three meaningful digits.

    >>> percent(0.4213), percent(0.0148), percent(0.00031), percent(1.0), percent(0.99996)
    ('42%', '1.5%', '0.031%', '100%', '>99.9%')
    """
    if share is None:
        return "–"
    if 0.9995 <= share < 1:
        return ">99.9%"
    size = abs(share) * 100
    decimals = 0 if size == 0 or (size >= 10 and not 90 < size < 100) else 1 if size >= 1 else _digits(size, 2)
    return _minus(f"{share * 100:.{decimals}f}%").replace(".0%", "%")


_TOO_LONG = 1e6
"""From here on figures read together are written as counts are, each in its own power."""

_UNITS = {"probability": "percentage points", "logit": "logits", "rank": "ranks"}


def _amounts(values: list[float], unit: str, sign: bool) -> list[str]:
    """Figures that are read together, with as many decimals each; probabilities in percentage points."""
    shown = [value * 100 for value in values] if unit == "probability" else values
    largest = max(map(abs, shown))
    if largest >= _TOO_LONG:
        return [("+" if sign and value > 0 else "") + number(value) for value in shown]
    if unit:
        decimals = (2 if unit == "logit" else 1) if largest >= 0.5 else _digits(largest, 2)
    else:
        decimals = 3 if 0.01 <= largest < 1 else _digits(largest, 2 if largest < 0.01 else 3)
    # A bound just off zero must not be written as zero: the verdict beside it rests on its sign.
    for _ in range(2):
        decimals += any(value and not round(value, decimals) for value in shown)
    plus = "+" if sign else ""
    return [_minus(f"{value:{plus}.{decimals}f}") if round(value, decimals) else f"{0:.{decimals}f}" for value in shown]


def estimate(value: float, low: float | None, high: float | None, unit: str, sign: bool = True) -> str:
    """A figure with its unit and its 95% interval.

    >>> estimate(0.014, 0.008, 0.02, "probability")
    '+1.4 percentage points (+0.8 to +2.0)'
    >>> estimate(0.103, 0.095, 0.111, "", sign=False), estimate(1.5, None, None, "logit")
    ('0.103 (0.095 to 0.111)', '+1.50 logits')
    >>> estimate(0.013, 0.0004, 0.025, "probability")
    '+1.30 percentage points (+0.04 to +2.50)'
    """
    known = [value] if low is None or high is None else [value, low, high]
    texts = _amounts(known, unit, sign)
    words = f"{texts[0]} {_UNITS.get(unit, unit)}".strip()
    return words if len(texts) == 1 else f"{words} ({texts[1]} to {texts[2]})"


def signed(value: float | None, unit: str) -> str:
    """A difference with its sign: a probability in percentage points, anything else with its unit.

    >>> signed(0.021, "probability"), signed(-1.5, "logit"), signed(0.0, "rank")
    ('+2.1 percentage points', '−1.50 logits', '0.0 ranks')
    """
    return "–" if value is None else estimate(value, None, None, unit)


def unit(name: str) -> str:
    """A ledger unit as people say it, for the head of a column.

    >>> unit("probability"), unit("")
    ('percentage points', '')
    """
    return _UNITS.get(name, name)


def together(value: float, low: float | None, high: float | None, form: str) -> tuple[str, str]:
    """A difference and its interval with as many decimals each, without the unit, which the column's head names.

    >>> together(-0.000055, -0.00018, 0.00007, "probability"), together(0.02, None, None, "probability")
    (('−0.006', '−0.018 to +0.007'), ('+2.0', ''))
    """
    if low is None or high is None:
        return _amounts([value], form, sign=True)[0], ""
    first, left, right = _amounts([value, low, high], form, sign=True)
    return first, f"{left} to {right}"


def between(low: float | None, high: float | None, form: str = "", sign: bool = False) -> str:
    """An interval in words; ``form`` is ``percent``, a ledger unit, or nothing for plain numbers.

    >>> between(0.013, 0.016, "percent"), between(0.008, 0.02, "probability", sign=True), between(None, 1.0)
    ('1.3% to 1.6%', '+0.8 to +2.0', '')
    """
    if low is None or high is None:
        return ""
    first, last = (percent(low), percent(high)) if form == "percent" else _amounts([low, high], form, sign)
    return f"{first} to {last}"


def score(change: float | None) -> str:
    """A change of a score, two decimals.

    >>> score(0.8), score(None)
    ('+0.80', '')
    """
    if change is None:
        return ""
    return _minus(f"{change:+.2f}" if abs(change) >= 0.005 or change == 0 else f"{change:+.1g}")


def p_value(value: float | None) -> str:
    """A p-value, never zero.

    >>> p_value(0.0004), p_value(0.032), p_value(None)
    ('below .001', '.032', '–')
    """
    if value is None:
        return "–"
    return "below .001" if value < 0.001 else f"{value:.2g}".removeprefix("0")


def times(ratio: float) -> str:
    """How many times as often.

    >>> times(9.2), times(2.04), times(31.2)
    ('9.2×', '2×', '31×')
    """
    return f"{ratio:.0f}×" if ratio >= 10 else f"{ratio:.1f}×".replace(".0×", "×")


def one_in(share: float) -> str:
    """A small share as people say it.

    >>> one_in(0.015), one_in(0.3)
    ('1 in 67', '30%')
    """
    return f"1 in {number(round(1 / share))}" if 0 < share < 0.1 else percent(share)


def listed(names: list[str]) -> str:
    """Names as a sentence lists them.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1] if names else ""


def day(moment: str | None) -> str:
    """A moment's day as a sentence writes it.

    >>> day("2026-01-31T12:00:00Z").split()
    ['31', 'Jan', '2026']
    """
    if not moment:
        return ""
    return f"{datetime.fromisoformat(moment):%d\N{NO-BREAK SPACE}%b\N{NO-BREAK SPACE}%Y}".lstrip("0")


def month(moment: str) -> str:
    """A moment's month, for a log that tells no days.

    >>> month("2026-01-31T12:00:00Z").split()
    ['January', '2026']
    """
    return f"{datetime.fromisoformat(moment):%B\N{NO-BREAK SPACE}%Y}"


def moment(text: str | None) -> str:
    """A moment to the minute.

    >>> moment("2026-01-31T12:00:00Z").split()
    ['31', 'Jan', '2026,', '12:00']
    """
    return f"{day(text)}, {datetime.fromisoformat(text):%H:%M}" if text else ""


def seconds(value: float | None) -> str:
    """How long something took.

    >>> seconds(0.42), seconds(75.0), seconds(4000)
    ('0.4 s', '1 min 15 s', '1 h 6 min')
    """
    if value is None:
        return "–"
    if value < 60:
        return f"{value:.1f} s"
    whole = round(value)
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"
