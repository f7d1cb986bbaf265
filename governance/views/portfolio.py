"""The portfolio: who is strong, who slips, where is the money?"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from accounts.models import BusinessUnit
from accounts.spreadsheets import csv_response, xlsx_response
from accounts.templatetags.look import round_shown
from governance import portfolio as queries
from governance import words
from governance.charts import Dot, heat_rows, spend_and_score
from partners.models import KINDS, SEGMENTS
from scorecards.charts import sparkline
from scorecards.figures import category_scores, histories
from scorecards.models import Band, Category, Cycle, Scorecard
from scorecards.scoring import STANDINGS
from vendorhub.roles import needs

SPARK = 8  # cycles in a sparkline
MOST_EXPORTED = 1_000_000


@needs("see_portfolio")
@require_safe
def portfolio(request: HttpRequest) -> HttpResponse:
    cycles = queries.cycles_with_scores(request.user)
    cycle = queries.chosen_cycle(cycles, request.GET.get("cycle"))
    blind = queries.blind_cycles(request.user)
    if cycle is None:
        return render(request, "governance/portfolio_empty.html", {"blind": blind})
    asked = queries.Asked.of(request.GET)
    found = queries.portfolio(request.user, cycle, cycles, asked, queries.PAGE)
    bands = list(Band.objects.filter(template__in=[line.template_id for line in found["drawn"][:1]]))
    context = {
        "cycle": cycle, "cycles": cycles, "blind": blind, "asked": asked, "sort": asked.sort, "found": found,
        "headline": words.headline(found), "lede": words.lede(found), "left_out": words.left_out(found),
        "spend": words.amount(found["totals"]["spend"], found["currency"]),
        "chart": _scatter(found, bands), "phone_chart": _scatter(found, bands, width=360), "since": words.since(found),
        "sorted_by": words.sorted_by(asked.sort),
        "page": queries.page_of(found["count"], asked), "groups": _groups(request.user, cycles, cycle, found),
        "kinds": KINDS, "standings": STANDINGS, "units": BusinessUnit.objects.visible_to(request.user),
    }  # fmt: skip
    return render(request, "governance/portfolio.html", context)


def _scatter(found: dict[str, Any], bands: list[Band], width: int = 840) -> SafeString:
    dots = [
        Dot(
            line.name, float(line.spend), float(line.overall), line.standing,
            None if line.year_ago is None else float(line.year_ago),
        )
        for line in found["drawn"]
    ]  # fmt: skip
    return spend_and_score(dots, bands, found["currency"], width)


def _groups(user: Any, cycles: list[Cycle], cycle: Cycle, found: dict[str, Any]) -> list[dict[str, Any]]:
    """The table's rows: vendors and providers first, then those who are never ranked among them."""
    shown = [cycle, *queries.earlier_closed(cycles, cycle)[: SPARK - 1]]
    partners = [line.partner_id for line in found["lines"]]
    past = histories(Scorecard.objects.scores_visible_to(user).filter(partner__in=partners, cycle__in=shown))
    spend = found["totals"]["spend"]
    rows = [
        {
            "line": line,
            "spark": sparkline([p.overall for p in past.get(line.partner_id, [])], line.standing),
            "share": round(100 * line.spend / spend) if line.spend and spend and not line.is_apart else None,
        }
        for line in found["lines"]
    ]
    apart = [row for row in rows if row["line"].is_apart]
    return [{"rows": rows[: len(rows) - len(apart)], "apart": False}, {"rows": apart, "apart": True}]


@needs("export")
@require_safe
def portfolio_export(request: HttpRequest) -> HttpResponse:
    """The rows the filters leave, all pages of them, as CSV or XLSX. Scores have four decimals."""
    cycles = queries.cycles_with_scores(request.user)
    cycle = queries.chosen_cycle(cycles, request.GET.get("cycle"))
    asked = queries.Asked.of(request.GET)
    parts = ("currency", "lines")
    found: dict[str, Any] = {"currency": "EUR", "lines": []}
    if cycle:
        found = queries.portfolio(request.user, cycle, cycles, asked, parts, limit=MOST_EXPORTED)
    header = [
        "partner", "kind", "segment", "unit", f"spend a year, {found['currency']}", "score", "status", "standing",
        "rank", "ranked among", "coverage", "previous score", "previous cycle", "change", "next contract end",
    ]  # fmt: skip
    segments = dict(SEGMENTS)
    rows = [
        [
            line.name, line.kind_name, segments[line.segment], line.unit or "",
            None if line.spend is None else round_shown(line.spend, 2), line.overall, line.status, line.standing,
            line.rank, line.ranked, line.coverage, line.previous, line.previous_cycle or "", line.change,
            line.next_end,
        ]
        for line in found["lines"]
    ]  # fmt: skip
    name = f"Portfolio {cycle or ''}".strip()
    if request.GET.get("format") == "xlsx":
        return xlsx_response(name, [("Portfolio", header, rows)])
    return csv_response(name, header, rows)


@needs("see_portfolio")
@require_safe
def portfolio_heat(request: HttpRequest) -> HttpResponse:
    """Partners by category: a real table with coloured cells."""
    cycles = queries.cycles_with_scores(request.user)
    cycle = queries.chosen_cycle(cycles, request.GET.get("cycle"))
    blind = queries.blind_cycles(request.user)
    if cycle is None:
        return render(request, "governance/portfolio_empty.html", {"blind": blind})
    templates = queries.templates_of(request.user, cycle)
    asked = queries.Asked.of(request.GET, sort="-score").for_one_of(templates)
    found = queries.portfolio(request.user, cycle, cycles, asked, queries.HEAT)
    template = next(choice for choice in templates if choice.pk == asked.template)
    categories = list(Category.objects.filter(template=template))
    bands = list(Band.objects.filter(template=template))
    cells = category_scores([line.id for line in found["lines"]])
    medians = {row["category_id"]: row["median"] for row in found["categories"]}
    context = {
        "cycle": cycle, "cycles": cycles, "blind": blind, "asked": asked, "sort": asked.sort, "found": found,
        "template": template, "templates": templates, "categories": categories, "key": words.key(bands),
        "headline": words.heat_headline(found, categories),
        "lede": words.heat_lede(found, [band.name for band in bands[-2:]]),
        "body": heat_rows(found["lines"], categories, cells, bands),
        "medians": [medians.get(category.pk) for category in categories],
        "page": queries.page_of(found["count"], asked),
        "units": BusinessUnit.objects.visible_to(request.user),
    }  # fmt: skip
    return render(request, "governance/portfolio_heat.html", context)
