"""What a cycle asks of whom: its partners, their templates, its raters."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Prefetch, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.numbers import row_number
from accounts.words import counted, in_words
from scorecards import progress
from scorecards.forms.cycles import PartnerFilter, RaterForm, RaterRuleForm, TemplateForm, ticked
from scorecards.models import Assessment, Comment, Cycle, Rating, Scorecard
from scorecards.services import cycles as service
from scorecards.services import raters as rater_service
from scorecards.views.cycles import find_cycle, say
from vendorhub.roles import needs

PARTNERS_A_PAGE = 200
RATED_A_PAGE = 100
NAMED = 10  # partners named in a preview; the others are counted


@needs("manage_cycles")
@require_http_methods(["GET", "HEAD", "POST"])
def cycle_partners(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose partners by filter: those ticked come in with the template of their kind."""
    cycle = find_cycle(request, pk, Cycle.DRAFT, Cycle.OPEN)
    chooser = PartnerFilter(request.GET or None, user=request.user)
    inside = "in" in request.GET
    found = chooser.partners(archived=inside)
    if request.method == "POST":
        ticks = request.POST.getlist("partner")
        try:
            added = service.add_partners(
                cycle, found if "every" in request.POST else ticked(found, ticks, "partner")
            )
        except ValidationError as error:
            say(request, error)
        else:
            messages.success(request, f"{counted(added, 'partner')} added.")
            # Who ticks some may want more of them; who takes all that match is done with them.
            done = added and "every" in request.POST
            return redirect("cycle_raters", pk) if done else redirect(request.get_full_path())
    seen = Scorecard.objects.visible_to(request.user).filter(cycle=cycle)
    asked = Assessment.objects.filter(scorecard=OuterRef("pk")).order_by().values("scorecard")
    rows = (
        seen.filter(partner__in=found.order_by()).select_related("partner__unit", "partner__owner", "template")
        .annotate(raters=Subquery(asked.values(number=Count("pk")))).order_by("partner__name", "pk")
        if inside
        else found.exclude(pk__in=seen.values("partner")).select_related("unit", "owner").order_by("name", "pk")
    )  # fmt: skip
    page = Paginator(rows, PARTNERS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "cycle": cycle, "chooser": chooser, "page": page, "inside": inside, "number": seen.count(),
        "kept": set(request.POST.getlist("partner")),
    }  # fmt: skip
    status = 400 if request.method == "POST" else 200
    return render(request, "scorecards/cycle_partners.html", context, status=status)


