"""Templates: what we value in partners of a kind."""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import RATER_ROLES
from accounts.numbers import row_number
from accounts.spreadsheets import csv_response
from accounts.versions import Difference, StaleSave
from scorecards.forms.templates import (
    BandsForm,
    CategoryFormSet,
    CriterionFormSet,
    ImportForm,
    TemplateForm,
)
from scorecards.models import TEMPLATE_KINDS, Category, Criterion, Template
from scorecards.previews import Preview
from scorecards.services import templates as service
from vendorhub.roles import needs


def _template(pk: int, **conditions: Any) -> Template:
    whole = Prefetch("categories", Category.objects.prefetch_related("criteria"))
    return get_object_or_404(Template.objects.prefetch_related(whole, "bands"), pk=pk, **conditions)


@needs("see_templates")
@require_safe
def template_list(request: HttpRequest) -> HttpResponse:
    """Every template with its versions and the cycles that use them."""
    templates = Template.objects.annotate(
        in_cycles=Count("cycletemplate__cycle", distinct=True),
        criteria=Count("categories__criteria", distinct=True),
    ).prefetch_related("categories")
    order = [kind for kind, _ in TEMPLATE_KINDS]
    context = {
        "templates": sorted(templates, key=lambda template: order.index(template.kind)),
        "active": [template for template in templates if template.state == Template.ACTIVE],
        "drafts": [template for template in templates if template.state == Template.DRAFT],
    }
    return render(request, "scorecards/template_list.html", context)


