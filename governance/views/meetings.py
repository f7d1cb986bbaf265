"""One meeting: what do we discuss, what was agreed? Every part of it is saved on its own, so that two may write at once."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.numbers import row_number
from accounts.versions import StaleSave
from governance.meeting_forms import (
    ActionForm,
    AmendmentForm,
    AttendeeForm,
    DecisionLineForm,
    DropForm,
    ItemForm,
    MinutesForm,
)
from governance.models import Action, AgendaItem, Attendance, Meeting, MeetingDecision, MinutesAmendment
from governance.models.forums import THEM, US
from governance.models.meetings import HELD
from governance.services import meetings as service
from governance.services.agenda import draft_agenda
from vendorhub.roles import needs

FROZEN = "The minutes are approved. What has to be said now is added as an amendment."


@needs("see_meetings")
@require_safe
def meeting(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _meeting(request, pk))


def _meeting(request: HttpRequest, pk: int, *, to_run: bool = False) -> Meeting:
    meetings = Meeting.objects.run_by(request.user) if to_run else Meeting.objects.visible_to(request.user)
    return get_object_or_404(meetings.select_related("forum__partner", "forum__chair", "approved_by"), pk=pk)


def _page(request: HttpRequest, row: Meeting, wrong: Any = None) -> HttpResponse:
    """The meeting; `wrong`: a form that was refused, by the name its template knows it by."""
    may_run = Meeting.objects.run_by(request.user).filter(pk=row.pk).exists()
    may_write = may_run and not row.is_frozen
    items = list(row.items.prefetch_related("decisions", "actions__owner"))
    near = row.forum.meetings.exclude(pk=row.pk)
    before = near.filter(day__lt=row.day).order_by("-day", "-pk").first()
    attendances = list(row.attendances.all())
    present = service.levels_present(row) if attendances else {}
    context = {
        "meeting": row, "forum": row.forum, "may_run": may_run, "may_write": may_write,
        "may_approve": may_write and Meeting.objects.approved_by(request.user).filter(pk=row.pk).exists(), "today": timezone.localdate(),
        "items": [(item, MinutesForm(instance=item, prefix=None)) for item in items if not item.is_dropped],
        "dropped": [item for item in items if item.is_dropped],
        "loose": row.decisions.filter(item=None), "loose_actions": row.actions.filter(item=None).select_related("owner"),
        "before": before, "after": near.filter(day__gt=row.day).order_by("day", "pk").first(),
        "open_before": Action.objects.open().filter(forum=row.forum).exclude(meeting=row).select_related("owner")[:20],
        "sides": [
            (label, row.forum.level_of(side), row.forum.get_our_level_display() if side == US else row.forum.get_their_level_display(),
             [one for one in attendances if one.side == side], present.get(side))
            for side, label in ((US, "Us"), (THEM, str(row.forum.partner)))
            if side == US or row.forum.partner_id
        ],
        "members": [] if attendances else row.forum.members.filter(left_on=None),
        "amendments": row.amendments.select_related("by"), "seen": service.last_word(row),
        "has_passed": row.day <= timezone.localdate(),
        "item_form": ItemForm(), "drop_form": DropForm(), "decision_form": DecisionLineForm(), "attendee_form": AttendeeForm(), "item_of_wrong": row_number(request.POST.get("item")),
        "action_form": ActionForm(user=request.user, instance=Action(forum=row.forum)), "amendment_form": AmendmentForm(), "wrong": wrong,
    }  # fmt: skip
    return render(request, "governance/meeting.html", context, status=400 if wrong else 200)


def _write(request: HttpRequest, row: Meeting, act: Any, *, at: str = "") -> HttpResponse:
    """Do it and go back to where it was done; minutes approved meanwhile say so."""
    try:
        act()
    except service.FrozenMinutes:
        messages.error(request, f"{FROZEN} Nothing was saved.")
    return redirect(f"{row.get_absolute_url()}{at}")


def _submit(request: HttpRequest, row: Meeting, form: Any, save: Any, *, at: str = "") -> HttpResponse:
    """Save a valid form, or show the page with what is wrong said beside it."""
    if form.is_valid():
        return _write(request, row, lambda: save(form), at=at)
    return _page(request, row, wrong=form)


@needs("see_meetings")
@require_POST
def meeting_draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Draft the agenda, or draft it again."""
    row = _meeting(request, pk, to_run=True)
    new = draft_agenda(row, reader=request.user)
    messages.success(
        request, f"{new} new on the agenda." if new else "The agenda is up to date: nothing new happened."
    )
    return redirect(row)


@needs("see_meetings")
@require_POST
def meeting_begin(request: HttpRequest, pk: int) -> HttpResponse:
    row = _meeting(request, pk, to_run=True)
    return _write(request, row, lambda: service.begin(row), at="#who")


@needs("see_meetings")
@require_POST
def meeting_not_held(request: HttpRequest, pk: int) -> HttpResponse:
    row = _meeting(request, pk, to_run=True)
    return _write(request, row, lambda: service.not_held(row))


