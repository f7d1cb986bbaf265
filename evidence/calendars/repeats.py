"""Works out on which days a recurring event falls, within bounds, whatever its rule says."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from math import prod
from typing import Any

from dateutil.rrule import rrulestr

from evidence.calendars.zones import Start

MOST = 1_200  # of one event in the period looked at: daily, with a few to spare
MOST_A_DAY = 4
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
FIRST_YEAR = 1950
# dateutil looks for a next occurrence as far as the year 9999, which takes seconds for a rule that has none (30
# February). The calendar repeats every 400 years, so it is asked about a time near that end.
_AHEAD = 7_600


class BadRule(ValueError):
    """The rule means nothing."""


class TooOften(ValueError):
    """It repeats several times a day by rule: no meeting does."""


def repeats(rule: Any, start: Start, first: date, last: date) -> tuple[list[datetime], bool]:
    """Return the wall-clock times by one RRULE (icalendar's vRecur) from the first day to the last, and whether that
    is all of them. `start` itself counts as the first by whatever rule. Raises BadRule or TooOften."""
    rule = {name.upper(): values for name, values in rule.items()}
    times = prod(len(rule.get(name, "1")) for name in ("BYHOUR", "BYMINUTE", "BYSECOND"))
    if not rule.get("FREQ"):
        raise BadRule
    if str(rule["FREQ"][0]).upper() not in FREQUENCIES or times > MOST_A_DAY:
        raise TooOften
    if start.wall.year < FIRST_YEAR or any(int(number) < 1 for number in rule.get("INTERVAL", [])):
        raise BadRule
    until = _until(rule.pop("UNTIL", [None])[0], start, last)
    text = ";".join(f"{name}={','.join(map(_plain, values))}" for name, values in rule.items())
    beginning = datetime.combine(first, datetime.min.time()) - timedelta(days=1)
    end = datetime.combine(last, datetime.max.time()) + timedelta(days=1)
    end = min(end, until) if until else end
    found: list[datetime] = []
    try:
        for there in rrulestr(text, dtstart=_moved(start.wall, _AHEAD)):
            wall = _moved(there, -_AHEAD)
            if wall > end:
                break
            if wall >= beginning:
                if len(found) == MOST:
                    return found, False
                found.append(wall)
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        raise BadRule from error
    return found, True


def _moved(wall: datetime, years: int) -> datetime:
    return wall.replace(year=wall.year + years)


def _plain(value: Any) -> str:
    return value.to_ical().decode() if hasattr(value, "to_ical") else str(value)


def _until(until: Any, start: Start, last: date) -> datetime | None:
    """The last moment on the clock of the event. A bare day counts to its end, as calendars mean it."""
    if until is None or until.year > last.year + 1:
        return None
    if not isinstance(until, datetime):
        return datetime.combine(until, datetime.max.time())
    if until.tzinfo and not start.is_day:
        return until.astimezone(start.zone).replace(tzinfo=None)
    return until.replace(tzinfo=None) if not start.is_day else datetime.combine(until, datetime.max.time())


def dates(lists: Iterable[Any]) -> list[tuple[Any, Any]]:
    """All values of RDATE or EXDATE lines with the parameters of their line."""
    return [(value.dt, line.params) for line in lists for value in line.dts]
