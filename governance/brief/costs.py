"""What the contract still costs, year by year to the end of its life; what leaving costs is told apart."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.urls import reverse

from accounts.templatetags.look import day
from accounts.words import counted
from governance.brief.section import Section, Source
from governance.brief.subject import Renewal
from governance.words import amount
from partners.costs import EXIT, Costs, Year
from partners.money import Rates, summed_in
from partners.services.costs import Forecast, costs_by_year, current_rates

_OTHER, _OTHERS = "other currency", "other currencies"
SHOWN = 5  # years; the rest is one row


def section(about: Renewal) -> Section | None:
    """Nothing where nothing is known of its costs, or nothing is ahead."""
    contract = about.contract
    forecast = costs_by_year(contract, about.today)
    if not forecast.sums or not forecast.years:
        return None
    rates, currency = current_rates(), contract.currency
    total = summed_in(currency, forecast.sums, rates, about.today)
    rows = [_row(year, currency, rates, about) for year in forecast.years]
    return Section(
        "costs",
        f"Costs to the end: {amount(total.total, currency)}",
        {"rows": _shortened(rows), "currency": currency},
        note=_note(about, forecast, total.left, any(row["leaving"] for row in rows)),
        sources=[Source(_source(forecast), reverse("contract_costs", args=[contract.pk]))],
    )


def _row(year: Year, currency: str, rates: Rates, about: Renewal) -> dict[str, Any]:
    """A year's costs still ahead in the contract's currency, and what of them is for leaving."""

    def summed(costs: Costs) -> Decimal:
        sums: dict[str, Decimal] = {}
        for (_, other), value in costs.items():
            sums[other] = sums.get(other, Decimal(0)) + value
        return summed_in(currency, sums, rates, about.today).total

    leaving = {key: value for key, value in year.ahead.items() if key[0] == EXIT}
    return {"label": year.name, "amount": summed(year.ahead), "leaving": summed(leaving)}


def _shortened(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(rows) <= SHOWN:
        return rows
    first, rest = rows[: SHOWN - 1], rows[SHOWN - 1 :]
    later = {key: sum((row[key] for row in rest), Decimal(0)) for key in ("amount", "leaving")}
    return [*first, {"label": f"from {rest[0]['label']}", **later}]


def _note(about: Renewal, forecast: Forecast, left: Mapping[str, Decimal], leaving: bool) -> str:
    """Which years, until when, and what the sum does not hold."""
    outlives = about.contract.term_ends and forecast.until > about.contract.term_ends
    said = [
        f"Contract years, from today to {'the end of life on ' if outlives else ''}{day(forecast.until)}."
    ]
    said += ["It has no end: counted so far."] if forecast.is_open else []
    said += ["Outline: leaving."] if leaving else []
    if left:
        (other, value), more = next(iter(left.items())), len(left) - 1
        said.append(
            f"Not in it: {amount(value, other)}{f' and {counted(more, _OTHER, _OTHERS)}' if more else ''}, without a rate."
        )
    said += ["Its own value a year: no cost lines are entered."] if forecast.from_value else []
    return " ".join(said)


def _source(forecast: Forecast) -> str:
    if forecast.from_value:
        return "The contract’s own value a year by days: no cost lines are entered"
    return "Cost lines of the contract, the current year by the days that are left"
