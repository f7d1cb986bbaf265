"""Cycles: set up a quarter, see who is missing, open, nudge, extend, close."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from scorecards.forms.cycles import (
    CycleForm,
    ExtendForm,
    PartnerFilter,
    RaterForm,
    RaterRuleForm,
    ReopenForm,
)
from scorecards.models import Assessment, Cycle, CycleTemplate, Rating, Scorecard, Template
from scorecards.services import cycles as service
from vendorhub.roles import needs

PARTNERS_A_PAGE = 50


def _cycle(request: HttpRequest, pk: int) -> Cycle:
    return get_object_or_404(Cycle.objects.visible_to(request.user), pk=pk)


def _say(request: HttpRequest, error: ValidationError) -> None:
    for sentence in error.messages:
        messages.error(request, sentence)


@needs("see_cycles")
@require_safe
def cycle_list(request: HttpRequest) -> HttpResponse:
    counted = Q(scorecards__assessments__submitted_at__isnull=False)
    cycles = Cycle.objects.visible_to(request.user).annotate(
        partners=Count("scorecards", distinct=True),
        asked=Count("scorecards__assessments", distinct=True),
        submitted=Count("scorecards__assessments", filter=counted, distinct=True),
    )
    open_cycles = [cycle for cycle in cycles if cycle.state == Cycle.OPEN]
    return render(request, "scorecards/cycle_list.html", {"cycles": cycles, "open_cycles": open_cycles})


@needs("manage_cycles")
@require_http_methods(["GET", "HEAD", "POST"])
def cycle_create(request: HttpRequest) -> HttpResponse:
    form = CycleForm(request.POST or None, initial=service.suggest_next(timezone.localdate()))
    if request.method == "POST" and form.is_valid():
        cycle = service.create_cycle(form.save(commit=False))
        messages.success(request, f"{cycle} is a draft. Now choose the partners.")
        return redirect("cycle_partners", cycle.pk)
    status = 400 if request.method == "POST" else 200
    return render(request, "scorecards/cycle_form.html", {"form": form}, status=status)


@needs("manage_cycles")
@require_http_methods(["GET", "HEAD", "POST"])
def cycle_edit(request: HttpRequest, pk: int) -> HttpResponse:
    cycle = get_object_or_404(Cycle.objects.visible_to(request.user).exclude(state=Cycle.CLOSED), pk=pk)
    form = CycleForm(request.POST or None, instance=cycle)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect("cycle_detail", pk)
    status = 400 if request.method == "POST" else 200
    return render(request, "scorecards/cycle_form.html", {"form": form, "cycle": cycle}, status=status)


@needs("see_cycles")
@require_safe
def cycle_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Can this quarter be closed? Completion only: no mark and no score is shown here."""
    cycle = _cycle(request, pk)
    scorecards = Scorecard.objects.visible_to(request.user).filter(cycle=cycle)
    assessments = Assessment.objects.filter(scorecard__in=scorecards)
    totals = assessments.aggregate(asked=Count("pk"), submitted=Count("submitted_at"))
    page = Paginator(
        scorecards.select_related("partner", "template")
        .annotate(submitted=Count("assessments__submitted_at"))
        .order_by("partner__name", "pk"),
        PARTNERS_A_PAGE,
    ).get_page(request.GET.get("page"))
    begun = Exists(Rating.objects.filter(scorecard=OuterRef("scorecard"), assessment=OuterRef("pk")))
    cells: dict[int, list[Assessment]] = {scorecard.pk: [] for scorecard in page}
    for assessment in (
        Assessment.objects.filter(scorecard__in=list(cells))
        .select_related("rater")
        .annotate(begun=begun)
        .order_by("rater__name", "pk")
    ):
        cells[assessment.scorecard_id].append(assessment)
    missing = (
        User.objects.filter(assessments__in=assessments.filter(submitted_at=None))
        .annotate(left=Count("assessments", filter=Q(assessments__in=assessments.filter(submitted_at=None))))
        .order_by("-left", "name")
    )
    asked, submitted = totals["asked"], totals["submitted"]
    context = {
        "cycle": cycle, "page": page, "rows": [(scorecard, cells[scorecard.pk]) for scorecard in page],
        "asked": asked, "submitted": submitted, "left": asked - submitted,
        "share": 100 * submitted // asked if asked else 0, "missing": missing[:30],
        "uses": CycleTemplate.objects.filter(cycle=cycle).select_related("template").order_by("kind"),
        "extend": ExtendForm(initial={"due": cycle.due}), "reopen": ReopenForm(),
    }  # fmt: skip
    return render(request, "scorecards/cycle_detail.html", context)


