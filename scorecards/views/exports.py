"""Scores as CSV and XLSX, for whoever may see them."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from accounts.spreadsheets import csv_response, xlsx_response
from partners.models import KINDS, SEGMENTS
from scorecards.arithmetic import Arithmetic, Row
from scorecards.figures import Comparison, comparisons
from scorecards.models import CategoryScore, Cycle, Score, Scorecard, Template
from scorecards.scoring import stored
from scorecards.whole import whole
from vendorhub.roles import needs

OUTCOME = [
    "Partner", "Kind", "Segment", "Template", "Score", "Status", "Coverage %", "Lower bound", "Upper bound", "Standing",
    "Held down by", "Rank", "Raters", "Previous score", "Change", "Like for like",
]  # fmt: skip
STORED = [
    "pk", "partner__name", "partner__kind", "partner__segment", "template", "score__overall", "score__status",
    "score__coverage", "score__lower", "score__upper", "score__standing", "score__capped_by__name", "score__raters",
]  # fmt: skip
_KINDS, _SEGMENTS = dict(KINDS), dict(SEGMENTS)
STEPS = [
    "Category",
    "Criterion",
    "Weight",
    "Score",
    "Standing",
    "Points",
    "Marks",
    "Does not apply",
    "Left open",
]


@needs("export")
def cycle_export(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """Every scorecard of a cycle with its category scores, a row each."""
    cycle = get_object_or_404(Cycle.objects.visible_to(request.user), pk=pk)
    seen = Scorecard.objects.scores_visible_to(request.user).filter(cycle=cycle)
    cards = list(seen.order_by("partner__name", "pk").values_list(*STORED))
    if not cards and Scorecard.objects.visible_to(request.user).filter(cycle=cycle).exists():
        messages.error(request, f"Submit your own assessments first: until then you see no score of {cycle}.")
        return redirect(cycle)
    scores, names = _category_scores(cards)
    compared = comparisons(card[0] for card in cards)
    used = Template.objects.in_bulk({card[4] for card in cards})
    templates = {pk: str(template) for pk, template in used.items()}
    rows = [
        [*_outcome(card, templates, compared[card[0]]), *(scores.get((card[0], name)) for name in names)]
        for card in cards
    ]
    return _download(form, f"Scores {cycle}", [("Scores", [*OUTCOME, *names], rows)])


@needs("export")
def scorecard_export(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """One scorecard: what each category and criterion scores and brings."""
    cards = Scorecard.objects.scores_visible_to(request.user).select_related("cycle", "partner", "template")
    card = get_object_or_404(cards, pk=pk)
    card.template = whole(card.template)
    rows: list[list[Any]] = []
    sums = Arithmetic(card)
    for category in sums.categories:
        rows.append(
            [category.category.name, None, category.category.weight, *_part(category), None, None, None]
        )
        for row in category.criteria:
            counts = [row.figure.count, row.figure.not_applicable, row.figure.not_answered]
            rows.append(
                [category.category.name, row.criterion.name, row.criterion.weight, *_part(row), *counts]
            )
    found = sums.outcome
    rows.append(
        ["Overall", None, sums.total_weight, found.overall, found.standing, found.overall, None, None, None]
    )
    return _download(form, f"{card.partner} {card.cycle}", [("Scorecard", STEPS, rows)])


def _download(form: str, name: str, sheets: list[tuple[str, list[str], list[list[Any]]]]) -> HttpResponse:
    """The sheets as the address asks for them; CSV has room for the first."""
    if form == "xlsx":
        return xlsx_response(name, sheets)
    if form == "csv":
        return csv_response(name, *sheets[0][1:])
    raise Http404


def _outcome(card: tuple, templates: dict[int, str], compared: Comparison) -> list[Any]:
    _, partner, kind, segment, template, overall, status, *numbers, raters = card
    return [
        partner, _KINDS[kind], _SEGMENTS[segment], templates[template], overall, status or Score.NONE, *numbers,
        compared.rank, raters, compared.previous, compared.change, compared.like_for_like,
    ]  # fmt: skip


def _category_scores(cards: list[tuple]) -> tuple[dict[tuple[int, str], Any], list[str]]:
    """Scores by (scorecard id, category name), and the names in the order of their templates."""
    found = CategoryScore.objects.filter(scorecard__in=[card[0] for card in cards]).order_by(
        "category__template__name", "category__position", "category_id"
    )
    scores = {
        (card, name): score for card, name, score in found.values_list("scorecard", "category__name", "score")
    }
    return scores, list(dict.fromkeys(name for _, name in scores))


def _part(row: Row) -> list[Any]:
    return [row.score, row.letter, None if row.score is None else stored(row.points)]
