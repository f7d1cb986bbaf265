"""The portfolio: who is strong, who slips, where is the money?"""

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from accounts.spreadsheets import csv_response, xlsx_response
from accounts.templatetags.look import DASH, round_shown
from evidence.facts import facts_of
from evidence.figures import NOT_ENOUGH
from governance import words
from governance.charts import Dot, heat_rows, spend_and_score
from governance.figures import Line
from governance.portfolio import Asked, Portfolio, page_of
from governance.renewals import QUOTED
from partners.models import KINDS, SEGMENTS
from scorecards.charts import sparkline
from scorecards.models import FairScore
from scorecards.scoring import STANDINGS
from vendorhub.roles import needs

_NONE_SAID = format_html('<span title="{0}">{1}<span class="sr"> {0}</span></span>', NOT_ENOUGH, DASH)


@needs("see_portfolio")
@require_safe
def portfolio(request: HttpRequest) -> HttpResponse:
    seen = Portfolio(request.user, request.GET.get("cycle"))
    if seen.cycle is None:
        return render(request, "governance/portfolio_empty.html", {"blind": seen.blind})
    asked = Asked.of(request.GET)
    found, listed = seen.findings(), seen.listed(asked)
    chart = partial(
        spend_and_score,
        [_dot(line) for line in found["drawn"]],
        seen.bands(found["drawn"][0].template_id if found["drawn"] else None),
        seen.currency,
    )
    context = {
        "seen": seen, "cycle": seen.cycle, "found": found, "asked": asked, "sort": asked.sort,
        "headline": words.headline(found, seen.currency), "lede": words.lede(found),
        "left_out": words.left_out(found, seen.currency), "has_rates": bool(seen.rates.quoted),
        "spend": words.amount(found["totals"]["spend"], seen.currency),
        "chart": chart, "phone_chart": partial(chart, width=360), "since": words.since(found),
        "sorted_by": words.ORDERS[asked.sort], "orders": words.orders(asked.sort), "groups": _groups(listed, found["totals"]["spend"]),
        "count": listed["count"], "page": page_of(listed["count"], asked), "kinds": KINDS, "standings": STANDINGS,
        "none_said": _NONE_SAID,
    }  # fmt: skip
    return render(request, "governance/portfolio.html", context)


def _dot(line: Line) -> Dot:
    before = None if line.year_ago is None else float(line.year_ago)
    return Dot(line.name, float(line.spend or 0), float(line.overall or 0), line.standing, before)


def _groups(listed: dict[str, Any], spend: Any) -> list[dict[str, Any]]:
    """The table's rows: vendors and providers first, then those who are never ranked among them."""
    facts = facts_of((line.partner_id for line in listed["lines"]), QUOTED)
    fair = FairScore.objects.telling().in_bulk([line.id for line in listed["lines"]])
    rows = [
        {
            "line": line,
            "fair": fair.get(line.id),
            "promises": facts[line.partner_id].said("promises_kept"),
            "presence": facts[line.partner_id].coming and facts[line.partner_id].presence[0],
            "spark": partial(sparkline, listed["past"].get(line.partner_id, []), line.standing),
            "share": _share(line, spend),
        }
        for line in listed["lines"]
    ]
    apart = [row for row in rows if row["line"].is_apart]
    return [{"rows": rows[: len(rows) - len(apart)], "apart": False}, {"rows": apart, "apart": True}]


def _share(line: Line, spend: Any) -> str:
    """Per cent of all that is spent with vendors and providers."""
    if not line.spend or not spend or line.is_apart:
        return DASH
    share = round_shown(100 * line.spend / spend, 0)
    return str(share) if share else "<1"


@needs("export")
@require_safe
def portfolio_export(request: HttpRequest) -> HttpResponse:
    """The rows the filters leave, all pages of them, as CSV or XLSX. Scores have four decimals."""
    seen = Portfolio(request.user, request.GET.get("cycle"))
    header = [
        "partner", "kind", "segment", "unit", f"spend a year, {seen.currency}", "score", "status", "standing",
        "capped by", "rank", "ranked among", "coverage", "previous score", "previous cycle", "change",
        "next contract end",
    ]  # fmt: skip
    segments = dict(SEGMENTS)
    rows = [
        [
            line.name, line.kind_name, segments[line.segment], line.unit or "",
            None if line.spend is None else round_shown(line.spend, 2), line.overall, line.status, line.standing,
            line.capped_by or "", line.rank, line.ranked, line.coverage, line.previous, line.previous_cycle or "",
            line.change, line.next_end,
        ]
        for line in seen.all_lines(Asked.of(request.GET))
    ]  # fmt: skip
    name = f"Portfolio {seen.cycle or ''}".strip()
    if request.GET.get("format") == "xlsx":
        return xlsx_response(name, [("Portfolio", header, rows)])
    return csv_response(name, header, rows)


@needs("see_portfolio")
@require_safe
def portfolio_heat(request: HttpRequest) -> HttpResponse:
    """Partners by category: a real table with coloured cells."""
    seen = Portfolio(request.user, request.GET.get("cycle"))
    if seen.cycle is None:
        return render(request, "governance/portfolio_empty.html", {"blind": seen.blind})
    asked = Asked.of(request.GET, sort="-score").for_one_of(seen.templates)
    found, bands, categories = seen.heat(asked), seen.bands(asked.template), seen.categories(asked.template)
    medians = {row["category_id"]: row["median"] for row in found["categories"]}
    context = {
        "seen": seen, "cycle": seen.cycle, "found": found, "asked": asked, "sort": asked.sort,
        "template": next(choice for choice in seen.templates if choice.pk == asked.template),
        "categories": categories, "key": words.key(bands),
        "headline": words.heat_headline(found, categories, seen.currency),
        "lede": words.heat_lede(found, [band.name for band in bands[-2:]]),
        "body": partial(heat_rows, found["lines"], categories, found["cells"], bands),
        "medians": [medians.get(category.pk) for category in categories],
        "page": page_of(found["count"], asked),
    }  # fmt: skip
    return render(request, "governance/portfolio_heat.html", context)