@needs("manage_cycles")
@require_http_methods(["GET", "HEAD", "POST"])
def cycle_partners(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose partners by filter: those ticked come in with the template of their kind."""
    cycle = get_object_or_404(Cycle.objects.visible_to(request.user).exclude(state=Cycle.CLOSED), pk=pk)
    chooser = PartnerFilter(request.GET or None, user=request.user)
    found = chooser.partners().select_related("unit", "owner")
    if request.method == "POST":
        ticked = found.filter(pk__in=[pk for pk in request.POST.getlist("partner") if pk.isdecimal()][:5000])
        if "every" in request.POST:
            ticked = found
        try:
            added = service.add_partners(cycle, ticked)
        except ValidationError as error:
            _say(request, error)
            return redirect(request.get_full_path())
        messages.success(request, f"{added} partner{'s' if added != 1 else ''} added.")
        return redirect("cycle_raters", pk) if added else redirect(request.get_full_path())
    inside = set(cycle.scorecards.values_list("partner_id", flat=True))
    page = Paginator(found.exclude(pk__in=inside).order_by("name", "pk"), 200).get_page(
        request.GET.get("page")
    )
    context = {"cycle": cycle, "chooser": chooser, "page": page, "inside": len(inside)}
    return render(request, "scorecards/cycle_partners.html", context)


@needs("manage_cycles")
@require_http_methods(["GET", "HEAD", "POST"])
def cycle_raters(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose who rates what: by rule, or one person on the partners ticked."""
    cycle = get_object_or_404(Cycle.objects.visible_to(request.user).exclude(state=Cycle.CLOSED), pk=pk)
    scorecards = Scorecard.objects.visible_to(request.user).filter(cycle=cycle).select_related("partner")
    by_rule = RaterRuleForm(request.POST if "by_rule" in request.POST else None)
    by_hand = RaterForm(request.POST if "by_hand" in request.POST else None, user=request.user)
    if request.method == "POST":
        try:
            made = _assign(request, cycle, scorecards, by_rule, by_hand)
        except ValidationError as error:
            _say(request, error)
            made = None
        if made is not None:
            messages.success(request, f"{made} assessment{'s' if made != 1 else ''} added.")
            return redirect("cycle_raters", pk)
    page = Paginator(
        scorecards.prefetch_related("assessments__rater").order_by("partner__name", "pk"), 100
    ).get_page(request.GET.get("page"))
    context = {"cycle": cycle, "page": page, "by_rule": by_rule, "by_hand": by_hand}
    return render(
        request, "scorecards/cycle_raters.html", context, status=400 if request.method == "POST" else 200
    )


def _assign(request: HttpRequest, cycle: Cycle, scorecards: Any, by_rule: Any, by_hand: Any) -> int | None:
    """Assign as one of the two forms says; None when neither can be used as typed."""
    if by_rule.is_bound and by_rule.is_valid():
        people = (
            User.objects.visible_to(request.user)
            .able_to_sign_in()
            .filter(rater_role__in=by_rule.cleaned_data["rater_roles"])
            .prefetch_related("units")
        )
        return service.assign_by_rule(cycle, scorecards, people, by_rule.cleaned_data["rule"])
    if by_hand.is_bound and by_hand.is_valid():
        ticked = [pk for pk in request.POST.getlist("scorecard") if pk.isdecimal()][:5000]
        if not ticked:
            by_hand.add_error("rater", "Tick the partners this person is to rate.")
            return None
        rater = by_hand.cleaned_data["rater"]
        allowed = scorecards.filter(pk__in=ticked) & Scorecard.objects.visible_to(rater)
        return service.assign_rater(allowed, rater, by_hand.cleaned_data["rater_role"])
    return None


@needs("manage_cycles")
@require_POST
def cycle_template(request: HttpRequest, pk: int) -> HttpResponse:
    """Use another active template for partners of a kind."""
    cycle = _cycle(request, pk)
    use = get_object_or_404(
        CycleTemplate,
        cycle=cycle,
        pk=request.POST.get("use") if request.POST.get("use", "").isdecimal() else 0,
    )
    number = request.POST.get("template", "")
    template = get_object_or_404(Template, pk=number if number.isdecimal() else 0)
    return _act(request, pk, lambda: service.choose_template(cycle, use.kind, template), "Template chosen.")


@needs("manage_cycles")
@require_POST
def cycle_remove_scorecard(request: HttpRequest, pk: int, scorecard_id: int) -> HttpResponse:
    scorecard = get_object_or_404(
        Scorecard.objects.visible_to(request.user).select_related("cycle", "partner"),
        cycle=pk,
        pk=scorecard_id,
    )
    done = f"{scorecard.partner} is no longer in this cycle."
    return _act(request, pk, lambda: service.remove_scorecard(scorecard), done)


@needs("manage_cycles")
@require_POST
def cycle_remove_rater(request: HttpRequest, pk: int, assessment_id: int) -> HttpResponse:
    assessment = get_object_or_404(
        Assessment.objects.filter(scorecard__in=Scorecard.objects.visible_to(request.user)),
        scorecard__cycle=pk, pk=assessment_id,
    )  # fmt: skip
    _act(request, pk, lambda: service.remove_rater(assessment), "Taken back.")
    return redirect("cycle_raters", pk)


@needs("manage_cycles")
@require_POST
def cycle_open(request: HttpRequest, pk: int) -> HttpResponse:
    cycle = _cycle(request, pk)
    return _act(
        request, pk, lambda: service.open_cycle(cycle), "Open. Every rater has an invitation on its way."
    )


@needs("manage_cycles")
@require_POST
def cycle_nudge(request: HttpRequest, pk: int) -> HttpResponse:
    cycle = _cycle(request, pk)
    return _act(
        request, pk, lambda: service.nudge(cycle), "{} reminders are on their way. Nobody gets two in a day."
    )


@needs("manage_cycles")
@require_POST
def cycle_extend(request: HttpRequest, pk: int) -> HttpResponse:
    cycle, form = _cycle(request, pk), ExtendForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors.get("due", []))))
        return redirect("cycle_detail", pk)
    due = form.cleaned_data["due"]
    return _act(request, pk, lambda: service.extend_cycle(cycle, due=due), "The due date is moved.")


@needs("manage_cycles")
@require_POST
def cycle_close(request: HttpRequest, pk: int) -> HttpResponse:
    cycle = _cycle(request, pk)
    done = f"{cycle} is closed: its scores and their inputs no longer move."
    return _act(request, pk, lambda: service.close_cycle(cycle), done)


@needs("reopen_cycle")
@require_POST
def cycle_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    cycle = _cycle(request, pk)
    reason = request.POST.get("reason", "")[:2000]
    return _act(request, pk, lambda: service.reopen_cycle(cycle, reason=reason), f"{cycle} is open again.")


def _act(request: HttpRequest, pk: int, action: Any, done: str) -> HttpResponse:
    """Do it and say so, or say why not; then back to the cycle."""
    try:
        result = action()
    except ValidationError as error:
        _say(request, error)
    else:
        messages.success(request, done.format(result))
    return redirect("cycle_detail", pk)
