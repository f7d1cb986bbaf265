"""Who meets whom, and is the rhythm kept? Forums, their members and when they meet."""

from typing import Any

from django.contrib import messages
from django.db import IntegrityError
from django.db.models import Count, DateField, Min, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.numbers import row_number
from accounts.words import counted
from governance.forum_forms import ForumForm, MemberForm, MoveForm, SkipForm, usual
from governance.forums import MODELS, first_turn
from governance.models import Action, Forum, Meeting, Member
from governance.models.forums import LEVELS, TACTICAL, THEM, US
from governance.models.meetings import HELD, PLANNED, SKIPPED
from governance.services import forums as service
from partners.models import INTERNAL_KINDS, Partner
from vendorhub.roles import needs

FORMS = ["GET", "HEAD", "POST"]
PAST = 12  # meetings shown
OFFERED = 25  # partners without a forum, by name


@needs("see_meetings")
@require_safe
def forum_list(request: HttpRequest) -> HttpResponse:
    """Every forum with its next meeting, and who has none yet."""
    forums = _with_meetings(Forum.objects.visible_to(request.user).kept())
    asked = {name: request.GET.get(name, "").replace("\0", "") for name in ("find", "level")}
    rows = forums.filter(level=asked["level"]) if asked["level"] in dict(LEVELS) else forums
    for word in asked["find"].split()[:10]:
        rows = rows.filter(Q(partner__name__icontains=word) | Q(purpose__icontains=word))
    lacking, today = _lacking(request.user), timezone.localdate()
    context = {
        "next_on": min((row.next_on for row in rows if row.next_on), default=None),  # type: ignore[attr-defined]
        "late": Action.objects.visible_to(request.user).overdue(today).count(),
        "forums": rows, "asked": asked, "narrowed": any(asked.values()), "ever": forums.count(), "levels": LEVELS,
        "lacking": lacking[:OFFERED], "lacking_number": lacking.count(), "today": today,
    }  # fmt: skip
    return render(request, "governance/forum_list.html", context)


def _with_meetings(forums: "QuerySet[Forum]") -> "QuerySet[Forum]":
    """With `next_on`, `last_on`, `open_actions` and `late_actions`."""
    today = timezone.localdate()
    held = Meeting.objects.filter(forum=OuterRef("pk"), state=HELD).order_by("-day").values("day")[:1]
    actions = Action.objects.filter(forum=OuterRef("pk"), outcome="").order_by().values("forum")
    return forums.select_related("partner", "chair").annotate(
        next_on=Min("meetings__day", filter=Q(meetings__state=PLANNED, meetings__day__gte=today)),
        last_on=Subquery(held, output_field=DateField()),
        open_actions=Subquery(actions.annotate(number=Count("pk")).values("number")),
        late_actions=Subquery(actions.filter(due_on__lt=today).annotate(number=Count("pk")).values("number")),
    ).order_by("next_on", "partner__name", "pk")  # fmt: skip


def _lacking(user: Any) -> "QuerySet[Partner]":
    """Visible partners whose segment is usually governed by a forum and that have none."""
    segments = [segment for segment, models in MODELS.items() if models and segment != TACTICAL]
    return (
        Partner.objects.visible_to(user).active()
        .filter(segment__in=segments, admission="admitted")
        .exclude(kind__in=("own", *INTERNAL_KINDS))
        .exclude(pk__in=Forum.objects.kept().exclude(partner=None).values("partner"))
        .order_by("-segment", "name")
    )  # fmt: skip


@needs("manage_forums")
@require_POST
def forum_model(request: HttpRequest) -> HttpResponse:
    """The usual forums for one partner, or for all of a segment that have none."""
    if segment := request.POST.get("segment"):
        partners = _lacking(request.user).filter(segment=segment)
    else:
        number = row_number(request.POST.get("partner")) or 0
        partners = Partner.objects.visible_to(request.user).active().filter(pk=number)
    made = service.set_up_model(list(partners), by=request.user)
    if made:
        messages.success(
            request, f"{counted(len(made), 'forum')} set up and planned for a year. Look at them, then send the invitations."
        )  # fmt: skip
    else:
        messages.info(
            request, "Nothing was set up: the usual forums are there already, or the segment has none."
        )
    one = made[0].partner_id if made and "segment" not in request.POST else None
    return redirect("partner_forums", one) if one else redirect("forum_list")


