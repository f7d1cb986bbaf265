"""The steps of a cycle: open, remind, extend, close, open again, discard. What cannot be undone is asked first."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.numbers import row_number
from accounts.words import counted, in_words
from scorecards import progress
from scorecards.forms.cycles import ExtendForm, ReopenForm
from scorecards.models import Assessment, Cycle, Scorecard
from scorecards.services import cycles as service
from scorecards.services.recompute import expected_statuses
from scorecards.views.cycles import find_cycle, say, show_cycle
from vendorhub.roles import needs

NAMED = 6
PEOPLE = 30


@needs("manage_cycles")
@require_http_methods(["GET", "HEAD", "POST"])
def cycle_open(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what opening means, then open."""
    cycle = find_cycle(request, pk)
    if request.method == "POST":
        try:
            service.open_cycle(cycle, by=request.user)
        except ValidationError as error:
            if Cycle.objects.get(pk=pk).state == Cycle.DRAFT:
                return _ask_to_open(request, cycle, status=400)
            say(request, error)
        else:
            messages.success(request, f"{cycle} is open. Every rater has an invitation on its way.")
        return redirect("cycle_detail", pk)
    return _ask_to_open(request, cycle) if cycle.state == Cycle.DRAFT else redirect("cycle_detail", pk)


def _ask_to_open(request: HttpRequest, cycle: Cycle, *, status: int = 200) -> HttpResponse:
    everything = cycle.scorecards.all()
    totals = progress.survey(everything)
    raters = User.objects.filter(pk__in=[person.rater.pk for person in totals.people])
    reached = raters.able_to_sign_in().count()
    seen = Scorecard.objects.visible_to(request.user).order_by("partner__name")
    remarks = []
    for rows, said in (
        (service.few_raters(cycle), "{} can only become provisional, never final, with so few raters: {}."),
        (everything.exclude(partner__archived_at=None), "{} of a partner archived meanwhile: {}."),
    ):
        if number := rows.count():
            names = seen.filter(pk__in=rows.values("pk")).values_list("partner__name", flat=True)
            remarks.append(said.format(counted(number, "scorecard"), in_words(names[:NAMED], number)))
    if unreached := len(totals.people) - reached:
        remarks.append(f"{counted(unreached, 'rater')} cannot sign in, and gets no invitation.")
    obstacles = service.obstacles(cycle, seen)
    context = {
        "cycle": cycle, "title": f"Open {cycle}", "button": "Open and invite", "obstacles": obstacles, "remarks": remarks,
        "heading": f"{cycle} cannot be opened yet." if obstacles else f"Open {cycle} and invite {counted(reached, 'rater')}?",
        "lede": "" if obstacles else "Raters can begin at once. The templates used stay as they are from then on.",
        "facts": [
            ("Partners", f"{totals.partners:,}"), ("Raters", f"{len(totals.people):,}"),
            ("Assessments asked for", f"{totals.asked:,}"), ("Invitations", f"{reached:,}"),
            ("Due", cycle.due),
        ],
    }  # fmt: skip
    return render(request, "scorecards/cycle_confirm.html", context, status=status)


@needs("manage_cycles")
@require_POST
def cycle_nudge(request: HttpRequest, pk: int) -> HttpResponse:
    """Remind everybody with something left to submit."""
    cycle = find_cycle(request, pk)
    try:
        queued, missing = service.nudge(cycle, by=request.user)
    except ValidationError as error:
        say(request, error)
    else:
        said = f"{counted(queued, 'reminder')} {'is' if queued == 1 else 'are'} on the way."
        if not missing:
            said = "Nobody is missing, so nobody was reminded."
        elif missing > queued:
            said += f" {counted(missing - queued, 'other')} had one today already, or cannot sign in."
        messages.success(request, said)
    return redirect("cycle_detail", pk)


@needs("manage_cycles")
@require_POST
def cycle_extend(request: HttpRequest, pk: int) -> HttpResponse:
    """Move the due date."""
    cycle, form = find_cycle(request, pk), ExtendForm(request.POST)
    if form.is_valid():
        try:
            cycle = service.extend_cycle(cycle, due=form.cleaned_data["due"], by=request.user)
        except ValidationError as error:
            form.add_error("due", error)
        else:
            messages.success(
                request, f"{cycle} is now due on {cycle.due.day} {cycle.due:%b %Y}. Those missing are told."
            )
            return redirect("cycle_detail", pk)
    return show_cycle(request, cycle, extend=form, status=400)


