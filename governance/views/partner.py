"""The partner page: how is this relationship going?"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from partners.models import Contract, Partner
from scorecards.charts import TrendPoint, trend_chart
from scorecards.figures import histories, with_rank_and_change
from scorecards.models import Band, CategoryScore, Cycle, Scorecard
from scorecards.scoring import band_of
from vendorhub.roles import needs

TABS = [("scorecard", "Scorecard"), ("contracts", "Contracts"), ("contacts", "Contacts")]


@needs("see_partners")
@require_safe
def partner_detail(request: HttpRequest, pk: int) -> HttpResponse:
    partner = get_object_or_404(
        Partner.objects.visible_to(request.user).select_related("owner", "unit"), pk=pk
    )
    tab = request.GET.get("tab", "scorecard")
    tab = tab if tab in dict(TABS) else "scorecard"
    contracts = (
        Contract.objects.visible_to(request.user)
        .filter(partner=partner)
        .select_related("owner", "unit", "delivered_by")
        .current_first()
    )
    context: dict[str, Any] = {
        "partner": partner, "tab": tab, "tabs": TABS, "contracts": contracts, "latest": _latest(request, partner),
        "next_end": contracts.filter(ends__isnull=False).order_by("ends").first(),
    }  # fmt: skip
    if tab == "scorecard":
        context |= _scores(request, partner, context["latest"])
    if tab == "contacts":
        context["contacts"] = partner.contacts.all()
    return render(request, "governance/partner_detail.html", context)


def _latest(request: HttpRequest, partner: Partner) -> Scorecard | None:
    """The last closed scorecard this person may see, else the open one."""
    seen = Scorecard.objects.scores_visible_to(request.user).filter(partner=partner, score__isnull=False)
    rows = with_rank_and_change(seen).select_related("cycle", "score", "template")
    return rows.order_by("-cycle__ends", "-cycle").filter(cycle__state=Cycle.CLOSED).first() or rows.first()


def _scores(request: HttpRequest, partner: Partner, latest: Scorecard | None) -> dict[str, Any]:
    if latest is None:
        return {}
    points = histories(Scorecard.objects.scores_visible_to(request.user).filter(partner=partner))[partner.pk]
    bands = list(Band.objects.filter(template=latest.template))
    edges = [(band.letter, band.lower) for band in bands]
    names = {band.letter: band.name for band in bands}
    listed = (
        CategoryScore.objects.filter(scorecard=latest)
        .select_related("category")
        .order_by("category__position")
    )
    trend = [
        TrendPoint(
            p.cycle, p.overall, p.standing, place == 0 or p.template_id == points[place - 1].template_id
        )
        for place, p in enumerate(points[-12:])
    ]
    return {
        "chart": trend_chart(trend, [(band.letter, band.name, band.lower) for band in bands]),
        "phone_chart": trend_chart(trend[-5:], [(band.letter, band.name, band.lower) for band in bands], 360),
        "categories": [
            (row.category, row.score, (letter := band_of(edges, row.score)), names.get(letter))
            for row in listed
        ],
        "points": list(reversed(points)),
    }