@needs("see_meetings")
@require_safe
def partner_forums(request: HttpRequest, pk: int) -> HttpResponse:
    """How is this partner governed?"""
    partner = get_object_or_404(Partner.objects.visible_to(request.user).select_related("unit"), pk=pk)
    forums = _with_meetings(Forum.objects.visible_to(request.user).kept().filter(partner=partner))
    actions = Action.objects.visible_to(request.user).filter(forum__partner=partner).open()
    ahead = Meeting.objects.visible_to(request.user).filter(
        forum__partner=partner, state=PLANNED, day__gte=timezone.localdate()
    )
    held = Meeting.objects.visible_to(request.user).filter(forum__partner=partner, state=HELD)
    context = {
        "partner": partner, "forums": forums, "usual": [model.level for model in MODELS[partner.segment]],
        "actions": actions.select_related("owner")[:20], "today": timezone.localdate(),
        "ahead": ahead.select_related("forum__partner").order_by("day")[:6],
        "held": held.select_related("forum__partner").prefetch_related("decisions").order_by("-day")[:6],
    }  # fmt: skip
    return render(request, "governance/partner_forums.html", context)


@needs("see_meetings")
@require_safe
def forum(request: HttpRequest, pk: int) -> HttpResponse:
    """One forum: who, when, and what came of it."""
    row = _forum(request, pk)
    today = timezone.localdate()
    meetings = row.meetings.select_related("forum__partner").annotate(
        said=Count("items", filter=~Q(items__minutes=""))
    )
    ahead = list(meetings.filter(state=PLANNED, day__gte=today).order_by("day", "pk"))
    waiting = list(meetings.filter(state=PLANNED, day__lt=today).order_by("-day", "-pk"))
    members = list(row.members.filter(left_on=None).select_related("user", "contact"))
    context = {
        "forum": row, "ahead": ahead, "waiting": waiting, "today": today,
        "past": meetings.exclude(state=PLANNED).order_by("-day", "-pk")[:PAST],
        "sides": [
            (label, row.get_our_level_display() if side == US else row.get_their_level_display(),
             [one for one in members if one.side == side])
            for side, label in ((US, "Us"), (THEM, str(row.partner)))
            if side == US or row.partner_id
        ],
        "uninvited": sum(meeting.invited_at is None for meeting in ahead),
        "unreachable": [one for one in members if not one.email],
        "actions": row.actions.open().select_related("owner")[:20],
        "may_run": Forum.objects.run_by(request.user).filter(pk=pk).exists(),
    }  # fmt: skip
    return render(request, "governance/forum.html", context)


def _forum(request: HttpRequest, pk: int, *, to_run: bool = False) -> Forum:
    forums = Forum.objects.run_by(request.user) if to_run else Forum.objects.visible_to(request.user)
    return get_object_or_404(forums.select_related("partner", "chair"), pk=pk)


