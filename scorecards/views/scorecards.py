"""The scorecard page: what a partner scores in a cycle, and where the number comes from."""

from itertools import pairwise
from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.compiled import compiled
from accounts.numbers import row_number
from partners.models import Partner
from scorecards.arithmetic import Arithmetic
from scorecards.charts import TrendPoint
from scorecards.figures import place_of
from scorecards.findings import change_since, explanation, heading
from scorecards.models import Assessment, Cycle, Scorecard
from scorecards.models_fair import GROUP
from scorecards.services.comments import readable_comments
from scorecards.whole import whole
from vendorhub.roles import needs

TREND_LENGTH, RECENT_LENGTH = 12, 5  # cycles in the chart; on a phone


@needs("use")
def scorecard_detail(request: HttpRequest, pk: int) -> HttpResponse:
    cards: list[Scorecard] = _with_its_like(request.user, pk)
    card = next((card for card in cards if card.pk == pk), None)
    if card is None:
        return _still_blind(request, pk)
    past = [earlier for earlier in cards[: cards.index(card)] if earlier.cycle.state == Cycle.CLOSED]
    opened = set(request.GET.get("open", "").split(",")[:200]) - {""}
    context = _taken_apart(card, past[1 - TREND_LENGTH :], opened, request.GET.get("against", ""))
    return render(request, "scorecards/scorecard_detail.html", context)


@needs("use")
def partner_scorecard(request: HttpRequest, pk: int) -> HttpResponse:
    """The partner's latest scorecard that this person may see the score of."""
    partner = get_object_or_404(Partner.objects.visible_to(request.user), pk=pk)
    seen = Scorecard.objects.scores_visible_to(request.user).filter(partner=partner)
    latest = seen.exclude(cycle__state=Cycle.DRAFT).order_by("-cycle__ends", "-cycle_id")
    return redirect(latest.filter(score__overall__isnull=False).first() or latest.first() or partner)


def _taken_apart(card: Scorecard, past: list[Scorecard], opened: set[str], against: str) -> dict[str, Any]:
    """Everything the page shows, in a number of queries that grows neither with raters nor with criteria.

    `past`: the partner's scorecards of earlier closed cycles, oldest first. `against`: the cycle to compare with, as
    the address asks; without one it is the last with a score.
    """
    card.template = whole(card.template)
    outcome = getattr(card, "score", None)
    choices = [earlier for earlier in past if hasattr(earlier, "score") and earlier.score.overall is not None]
    chosen = next((earlier for earlier in choices if earlier.cycle_id == row_number(against)), None)
    before = chosen or (choices[-1] if choices else None)
    if before:
        before.template = whole(before.template)
    sums = Arithmetic(card, opened, before)
    trend = _trend([*past, card])
    criteria = [row.criterion for row in sums.criteria]
    comments, held_back = readable_comments(card, criteria)
    order = {criterion.pk: place for place, criterion in enumerate(criteria)}
    raters = next(iter(_raters(None, card.pk)), {"asked": 0, "submitted": 0})
    rank, ranked = place_of(card, outcome)
    fair = getattr(card, "fair", None)
    fair = fair if fair and fair.cycle.raters >= GROUP else None
    for row in sums.categories:
        row.without_severity = fair and fair.categories.get(row.category.pk)
    return {
        "card": card,
        "outcome": outcome,
        "before": before,
        "choices": choices[::-1],
        "against": chosen and chosen.cycle_id,
        "is_refused": bool(against) and not chosen,
        "change": change_since(outcome, before),
        "heading": heading(card, outcome, before),
        "explanation": explanation(card, outcome, before, sums),
        "sums": sums,
        "is_pending": (outcome.overall if outcome else None) != sums.outcome.overall,
        "opened": opened,
        "capped_by": next((c for c in criteria if outcome and c.pk == outcome.capped_by_id), None),
        "raters": raters,
        "rank": rank,
        "fair": fair,
        "fair_band": next(
            (band.name for band in card.template.bands.all() if fair and band.letter == fair.standing), ""
        ),
        "ranked": ranked,
        "trend": trend,
        "has_trend": any(point.score is not None for point in trend),
        "has_provisional": any(point.score is not None and not point.letter for point in trend),
        "recent": trend[-RECENT_LENGTH:],
        "bands": [(band.letter, band.name, band.lower) for band in card.template.bands.all()],
        "not_like_for_like": _breaks([*past, card]),
        "comments": sorted(comments, key=lambda comment: order.get(comment.criterion_id, -1)),
        "held_back": held_back,
    }


@compiled
def _with_its_like(user: Any, pk: int) -> QuerySet[Scorecard]:
    """The scorecards of its partner whose scores this person may see, it among them, oldest first."""
    seen = Scorecard.objects.scores_visible_to(user)
    like_it = seen.filter(partner=Scorecard.objects.filter(pk=pk).values("partner")[:1])
    cards = like_it.select_related("cycle", "partner", "template", "score", "fair__cycle")
    return cards.order_by("cycle__ends", "cycle_id")


@compiled
def _raters(reader: None, scorecard: int) -> QuerySet:
    """How many were asked and have submitted; nothing where nobody was asked."""
    theirs = Assessment.objects.filter(scorecard=scorecard).order_by().values("scorecard")
    return theirs.annotate(asked=Count("pk"), submitted=Count("submitted_at"))


def _trend(cards: list[Scorecard]) -> list[TrendPoint]:
    templates = [None, *(card.template_id for card in cards)]
    return [
        TrendPoint(
            card.cycle.name,
            outcome.overall if outcome else None,
            outcome.standing if outcome else "",
            templates[place] in (None, card.template_id),
        )
        for place, card in enumerate(cards)
        for outcome in [getattr(card, "score", None)]
    ]


def _breaks(cards: list[Scorecard]) -> list[Scorecard]:
    """The scorecards of the trend that start another version of the template."""
    return [after for before, after in pairwise(cards) if before.template_id != after.template_id]


def _still_blind(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what to do before the score may be seen, without a number of it."""
    cards = Scorecard.objects.visible_to(request.user).select_related("cycle", "partner")
    card = get_object_or_404(cards, pk=pk)
    mine = Assessment.objects.visible_to(request.user).filter(
        cards.filter(cycle=card.cycle_id).holds(), submitted_at=None
    )
    context = {"card": card, "mine": mine.select_related("scorecard__partner")}
    return render(request, "scorecards/scorecard_blind.html", context, status=403)