@needs("see_templates")
@require_safe
def template_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What do we value? Every criterion with its weight in its category and in the whole."""
    template = _template(pk)
    standings = {
        band.letter: band.name for band in sorted(template.bands.all(), key=lambda band: -band.lower)
    }

    def caps(criterion: Criterion) -> str:
        """The standing that a critical criterion holds a partner at."""
        return standings.get(criterion.critical_cap) or "".join(list(standings.values())[-2:][:1])

    categories = list(template.categories.all())
    whole = sum(category.weight for category in categories) or 1
    rows = [
        (category, Decimal(100) * category.weight / whole, [
            (criterion, Decimal(100) * category.weight / whole * criterion.weight / (total or 1), caps(criterion))
            for total in [sum(c.weight for c in category.criteria.all())]
            for criterion in category.criteria.all()
        ])
        for category in categories
    ]  # fmt: skip
    context = {
        "template": template, "rows": rows, "whole": whole if categories else 0,
        "criteria": sum(len(criteria) for _, _, criteria in rows),
        "heaviest": max(categories, key=lambda category: category.weight, default=None),
        "cycles": template.cycles.distinct(),
        "versions": Template.objects.filter(name=template.name).exclude(pk=pk),
        "problems": service.weight_problems(template) if template.state == Template.DRAFT else [],
        "sides": [(side, template.role_weights[role]) for role, side in RATER_ROLES if role in template.role_weights],
        "opened": "anchors" in request.GET,
    }  # fmt: skip
    return render(request, "scorecards/template_detail.html", context)


@needs("manage_templates")
@require_http_methods(["GET", "HEAD", "POST"])
def template_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """One form for a draft. Every button saves it all; weights need not add up until it is activated."""
    template = _template(pk)
    if template.state != Template.DRAFT:
        return _no_draft_any_more(request, template)
    sent = request.POST if request.method == "POST" else None
    form = TemplateForm(sent, instance=template)
    # Criteria before categories: one that moved away survives its category.
    criteria = CriterionFormSet(
        sent, queryset=Criterion.objects.filter(category__template=template), prefix="criteria",
        form_kwargs={"template": template, "among": [(c.pk, c.name) for c in template.categories.all()]},
    )  # fmt: skip
    categories = CategoryFormSet(sent, instance=template, prefix="categories")
    bands = BandsForm(sent, template=template)
    parts = [form, criteria, categories, bands]
    preview = None
    if sent is not None:
        if sent.get("version") != str(template.version):
            raise StaleSave(template, _differences(form, *criteria, *categories, bands))
        valid = all(part.is_valid() for part in parts)
        asked = sent.get("do", "").removeprefix("preview:")
        if valid and (row := _previewed(criteria, asked)):
            preview = Preview(row, template, request.user)
        elif valid:
            with transaction.atomic():
                for part in parts:
                    part.save()
                place = _and_then(template, request.POST.get("do", ""))
            messages.success(request, "Saved.")
            done = request.POST.get("do") == "done"
            return redirect(template if done else reverse("template_edit", args=[pk]) + place)
    rows = [
        (category, [row for row in criteria if row.instance.category_id == category.instance.pk])
        for category in categories
    ]
    context = {
        "template": template, "form": form, "categories": categories, "criteria": criteria, "bands": bands,
        "rows": rows, "wrong": sent is not None and not preview, "preview": preview,
        "problems": service.weight_problems(template),
    }  # fmt: skip
    status = 200 if sent is None or preview else 400
    return render(request, "scorecards/template_edit.html", context, status=status)


def _previewed(criteria: Any, asked: str) -> Criterion | None:
    """The criterion as it was typed of which somebody wants to see what it would give; nothing is saved."""
    rows = (form.instance for form in criteria if str(form.instance.pk) == asked)
    return next((row for row in rows if row.kind == Criterion.MEASURED), None)


def _differences(*forms: Any) -> list[Difference]:
    """Where what was typed differs from what is saved now, in words, to compare."""
    found = []
    for form in forms:
        for name in form.changed_data:
            if name not in ("version", "id", "template"):
                field, typed = form[name], form[name].data
                choices = {str(value): str(label) for value, label in getattr(field.field, "choices", [])}
                saved = field.field.prepare_value(field.initial)
                label = f"{getattr(form, 'instance', '')} {field.label}".strip()
                found.append(Difference("", label, _in_words(saved, choices), _in_words(typed, choices)))
    return found


def _in_words(value: Any, choices: dict[str, str]) -> str:
    """A value of a form as a person reads it."""
    if isinstance(value, list | tuple):
        return ", ".join(_in_words(item, choices) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else choices.get(str(value), str(value))


def _no_draft_any_more(request: HttpRequest, template: Template) -> HttpResponse:
    if request.method == "POST":
        raise StaleSave(template, [Difference("", "State", template.get_state_display(), "Draft")])
    messages.info(request, f"{template} is {template.state}: make a new version to change it.")
    return redirect(template)


def _and_then(template: Template, do: str) -> str:
    """What a button does after saving: `normalise`, `add`, `add:<category>`, `up:c:<criterion>`, `down:g:<category>`.

    Returns the place on the page to come back to.
    """
    verb, *rest = do.split(":")
    if verb == "normalise":
        service.normalise_template(template)
        return ""
    if verb == "add" and not rest:
        return f"#g{service.add_category(template).pk}"
    number = row_number(rest[-1]) if rest else None
    category = Category.objects.filter(template=template, pk=number).first()
    if verb == "add" and category:
        return f"#c{service.add_criterion(category).pk}"
    row = (
        category
        if rest[:1] == ["g"]
        else Criterion.objects.filter(category__template=template, pk=number).first()
    )
    if verb in ("up", "down") and row:
        service.move(row, up=verb == "up")
        return f"#{rest[0]}{number}"
    return ""


@needs("manage_templates")
@require_http_methods(["GET", "HEAD", "POST"])
def template_import(request: HttpRequest) -> HttpResponse:
    form = ImportForm(request.POST or None, request.FILES or None)
    problems: list = []
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            template, reading = service.import_template(
                data["file"], name=data["name"], kind=data["kind"],
                scale=(data["scale_min"], data["scale_max"]),
            )  # fmt: skip
            problems = reading.problems
        except ValidationError as error:
            template = None
            form.add_error("name", error)
        if template:
            messages.success(request, f"{template} is a draft now. Look at it, then activate it.")
            return redirect(template)
    status = 400 if request.method == "POST" else 200
    example = Template.objects.filter(state=Template.ACTIVE).first()
    context = {"form": form, "problems": problems, "example": example}
    return render(request, "scorecards/template_import.html", context, status=status)


@needs("see_templates")
@require_safe
def template_export(request: HttpRequest, pk: int) -> HttpResponse:
    template = _template(pk)
    header, rows = service.template_rows(template)
    return csv_response(f"{template.name} {template.number}", header, rows)


@needs("manage_templates")
@require_POST
def template_new_version(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(
        request, pk, service.new_version, "This is a draft: change what you like, nothing uses it yet."
    )


@needs("manage_templates")
@require_POST
def template_activate(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, service.activate, "Active: new cycles use this version.")


@needs("manage_templates")
@require_POST
def template_discard(request: HttpRequest, pk: int) -> HttpResponse:
    template = _template(pk)
    try:
        service.discard_draft(template)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(template)
    messages.success(request, f"The draft of {template.name} is gone.")
    return redirect("template_list")


def _act(request: HttpRequest, pk: int, action: Any, done: str) -> HttpResponse:
    """Do it, say so, and show what came of it; or say why not."""
    template = _template(pk)
    try:
        result = action(template)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(template)
    messages.success(request, done)
    return redirect(result)
