"""What the facts come to: the figures, their intervals and how they read. Arithmetic only.

docs/evidence.md says what each one counts; the counting is done in evidence/sql, for many partners at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from math import exp, lgamma, log, log1p

THEM, US = "them", "us"
HIGH, LOW = "high", "low"
SHARE, DAYS, WORKING_DAYS, COUNT, TIMES, INDEX, ABOVE = (
    "share", "days", "working days", "count", "times", "index", "above",
)  # fmt: skip
ONLY_IN_SEASON, NO_DIFFERENCE = "only in season", "no difference shown"
OUT_OF_DATE = "out of date"  # of what was counted once, and nothing within the period
NOT_ENOUGH = "not enough to say"
Z = 1.959963984540054  # the 97.5 per cent point of the normal distribution


@dataclass(frozen=True, slots=True)
class FigureKind:
    """A figure. `months`: how far back it looks (0: however long ago); `minimum`: observations it needs to say anything.

    `unit` SHARE is stored from 0 to 1, ABOVE as a part of one (0.12 is 12 per cent above). `better` HIGH, LOW or "".
    `side`: whose doing it is. `measurable`: it can drive a measured criterion.
    """

    name: str
    label: str
    unit: str
    better: str
    months: int
    minimum: int = 3
    side: str = THEM
    measurable: bool = False
    noun: str = ""


def _kind(*args: object, **kwargs: object) -> FigureKind:
    return FigureKind(*args, **kwargs)  # type: ignore[arg-type]


_ALL = (
    _kind("presence_ratio", "Contacts a day in decision seasons against other days", TIMES, LOW, 36, 5, measurable=True,
          noun="contact"),
    _kind("focus", "Their contacts that serve what we run", SHARE, HIGH, 12, 5, measurable=True, noun="contact"),
    _kind("contacts_a_quarter", "Their contacts a quarter", COUNT, HIGH, 12, 1, noun="contact"),
    _kind("meetings_cancelled", "Meetings they called off", COUNT, LOW, 12, 1, noun="meeting"),
    _kind("our_meetings_cancelled", "Meetings we called off", COUNT, LOW, 12, 1, US, noun="meeting"),
    _kind("answer_days", "Time to an answer, median", WORKING_DAYS, LOW, 12, measurable=True, noun="answer"),
    _kind("our_answer_days", "Our time to an answer, median", WORKING_DAYS, LOW, 12, 3, US, True, "answer"),
    _kind("answered_in_time", "Requests answered within the agreed days", SHARE, HIGH, 12, measurable=True, noun="request"),
    _kind("our_answered_in_time", "Requests we answered within the agreed days", SHARE, HIGH, 12, 3, US, True, "request"),
    _kind("helpful_share", "Requests delivered or pointed on", SHARE, HIGH, 12, measurable=True, noun="request"),
    _kind("open_requests", "Requests they left unanswered", COUNT, LOW, 12, 1, noun="request"),
    _kind("our_open_requests", "Requests we left unanswered", COUNT, LOW, 12, 1, US, noun="request"),
    _kind("promises_kept", "Promises kept by the first day", SHARE, HIGH, 36, measurable=True, noun="promise"),
    _kind("promise_slip", "Slip against the first day, mean", DAYS, LOW, 36, noun="promise"),
    _kind("futures_share", "Still promised, of what is promised or was delivered in a year", SHARE, LOW, 12, noun="promise"),
    _kind("oldest_promise", "Age of the oldest open promise", DAYS, LOW, 0, 1, noun="promise"),
    _kind("asks_taken_up", "Our own asks that were taken up", SHARE, HIGH, 36, noun="ask"),
    _kind("incidents_in_limits", "Incidents within the agreed limits", SHARE, HIGH, 12, measurable=True, noun="incident"),
    _kind("incidents_owned", "Incidents they owned", SHARE, HIGH, 12, measurable=True, noun="incident"),
    _kind("conversations_due", "Conversations due after an incident or praise", COUNT, LOW, 12, 1, noun="conversation"),
    _kind("commitments_kept", "Their commitments met on time", SHARE, HIGH, 12, 2, measurable=True, noun="commitment"),
    _kind("our_commitments_kept", "Our commitments met on time", SHARE, HIGH, 12, 2, US, True, "commitment"),
    _kind("programme_return", "What the programme returned for what it cost", TIMES, HIGH, 36, 1, measurable=True, noun="year"),
    _kind("programme_missing", "Promised programme benefits not received", SHARE, LOW, 36, 1, noun="year"),
    _kind("value_index", "Value for everybody, least of its partnerships", INDEX, HIGH, 12, 1, measurable=True, noun="quarter"),
    _kind("benchmark_position", "Our price against the market median", ABOVE, LOW, 12, 1, measurable=True, noun="item"),
    _kind("notice_days", "Their plans shared in advance, median", DAYS, HIGH, 12, 2, measurable=True, noun="plan"),
    _kind("our_notice_days", "Our plans shared in advance, median", DAYS, HIGH, 12, 2, US, True, "plan"),
    _kind("chance_to_act", "Their plans that left us a chance to act", SHARE, HIGH, 12, 2, measurable=True, noun="plan"),
    _kind("our_chance_to_act", "Our plans that left them a chance to act", SHARE, HIGH, 12, 2, US, True, "plan"),
    _kind("plan_quarters", "Of the last four quarters, with a plan they shared", COUNT, HIGH, 12, 0, noun="quarter"),
    _kind("our_plan_quarters", "Of the last four quarters, with a plan we shared", COUNT, HIGH, 12, 0, US, noun="quarter"),
    _kind("rhythm_kept", "Agreed meetings on time with the expected level of theirs", SHARE, HIGH, 12, measurable=True, noun="meeting"),
    _kind("our_rhythm_kept", "Agreed meetings on time with the expected level of ours, and minutes", SHARE, HIGH, 12, 3, US, True,
          "meeting"),
    _kind("actions_kept", "Their actions done by their day", SHARE, HIGH, 12, measurable=True, noun="action"),
    _kind("our_actions_kept", "Our actions done by their day", SHARE, HIGH, 12, 3, US, True, "action"),
    _kind("manager_changes", "Account managers who left in two years", COUNT, LOW, 24, 1, noun="account manager"),
    _kind("manager_tenure", "How long their account manager has been ours", DAYS, HIGH, 0, 1, noun="account manager"),
)  # fmt: skip
FIGURES: dict[str, FigureKind] = {kind.name: kind for kind in _ALL}
MEASURABLE = [kind for kind in _ALL if kind.measurable]


@dataclass(frozen=True, slots=True)
class Presence:
    """A presence ratio with its 95 % interval; `word` says it where a number would mislead."""

    ratio: Decimal | None
    lower: Decimal | None
    upper: Decimal | None
    word: str


def presence(a: int, days_in: int, b: int, days_out: int) -> Presence:
    """Contacts a day inside decision seasons over outside: (a/A)/(b/B), `a` in A days inside and `b` in B outside.

    The exact conditional interval: Clopper and Pearson (1934) for a of a+b, carried over by p/(1−p)·B/A; `upper` None
    where it has no end. Nothing is said without days or contacts on which to say it.
    """
    if not days_in or not days_out or not a + b:
        return Presence(None, None, None, "")
    scale = days_out / days_in
    low, high = clopper_pearson(a, a + b)
    lower = _six(low / (1 - low) * scale)
    if not b:
        return Presence(None, lower, None, ONLY_IN_SEASON)
    upper = _six(high / (1 - high) * scale)
    ratio = _six(a * days_out / (days_in * b))
    return Presence(ratio, lower, upper, NO_DIFFERENCE if lower <= 1 <= upper else "")


def _six(value: float) -> Decimal:
    return Decimal(value).quantize(Decimal("0.000001"))


@lru_cache(maxsize=4096)
def clopper_pearson(hits: int, number: int) -> tuple[float, float]:
    """The exact 95 % interval of a share, as two parts of one (Clopper and Pearson 1934).

    Its ends are the shares at which `hits` or more, and `hits` or fewer, are seen in 2.5 per cent of cases.
    """
    low = 0.0 if not hits else _solve(lambda p: beta_cdf(p, hits, number - hits + 1) - 0.025)
    high = 1.0 if hits == number else _solve(lambda p: beta_cdf(p, hits + 1, number - hits) - 0.975)
    return low, high


def _solve(rising: Callable[[float], float]) -> float:
    """Where a function that rises from below to above 0 between 0 and 1 is 0, to twelve decimals."""
    low, high = 0.0, 1.0
    at_low, at_high = rising(low), rising(high)
    side = 0
    for _ in range(200):  # regula falsi with the Illinois rule: about ten steps
        middle = low + (high - low) * (at_low / (at_low - at_high))
        found = rising(middle)
        if abs(found) < 1e-13 or high - low < 1e-13:
            return middle
        if found < 0:
            low, at_low = middle, found
            at_high = at_high / 2 if side < 0 else at_high
            side = -1
        else:
            high, at_high = middle, found
            at_low = at_low / 2 if side > 0 else at_low
            side = 1
    return middle


def beta_cdf(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by Lentz's continued fraction (DLMF 8.17.22)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # where the fraction converges slowly, its mirror image converges fast
        return 1 - beta_cdf(1 - x, b, a)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    tiny = 1e-300
    f, c, d = 1.0, 1.0, 1 / ((1 - (a + b) * x / (a + 1)) or tiny)
    f = d
    for m in range(1, 1_000):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / ((1 + numerator * d) or tiny)
            c = (1 + numerator / c) or tiny
            f *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * f


def wilson(hits: int, number: int) -> tuple[float, float]:
    """The 95 % score interval of a share, as two parts of one (Wilson 1927). The statement in evidence/sql says the same."""
    share, z2 = hits / number, Z * Z
    middle = (share + z2 / (2 * number)) / (1 + z2 / number)
    half = Z / (1 + z2 / number) * ((share * (1 - share) + z2 / (4 * number)) / number) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def words(name: str, value: Decimal | None, observations: int, word: str = "") -> str:
    """A figure in a few words: “2 of 5”, “7.1 times as often”, “not enough to say”."""
    kind = FIGURES[name]
    if value is None:
        return word or NOT_ENOUGH
    said = _said(kind, value, observations)
    return f"{said}, {word}" if word else said


def _said(kind: FigureKind, value: Decimal, observations: int) -> str:
    if kind.unit == SHARE:
        if kind.noun in ("year",):
            return f"{_round(value * 100, 0)} %"
        return f"{_round(value * observations, 0)} of {observations:,}"
    if kind.unit in (DAYS, WORKING_DAYS):
        number = _round(value, 0 if value == value.to_integral() or abs(value) >= 10 else 1)
        unit = kind.unit if number != "1" else kind.unit.removesuffix("s")
        return f"{number} {unit}"
    if kind.unit == TIMES:
        return f"{_round(value, 1 if value >= 1 else 2)} times" + (
            " as often" if kind.noun == "contact" else ""
        )
    if kind.unit == ABOVE:
        percent = _round(abs(value) * 100, 0)
        return (
            "at the market median"
            if percent == "0"
            else f"{percent} % {'above' if value > 0 else 'below'} the market median"
        )
    if kind.unit == INDEX:
        return f"{'+' if value > 0 else '−' if value < 0 else ''}{_round(abs(value), 1)} of −2 to +2"
    if kind.name.endswith("plan_quarters"):
        return f"{_round(value, 0)} of 4 quarters"
    return _round(value, 0 if value == value.to_integral() else 1)


def _round(value: Decimal, places: int) -> str:
    """Half up, with thousands separators and a real minus."""
    rounded = (abs(value) + Decimal(5).scaleb(-places - 1)).quantize(Decimal(1).scaleb(-places), "ROUND_DOWN")
    return f"{'−' if value < 0 and rounded else ''}{rounded:,}"


def working_days(asked: date, answered: date) -> int:
    """Working days (Monday to Friday) from one day to a later one; from a weekend on, its Monday is the first day, 0.

    `evidence_working_days` in the database says the same.
    """
    return max(0, _weekdays_before(answered) - _weekdays_before(asked) - (asked.weekday() > 4))


def _weekdays_before(day: date) -> int:
    weeks, rest = divmod(day.toordinal() - 1, 7)  # the first of January of the year 1 was a Monday
    return weeks * 5 + min(rest + 1, 5)


def after_working_days(day: date, number: int) -> date:
    """The day so many working days (Monday to Friday) after another."""
    while number:
        day += timedelta(days=1)
        number -= day.weekday() < 5
    return day
