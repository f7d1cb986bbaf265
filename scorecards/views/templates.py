"""Templates: what we value in partners of a kind."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.spreadsheets import csv_response
from scorecards.forms.templates import (
    BandFormSet,
    CategoryFormSet,
    CriterionFormSet,
    ImportForm,
    TemplateForm,
)
from scorecards.models import Category, Criterion, Template
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
        in_cycles=Count("cycletemplate", distinct=True),
        criteria=Count("categories__criteria", distinct=True),
    )
    active = [template for template in templates if template.state == Template.ACTIVE]
    return render(request, "scorecards/template_list.html", {"templates": templates, "active": active})


@needs("see_templates")
@require_safe
def template_detail(request: HttpRequest, pk: int) -> HttpResponse:
    template = _template(pk)
    context = {
        "template": template,
        "categories": template.categories.all(),
        "criteria": Criterion.objects.filter(category__template=template).count(),
        "cycles": template.cycles.distinct(),
        "problems": service.weight_problems(template) if template.state == Template.DRAFT else [],
        "levels": range(template.scale_min, template.scale_max + 1),
    }
    return render(request, "scorecards/template_detail.html", context)


@needs("manage_templates")
@require_http_methods(["GET", "HEAD", "POST"])
def template_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """One form for a draft: weights, names, anchors, bands. Weights need not add up until it is activated."""
    template = _template(pk, state=Template.DRAFT)
    sent = request.POST or None
    form = TemplateForm(sent, instance=template)
    parts = [
        CategoryFormSet(sent, instance=template, prefix="categories"),
        CriterionFormSet(
            sent, queryset=Criterion.objects.filter(category__template=template), prefix="criteria",
            form_kwargs={"template": template},
        ),
        BandFormSet(sent, instance=template, prefix="bands"),
    ]  # fmt: skip
    if request.method == "POST" and all([form.is_valid(), *(part.is_valid() for part in parts)]):
        with transaction.atomic():
            form.save()
            for part in parts:
                part.save()
            if "normalise" in request.POST:
                service.normalise_template(template)
        messages.success(
            request, "Saved." if "normalise" not in request.POST else "Saved and rescaled to 100."
        )
        return redirect("template_detail" if "done" in request.POST else "template_edit", pk)
    categories, criteria, bands = parts
    context = {
        "template": template,
        "form": form,
        "categories": categories,
        "criteria": criteria,
        "bands": bands,
    }
    return render(request, "scorecards/template_edit.html", context, status=400 if sent else 200)


@needs("manage_templates")
@require_http_methods(["GET", "HEAD", "POST"])
def template_import(request: HttpRequest) -> HttpResponse:
    form = ImportForm(request.POST or None, request.FILES or None)
    problems: list = []
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            template, reading = service.import_template(data["file"], name=data["name"], kind=data["kind"])
            problems = reading.problems
        except ValidationError as error:
            template = None
            form.add_error("name", error)
        if template:
            messages.success(request, f"{template} is a draft now. Look at it, then activate it.")
            return redirect(template)
    context = {"form": form, "problems": problems}
    return render(request, "scorecards/template_import.html", context, status=400 if request.POST else 200)


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
