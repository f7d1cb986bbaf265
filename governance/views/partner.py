"""The partner page: how is this relationship going?"""

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.compiled import compiled
from governance.decisions import admission_decision_of
from governance.standing import before_of, doubt, headline, latest_of, why_no_score
from partners.cost_table import ahead_of_many
from partners.models import Contact, Contract, Partner
from scorecards.charts import TrendPoint
from scorecards.figures import Point, history
from scorecards.scoring import band_of, difference
from vendorhub.roles import may, needs

TABS = ("scorecard", "contracts", "contacts")
TREND_LENGTH, RECENT_LENGTH = 12, 5  # cycles in the chart; on a phone


@needs("see_partners")
@require_safe
def partner_detail(request: HttpRequest, pk: int) -> HttpResponse:
    partner = next(iter(_found(request.user, pk)), None)
    if partner is None:
        raise Http404
    tab = request.GET.get("tab", "scorecard")
    tab = tab if tab in TABS else "scorecard"
    contracts = (_contracts_in_full if tab == "contracts" else _contracts)(request.user, pk)
    points = history(partner.pk, request.user)
    context: dict[str, Any] = {
        "partner": partner, "tab": tab, "contracts": contracts,
        **_standing(partner, points),
    }  # fmt: skip
    context["next_end"] = next((row.term_ends for row in contracts if row.ends and not row.has_ended), None)
    if tab == "scorecard" and context["latest"]:
        context |= _scores(context["latest"], points, context["bands"])
    elif context["latest"] is None:
        context["missing"] = why_no_score(partner, request.user)
    if tab == "scorecard" and partner.kind != "own" and may(request.user, "see_renewals"):
        context["admission"] = admission_decision_of(partner)
    if tab == "contracts":
        context["ahead"] = ahead_of_many(
            [row for row in contracts if not row.has_ended], timezone.localdate()
        )
    else:
        context["contacts"] = _contacts(None, pk)
    return render(request, "governance/partner_detail.html", context)


@compiled
def _found(user: Any, pk: int) -> QuerySet[Partner]:
    return Partner.objects.visible_to(user).select_related("owner", "unit").filter(pk=pk)


@compiled
def _contracts(user: Any, partner: int) -> QuerySet[Contract]:
    return Contract.objects.of_units_of(user).with_yearly().filter(partner=partner).current_first()


@compiled
def _contracts_in_full(user: Any, partner: int) -> QuerySet[Contract]:
    contracts = Contract.objects.of_units_of(user).with_yearly().filter(partner=partner).current_first()
    return contracts.select_related("owner", "unit", "delivered_by")


@compiled
def _contacts(reader: None, partner: int) -> QuerySet[Contact]:
    return Contact.objects.filter(partner=partner)


def _standing(partner: Partner, points: list[Point]) -> dict[str, Any]:
    """Its last outcome and the one before it, in words."""
    latest = latest_of(points)
    before = before_of(points, latest) if latest else None
    change = _change(latest, before)
    bands = latest.template.bands.all() if latest else ()
    edges = [(band.letter, band.name, band.lower) for band in bands]
    band = next((name for letter, name, _ in edges if letter == latest.standing), "") if latest else ""
    return {
        "latest": latest,
        "band": band,
        "bands": edges,
        "headline": headline(partner, latest, band, before, change),
        "doubt": doubt(latest),
    }


def _change(point: Point | None, before: Point | None) -> Decimal | None:
    """The difference of two scores as they are shown."""
    return difference(getattr(point, "overall", None), getattr(before, "overall", None))


def _scores(latest: Point, points: list[Point], bands: list[tuple[str, str, Decimal]]) -> dict[str, Any]:
    edges = [(letter, lower) for letter, _, lower in bands]
    names = {letter: name for letter, name, _ in bands}
    trend = [
        TrendPoint(
            p.cycle, p.overall, p.standing, place == 0 or p.template_id == points[place - 1].template_id
        )
        for place, p in enumerate(points)
    ]
    return {
        "trend": trend[-TREND_LENGTH:],
        "recent": trend[-RECENT_LENGTH:],
        "categories": [
            (category.name, score, (letter := band_of(edges, score)), names.get(letter))
            for category in latest.template.categories.all()
            if (score := latest.categories.get(category.pk)) is not None
        ],
        "rows": [(point, _change(point, before_of(points, point))) for point in reversed(points)],
    }
