"""What if the weights were others? Scores and ranks move on the page; nothing is saved until asked."""

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.numbers import row_number
from partners.models import APART_KINDS
from scorecards import scoring
from scorecards.arithmetic import outcome_of, weights_of
from scorecards.figures import criterion_figures
from scorecards.forms.templates import weight_fields
from scorecards.models import Category, Cycle, Scorecard, Template
from scorecards.services.templates import new_version
from vendorhub.roles import may, needs

SHOWN = 100
SCORED = 2000  # worked out while the person waits


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
        return scoring.difference(self.after.overall, self.before.overall)


@needs("see_templates")
@require_http_methods(["GET", "HEAD", "POST"])
def template_what_if(request: HttpRequest, pk: int) -> HttpResponse:
    whole = Prefetch("categories", Category.objects.prefetch_related("criteria"))
    template = get_object_or_404(Template.objects.prefetch_related(whole, "bands"), pk=pk)
    sent = request.POST if request.method == "POST" else request.GET
    weights, errors, typed = weight_fields(template, sent)
    if request.method == "POST":
        if not may(request.user, "manage_templates"):
            raise PermissionDenied
        if not errors:
            return _save(request, template, weights)
    cycles, cycle = _cycles(request, template)
    lines = _lines(request.user, template, cycle, weights) if cycle else []
    context = {
        "template": template, "cycle": cycle, "cycles": cycles, "errors": errors,
        "lines": lines[:SHOWN], "number": len(lines), "cut": len(lines) >= SCORED,
        "ranks_moved": sum(line.rank_before != line.rank_after for line in lines),
        "standings_moved": sum(line.before.standing != line.after.standing for line in lines),
        "changed": any(typed[name] != typed_today for name, typed_today in _today(template).items()),
        "typed": typed,
        "wrong": _wrong(template, errors),
        "categories": [
            (category, typed[f"g{category.pk}"], errors.get(f"g{category.pk}"), [
                (criterion, typed[f"c{criterion.pk}"], errors.get(f"c{criterion.pk}"))
                for criterion in category.criteria.all()
            ])
            for category in template.categories.all()
        ],
    }  # fmt: skip
    # A part of the page is only swapped in when it came with 200.
    status = 400 if errors and not request.headers.get("hx-request") else 200
    return render(request, "scorecards/what_if.html", context, status=status)


def _wrong(template: Template, errors: dict[str, str]) -> list[tuple[str, str]]:
    """What cannot be read: (field, sentence with the name of its row)."""
    names = {}
    for category in template.categories.all():
        names[f"g{category.pk}"] = category.name
        names |= {f"c{criterion.pk}": criterion.name for criterion in category.criteria.all()}
    return [(field, f"{names[field]}: {sentence}") for field, sentence in errors.items()]


def _today(template: Template) -> dict[str, str]:
    return weight_fields(template, {})[2]


def _cycles(request: HttpRequest, template: Template) -> tuple[QuerySet[Cycle], Cycle | None]:
    """Cycles of which the person may see scores with this template, and the one asked for or else the latest."""
    seen = Scorecard.objects.scores_visible_to(request.user).filter(
        template=template, score__overall__isnull=False
    )
    cycles = Cycle.objects.visible_to(request.user).filter(pk__in=seen.values("cycle"))
    wanted = row_number(request.GET.get("cycle"))
    return cycles, cycles.filter(pk=wanted).first() or cycles.first()


def _lines(user: Any, template: Template, cycle: Cycle, weights: dict[str, Decimal]) -> list[Line]:
    """Score the cycle's scorecards with the template's weights and with these; keep those the person may see.

    Ranks are among everybody, as on every other page: they do not depend on whom the reader may see.
    """
    everybody = Scorecard.objects.filter(cycle=cycle, template=template)
    cards = list(everybody.select_related("partner", "score").order_by("partner__name", "pk")[:SCORED])
    seen = set(Scorecard.objects.scores_visible_to(user).filter(cycle=cycle).values_list("pk", flat=True))
    stands = weights_of(template)
    would = _reweighted(stands, weights)
    figures = criterion_figures(card.pk for card in cards)
    lines = []
    for card in cards:
        card.template = template  # with its standings' names
        before = outcome_of(card, stands, figures)
        after = before if would == stands else outcome_of(card, would, figures)
        lines.append(Line(card, before, after))
    _rank(lines, "before")
    _rank(lines, "after")
    lines = [line for line in lines if line.scorecard.pk in seen]
    return sorted(lines, key=lambda line: (line.rank_after or 10**9, line.scorecard.partner.name))


def _rank(lines: list[Line], which: str) -> None:
    """Competition ranks (1, 2, 2, 4) among final scores; internal partners and ourselves stand apart."""
    fields: dict[str, list[tuple[Decimal, Line]]] = defaultdict(list)
    for line in lines:
        outcome, kind = getattr(line, which), line.scorecard.partner.kind
        if outcome.status == scoring.FINAL and outcome.overall is not None:
            fields[kind if kind in APART_KINDS else ""].append((outcome.overall, line))
    for scored in fields.values():
        scored.sort(key=lambda pair: -pair[0])
        rank = 1
        for place, (overall, line) in enumerate(scored, 1):
            if place > 1 and overall != scored[place - 2][0]:
                rank = place
            setattr(line, f"rank_{which}", rank)


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


def _save(request: HttpRequest, template: Template, weights: dict[str, Decimal]) -> HttpResponse:
    """Keep these weights as a draft of the next version."""
    try:
        draft = new_version(template, weights=weights)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        typed = {name: f"{weight.normalize():f}" for name, weight in weights.items()}
        return redirect(f"{request.path}?{urlencode(typed)}")
    messages.success(request, f"{draft} is a draft with these weights.")
    return redirect(draft)
