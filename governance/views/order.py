"""How sure is the order? Where other weights would change it, and how often each partner keeps its rank."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.numbers import row_number
from accounts.spreadsheets import csv_response, xlsx_response
from governance import order_words as words
from governance.charts import weight_line
from governance.order import Lost, Order, Place
from governance.portfolio import ROWS_A_PAGE, Asked, Portfolio
from scorecards.fair.weights import Kept
from scorecards.models import Category
from scorecards.scoring import rounded
from vendorhub.roles import needs


@needs("see_portfolio")
@require_safe
def portfolio_order(request: HttpRequest) -> HttpResponse:
    seen = Portfolio(request.user, request.GET.get("cycle"))
    if seen.cycle is None:
        return render(request, "governance/portfolio_empty.html", {"blind": seen.blind})
    order = _order(seen, request)
    context = {
        "seen": seen, "cycle": seen.cycle, "template": order.template, "order": order,
        "bands": {band.letter: band.name for band in order.template.bands.all()},
    }  # fmt: skip
    if order.places:
        first, second, wrong = _pair(order, request.GET)
        lost = seen.lost(order, first, second)
        best = order.places[0]
        leader = lost if first is best and second is None else seen.lost(order, best, None)
        context |= {
            "headline": words.headline(order, leader), "lede": words.lede(order), "wrong": wrong,
            "first": first, "second": second, "between": words.pair(order, first, second) if second else "",
            "weighed": [_row(row) for row in lost if row.row in order.weighed],
            "inside": [_row(row) for row in lost if row.row not in order.weighed and row.moves],
            "criteria": sum(row.row not in order.weighed for row in lost),
            "page": Paginator(order.places, ROWS_A_PAGE).get_page(request.GET.get("page")),
        }  # fmt: skip
    return render(request, "governance/portfolio_order.html", context)


def _order(seen: Portfolio, request: HttpRequest) -> Order:
    asked = Asked.of(request.GET).for_one_of(seen.templates)
    return seen.ranked(next(choice for choice in seen.templates if choice.pk == asked.template))


def _pair(order: Order, address: Mapping[str, str]) -> tuple[Place, Place | None, str]:
    """The two partners asked about, the one ahead first, and what is wrong with the question; no second: everybody."""
    places = {str(place.partner_id): place for place in order.places}
    asked = [address.get(name, "") for name in ("first", "second")]
    found = [places.get(str(row_number(number))) for number in asked]
    wrong = ""
    if any(number and place is None for number, place in zip(asked, found, strict=True)):
        wrong = "One of the two is not in this order, so it was left out."
    first, second = found[0] or order.places[0], found[1]
    if second is first:
        return first, None, wrong or "Choose two different partners to compare them."
    if second and order.places.index(second) < order.places.index(first):
        first, second = second, first
    return first, second, wrong


def _row(row: Lost) -> tuple[Lost, Any, str]:
    """How far a weight may move, drawn, and what it is today."""
    drawn = weight_line(row.today, row.below and row.below[0], row.above and row.above[0])
    return row, drawn, words.share(row.today)


@needs("export")
@require_safe
def portfolio_order_export(request: HttpRequest, form: str) -> HttpResponse:
    """The order with its shares in per cent; as XLSX with a second sheet of the weights at which it changes."""
    if form not in ("csv", "xlsx"):
        raise Http404
    seen = Portfolio(request.user, request.GET.get("cycle"))
    order = _order(seen, request) if seen.cycle else None
    places = order.places if order else []
    header = [
        "rank", "partner", "score", "first in reasonable weightings, %", "keeps its rank in them, %",
        "first in any weightings, %", "keeps its rank in any, %",
    ]  # fmt: skip
    rows = [
        [place.rank, place.name, place.overall, *_percents(place.around), *_percents(place.anyhow)]
        for place in places
    ]
    name = f"Order {seen.cycle or ''}".strip()
    if form == "csv":
        return csv_response(name, header, rows)
    first, second, _ = _pair(order, request.GET) if order and places else (None, None, "")
    weights = [_turns(row) for row in seen.lost(order, first, second)] if first else []
    about = f"{first.name if first else ''} falls behind below, %"
    columns = ["category or criterion", "weight today, %", about, "to", "above, %", "to"]
    return xlsx_response(name, [("Order", header, rows), ("Weights", columns, weights)])


def _percents(kept: Kept) -> list[Decimal]:
    return [Decimal(100 * count) / kept.draws for count in (kept.first, kept.rank)]


def _turns(row: Lost) -> Sequence[Any]:
    name = row.row.name if isinstance(row.row, Category) else f"{row.row.category} · {row.row}"
    turns: list[Any] = []
    for turn in (row.below, row.above):
        turns += [rounded(100 * turn[0], 4), turn[1].name] if turn else [None, None]
    return [name, rounded(100 * row.today, 4), *turns]
