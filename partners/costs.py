"""What a contract still costs, year by year to the end of its life. Arithmetic on days and cents, nothing of Django.

A contract's years begin on the day it starts and on the anniversaries of that day; without a start, on those of the
day after its end; without either, on 1 January. An amount a year belongs to a whole such year; of a year that is
covered in part it counts by days: amount × days covered ÷ days of that year (365 or 366). What is still ahead counts
from today on, today included, so the current year counts by the share of its days that are left. What is paid once
counts in full, in the year of its day, and is ahead until that day has passed. Each figure is rounded to the cent,
half up; sums are sums of these figures.

Costs go on to the end of life: the last day of the current term, or a later day that was stated. Where there is
neither, they are counted to the last day any of the cost lines states, or else for twelve months from today.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from partners.dates import plus_months

EXIT, VALUE = "exit", "value"  # leaving; the contract's own value, where there are no cost lines
Costs = dict[tuple[str, str], Decimal]  # by kind and currency


class Line(NamedTuple):
    """An amount a year from `first` to `last` (None: all the contract's life), or `once` on the day `first`.

    Without a day, what is paid once falls on the end of life.
    """

    kind: str
    amount: Decimal
    currency: str
    first: date | None = None
    last: date | None = None
    once: bool = False


@dataclass(frozen=True)
class Life:
    """`begins`: where one of its years does. `until`: the last day counted; `is_open`: because it has no end."""

    begins: date
    starts: date | None
    until: date
    is_open: bool = False


@dataclass
class Year:
    """A contract year: its days, what it costs as a whole, and what of that is still ahead."""

    first: date
    last: date
    whole: Costs = field(default_factory=dict)
    ahead: Costs = field(default_factory=dict)

    @property
    def name(self) -> str:
        """2027 for a calendar year, else 2026/27."""
        return (
            str(self.first.year)
            if self.first.year == self.last.year
            else f"{self.first.year}/{self.last.year % 100:02}"
        )


def life_of(
    starts: date | None, term_ends: date | None, end_of_life: date | None, lines: Iterable[Line], today: date
) -> Life:
    """When a contract's years begin, and until when its costs are counted."""
    until = max((day for day in (term_ends, end_of_life) if day), default=None)
    begins = starts or (
        min(until, date.max - timedelta(days=1)) + timedelta(days=1) if until else date(today.year, 1, 1)
    )
    if until:
        return Life(begins, starts, until)
    year = plus_months(today, 12) - timedelta(days=1)
    stated = [day for line in lines for day in (line.last, line.first if line.once else None) if day]
    return Life(begins, starts, max(stated, default=year), is_open=True)


def yearly(total: Decimal, starts: date, ends: date) -> Decimal:
    """A total value as an amount a year, to the cent: over all the years of the term it adds up to the total."""
    whole = _number(starts, ends)
    first, following = plus_months(starts, 12 * whole), plus_months(starts, 12 * whole + 12)
    years = whole + Fraction((ends - first).days + 1, (following - first).days)
    cents = Fraction(total * 100) / years
    return Decimal((2 * cents.numerator + cents.denominator) // (2 * cents.denominator)).scaleb(-2)


def by_year(lines: Sequence[Line], life: Life, today: date) -> list[Year]:
    """The contract years from the current one on, as far as anything costs something."""
    edges, shares = _shares(lines, life, today)
    years = [Year(first, after - timedelta(days=1)) for first, after in pairwise(edges)]
    for place, line, whole, rest in shares:
        key = line.kind, line.currency
        years[place].whole[key] = years[place].whole.get(key, Decimal(0)) + Decimal(whole).scaleb(-2)
        years[place].ahead[key] = years[place].ahead.get(key, Decimal(0)) + Decimal(rest).scaleb(-2)
    return years


def ahead(lines: Sequence[Line], life: Life, today: date) -> dict[str, Decimal]:
    """What of these years is still ahead, by currency: a currency no line will ever be paid in again is not there."""
    cents: dict[str, int] = {}
    for _, line, _, rest in _shares(lines, life, today)[1]:
        cents[line.currency] = cents.get(line.currency, 0) + rest
    return {currency: Decimal(amount).scaleb(-2) for currency, amount in cents.items()}


def _shares(
    lines: Sequence[Line], life: Life, today: date
) -> tuple[list[date], list[tuple[int, Line, int, int]]]:
    """The days between which the years lie; and (place of the year, line, cents in it, cents of these still ahead)."""
    firsts = [line.first or (life.until if line.once else life.starts) or date.min for line in lines]
    lasts = [
        first if line.once else min(line.last or life.until, life.until)
        for line, first in zip(lines, firsts, strict=True)
    ]
    if not lines or max(lasts) < today:
        return [], []
    number, last = _number(life.begins, max(today, min(firsts))), _number(life.begins, max(lasts))
    edges = [plus_months(life.begins, 12 * place) for place in range(number, last + 2)]
    days, now, found = [edge.toordinal() for edge in edges], today.toordinal(), []
    for line, first, until in zip(lines, firsts, lasts, strict=True):
        cents, start, end = int(line.amount.scaleb(2)), first.toordinal(), until.toordinal() + 1
        for place, (low, high) in enumerate(pairwise(days)):
            if start < high and end > low:
                if line.once:
                    found.append((place, line, cents, cents if start >= now else 0))
                    continue
                begin, stop, length = max(start, low), min(end, high), high - low
                rest = max(0, stop - max(begin, now))
                found.append((place, line, _share(cents, stop - begin, length), _share(cents, rest, length)))
    return edges, found


def _number(begins: date, day: date) -> int:
    """The number of the contract year a day lies in, the one that begins with the contract being 0."""
    years = day.year - begins.year
    return years if plus_months(begins, 12 * years) <= day else years - 1


def _share(cents: int, days: int, length: int) -> int:
    """Half up."""
    return (2 * cents * days + length) // (2 * length)