@needs("manage_forums")
@require_http_methods(FORMS)
def forum_create(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A forum with a partner, or (no number) about the whole portfolio."""
    partner = get_object_or_404(Partner.objects.visible_to(request.user), pk=pk) if pk else None
    if partner is None and not request.user.sees_all_units:  # type: ignore[union-attr]
        messages.info(request, "A forum about the whole portfolio is set up by somebody who sees every unit.")
        return redirect("forum_list")
    level = request.GET.get("level", "")
    level = level if level in dict(LEVELS) else TACTICAL
    begun = usual(level)
    first = first_turn(timezone.localdate(), begun["cadence"])
    row = Forum(partner=partner, chair=request.user, first_on=first)
    form = ForumForm(request.POST or None, instance=row, user=request.user, initial={**begun, "level": level})
    return _save_forum(request, form)


@needs("manage_forums")
@require_http_methods(FORMS)
def forum_edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = _forum(request, pk)
    return _save_forum(request, ForumForm(request.POST or None, instance=row, user=request.user))


def _save_forum(request: HttpRequest, form: ForumForm) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            saved = service.save_forum(form)
        except IntegrityError:  # the form has looked: only somebody at the same moment comes to this
            form.add_error(
                "level", "Somebody set up a forum of this level at the same moment. Look at that one."
            )
        else:
            messages.success(request, f"“{saved}” is saved and planned for a year.")
            return redirect(saved)
    context = {"form": form, "row": form.instance, "partner": form.instance.partner}
    return render(
        request, "governance/forum_form.html", context, status=400 if request.method == "POST" else 200
    )


@needs("manage_forums")
@require_http_methods(FORMS)
def forum_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then meet no more."""
    row = _forum(request, pk)
    if request.method == "POST":
        service.end_forum(row, version=row_number(request.POST.get("version")))
        messages.success(request, f"“{row}” meets no more. What was said and agreed stays.")
        return redirect("partner_forums", row.partner_id) if row.partner_id else redirect("forum_list")
    return render(request, "governance/forum_end.html", {"forum": row})


@needs("see_meetings")
@require_POST
def forum_invite(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the year's meetings to the members' calendars."""
    row = _forum(request, pk, to_run=True)
    sent = service.send_invitations(row)
    if sent:
        messages.success(request, f"{counted(sent, 'invitation')} queued.")
    elif row.meetings.filter(invited_at__isnull=False).exists():
        messages.info(request, "Everybody has these meetings already.")
    else:
        messages.error(request, "Nobody was invited: no member has an address, or no meeting lies ahead.")
    return redirect(row)


@needs("see_meetings")
@require_http_methods(FORMS)
def member_add(request: HttpRequest, pk: int) -> HttpResponse:
    row = _forum(request, pk, to_run=True)
    form = MemberForm(
        request.POST or None, instance=Member(forum=row, seniority=row.our_level), user=request.user
    )
    if request.method == "POST" and form.is_valid():
        try:
            member = service.add_member(form)
        except IntegrityError:
            form.add_error("who", "Somebody added this person at the same moment.")
        else:
            messages.success(request, f"{member} is expected from now on.")
            return redirect(row)
    context = {"form": form, "forum": row}
    return render(
        request, "governance/member_form.html", context, status=400 if request.method == "POST" else 200
    )


@needs("see_meetings")
@require_POST
def member_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Expect somebody no longer. Adding them again undoes it."""
    member = get_object_or_404(
        Member.objects.run_by(request.user).filter(left_on=None).select_related("forum__partner", "user", "contact"), pk=pk
    )  # fmt: skip
    service.end_membership(member)
    messages.success(request, f"{member} is no longer expected. To undo this, add them again.")
    return redirect(member.forum)


@needs("see_meetings")
@require_http_methods(FORMS)
def meeting_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Another day or hour, for a reason; a skipped one is planned again."""
    meeting = _to_come(request, pk)
    form = MoveForm(request.POST or None, instance=meeting)
    if request.method == "POST" and form.is_valid():
        saved = service.move_meeting(form)
        messages.success(request, f"“{saved}” is saved{'; calendars are told' if saved.invited_at else ''}.")
        return redirect(saved.forum)
    context = {"form": form, "meeting": meeting}
    return render(
        request, "governance/meeting_move.html", context, status=400 if request.method == "POST" else 200
    )


@needs("see_meetings")
@require_http_methods(FORMS)
def meeting_skip(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave it out, and say why."""
    meeting = _to_come(request, pk)
    form = SkipForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        service.skip_meeting(
            meeting, reason=form.cleaned_data["reason"], version=row_number(request.POST.get("version"))
        )
        messages.success(request, "It is left out. Moving it to another day plans it again.")
        return redirect(meeting.forum)
    context = {"form": form, "meeting": meeting}
    return render(
        request, "governance/meeting_skip.html", context, status=400 if request.method == "POST" else 200
    )


def _to_come(request: HttpRequest, pk: int) -> Meeting:
    meetings = Meeting.objects.run_by(request.user).filter(state__in=(PLANNED, SKIPPED))
    return get_object_or_404(meetings.select_related("forum__partner", "forum__chair"), pk=pk)
