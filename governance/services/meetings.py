"""What happens in a meeting: its agenda arranged, who came, what was said, decided and undertaken; then frozen and sent."""

from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max
from django.urls import reverse
from django.utils import timezone

from accounts.services.mail import queue_mail
from accounts.templatetags.look import day
from accounts.versions import StaleSave
from governance.models import AgendaItem, Attendance, Meeting, MinutesAmendment
from governance.models.forums import THEM, US
from governance.models.meetings import HELD, PLANNED
from governance.services.forums import within_walls

KIND = "minutes"


class FrozenMinutes(Exception):
    """The minutes are approved: what has to be said now is an amendment."""


def hold(meeting_id: int) -> Meeting:
    """Lock a meeting whose minutes are still open, or raise FrozenMinutes. Inside a transaction."""
    meeting = (
        Meeting.objects.select_for_update(of=("self",)).select_related("forum__partner").get(pk=meeting_id)
    )
    if meeting.is_frozen:
        raise FrozenMinutes
    return meeting


@transaction.atomic
def save_part(form: Any) -> Any:
    """Save a form about something that belongs to a meeting: an item's words, a decision, an action, an attendee."""
    hold(form.instance.meeting_id)
    return form.save()


@transaction.atomic
def add_item(meeting: Meeting, form: Any) -> AgendaItem:
    """Put an item at the end of the agenda."""
    hold(meeting.pk)
    last = meeting.items.aggregate(last=Max("position"))["last"]
    form.instance.position = 0 if last is None else last + 1
    return form.save()


@transaction.atomic
def move_item(item: AgendaItem, *, up: bool) -> None:
    """Change places with the neighbour; at an end nothing happens."""
    hold(item.meeting_id)
    items = list(item.meeting.items.filter(is_dropped=False).select_for_update())
    place = next((number for number, one in enumerate(items) if one.pk == item.pk), None)
    if place is None:
        return
    other = place - 1 if up else place + 1
    if not 0 <= other < len(items):
        return
    items[place], items[other] = items[other], items[place]
    for number, one in enumerate(items):
        one.position = number
    items[other].is_touched = True
    AgendaItem.objects.bulk_update(items, ["position", "is_touched"])


@transaction.atomic
def drop_item(item: AgendaItem, *, reason: str) -> None:
    """Leave an item out, and keep why."""
    hold(item.meeting_id)
    AgendaItem.objects.filter(pk=item.pk).update(
        is_dropped=True, drop_reason=reason, version=F("version") + 1
    )


@transaction.atomic
def bring_back(item: AgendaItem) -> None:
    hold(item.meeting_id)
    AgendaItem.objects.filter(pk=item.pk).update(
        is_dropped=False, drop_reason="", is_touched=True, version=F("version") + 1
    )


@transaction.atomic
def remove_part(row: Any) -> None:
    """Take out a decision or an attendee who was entered by mistake."""
    hold(row.meeting_id)
    row.delete()


@transaction.atomic
def begin(meeting: Meeting) -> Meeting:
    """It takes place, or took place: the members are put on the list of who came. Again, it changes nothing."""
    meeting = hold(meeting.pk)
    if meeting.state == PLANNED:
        meeting.state = HELD
        meeting.version += 1
        meeting.save(update_fields=["state", "version"])
        Attendance.objects.bulk_create(
            [
                Attendance(
                    meeting=meeting, side=one.side, user_id=one.user_id, contact_id=one.contact_id, name=one.name,
                    seniority=one.seniority,
                )
                for one in meeting.forum.members.filter(left_on=None)
            ],
            ignore_conflicts=True,
        )  # fmt: skip
    return meeting


@transaction.atomic
def not_held(meeting: Meeting) -> None:
    """It did not take place after all: planned again, with what was written."""
    meeting = hold(meeting.pk)
    if meeting.state == HELD:
        meeting.state = PLANNED
        meeting.version += 1
        meeting.save(update_fields=["state", "version"])


@transaction.atomic
def note_presence(attendance: Attendance, *, was_there: bool) -> None:
    """Somebody came, or did not. One person at a time, so that two who tick lose nothing."""
    hold(attendance.meeting_id)
    Attendance.objects.filter(pk=attendance.pk).update(was_there=was_there, version=F("version") + 1)


