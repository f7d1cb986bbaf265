"""How fair a cycle's scores are: severity, agreement, and what scores and ranks come to without severity."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from scorecards.fair.agreement import in_word
from scorecards.fair_words import findings, is_telling, own_severity
from scorecards.figures import comparisons
from scorecards.models import Band, Category, FairCycle, FairRater, FairScore
from scorecards.models_fair import GROUP
from scorecards.views.cycles import find_cycle
from vendorhub.roles import may, needs

ROWS_A_PAGE = 50


@needs("use")
@require_safe
def cycle_fair(request: HttpRequest, pk: int) -> HttpResponse:
    """What raters see of themselves, and those who may see scores of all."""
    cycle = find_cycle(request, pk)
    found = FairCycle.objects.filter(cycle=cycle).first()
    mine = FairRater.objects.visible_to(request.user).filter(cycle=pk, rater=request.user).first()
    sees_all = may(request.user, "see_scores")
    context = {"cycle": cycle, "found": found, "mine": mine and own_severity(mine), "sees_all": sees_all}
    if found and sees_all:
        context |= _told(request, found)
    return render(request, "scorecards/cycle_fair.html", context)


def _told(request: HttpRequest, found: FairCycle) -> dict[str, Any]:
    scores = (
        FairScore.objects.visible_to(request.user)
        .filter(cycle=found)
        .select_related("scorecard__partner", "scorecard__score", "scorecard__template")
        .order_by("scorecard__template__name", "scorecard__template", "rank", "-adjusted", "pk")
    )
    page = Paginator(scores, ROWS_A_PAGE).get_page(request.GET.get("page"))
    beside = comparisons([score.pk for score in page])
    bands: dict[int, dict[str, str]] = {}
    for band in Band.objects.filter(template__in={score.scorecard.template_id for score in page}):
        bands.setdefault(band.template_id, {})[band.letter] = band.name
    rows = []
    for score in page:
        names, raw = bands.get(score.scorecard.template_id, {}), score.scorecard.score
        rows.append({
            "fair": score, "card": score.scorecard, "raw": raw, "rank": beside[score.pk].rank,
            "raw_name": names.get(raw.standing, ""), "band_name": names.get(score.standing, ""),
        })  # fmt: skip
    return {
        "told": findings(found), "page": page, "rows": rows, "agreement": (agreement := _agreement(found)),
        "by_category": [row for row in agreement if row["is_category"]],
        "few": GROUP,
        "effects": FairRater.objects.visible_to(request.user).filter(cycle=found).select_related("rater").order_by("effect")
        if may(request.user, "see_severity") else [],
    }  # fmt: skip


def _agreement(found: FairCycle) -> list[dict[str, Any]]:
    """By category and, below each, by criterion; those with too few raters behind them are not there."""
    rows = []
    categories = Category.objects.filter(template__in=found.cycle.templates.all()).prefetch_related(
        "criteria"
    )
    for category in categories.order_by("template__name", "template", "position", "pk"):
        for key, name, is_category in [
            (f"g{category.pk}", category.name, True),
            *((f"c{criterion.pk}", criterion.name, False) for criterion in category.criteria.all()),
        ]:
            told = found.agreement.get(key)
            if told and is_telling(told):
                word = "" if told["alpha"] is None else in_word(told["alpha"])
                rows.append({**told, "name": name, "is_category": is_category, "word": word})
    return rows
