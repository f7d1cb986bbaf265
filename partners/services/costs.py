"""Costs to the end of contracts, from what is saved: of one contract by year, of many at once; and the rates for sums.

`costs_by_year(contract)` for a page of one, `costs_ahead(contracts)` for lists and sums, `current_rates()` with
`partners.money.in_reporting` to add up several currencies. The arithmetic is in `partners.costs`.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Count, QuerySet
from django.utils import timezone

from partners import costs
from partners.costs import VALUE, Life, Line, Year
from partners.models import Contract, CostLine, Rate, Reporting
from partners.money import Rates
from partners.services.partners import AT_THE_SAME_MOMENT, save_holding

_OF_A_CONTRACT = (
    "pk", "starts", "ends", "renewed_until", "end_of_life", "annual_value", "total_value", "currency",
)  # fmt: skip


class _Terms(NamedTuple):
    """What of a contract its costs depend on."""

    pk: int
    starts: date | None
    ends: date | None
    renewed_until: date | None
    end_of_life: date | None
    annual_value: Decimal | None
    total_value: Decimal | None
    currency: str


@dataclass(frozen=True)
class Ahead:
    """What a contract still costs from today to `until`, by currency; no `sums` where nothing is known of its costs.

    `from_value`: it has no cost lines, so its own annual value is taken. `is_open`: it has no end, so costs are
    counted to the last day its lines state or for twelve months.
    """

    sums: dict[str, Decimal]
    until: date
    from_value: bool = False
    is_open: bool = False


@dataclass(frozen=True)
class Forecast(Ahead):
    """The same with the contract `years` it is made of, the current one first."""

    years: list[Year] = field(default_factory=list)


def costs_by_year(contract: Contract, today: date | None = None) -> Forecast:
    """Forecast a contract's costs to the end of its life. One statement."""
    today = today or timezone.localdate()
    terms = _terms_of(contract)
    lines, from_value = _lines(terms, [_line(row) for row in contract.cost_lines.all()])
    life = _life(terms, lines, today)
    years = costs.by_year(lines, life, today)
    return Forecast(_sums(terms, lines, life, today), life.until, from_value, life.is_open, years)


def costs_ahead(
    contracts: "QuerySet[Contract] | Iterable[Contract]", today: date | None = None
) -> dict[int, Ahead]:
    """What each of these contracts still costs, by its number. Two statements, however many contracts; one for a list.

    In the order of the contracts. Sum them up with `money.in_reporting(money.added(*(…sums)), current_rates(), today)`.
    """
    today = today or timezone.localdate()
    if isinstance(contracts, QuerySet):
        rows = [_Terms(*row) for row in contracts.values_list(*_OF_A_CONTRACT)]
    else:
        rows = [_terms_of(contract) for contract in contracts]
    of = CostLine.objects.filter(contract__in=[terms.pk for terms in rows])
    lines: dict[int, list[Line]] = defaultdict(list)
    found = of.order_by().values_list("contract", "kind", "amount", "currency", "starts", "ends", "once")
    for contract, kind, amount, currency, starts, ends, once in found.iterator(chunk_size=10_000):
        lines[contract].append(Line(kind, amount, currency, starts, ends, once))
    return {terms.pk: _ahead(terms, lines.get(terms.pk, []), today) for terms in rows}


def current_rates() -> Rates:
    """The reporting currency and its rates, of all days. Two statements.

    While nobody has chosen one, it is the currency most contracts are in.
    """
    chosen = Reporting.objects.values_list("currency", flat=True).first()
    currency = chosen or _commonest() or "EUR"
    quoted: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    rates = Rate.objects.filter(reporting=currency).order_by("valid_from")
    for other, first, units in rates.values_list("currency", "valid_from", "units"):
        quoted[other].append((first, units))
    return Rates(currency, dict(quoted))


def _commonest() -> str | None:
    many = Contract.objects.order_by().values_list("currency").annotate(many=Count("pk"))
    return next((currency for currency, _ in many.order_by("-many", "currency")[:1]), None)


def _terms_of(contract: Contract) -> _Terms:
    return _Terms(*(getattr(contract, name) for name in _OF_A_CONTRACT))


def _line(row: CostLine) -> Line:
    return Line(row.kind, row.amount, row.currency, row.starts, row.ends, row.once)


def _lines(terms: _Terms, lines: list[Line]) -> tuple[list[Line], bool]:
    """The cost lines, or one of the contract's own value a year; and whether it is that."""
    if lines:
        return lines, False
    value = terms.annual_value
    if value is None and terms.total_value is not None and terms.starts and terms.ends:
        value = costs.yearly(terms.total_value, terms.starts, terms.ends)
    return ([Line(VALUE, value, terms.currency)] if value is not None else []), value is not None


def _life(terms: _Terms, lines: list[Line], today: date) -> Life:
    return costs.life_of(terms.starts, terms.renewed_until or terms.ends, terms.end_of_life, lines, today)


def _ahead(terms: _Terms, lines: list[Line], today: date) -> Ahead:
    lines, from_value = _lines(terms, lines)
    life = _life(terms, lines, today)
    return Ahead(_sums(terms, lines, life, today), life.until, from_value, life.is_open)


def _sums(terms: _Terms, lines: list[Line], life: Life, today: date) -> dict[str, Decimal]:
    """What is ahead by currency: nothing is known without lines, and it is over where no year is left."""
    return costs.ahead(lines, life, today) or ({terms.currency: Decimal(0)} if lines else {})


def currencies_in_use() -> set[str]:
    """The currencies of all contracts and cost lines."""
    contracts = Contract.objects.order_by().values_list("currency")
    return {currency for (currency,) in contracts.union(CostLine.objects.order_by().values_list("currency"))}


def choose_reporting(form: Any) -> Reporting | None:
    """Save the currency sums are in; None and a sentence on the form if somebody chose one at the same moment."""
    if form.instance.pk:
        return save_holding(form)
    chosen, is_new = Reporting.objects.get_or_create(
        pk=1, defaults={"currency": form.cleaned_data["currency"]}
    )
    if not is_new:
        form.add_error(None, AT_THE_SAME_MOMENT)
    return chosen if is_new else None
