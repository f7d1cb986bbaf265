"""A contract's costs to the end as pages show them: in its currency, by contract year and kind, with what is left out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from partners.costs import VALUE, Year
from partners.models import COST_KINDS, Contract
from partners.money import Rates, Sum, added, in_reporting, summed_in
from partners.services.costs import Forecast, costs_ahead, costs_by_year, current_rates

KINDS = {**dict(COST_KINDS), VALUE: "Value a year"}


@dataclass(frozen=True)
class Row:
    """One contract year in the table's currency: `whole` and `ahead` by kind; `days` (left, all) while it runs."""

    year: Year
    whole: Mapping[str, Decimal]
    ahead: Mapping[str, Decimal]
    days: tuple[int, int] | None

    @property
    def name(self) -> str:
        return self.year.name

    @property
    def cost(self) -> Decimal:
        return sum(self.whole.values(), Decimal(0))

    @property
    def still(self) -> Decimal:
        return sum(self.ahead.values(), Decimal(0))


@dataclass(frozen=True)
class CostTable:
    """`total`: what is still ahead, in the contract's currency; `reporting`: the same in the reporting currency."""

    forecast: Forecast
    kinds: list[tuple[str, str]]
    rows: list[Row]
    total: Sum
    reporting: Sum
    today: date

    @property
    def currency(self) -> str:
        return self.total.currency

    @property
    def is_converted(self) -> bool:
        """Whether anything was added up at a rate."""
        return any(currency not in (self.currency, *self.total.left) for currency in self.forecast.sums)

    @property
    def running(self) -> Row | None:
        """The year that has begun: what of it is still ahead counts by days."""
        return next((row for row in self.rows if row.days), None)

    def cells(self) -> list[tuple[Row, list[Decimal]]]:
        """Each row with its whole cost of each kind."""
        return [(row, [row.whole.get(kind, Decimal(0)) for kind, _ in self.kinds]) for row in self.rows]


def cost_table(contract: Contract, rates: Rates, today: date) -> CostTable:
    """Work out a contract's costs to the end for a page. One statement."""
    forecast = costs_by_year(contract, today)
    rows = [_row(year, contract.currency, rates, today) for year in forecast.years]
    kinds = [(kind, name) for kind, name in KINDS.items() if any(kind in row.whole for row in rows)]
    total = summed_in(contract.currency, forecast.sums, rates, today)
    return CostTable(forecast, kinds, rows, total, in_reporting(forecast.sums, rates, today), today)


@dataclass(frozen=True)
class AheadOfMany:
    """What several contracts still cost: the `total` in the reporting currency, and of how many nothing is known."""

    total: Sum
    known: int
    unknown: int


def ahead_of_many(contracts: Iterable[Contract], today: date) -> AheadOfMany:
    """Add up what these contracts still cost. Three statements."""
    found = [costs.sums for costs in costs_ahead(contracts, today).values()]
    total = in_reporting(added(*found), current_rates(), today)
    return AheadOfMany(total, sum(map(bool, found)), sum(not sums for sums in found))


def _row(year: Year, currency: str, rates: Rates, today: date) -> Row:
    def by_kind(costs: Mapping[tuple[str, str], Decimal]) -> dict[str, Decimal]:
        found: dict[str, Decimal] = {}
        for (kind, other), amount in costs.items():
            found[kind] = (
                found.get(kind, Decimal(0)) + summed_in(currency, {other: amount}, rates, today).total
            )
        return found

    days = ((year.last - today).days + 1, (year.last - year.first).days + 1) if year.first < today else None
    return Row(year, by_kind(year.whole), by_kind(year.ahead), days)
