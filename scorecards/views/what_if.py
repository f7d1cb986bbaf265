"""What if the weights were others? Scores and ranks move on the page; nothing is saved until asked."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from scorecards import scoring
from scorecards.arithmetic import outcome_of, weights_of
from scorecards.figures import criterion_figures
from scorecards.forms.templates import weight_fields
from scorecards.models import Category, Cycle, Scorecard, Template
from scorecards.services.templates import new_version
from vendorhub.roles import may, needs

SHOWN = 100


@dataclass
class Line:
    """One partner, before and after."""

    scorecard: Scorecard
    before: scoring.Outcome
    after: scoring.Outcome
    rank_before: int | None = None
    rank_after: int | None = None

    @property
    def change(self) -> Decimal | None:
        if self.before.overall is None or self.after.overall is None:
            return None
        return scoring.shown(self.after.overall) - scoring.shown(self.before.overall)


@needs("see_templates")
@require_http_methods(["GET", "HEAD", "POST"])
def template_what_if(request: HttpRequest, pk: int) -> HttpResponse:
    whole = Prefetch("categories", Category.objects.prefetch_related("criteria"))
    template = get_object_or_404(Template.objects.prefetch_related(whole, "bands"), pk=pk)
    weights, errors = weight_fields(template, request.POST or request.GET)
    if request.method == "POST" and not errors and may(request.user, "manage_templates"):
        return _save(request, template, weights)
    seen = Scorecard.objects.scores_visible_to(request.user).filter(template=template)
    cycles = Cycle.objects.visible_to(request.user).filter(pk__in=seen.values("cycle"))
    wanted = request.GET.get("cycle", "")
    cycle = cycles.filter(pk=int(wanted)).first() if wanted.isdecimal() and len(wanted) < 18 else None
    cycle = cycle or cycles.first()
    context = {
        "template": template, "cycle": cycle, "cycles": cycles, "errors": errors,
        "lines": _lines(request.user, template, cycle, weights) if cycle else [],
        "categories": [
            (category, weights[f"g{category.pk}"], errors.get(f"g{category.pk}"), [
                (criterion, weights[f"c{criterion.pk}"], errors.get(f"c{criterion.pk}"))
                for criterion in category.criteria.all()
            ])
            for category in template.categories.all()
        ],
        "changed": any(name in (request.GET or {}) for name in weights),
    }  # fmt: skip
    return render(request, "scorecards/what_if.html", context, status=400 if errors else 200)


def _lines(user: Any, template: Template, cycle: Cycle, weights: dict[str, Decimal]) -> list[Line]:
    """Score every visible scorecard of the cycle with the template's weights and with these."""
    cards = list(
        Scorecard.objects.scores_visible_to(user)
        .filter(cycle=cycle, template=template)
        .select_related("partner", "score")
        .order_by("partner__name")[:2000]
    )
    stands, would = weights_of(template), _reweighted(weights_of(template), weights)
    figures = criterion_figures(card.pk for card in cards)
    lines = [
        Line(card, outcome_of(card, stands, figures), outcome_of(card, would, figures)) for card in cards
    ]
    for line, rank in zip(lines, _ranks([line.before for line in lines]), strict=True):
        line.rank_before = rank
    for line, rank in zip(lines, _ranks([line.after for line in lines]), strict=True):
        line.rank_after = rank
    lines.sort(key=lambda line: (line.rank_after or 10**9, line.scorecard.partner.name))
    return lines[:SHOWN]


def _ranks(outcomes: list[scoring.Outcome]) -> list[int | None]:
    """Competition ranks (1, 2, 2, 4) among final scores."""
    final = [
        outcome.overall
        for outcome in outcomes
        if outcome.status == scoring.FINAL and outcome.overall is not None
    ]
    return [
        1 + sum(other > outcome.overall for other in final)
        if outcome.status == scoring.FINAL and outcome.overall is not None
        else None
        for outcome in outcomes
    ]


def _reweighted(stands: scoring.TemplateWeights, weights: dict[str, Decimal]) -> scoring.TemplateWeights:
    return replace(
        stands,
        categories=tuple(
            replace(
                category, weight=weights[f"g{category.id}"],
                criteria=tuple(replace(c, weight=weights[f"c{c.id}"]) for c in category.criteria),
            )
            for category in stands.categories
        ),
    )  # fmt: skip


@transaction.atomic
def _save(request: HttpRequest, template: Template, weights: dict[str, Decimal]) -> HttpResponse:
    """Keep these weights as a draft of the next version."""
    by_name = {
        (category.name, criterion.name): weights[f"c{criterion.pk}"]
        for category in template.categories.all() for criterion in category.criteria.all()
    }  # fmt: skip
    by_category = {category.name: weights[f"g{category.pk}"] for category in template.categories.all()}
    try:
        draft = new_version(get_object_or_404(Template, pk=template.pk))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("template_what_if", template.pk)
    for category in draft.categories.prefetch_related("criteria"):
        category.weight = by_category[category.name]
        category.save(update_fields=["weight"])
        for criterion in category.criteria.all():
            criterion.weight = by_name[category.name, criterion.name]
            criterion.save(update_fields=["weight"])
    messages.success(request, f"{draft} is a draft with these weights.")
    return redirect(draft)
