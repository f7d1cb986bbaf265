"""Cycles: the list, starting one, its dates, and the page that says how far it is."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.numbers import row_number
from scorecards import progress
from scorecards.fair_words import findings
from scorecards.forms.cycles import CycleForm, ExtendForm, NewCycleForm, ReopenForm
from scorecards.models import TEMPLATE_KINDS, Cycle, CycleTemplate, FairCycle, Scorecard, Template
from scorecards.services import cycles as service
from vendorhub.roles import may, needs

PARTNERS_A_PAGE = 50
RATERS_A_PAGE = 100
CYCLES_A_PAGE = 20
WAITED_FOR = 8  # people named beside the table; the others have a page


def find_cycle(request: HttpRequest, pk: int, *states: str) -> Cycle:
    """The cycle, in one of the states if any are given; otherwise there is no such page."""
    cycles = Cycle.objects.visible_to(request.user)
    return get_object_or_404(cycles.filter(state__in=states) if states else cycles, pk=pk)


def say(request: HttpRequest, error: ValidationError) -> None:
    for sentence in error.messages:
        messages.error(request, sentence)


@needs("see_cycles")
@require_safe
def cycle_list(request: HttpRequest) -> HttpResponse:
    """Which reviews are there, and how far is the one under way?"""
    cycles = Cycle.objects.visible_to(request.user)
    seen = Scorecard.objects.visible_to(request.user)
    open_now = list(cycles.filter(state=Cycle.OPEN).order_by("due", "pk"))
    page = Paginator(cycles, CYCLES_A_PAGE).get_page(request.GET.get("page"))
    numbers = progress.by_cycle([*page, *open_now[:1]], seen)
    context = {
        "page": page, "rows": [(cycle, numbers[cycle.pk]) for cycle in page],
        "open": open_now, "first": numbers[open_now[0].pk] if open_now else None,
        "today": timezone.localdate(),
    }  # fmt: skip
    return render(request, "scorecards/cycle_list.html", context)


@needs("manage_cycles")
@require_http_methods(["GET", "HEAD", "POST"])
def cycle_create(request: HttpRequest) -> HttpResponse:
    """Start a review: empty, or with the partners and raters of an earlier one."""
    cycles = Cycle.objects.visible_to(request.user)
    suggestions = service.suggest_quarters(timezone.localdate(), set(cycles.values_list("name", flat=True)))
    chosen = next((s for s in suggestions if s["name"] == request.GET.get("quarter")), suggestions[0])
    sources = cycles.exclude(state=Cycle.DRAFT)
    source = sources.filter(pk=row_number(request.GET.get("source"))).first() or sources.first()
    form = NewCycleForm(request.POST or None, sources=sources, initial={**chosen, "source": source})
    if request.method == "POST" and form.is_valid():
        try:
            cycle, said = service.start_cycle(
                form.save(commit=False), source=form.cleaned_data.get("source"), by=request.user
            )
        except ValidationError as error:
            form.add_error("name", error)
        else:
            for sentence in said or [f"{cycle} is a draft. Now choose the partners."]:
                messages.success(request, sentence)
            return redirect("cycle_raters" if said else "cycle_partners", cycle.pk)
    context = {"form": form, "suggestions": suggestions, "chosen": chosen}
    return render(request, "scorecards/cycle_form.html", context, status=400 if form.errors else 200)


@needs("manage_cycles")
@require_http_methods(["GET", "HEAD", "POST"])
def cycle_edit(request: HttpRequest, pk: int) -> HttpResponse:
    cycle = find_cycle(request, pk, Cycle.DRAFT, Cycle.OPEN)
    form = CycleForm(request.POST or None, instance=cycle)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, f"{cycle} is saved.")
        return redirect("cycle_detail", pk)
    name = Cycle.objects.get(pk=pk).name  # the form may have put a refused one into the row it holds
    context = {"form": form, "cycle": cycle, "name": name}
    return render(request, "scorecards/cycle_form.html", context, status=400 if form.errors else 200)


@needs("see_cycles")
@require_safe
def cycle_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Can this quarter be closed? Completion only: no mark and no score is shown here."""
    return show_cycle(request, find_cycle(request, pk))


def show_cycle(request: HttpRequest, cycle: Cycle, *, status: int = 200, **forms: Any) -> HttpResponse:
    """The cycle's page; `extend` or `reopen` may be a form that was refused: the page opens at its field."""
    for form in forms.values():
        form.fields[next(iter(form.errors))].widget.attrs["autofocus"] = True
    scorecards = Scorecard.objects.visible_to(request.user).filter(cycle=cycle)
    survey = progress.survey(scorecards)
    if "marks" in request.GET:
        progress.count_marks(survey, scorecards)
    if request.htmx and "marks" in request.GET:  # type: ignore[attr-defined]
        return render(request, "scorecards/cycle_marks.html", {"cycle": cycle, "totals": survey})
    by_rater = request.GET.get("by") == "raters"
    names = progress.of_lines(progress.narrowed(scorecards, request.GET))
    found: Any = survey.people if by_rater else names
    narrowed = any(request.GET.get(name) for name in ("find", "show", "rater"))
    paginator = Paginator(found, RATERS_A_PAGE if by_rater else PARTNERS_A_PAGE)
    if not by_rater and not narrowed:
        paginator.count = survey.partners
    page = paginator.get_page(request.GET.get("page"))
    rows = progress.with_mails(cycle, page) if by_rater else progress.lines(page, survey.people)
    context = {
        "cycle": cycle, "totals": survey, "page": page, "rows": rows, "by_rater": by_rater,
        "shown": progress.SHOWN_IN_DRAFT if cycle.state == Cycle.DRAFT else progress.SHOWN, "asked_for": request.GET, "sort": request.GET.get("sort", "partner"),
        "everybody": sorted(survey.people, key=lambda person: person.rater.name.casefold()),
        "rater": row_number(request.GET.get("rater")),
        "narrowed": narrowed,
        "missing": progress.with_mails(cycle, survey.missing[:WAITED_FOR]), "left": len(survey.missing),
        "templates": template_choices(cycle) if may(request.user, "manage_cycles") else [],
        "uses": CycleTemplate.objects.filter(cycle=cycle).select_related("template").only("kind", "template__name", "template__number").order_by("kind"),
        "told": _fairness(request, cycle),
        "extend": ExtendForm(initial={"due": cycle.due}), "reopen": ReopenForm(), **forms,
    }  # fmt: skip
    return render(request, "scorecards/cycle_detail.html", context, status=status)


def _fairness(request: HttpRequest, cycle: Cycle) -> list[str]:
    """What is to be known of raters before one trusts the scores; of a closed cycle, for those who see scores."""
    closed = cycle.state == Cycle.CLOSED and FairCycle.objects.visible_to(request.user).filter(cycle=cycle)
    found = closed and closed.first()
    return findings(found) if found else []


def template_choices(cycle: Cycle) -> list[tuple[str, str, Any, list[Template]]]:
    """For a draft, each kind of partner with its template and the active ones, those made for the kind first."""
    if cycle.state != Cycle.DRAFT:
        return []
    used = {
        use.kind: use.template for use in CycleTemplate.objects.filter(cycle=cycle).select_related("template")
    }
    active = list(Template.objects.filter(state=Template.ACTIVE))
    return [
        (kind, label, used.get(kind), sorted(active, key=lambda template: template.kind != kind))
        for kind, label in TEMPLATE_KINDS
    ]  # fmt: skip
