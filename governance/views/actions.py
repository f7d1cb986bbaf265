"""Who owes what, until when? Actions across all meetings."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.numbers import row_number
from accounts.spreadsheets import csv_response
from governance.action_list import FILTERS, OPEN, SHOWS, actions_asked_for
from governance.meeting_forms import ActionForm, CloseForm
from governance.models import Action
from governance.models.forums import SIDES
from governance.services import actions as service
from partners.models import Partner
from vendorhub.roles import needs

ROWS = 100
HEADINGS = [
    "action", "partner", "forum", "whose", "owner", "agreed on", "due", "days over", "outcome", "closed on", "evidence", "link",
]  # fmt: skip


def _asked(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET.get(name, "") for name in (*FILTERS, "sort")}


@needs("see_meetings")
@require_safe
def action_list(request: HttpRequest) -> HttpResponse:
    """One list over all meetings; the address holds what is asked for."""
    asked, today = _asked(request), timezone.localdate()
    actions = actions_asked_for(request.user, asked, today)
    every = Action.objects.visible_to(request.user)
    partners = Partner.objects.visible_to(request.user).filter(forums__actions__in=every)
    context = {
        "page": Paginator(actions, ROWS).get_page(request.GET.get("page")), "asked": asked, "sort": asked["sort"] or "due",
        "narrowed": any(asked[name] for name in FILTERS), "ever": every.count(), "shows": SHOWS, "show": asked["show"] or OPEN,
        "sides": SIDES, "partners": partners.distinct().order_by("name"), "today": today,
        "overdue": every.overdue(today).count(),
    }  # fmt: skip
    return render(request, "governance/action_list.html", context)


@needs("export")
@require_safe
def action_export(request: HttpRequest) -> HttpResponse:
    """What the list shows, as CSV."""
    today = timezone.localdate()
    rows = (
        [one.what, str(one.forum.partner or ""), one.forum.get_level_display(), one.get_side_display(), one.whose, one.made_on,
         one.due_on, max(0, (today - one.due_on).days) if not one.outcome else "", one.outcome, one.closed_on or "",
         one.evidence, one.link]
        for one in actions_asked_for(request.user, _asked(request), today)
    )  # fmt: skip
    return csv_response("Actions", HEADINGS, rows)


def _action(request: HttpRequest, pk: int) -> tuple[Action, bool]:
    """A visible action, and whether it may be changed."""
    rows = Action.objects.visible_to(request.user).select_related("forum__partner", "meeting", "owner")
    found = get_object_or_404(rows, pk=pk)
    return found, Action.objects.changed_by(request.user).filter(pk=pk).exists()


@needs("see_meetings")
@require_http_methods(["GET", "HEAD", "POST"])
def action(request: HttpRequest, pk: int) -> HttpResponse:
    """What was undertaken: read by whoever sees the forum, changed by its owner and whoever runs the forum."""
    row, may_change = _action(request, pk)
    form = ActionForm(request.POST or None, instance=row, user=request.user)
    if request.method == "POST":
        if not may_change or row.outcome:
            raise PermissionDenied
        if form.is_valid():
            saved = form.save()
            messages.success(request, f"“{saved}” is saved.")
            return redirect(saved)
    return _page(request, row, may_change, form=form, wrong=request.method == "POST")


def _page(
    request: HttpRequest, row: Action, may_change: bool, *, wrong: bool = False, **forms: Any
) -> HttpResponse:
    today = timezone.localdate()
    context = {
        "action": row, "may_change": may_change, "today": today, "over": (today - row.due_on).days,
        "form": forms.get("form") or ActionForm(instance=row, user=request.user), "close_form": forms.get("close") or CloseForm(),
    }  # fmt: skip
    return render(request, "governance/action.html", context, status=400 if wrong else 200)


@needs("see_meetings")
@require_http_methods(["GET", "HEAD", "POST"])
def action_close(request: HttpRequest, pk: int) -> HttpResponse:
    """Done or dropped, with what shows it."""
    row, may_change = _action(request, pk)
    if request.method != "POST":
        return redirect(row)
    if not may_change:
        raise PermissionDenied
    form = CloseForm(request.POST)
    if not form.is_valid():
        return _page(request, row, may_change, close=form, wrong=True)
    service.close_action(row, **form.cleaned_data, version=row_number(request.POST.get("version")))
    messages.success(request, f"“{row}” is closed. It can be opened again here.")
    return redirect(row)


@needs("see_meetings")
@require_POST
def action_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    row, may_change = _action(request, pk)
    if not may_change:
        raise PermissionDenied
    service.reopen_action(row, version=row_number(request.POST.get("version")))
    messages.success(request, f"“{row}” is open again.")
    return redirect(row)