@needs("manage_cycles")
@require_http_methods(["GET", "HEAD", "POST"])
def cycle_close(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what closing means and what would be missing, then close."""
    cycle = find_cycle(request, pk)
    if request.method == "POST":
        try:
            service.close_cycle(cycle, missing=row_number(request.POST.get("agreed")) or 0)
        except ValidationError as error:
            say(request, error)
        except service.NeedsConfirmation:
            return _ask_to_close(request, cycle)
        else:
            messages.success(request, f"{cycle} is closed: its scores and their inputs no longer move.")
        return redirect("cycle_detail", pk)
    return _ask_to_close(request, cycle) if cycle.state == Cycle.OPEN else redirect("cycle_detail", pk)


def _ask_to_close(request: HttpRequest, cycle: Cycle) -> HttpResponse:
    everything = cycle.scorecards.all()
    seen = Scorecard.objects.visible_to(request.user).filter(cycle=cycle)
    totals = progress.survey(everything)
    statuses = expected_statuses(everything.values_list("pk", flat=True))
    missing = progress.missing_partners(seen, NAMED)
    outside = totals.left - sum(left for _, left, _ in missing)
    context: dict[str, Any] = {
        "cycle": cycle, "title": f"Close {cycle}", "agreed": totals.left,
        "heading": f"Close {cycle} with {counted(totals.left, 'assessment')} missing?" if totals.left else f"Close {cycle}?",
        "lede": "Scores and their inputs no longer move then; only an administrator can open it again."
        + (" What is missing counts as not answered, never as zero." if totals.left else ""),
        "button": "Close it all the same" if totals.left else "Close it",
        "facts": [
            ("Assessments in", f"{totals.submitted:,} of {totals.asked:,}"), ("Scorecards that become final", f"{statuses['final']:,}"),
            ("Scorecards that stay provisional", f"{statuses['provisional']:,}"), ("Scorecards without a score", f"{statuses['no score']:,}"),
        ],
        "missing": [(name, left, in_words(names, left)) for name, left, names in missing[:PEOPLE]],
        "remarks": [f"{counted(outside, 'assessment')} missing on partners of other business units."] if outside else [],
        "others": len(missing) - PEOPLE if len(missing) > PEOPLE else 0,
    }  # fmt: skip
    return render(request, "scorecards/cycle_confirm.html", context)


@needs("manage_cycles")
@require_http_methods(["GET", "HEAD", "POST"])
def cycle_discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then delete a draft."""
    cycle = find_cycle(request, pk)
    if request.method == "POST":
        try:
            service.discard_cycle(cycle)
        except ValidationError as error:
            say(request, error)
            return redirect("cycle_detail", pk)
        messages.success(request, f"{cycle} is discarded.")
        return redirect("cycle_list")
    if cycle.state != Cycle.DRAFT:
        return redirect("cycle_detail", pk)
    everything = cycle.scorecards.all()
    context = {
        "cycle": cycle, "title": f"Discard {cycle}", "heading": f"Discard the draft {cycle}?", "button": "Discard it",
        "lede": "Nobody has been asked anything yet. What was chosen for it is deleted; partners and people stay.",
        "facts": [
            ("Partners chosen", f"{everything.count():,}"),
            ("Assessments to ask for", f"{Assessment.objects.filter(scorecard__in=everything).count():,}"),
        ],
    }  # fmt: skip
    return render(request, "scorecards/cycle_confirm.html", context)


@needs("reopen_cycle")
@require_POST
def cycle_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a closed cycle move again, with the reason."""
    cycle, form = find_cycle(request, pk), ReopenForm(request.POST)
    if not form.is_valid():
        return show_cycle(request, cycle, reopen=form, status=400)
    try:
        service.reopen_cycle(cycle, reason=form.cleaned_data["reason"])
    except ValidationError as error:
        say(request, error)
    else:
        messages.success(request, f"{cycle} is open again.")
    return redirect("cycle_detail", pk)
