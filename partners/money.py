"""Sums of several currencies in one of them, at rates that hold from a day on. Arithmetic, nothing of Django."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Rates:
    """How many units of each currency one unit of the reporting `currency` is worth, from which day on.

    `quoted`: by currency, (first day, units) in the order of the days. A rate holds until the next one.
    """

    currency: str
    quoted: Mapping[str, Sequence[tuple[date, Decimal]]] = field(default_factory=dict)

    def on(self, currency: str, day: date) -> Decimal | None:
        """Units of a currency for one of the reporting currency on a day; None where no rate holds yet."""
        if currency == self.currency:
            return Decimal(1)
        quotes = self.quoted.get(currency, ())
        place = bisect_right(quotes, day, key=lambda quote: quote[0])
        return quotes[place - 1][1] if place else None


@dataclass(frozen=True)
class Sum:
    """A `total` in `currency`, and the amounts by currency that are `left` out of it because a rate is missing."""

    total: Decimal
    currency: str
    left: Mapping[str, Decimal] = field(default_factory=dict)


def in_reporting(sums: Mapping[str, Decimal], rates: Rates, day: date) -> Sum:
    """Amounts by currency as one sum in the reporting currency, at the rates of the day.

    Rounded once, to the cent, half up. What has no rate on that day is in `left`, never silently gone.
    """
    return summed_in(rates.currency, sums, rates, day)


def summed_in(currency: str, sums: Mapping[str, Decimal], rates: Rates, day: date) -> Sum:
    """As `in_reporting`, in any currency: from one to the other by way of the reporting currency."""
    total, left, wanted = Decimal(0), {}, rates.on(currency, day)
    for other, amount in sums.items():
        rate = rates.on(other, day)
        if other == currency:
            total += amount
        elif rate and wanted:
            total += amount / rate * wanted
        elif amount:
            left[other] = amount
    return Sum(total.quantize(CENT, ROUND_HALF_UP), currency, left)


def added(*amounts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Amounts by currency, added up currency by currency."""
    total: dict[str, Decimal] = {}
    for sums in amounts:
        for currency, amount in sums.items():
            total[currency] = total.get(currency, Decimal(0)) + amount
    return total