@needs("manage_cycles")
@require_http_methods(["GET", "HEAD", "POST"])
def cycle_raters(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose who rates what: by a rule, which says first what it would do, or one person on the partners ticked."""
    cycle = find_cycle(request, pk, Cycle.DRAFT, Cycle.OPEN)
    scorecards = Scorecard.objects.visible_to(request.user).filter(cycle=cycle)
    posted, ruled = request.method == "POST", "by_rule" in request.POST
    by_rule = RaterRuleForm(request.POST if ruled else request.GET if "rule" in request.GET else None)
    by_hand = RaterForm(request.POST if posted and not ruled else None, user=request.user)
    if posted and (said := _ask(request, cycle, scorecards, by_rule, by_hand)):
        messages.success(request, said)
        return redirect("cycle_raters", pk)
    preview = None
    if not posted and by_rule.is_valid():
        plan = rater_service.plan_rule(scorecards, by_rule.people(request.user), by_rule.cleaned_data["rule"])
        preview = _in_sentences(plan, scorecards)
    found = progress.narrowed(scorecards, request.GET)
    by_name = Assessment.objects.select_related("rater").order_by("rater__name", "pk")
    page = Paginator(found.prefetch_related(Prefetch("assessments", by_name)), RATED_A_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "cycle": cycle, "page": page, "by_rule": by_rule, "by_hand": by_hand, "preview": preview,
        "number": scorecards.count(), "nobody": scorecards.filter(assessments=None).count(),
        "asked_for": request.GET, "kept": set(request.POST.getlist("scorecard")),
    }  # fmt: skip
    status = 400 if posted or by_rule.errors else 200
    return render(request, "scorecards/cycle_raters.html", context, status=status)


def _ask(
    request: HttpRequest, cycle: Cycle, scorecards: Any, by_rule: RaterRuleForm, by_hand: RaterForm
) -> str:
    """Ask as one of the two forms says, and say what was done; nothing where it cannot be used as typed."""
    by = request.user
    try:
        if by_rule.is_bound and by_rule.is_valid():
            plan = rater_service.assign_by_rule(
                cycle, scorecards, by_rule.people(by), by_rule.cleaned_data["rule"], by=by
            )
            return f"{counted(plan.assessments, 'assessment')} added."
        if by_hand.is_bound and by_hand.is_valid():
            rater, role = by_hand.cleaned_data["rater"], by_hand.cleaned_data["rater_role"]
            chosen = ticked(scorecards, request.POST.getlist("scorecard"), "partner")
            made = rater_service.assign_rater(cycle, chosen, rater, role, by=by)
            return f"{rater} is asked about {counted(made, 'partner')}."
    except ValidationError as error:
        (by_hand if by_hand.is_bound else by_rule).add_error(None, error)
    return ""


def _in_sentences(plan: rater_service.Plan, scorecards: Any) -> dict[str, Any]:
    """What a rule would do, for the page that asks before it is done."""
    named = scorecards.filter(pk__in=plan.nobody).order_by("partner__name")
    nobody = (
        in_words(named.values_list("partner__name", flat=True)[:NAMED], len(plan.nobody))
        if plan.nobody
        else ""
    )
    walled = [f"{person} ({counted(number, 'partner')})" for person, number in plan.walled.items()]
    return {
        "plan": plan, "people": sorted(((str(person), len(new)) for person, new in plan.new.items())),
        "nobody": nobody, "walled": in_words(sorted(walled)[:NAMED], len(walled)) if walled else "",
    }  # fmt: skip


@needs("manage_cycles")
@require_POST
def cycle_template(request: HttpRequest, pk: int) -> HttpResponse:
    """Use another active template for partners of a kind."""
    cycle, form = find_cycle(request, pk), TemplateForm(request.POST)
    try:
        if not form.is_valid():
            raise ValidationError([sentence for found in form.errors.values() for sentence in found])
        kind, template = form.cleaned_data["kind"], form.cleaned_data["template"]
        service.choose_template(cycle, kind, template)
    except ValidationError as error:
        say(request, error)
    else:
        label = dict(form.fields["kind"].choices)[kind]  # type: ignore[attr-defined]
        messages.success(request, f"{label}: {template} from now on.")
    return redirect("cycle_detail", pk)


@needs("manage_cycles")
@require_POST
def cycle_remove_scorecard(request: HttpRequest, pk: int, scorecard_id: int) -> HttpResponse:
    """Take a partner out; with marks given, ask first."""
    seen = Scorecard.objects.visible_to(request.user).select_related("cycle", "partner")
    scorecard = get_object_or_404(seen, cycle=pk, pk=scorecard_id)
    marks, comments = Rating.objects.filter(scorecard=scorecard), Comment.objects.filter(scorecard=scorecard)
    question = {
        "title": f"Remove {scorecard.partner}", "heading": f"Take {scorecard.partner} out of {scorecard.cycle}?",
        "marks": marks, "comments": comments, "raters": marks.answered().values("assessment").distinct().count(),
        "button": f"Remove {scorecard.partner}",
    }  # fmt: skip
    done = f"{scorecard.partner} is no longer in {scorecard.cycle}."
    return _remove(
        request,
        scorecard,
        question,
        service.remove_scorecard,
        done,
        f"{reverse('cycle_partners', args=[pk])}?in",
    )


@needs("manage_cycles")
@require_POST
def cycle_remove_rater(request: HttpRequest, pk: int, assessment_id: int) -> HttpResponse:
    """Take the request to rate back; with marks given, ask first."""
    seen = Assessment.objects.filter(scorecard__in=Scorecard.objects.visible_to(request.user))
    seen = seen.select_related("scorecard__cycle", "scorecard__partner", "rater")
    assessment = get_object_or_404(seen, scorecard__cycle=pk, pk=assessment_id)
    rater, partner = assessment.rater, assessment.scorecard.partner
    question = {
        "title": f"Take back {rater}", "heading": f"Take {rater} off {partner}?",
        "marks": Rating.objects.filter(scorecard=assessment.scorecard_id, assessment=assessment),
        "comments": assessment.comments, "submitted": assessment.submitted_at, "button": f"Take {rater} off",
    }  # fmt: skip
    done = f"{rater} is no longer asked about {partner}."
    return _remove(
        request, assessment, question, rater_service.remove_rater, done, reverse("cycle_raters", args=[pk])
    )


def _remove(
    request: HttpRequest, row: Any, question: dict[str, Any], remove: Any, done: str, back: str
) -> HttpResponse:
    """Remove and say so; ask first where more would be lost than was agreed to."""
    cycle = getattr(row, "cycle", None) or row.scorecard.cycle
    try:
        remove(row, losing=row_number(request.POST.get("agreed")) or 0)
    except ValidationError as error:
        say(request, error)
    except service.NeedsConfirmation as asked:
        marks, comments = question["marks"].answered().count(), question["comments"].count()
        facts = [("Marks that are lost", marks)]
        if comments:
            facts.append(("Comments that are lost", comments))
        if question.get("raters"):
            facts.append(("People who gave them", question["raters"]))
        if question.get("submitted"):
            facts.append(("Submitted", question["submitted"]))
        context = {
            **question, "cycle": cycle, "facts": facts, "agreed": asked.number, "back": back,
            "lede": "What was given is deleted and cannot be brought back. The history keeps what was submitted.",
        }  # fmt: skip
        return render(request, "scorecards/cycle_confirm.html", context)
    else:
        messages.success(request, done)
    return redirect(back)