@needs("see_meetings")
@require_POST
def meeting_approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Freeze the minutes as they were on the page, and send them."""
    row = _meeting(request, pk, to_run=True)
    if not Meeting.objects.approved_by(request.user).filter(pk=pk).exists():
        raise PermissionDenied
    try:
        service.approve(row, by=request.user, seen=request.POST.get("seen", ""))
    except StaleSave:
        messages.error(
            request, "Somebody wrote in these minutes while you had them open. Read them again, then approve."
        )
    except service.FrozenMinutes:
        messages.info(request, "They are approved already.")
    else:
        messages.success(request, "The minutes are approved, frozen and on their way to the members.")
    return redirect(row)


@needs("see_meetings")
@require_POST
def meeting_amend(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(
        Meeting.objects.run_by(request.user).filter(approved_at__isnull=False).select_related("forum__partner"), pk=pk
    )  # fmt: skip
    form = AmendmentForm(request.POST, instance=MinutesAmendment(meeting=row))
    return _submit(request, row, form, lambda one: service.amend(one, by=request.user), at="#amendments")


@needs("see_meetings")
@require_POST
def item_add(request: HttpRequest, pk: int) -> HttpResponse:
    row = _meeting(request, pk, to_run=True)
    form = ItemForm(request.POST, instance=AgendaItem(meeting=row))
    return _submit(request, row, form, lambda one: service.add_item(row, one), at="#agenda")


def _item(request: HttpRequest, pk: int) -> AgendaItem:
    items = AgendaItem.objects.run_by(request.user).select_related("meeting__forum__partner")
    return get_object_or_404(items, pk=pk)


@needs("see_meetings")
@require_http_methods(["GET", "HEAD", "POST"])
def item(request: HttpRequest, pk: int) -> HttpResponse:
    """What was said on an item. For the page's script the answer is JSON: 200 saved, 400 wrong, 409 both texts."""
    row = _item(request, pk)
    if request.method != "POST":
        return redirect(f"{row.meeting.get_absolute_url()}#item-{pk}")
    form = MinutesForm(request.POST, instance=row)
    if request.headers.get("accept") != "application/json":
        return _submit(request, row.meeting, form, service.save_part, at=f"#item-{pk}")
    if not form.is_valid():
        said = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return JsonResponse({"wrong": said}, status=400)
    try:
        saved = service.save_part(form)
    except service.FrozenMinutes:
        return JsonResponse({"wrong": FROZEN}, status=403)
    except StaleSave as stale:
        now: Any = stale.saved
        change = stale.change
        return JsonResponse(
            {"version": now.version, "minutes": now.minutes, "internal_note": now.internal_note,
             "by": str(change.actor) if change and change.actor else "Somebody"}, status=409,
        )  # fmt: skip
    return JsonResponse({"version": saved.version, "at": f"{timezone.localtime():%H:%M}"})


@needs("see_meetings")
@require_http_methods(["GET", "HEAD", "POST"])
def item_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Its words, and whether it is for our side alone."""
    row = _item(request, pk)
    if request.method != "POST":
        return redirect(f"{row.meeting.get_absolute_url()}#item-{pk}")
    return _submit(
        request, row.meeting, ItemForm(request.POST, instance=row), service.save_part, at=f"#item-{pk}"
    )


@needs("see_meetings")
@require_POST
def item_move(request: HttpRequest, pk: int) -> HttpResponse:
    row = _item(request, pk)
    up = request.POST.get("to") == "up"
    return _write(request, row.meeting, lambda: service.move_item(row, up=up), at=f"#item-{pk}")


@needs("see_meetings")
@require_POST
def item_drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave it out for a reason, or (no reason asked) bring it back."""
    row = _item(request, pk)
    if row.is_dropped:
        return _write(request, row.meeting, lambda: service.bring_back(row), at=f"#item-{pk}")
    form = DropForm(request.POST)
    return _submit(
        request,
        row.meeting,
        form,
        lambda one: service.drop_item(row, reason=one.cleaned_data["reason"]),
        at="#dropped",
    )


def _about(request: HttpRequest, row: Meeting) -> AgendaItem | None:
    """The item of this meeting that was named, if any."""
    return row.items.filter(pk=row_number(request.POST.get("item")) or 0).first()


def _place(about: AgendaItem | None) -> str:
    return f"#item-{about.pk}" if about else "#rest"


@needs("see_meetings")
@require_POST
def meeting_decide(request: HttpRequest, pk: int) -> HttpResponse:
    row = _meeting(request, pk, to_run=True)
    about = _about(request, row)
    form = DecisionLineForm(request.POST, instance=MeetingDecision(meeting=row, item=about))
    return _submit(request, row, form, service.save_part, at=_place(about))


@needs("see_meetings")
@require_POST
def meeting_undecide(request: HttpRequest, pk: int) -> HttpResponse:
    """Take out a decision that was entered by mistake."""
    row = get_object_or_404(MeetingDecision.objects.run_by(request.user).select_related("meeting"), pk=pk)
    return _write(request, row.meeting, lambda: service.remove_part(row), at=_place(row.item))


@needs("see_meetings")
@require_POST
def meeting_act(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody undertakes something."""
    row = _meeting(request, pk, to_run=True)
    about = _about(request, row)
    form = ActionForm(
        request.POST, instance=Action(forum=row.forum, meeting=row, item=about), user=request.user
    )
    return _submit(request, row, form, service.save_part, at=_place(about))


@needs("see_meetings")
@require_POST
def attendee_add(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(
        Meeting.objects.run_by(request.user)
        .filter(state=HELD)
        .select_related("forum__partner", "forum__chair"),
        pk=pk,
    )
    form = AttendeeForm(request.POST, instance=Attendance(meeting=row, was_there=True))
    return _submit(request, row, form, service.save_part, at="#who")


@needs("see_meetings")
@require_POST
def attendance(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody came, or did not."""
    rows = Attendance.objects.run_by(request.user).select_related("meeting")
    row = get_object_or_404(rows, pk=pk)
    there = request.POST.get("there") == "1"
    return _write(request, row.meeting, lambda: service.note_presence(row, was_there=there), at="#who")
