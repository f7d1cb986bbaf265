"""When a contract's term ends and by when notice must be given. Arithmetic on calendar days, nothing of Django.

Everything is counted from the end of the original term, never step by step: 31 January plus one month is 28 February,
plus two months 31 March. Days outside the years 1 to 9999 do not exist; what would fall there stays at the bound.
"""

from calendar import monthrange
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

IsClosed = Callable[[date], bool]
_supposed: ContextVar[date | None] = ContextVar("supposed", default=None)


@dataclass(frozen=True)
class Term:
    """A term: how many renewals it took, its last day, and the last day to give notice (None without a period)."""

    renewals: int
    ends: date
    deadline: date | None


def plus_months(day: date, months: int, *, keep_month_end: bool = False) -> date:
    """The same day of another month, or its last day where it is shorter. A month's last day may be kept as such."""
    number = day.year * 12 + day.month - 1 + months
    year, month = divmod(number, 12)
    if year < date.min.year:
        return date.min
    if year > date.max.year:
        return date.max
    last = monthrange(year, month + 1)[1]
    is_last = keep_month_end and day.day == monthrange(day.year, day.month)[1]
    return date(year, month + 1, last if is_last else min(day.day, last))


def quarter_start(day: date) -> date:
    """The first day of the quarter that holds the day."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def quarter_number(day: date) -> int:
    """Which quarter of its year, 1 to 4."""
    return (day.month + 2) // 3


def quarter_name(day: date) -> str:
    """Q3 2026."""
    return f"Q{quarter_number(day)} {day.year}"


def before(end: date, number: int, unit: str) -> date:
    """The day that lies a number of days, weeks or months before another."""
    if unit == "months":
        return plus_months(end, -number)
    days = number * {"days": 1, "weeks": 7}[unit]
    return date.fromordinal(max(1, end.toordinal() - days))


def open_day(day: date, is_closed: IsClosed) -> date:
    """The day itself or, while that is closed, the last one before it."""
    while is_closed(day) and day > date.min:
        day -= timedelta(days=1)
    return day


def notice_deadline(end: date, number: int, unit: str, is_closed: IsClosed) -> date:
    """The last day to give notice: so long before the end, moved earlier where that day is closed. Never after it."""
    return open_day(before(end, number, unit), is_closed)


def term_after(end: date, months: int, renewals: int) -> date:
    """The last day after so many renewals. Terms that end with a month go on doing so: 30 April, 31 October."""
    return plus_months(end, months * renewals, keep_month_end=True)


def nth_term(
    end: date, notice: tuple[int, str] | None, months: int | None, is_closed: IsClosed, renewals: int
) -> Term:
    """The term after so many renewals or extensions of so many months, counted from the original end."""
    last = term_after(end, months or 0, renewals)
    return Term(renewals, last, notice_deadline(last, *notice, is_closed) if notice else None)


def current_term(
    end: date,
    notice: tuple[int, str] | None,
    renewal_months: int | None,
    is_closed: IsClosed,
    today: date,
    stopped: date | None = None,
) -> Term:
    """The term that is still to be decided on. Without automatic renewal (no months) that is the only one.

    A term renews itself once its deadline has passed; without a notice period, once it has ended. The one that ends
    on the day `stopped`, or the first after it, is the last.
    """

    def term(renewals: int) -> Term:
        return nth_term(end, notice, renewal_months, is_closed, renewals)

    found = term(0)
    if not renewal_months:
        return found
    elapsed = (today.year - end.year) * 12 + today.month - end.month
    found = term(max(0, elapsed // renewal_months - 1))  # its deadline has passed, or it is the first
    while found.renewals and stopped and term(found.renewals - 1).ends >= stopped:
        found = term(found.renewals - 1)
    until = stopped or date.max
    while (found.deadline or found.ends) < today and found.ends < until:
        found = term(found.renewals + 1)
    return found


@contextmanager
def supposing(today: date | None) -> Iterator[None]:
    """Inside, it is that day wherever a contract is; None: whatever the clock says."""
    before = _supposed.set(today)
    try:
        yield
    finally:
        _supposed.reset(before)


def today_in(zone: str, now: datetime) -> date:
    """The calendar day it is there at a moment. Asks the clock only, so a day without a midnight does no harm."""
    return _supposed.get() or now.astimezone(ZoneInfo(zone)).date()
