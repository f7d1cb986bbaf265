"""The portfolio: who is strong, who slips, where is the money?"""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from accounts.models import BusinessUnit
from accounts.spreadsheets import csv_response
from accounts.templatetags.look import round_shown, score
from governance import portfolio as queries
from governance.charts import Dot, spend_and_score
from partners.models import KINDS
from scorecards.charts import sparkline
from scorecards.figures import category_scores, histories
from scorecards.models import Band, Category, Cycle, Scorecard, Template
from scorecards.scoring import band_of
from vendorhub.roles import needs

ROWS_A_PAGE = 50
DRAWN = 40  # partners in the scatter: those with the largest spend
SPARK = 8  # cycles in a sparkline


def number(text: str | None) -> int:
    """A row's number as an address holds it; 0 for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else 0


def chosen_cycle(request: HttpRequest, cycles: Any) -> Cycle | None:
    """The cycle asked for, else the last closed one, else any."""
    listed = list(cycles[:40])
    wanted = number(request.GET.get("cycle"))
    by_choice = [cycle for cycle in listed if cycle.pk == wanted]
    closed = [cycle for cycle in listed if cycle.state == Cycle.CLOSED]
    return next(iter([*by_choice, *closed, *listed]), None)


def _narrowed(request: HttpRequest, rows: Any) -> Any:
    """Apply the filters in the address; what makes no sense is left out."""
    asked = request.GET
    if find := asked.get("find", "").strip()[:200]:
        rows = rows.filter(partner__name__icontains=find)
    if asked.get("kind") in dict(KINDS):
        rows = rows.filter(partner__kind=asked["kind"])
    if asked.get("standing") in ("A", "B", "C", "D", "E"):
        rows = rows.filter(score__standing=asked["standing"])
    elif asked.get("standing") == "none":
        rows = rows.filter(score__standing="")
    if unit := number(asked.get("unit")):
        rows = rows.filter(Q(partner__unit=unit))
    return rows


@needs("see_portfolio")
@require_safe
def portfolio(request: HttpRequest) -> HttpResponse:
    cycles = queries.cycles_with_scores(request.user)
    cycle = chosen_cycle(request, cycles)
    if cycle is None:
        return render(request, "governance/portfolio_empty.html")
    currency, others = queries.reporting_currency(request.user)
    rows = queries.portfolio_rows(request.user, cycle, currency)
    sort = request.GET.get("sort", "-spend")
    narrowed = _narrowed(request, rows)
    page = Paginator(queries.sorted_rows(narrowed, sort), ROWS_A_PAGE).get_page(request.GET.get("page"))
    outside = rows.exclude(partner__kind__in=queries.APART)
    sums = queries.totals(rows)
    context = {
        "cycle": cycle, "cycles": cycles[:40], "currency": currency, "others": others, "page": page,
        "sort": sort, "sums": sums, "headline": queries.headline(sums, currency),
        "spend_said": queries.in_words(sums.spend, currency), "chart": _scatter(request, outside, cycle, currency),
        "fell": outside.filter(change__lt=0).order_by("change", "partner__name")[:4],
        "rose": outside.filter(change__gt=0).order_by("-change", "partner__name")[:4],
        "lines": _lines(request, page, cycle, sums), "kinds": KINDS,
        "units": BusinessUnit.objects.visible_to(request.user),
        "blind": _blind_cycle(request, cycle),
    }  # fmt: skip
    return render(request, "governance/portfolio.html", context)


def _blind_cycle(request: HttpRequest, cycle: Cycle) -> Cycle | None:
    """The open cycle whose scores this person does not see yet, having something to submit."""
    waiting = Cycle.objects.visible_to(request.user).filter(
        state=Cycle.OPEN,
        scorecards__assessments__rater=request.user,
        scorecards__assessments__submitted_at=None,
    )
    return waiting.exclude(pk=cycle.pk).first()


def _lines(request: HttpRequest, page: Any, cycle: Cycle, sums: queries.Totals) -> list[dict[str, Any]]:
    seen = Scorecard.objects.scores_visible_to(request.user).filter(
        partner__in=[row.partner_id for row in page], cycle__ends__lte=cycle.ends
    )
    past = histories(seen)
    return [
        {
            "row": row,
            "spark": sparkline(
                [p.overall for p in past.get(row.partner_id, [])][-SPARK:], row.score.standing
            ),
            "share": round(100 * row.spend / sums.spend) if row.spend and sums.spend else None,
            "apart": row.partner.kind in queries.APART,
        }
        for row in page
    ]


def _scatter(request: HttpRequest, rows: Any, cycle: Cycle, currency: str) -> SafeString:
    drawn = list(rows.filter(spend__gt=0, score__overall__isnull=False).order_by("-spend")[:DRAWN])
    if not drawn:
        return mark_safe("")
    before = queries.year_ago(request.user, drawn, cycle)
    dots = [
        Dot(
            row.partner.name, float(row.spend), float(row.score.overall), row.score.standing,
            float(before[row.partner_id]) if row.partner_id in before else None,
        )
        for row in drawn
    ]  # fmt: skip
    return spend_and_score(dots, list(Band.objects.filter(template=drawn[0].template_id)), currency)


@needs("export")
@require_safe
def portfolio_export(request: HttpRequest) -> HttpResponse:
    cycle = chosen_cycle(request, queries.cycles_with_scores(request.user))
    currency, _ = queries.reporting_currency(request.user)
    header = [
        "partner", "kind", "segment", "unit", f"spend a year, {currency}", "score", "status", "standing", "rank",
        "coverage", "change", "next contract end",
    ]  # fmt: skip
    rows: list[list] = []
    if cycle:
        found = queries.sorted_rows(
            _narrowed(request, queries.portfolio_rows(request.user, cycle, currency)),
            request.GET.get("sort", "-spend"),
        )
        rows = [
            [
                row.partner.name, row.partner.get_kind_display(), row.partner.get_segment_display(),
                str(row.partner.unit or ""), row.spend if row.spend is None else round_shown(row.spend, 2),
                row.score.overall, row.score.status, row.score.standing, row.rank, row.score.coverage, row.change,
                row.next_end,
            ]
            for row in found.iterator(chunk_size=2000)
        ]  # fmt: skip
    return csv_response(f"Portfolio {cycle or ''}".strip(), header, rows)


@needs("see_portfolio")
@require_safe
def portfolio_heat(request: HttpRequest) -> HttpResponse:
    """Partners by category: a real table with coloured cells."""
    cycles = queries.cycles_with_scores(request.user)
    cycle = chosen_cycle(request, cycles)
    if cycle is None:
        return render(request, "governance/portfolio_empty.html")
    seen = queries.portfolio_rows(request.user, cycle, queries.reporting_currency(request.user)[0])
    templates = Template.objects.filter(pk__in=seen.order_by().values("template")).order_by("kind", "name")
    by_kind = sorted(templates, key=lambda template: (template.kind != "vendor", template.name))
    wanted = number(request.GET.get("template"))
    template = next(iter([*(t for t in by_kind if t.pk == wanted), *by_kind]), None)
    rows = seen.filter(template=template)
    if unit := number(request.GET.get("unit")):
        rows = rows.filter(partner__unit=unit)
    rows = rows.order_by("-score__overall", "partner__name")
    page = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))
    categories = list(Category.objects.filter(template=template))
    bands = list(Band.objects.filter(template=template))
    cells = category_scores([row.pk for row in page])
    short = sum(1 for row in page if row.score.standing in ("D", "E"))
    context = {
        "cycle": cycle, "cycles": cycles[:40], "template": template, "templates": by_kind, "page": page,
        "categories": categories, "bands": bands, "lowest": bands[-2].lower if len(bands) > 1 else None, "short": short,
        "body": _heat_rows(list(page), categories, cells, bands),
        "medians": [
            queries.median([cells[row.pk, c.pk] for row in page if (row.pk, c.pk) in cells]) for c in categories
        ],
        "median": queries.median([row.score.overall for row in page if row.score.overall is not None]),
        "units": BusinessUnit.objects.visible_to(request.user),
    }  # fmt: skip
    return render(request, "governance/portfolio_heat.html", context)


def _heat_rows(
    rows: list[Scorecard], categories: list[Category], cells: dict[tuple[int, int], Any], bands: list[Band]
) -> SafeString:
    """The table's body as one string: the template language would take ten times as long over its cells."""
    edges = [(band.letter, band.lower) for band in bands]
    names = {band.letter: escape(band.name) for band in bands}
    heads = [escape(category.name) for category in categories]
    lines = []
    for row in rows:
        tds = []
        for category, head in zip(categories, heads, strict=True):
            value = cells.get((row.pk, category.pk))
            if value is None:
                tds.append(f'<td class="h" data-label="{head}">–</td>')
            else:
                letter = band_of(edges, value)
                tds.append(
                    f'<td class="h {letter}" data-label="{head}">{score(value)}<span>{letter}</span></td>'
                )
        standing = row.score.standing
        stands = (
            f'<span class="band {standing}"><b>{standing}</b>{names.get(standing, "")}</span>'
            if standing
            else '<span class="band P"><b>–</b>Provisional</span>'
        )
        lines.append(
            f'<tr><th scope="row"><a href="{row.get_absolute_url()}">{escape(row.partner.name)}</a></th>'
            f'{"".join(tds)}<td class="s" data-label="Overall"><b>{score(row.score.overall)}</b>{stands}</td></tr>'
        )
    return mark_safe("".join(lines))  # noqa: S308  (names are escaped above)