def levels_present(meeting: Meeting) -> dict[str, bool]:
    """Of each side, whether somebody of the expected seniority or above came."""
    forum = meeting.forum
    sides = [US, THEM] if forum.partner_id else [US]
    return {
        side: any(
            one.was_there and one.side == side and one.seniority <= forum.level_of(side)
            for one in meeting.attendances.all()
        )
        for side in sides
    }


@transaction.atomic
def approve(meeting: Meeting, *, by: Any, seen: str) -> Meeting:
    """Freeze the minutes of a held meeting and send them to its members.

    `seen`: `last_word` as the page that was approved had it. StaleSave where somebody wrote since.
    """
    meeting = hold(meeting.pk)
    if meeting.state != HELD or seen != last_word(meeting):
        raise StaleSave(meeting)
    meeting.approved_at, meeting.approved_by = timezone.now(), by
    meeting.version += 1
    meeting.save(update_fields=["approved_at", "approved_by", "version"])
    _send(meeting, f"Minutes: {meeting}", minutes_of(meeting), "minutes")
    return meeting


def last_word(meeting: Meeting) -> str:
    """A digest that changes whenever something of the meeting does: its parts, each with its version."""
    parts = (meeting.items, meeting.decisions, meeting.attendances, meeting.actions)
    rows = [sorted(part.values_list("pk", "version")) for part in parts]
    return sha256(repr([meeting.version, *rows]).encode()).hexdigest()[:16]


@transaction.atomic
def amend(form: Any, *, by: Any) -> MinutesAmendment:
    """Add to approved minutes, and tell whoever got them."""
    form.instance.by = by
    added = form.save()
    meeting = added.meeting
    _send(
        meeting, f"Amendment to the minutes: {meeting}",
        f"To the minutes of the {meeting.forum} of {day(meeting.day)}, {by} adds:\n\n{added.text}", f"amendment-{added.pk}",
    )  # fmt: skip
    return added


def minutes_of(meeting: Meeting) -> str:
    """The minutes as they leave the house: without internal notes, internal items, figures and what was left out."""
    who = [
        f"  {side}: {', '.join(names)}"
        for side, names in (
            (label, [one.name for one in meeting.attendances.all() if one.side == key and one.was_there])
            for key, label in ((US, "Us"), (THEM, str(meeting.forum.partner)))
        )
        if names
    ]
    parts = [f"{meeting.forum}, {day(meeting.day)}.", *(["\n".join(who)] if who else [])]
    items = meeting.items.filter(is_dropped=False, is_internal=False).prefetch_related(
        "decisions", "actions__owner"
    )
    said = [item for item in items if item.minutes or item.decisions.all() or item.actions.all()]
    for number, item in enumerate(said, 1):
        lines = [f"{number}. {item.title}", *([item.minutes] if item.minutes else [])]
        lines += [f"Decided: {decision}" for decision in item.decisions.all()]
        lines += [f"Action: {one}, {one.whose}, by {day(one.due_on)}" for one in item.actions.all()]
        parts.append("\n".join(lines))
    rest = [f"Decided: {one}" for one in meeting.decisions.filter(item=None)]
    rest += [
        f"Action: {one}, {one.whose}, by {day(one.due_on)}"
        for one in meeting.actions.filter(item=None).select_related("owner")
    ]
    return "\n\n".join([*parts, *(["\n".join(rest)] if rest else [])])


def _send(meeting: Meeting, subject: str, text: str, what: str) -> int:
    """Mail it to every member and whoever came, each address once."""
    people = [*meeting.forum.members.filter(left_on=None).select_related("user", "contact")]
    people += [one for one in meeting.attendances.select_related("user", "contact") if one.was_there]
    told = set()
    for one in within_walls(meeting.forum, people):
        if one.email and one.email.lower() not in told:
            told.add(one.email.lower())
            link = (
                f"\n\nThe meeting: {settings.SITE_URL}{reverse('meeting', args=[meeting.pk])}"
                if one.user
                else ""
            )
            queue_mail(
                one.user, outside="" if one.user else one.email, subject=subject, text=text + link, kind=KIND,
                key=f"{what}-{meeting.pk}-{one.email}"[:200],
            )  # fmt: skip
    return len(told)
