"""Weights by comparing pairs: answer, see what follows, use it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.numbers import row_number
from scorecards.fair.pairwise import MOST, WARNED_FROM, Priorities
from scorecards.forms.pairs import PairsForm
from scorecards.models import Category, PairAnswers, Template
from scorecards.services import pairs as service
from vendorhub.roles import needs


@needs("see_templates")
@require_http_methods(["GET", "HEAD", "POST"])
def template_pairs(request: HttpRequest, pk: int) -> HttpResponse:
    template = get_object_or_404(Template.objects.prefetch_related("categories__criteria"), pk=pk)
    category = _category(template, request.GET.get("of"))
    compared = service.Compared(template, category)
    answered = PairAnswers.objects.visible_to(request.user)
    own = answered.filter(template=template, category=category, person=request.user).first()
    form = PairsForm(request.POST or None, pairs=compared.pairs, initial=_initial(compared, own))
    if request.method == "POST" and form.is_valid():
        return _keep(request, template, category, form, compared)
    names = [row.name for row in compared.rows]
    mine = next((said.found for said in compared.people if said.person == request.user), None)
    context = {
        "template": template, "category": category, "compared": compared, "form": form,
        "is_draft": template.state == Template.DRAFT, "most": MOST, "warned_from": WARNED_FROM,
        "left": len(compared.pairs) - (len(compared.answers_of(own)) if own else 0),
        "rows": _rows(compared, mine), "mine": mine,
        "heaviest": max(zip(compared.weights, names, strict=True)) if compared.weights else None,
        "worst": _worst(compared.found, names),
        "people": [(said, _worst(said.found, names)) for said in compared.people],
    }  # fmt: skip
    return render(request, "scorecards/template_pairs.html", context, status=400 if form.errors else 200)


def _category(template: Template, number: str | None) -> Category | None:
    return get_object_or_404(Category, template=template, pk=row_number(number)) if number else None


def _initial(compared: service.Compared, own: PairAnswers | None) -> dict[str, int]:
    answers = compared.answers_of(own) if own else {}
    rows = compared.rows
    return {service.key(rows[i], rows[j]): answer for (i, j), answer in answers.items()}


def _rows(compared: service.Compared, mine: Priorities | None) -> list[tuple[Any, Any, Any]]:
    """What is weighed, with its weight by all answers and by the reader's own."""
    by_all = compared.weights or [None] * len(compared.rows)
    by_me = [100 * weight for weight in mine.weights] if mine else [None] * len(compared.rows)
    return list(zip(compared.rows, by_all, by_me, strict=True))


def _worst(found: Priorities | None, names: list[str]) -> str:
    """The three judgements that fit least, in words."""
    if found is None or found.worst is None:
        return ""
    one, two, three = (names[place] for place in found.worst[:3])
    triple = found.worst
    said = (
        f"“{one}” was said to weigh {_times(triple.said)} “{three}”"
        if triple.said >= 1
        else f"“{three}” was said to weigh {_times(1 / triple.said)} “{one}”"
    )
    return (
        f"“{one}” weighs {_times(triple.first)} “{two}” and that {_times(triple.second)} “{three}”, so “{one}” would "
        f"weigh {_times(triple.follows)} “{three}”; but {said}."
    )


def _times(factor: float) -> str:
    number = f"{factor:.1f}".removesuffix(".0")
    return "as much as" if number == "1" else f"{number} times"


def _keep(
    request: HttpRequest, template: Template, category: Category | None, form: PairsForm, compared: service.Compared
) -> HttpResponse:  # fmt: skip
    try:
        service.save_answers(template, category=category, person=request.user, answers=form.answers)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        left = len(compared.pairs) - len(form.answers)
        rest = f" {left} of {len(compared.pairs)} pairs are left: your answers count once all are there."
        messages.success(request, f"Saved.{rest if left else ''}")
    return redirect(_address(template, category))


def _address(template: Template, category: Category | None) -> str:
    return reverse("template_pairs", args=[template.pk]) + (f"?of={category.pk}" if category else "")


@needs("manage_templates")
@require_POST
def template_pairs_use(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the weights that were shown into the draft."""
    template = get_object_or_404(Template, pk=pk)
    category = _category(template, request.POST.get("of"))
    try:
        service.use_weights(template, category=category, shown=request.POST.get("shown", "").split())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(_address(template, category))
    messages.success(
        request,
        f"The weights of {f'“{category}”' if category else 'the categories'} are those of the answers now.",
    )
    return redirect("template_edit" if template.state == Template.DRAFT else "template_detail", pk)
