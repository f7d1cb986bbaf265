"""The partner page: how is this relationship going?"""

from typing import Any

from django.db.models import Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.templatetags.look import round_shown
from partners.models import Contract, Partner
from scorecards.charts import TrendPoint
from scorecards.figures import Point, histories
from scorecards.models import Band, CategoryScore, Scorecard
from scorecards.scoring import band_of
from vendorhub.roles import needs

TABS = [("scorecard", "Scorecard"), ("contracts", "Contracts"), ("contacts", "Contacts")]
TREND_LENGTH, RECENT_LENGTH = 12, 5  # cycles in the chart; on a phone


@needs("see_partners")
@require_safe
def partner_detail(request: HttpRequest, pk: int) -> HttpResponse:
    partner = get_object_or_404(
        Partner.objects.visible_to(request.user).select_related("owner", "unit"), pk=pk
    )
    tab = request.GET.get("tab", "scorecard")
    tab = tab if tab in dict(TABS) else "scorecard"
    contracts = Contract.objects.of_units_of(request.user).filter(partner=partner)
    points = histories(Scorecard.objects.scores_visible_to(request.user).filter(partner=partner))
    context: dict[str, Any] = {
        "partner": partner, "tab": tab, "tabs": TABS,
        "next_end": contracts.filter(ends__gte=timezone.localdate()).aggregate(first=Min("ends"))["first"],
        **_latest(points.get(partner.pk, [])),
    }  # fmt: skip
    if tab == "scorecard" and context["latest"]:
        context |= _scores(context["latest"], points[partner.pk])
    if tab == "contracts":
        context["contracts"] = contracts.select_related("owner", "unit", "delivered_by").current_first()
    if tab == "contacts":
        context["contacts"] = partner.contacts.all()
    return render(request, "governance/partner_detail.html", context)


def _latest(points: list[Point]) -> dict[str, Any]:
    """The last closed cycle with an outcome, else the open one; and the closed, scored one before it."""
    told = [point for point in points if point.coverage is not None]
    latest = next((point for point in reversed(told) if point.closed), told[-1] if told else None)
    earlier = told[: told.index(latest)] if latest else []
    before = next((point for point in reversed(earlier) if point.closed and point.overall is not None), None)
    comparable = latest and before and latest.overall is not None
    change = round_shown(latest.overall) - round_shown(before.overall) if comparable else None
    return {"latest": latest, "before": before, "change": change}


def _scores(latest: Point, points: list[Point]) -> dict[str, Any]:
    bands = list(Band.objects.filter(template=latest.template_id).values_list("letter", "name", "lower"))
    edges = [(letter, lower) for letter, _, lower in bands]
    names = {letter: name for letter, name, _ in bands}
    categories = CategoryScore.objects.filter(scorecard=latest.scorecard_id).order_by("category__position")
    trend = [
        TrendPoint(
            p.cycle, p.overall, p.standing, place == 0 or p.template_id == points[place - 1].template_id
        )
        for place, p in enumerate(points)
    ]
    return {
        "trend": trend[-TREND_LENGTH:],
        "recent": trend[-RECENT_LENGTH:],
        "bands": bands,
        "categories": [
            (name, score, (letter := band_of(edges, score)), names.get(letter))
            for name, score in categories.values_list("category__name", "score")
        ],
        "points": list(reversed(points)),
    }
