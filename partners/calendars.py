"""Which days are closed in a country: its weekend and its national public holidays. Nothing of Django."""

import warnings
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache, lru_cache
from zoneinfo import available_timezones

import holidays

_YEARS = range(1950, 2200)  # nobody decrees the holidays of others


@cache
def countries() -> frozenset[str]:
    """ISO 3166 codes of the countries whose public holidays are known."""
    return frozenset(holidays.list_supported_countries(include_aliases=False))


@cache
def time_zones() -> frozenset[str]:
    """Names of the time zones of the time zone database, which are looked up in hundreds of files."""
    return frozenset(available_timezones())


@cache
def _names() -> dict[str, str]:
    known = countries()
    named = {
        "".join(name.casefold().split("_")): code
        for name, (_, code, *_) in holidays.registry.COUNTRIES.items()
        if code in known
    }
    longer = {
        long.casefold(): code for _, code, long, *_ in holidays.registry.COUNTRIES.values() if code in known
    }
    return named | longer | {code.casefold(): code for code in known}


def country_code(text: str) -> str:
    """The ISO 3166 code of a country given by its code or English name: DE, DEU, Germany. Empty if nobody knows it."""
    return _names().get("".join(sign for sign in text.casefold() if sign.isalnum()), "")


def closed_days(country: str) -> Callable[[date], bool]:
    """Tell of a day whether it is closed there. Without a known country, Saturdays and Sundays are."""
    if country not in countries():
        return lambda day: day.weekday() >= 5
    return lambda day: day in _closed_in(country, day.year) if day.year in _YEARS else day.weekday() >= 5


@lru_cache(maxsize=2048)
def _closed_in(country: str, year: int) -> frozenset[date]:
    with warnings.catch_warnings():  # some countries proclaim theirs a few years ahead; the fixed ones remain
        warnings.simplefilter("ignore")
        known = holidays.country_holidays(country, years=year, expand=False)
    first = date(year, 1, 1)
    days = (first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days))
    return frozenset(day for day in days if day in known or known.is_weekend(day))
