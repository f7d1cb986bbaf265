"""Meetings as calendar invitations: iCalendar objects (RFC 5545) that update one another by UID and SEQUENCE (RFC 5546)."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar, Event, vCalAddress, vText

from accounts.models import OutgoingMail
from accounts.services.mail import queue_mail
from accounts.templatetags.look import day
from governance.models import Meeting, Member
from governance.models.meetings import SKIPPED

REQUEST, CANCEL = "REQUEST", "CANCEL"
KIND = "meeting invitation"


def uid_of(meeting: Meeting) -> str:
    """The meeting's name in every calendar, for good."""
    return f"meeting-{meeting.uid}@{urlsplit(settings.SITE_URL).hostname or 'vendorhub'}"


def summary_of(meeting: Meeting) -> str:
    return str(meeting.forum)


def itip(meeting: Meeting, members: Iterable[Member], method: str) -> str:
    """The meeting as an iTIP message; METHOD:CANCEL takes it out of the calendars it went to."""
    forum, now = meeting.forum, timezone.now().astimezone(UTC)
    event = Event()
    event.add("uid", uid_of(meeting))
    event.add("sequence", meeting.sequence)
    event.add("dtstamp", now)
    event.add("dtstart", meeting.begins)
    event.add("dtend", meeting.ends)
    event.add("summary", _plain(summary_of(meeting)))
    event.add("status", "CANCELLED" if method == CANCEL else "CONFIRMED")
    event.add("description", _plain(_agenda(meeting)))
    if meeting.place:
        event.add("location", _plain(meeting.place))
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    event.add("organizer", _person(address, str(forum.chair or name or "VendorHub")), encode=False)
    for member in members:
        if member.email:
            attendee = _person(member.email, member.name)
            attendee.params |= {"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"}
            event.add("attendee", attendee, encode=False)
    calendar = Calendar()
    calendar.add("prodid", "-//VendorHub//Meetings//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(event)
    return calendar.to_ical().decode()


def _person(address: str, name: str) -> vCalAddress:
    found = vCalAddress(f"mailto:{address}")
    found.params["CN"] = vText(_plain(name).replace('"', "'"))
    return found


def _plain(text: str) -> str:
    """Without signs that nobody sees: some clients refuse the whole event for them."""
    return "".join(sign for sign in text if sign.isprintable() or sign == "\n")


def _agenda(meeting: Meeting) -> str:
    forum = meeting.forum
    lines = [forum.purpose]
    if forum.standing_agenda.strip():
        lines += ["", *(f"- {line.strip()}" for line in forum.standing_agenda.splitlines() if line.strip())]
    if meeting.reason:
        lines += ["", meeting.reason]
    return "\n".join([*lines, "", f"{settings.SITE_URL}{reverse('meeting', args=[meeting.pk])}"])


def invite(meeting: Meeting, members: Sequence[Member], *, to: Sequence[Member] | None = None) -> int:
    """Queue the meeting as it is now to `to` (all members): an invitation, an update or a cancellation.

    The same state goes to the same person once. Returns how many mails were queued.
    """
    if meeting.state == SKIPPED:
        return uninvite(meeting, members if to is None else to)
    return _send(meeting, members, members if to is None else to, REQUEST)


def uninvite(meeting: Meeting, gone: Sequence[Member]) -> int:
    """Take the meeting out of people's calendars; returns how many mails were queued."""
    return _send(meeting, gone, gone, CANCEL)


def _send(meeting: Meeting, members: Sequence[Member], to: Sequence[Member], method: str) -> int:
    return sum(bool(_mail(meeting, members, one, method)) for one in to if one.email)


def _mail(meeting: Meeting, members: Sequence[Member], to: Member, method: str) -> OutgoingMail | None:
    zone = meeting.forum.time_zone
    when = f"{day(meeting.day)}, {meeting.starts_at:%H:%M} ({zone})"
    word = "Cancelled" if method == CANCEL else "Changed" if meeting.sequence else "Invitation"
    what = summary_of(meeting)
    text = "\n".join(
        [
            f"{what}: {when}, {meeting.lasts} minutes{f', {meeting.place}' if meeting.place else ''}.",
            *(["", f"It is off: {meeting.reason}" if meeting.reason else "It is off."] if method == CANCEL else []),
            "", _agenda(meeting) if method == REQUEST else "",
        ]
    )  # fmt: skip
    return queue_mail(
        to.user, outside="" if to.user else to.email, subject=f"{word}: {what}, {day(meeting.day)}", text=text, kind=KIND,
        key=f"meeting-{meeting.pk}-{meeting.sequence}-{method}-{to.email}"[:200],
        calendar=itip(meeting, members, method),
    )  # fmt: skip


def stamp(meetings: Iterable[Any], at: datetime) -> None:
    """Note that people were told of these."""
    Meeting.objects.filter(pk__in=[meeting.pk for meeting in meetings]).update(invited_at=at)
