"""Home: what should I do now?"""

from datetime import timedelta
from typing import Any

from django.db.models import Count, FilteredRelation, Q
from django.db.models.functions import Round
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from partners.models import Contract, Partner, RegisterImport
from scorecards.models import Assessment, Cycle, Scorecard
from vendorhub.roles import may, needs

SOON = timedelta(days=90)


@needs("use")
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    user = request.user
    mine = list(_open_assessments(user))
    context: dict[str, Any] = {"mine": mine, "due": min((a.scorecard.cycle.due for a in mine), default=None)}
    if may(user, "see_cycles"):
        context["open_cycles"] = (
            Cycle.objects.visible_to(user)
            .filter(state=Cycle.OPEN)
            .annotate(
                asked=Count("scorecards__assessments"),
                submitted=Count("scorecards__assessments__submitted_at"),
            )
        )
    if may(user, "see_portfolio"):
        context["movers"] = _movers(user)
        context["ending"] = _ending(user)
    if may(user, "manage_partners"):
        context["imports"] = RegisterImport.objects.filter(by=user).exclude(state=RegisterImport.DONE)[:5]
        context["is_new"] = not Partner.objects.visible_to(user).exists()
    return render(request, "governance/home.html", context)


def _open_assessments(user: Any) -> Any:
    """What this person still has to submit, with how much of it is done."""
    asked = Q(scorecard__template__categories__criteria__kind="rated")
    return (
        Assessment.objects.visible_to(user)
        .filter(scorecard__cycle__state=Cycle.OPEN, submitted_at=None)
        .select_related("scorecard__partner", "scorecard__cycle")
        .annotate(
            asked=Count("scorecard__template__categories__criteria", filter=asked, distinct=True),
            done=Count(
                "ratings",
                filter=Q(ratings__value__isnull=False) | Q(ratings__not_applicable=True),
                distinct=True,
            ),
        )
        .order_by("scorecard__cycle__due", "-done", "scorecard__partner__name")
    )


def _movers(user: Any) -> list[Scorecard]:
    """Who fell most in the last closed cycle, since the closed one before."""
    closed = Cycle.objects.visible_to(user).filter(state=Cycle.CLOSED)[:2]
    if len(closed) < 2:
        return []
    last, before = closed
    seen = Scorecard.objects.scores_visible_to(user).filter(cycle=last).exclude(partner__kind="own")
    then = FilteredRelation("partner__scorecards", condition=Q(partner__scorecards__cycle=before))
    change = Round("score__overall", precision=1) - Round("then__score__overall", precision=1)
    moved = seen.annotate(then=then).annotate(change=change).filter(change__isnull=False)
    return list(moved.select_related("partner", "score", "cycle").order_by("change", "partner__name")[:4])


def _ending(user: Any) -> Any:
    today = timezone.localdate()
    return (
        Contract.objects.visible_to(user)
        .filter(ends__gte=today, ends__lte=today + SOON, partner__archived_at=None)
        .select_related("partner")
        .order_by("ends")[:6]
    )
