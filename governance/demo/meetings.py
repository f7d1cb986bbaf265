"""A year of meetings with the demo's strategic partners, with minutes, decisions, and actions of both sides."""

from datetime import datetime, time, timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from governance.demo.minutes import DROPPED, MOVED, SAID, SHOWN_AS_DONE, SKIPPED, Said
from governance.demo.quarters import Demo
from governance.forums import MODELS, turns, working_day
from governance.models import Action, AgendaItem, Attendance, Forum, Meeting, MeetingDecision, Member
from governance.models.forums import EXECUTIVE, SENIOR, THEM, US, USUAL
from governance.models.meetings import HELD
from governance.models.meetings import SKIPPED as LEFT_OUT
from governance.services.agenda import draft_agenda
from governance.services.forums import plan_meetings
from partners.calendars import closed_days
from partners.dates import plus_months
from partners.models import Contact, Partner

GOVERNED = ("Northgate Cloud", "Halden Software", "Tessera Data")
THEIR_EXECUTIVES = ("Marit Olsen", "Edwin Clarke", "Sofia Brandt")
POINTS = 3  # of a meeting


def load_meetings(demo: Demo) -> list[int]:
    """Forums of three partners and one of the whole portfolio: a year behind them, a year planned; whose they are."""
    lead = next(person for person in demo.people if person.role == "governance")
    head = next(person for person in demo.people if person.role == "executive")
    for place, name in enumerate(GOVERNED):
        partner = next(one for one in demo.partners if one.name == name)
        for model in MODELS["strategic"]:
            forum = _forum(demo, partner, model, lead if model.level != "operational" else partner.owner)
            _member(forum, US, head if model.level == "strategic" else partner.owner, forum.our_level)
            if forum.chair != partner.owner:
                _member(forum, US, lead, SENIOR)
            contact = Contact.objects.filter(partner=partner, until=None).order_by("pk").first()
            Member.objects.create(forum=forum, side=THEM, contact=contact, name=str(contact), seniority=USUAL["operational"][1])  # fmt: skip
            if model.level == "strategic":
                Member.objects.create(
                    forum=forum, side=THEM, name=THEIR_EXECUTIVES[place], seniority=EXECUTIVE
                )
            _year(demo, forum, place)
            _ahead(forum, lead)
    whole = Forum.objects.create(
        level="strategic", purpose="Which partnerships we build on, and which we leave.", cadence=6, chair=head, our_level=EXECUTIVE,
        their_level=EXECUTIVE, first_on=plus_months(demo.today, -12) + timedelta(days=20), standing_agenda="Movers\nDecisions of the next half-year",
        place="Board room", is_demo=True,
    )  # fmt: skip
    for person in (head, lead, demo.people[0]):
        _member(whole, US, person, EXECUTIVE if person == head else SENIOR)
    _ahead(whole, lead)
    return [one.pk for one in demo.partners if one.name in GOVERNED]


def _forum(demo: Demo, partner: Partner, model: Any, chair: Any) -> Forum:
    expected = USUAL[model.level][1]
    return Forum.objects.create(
        partner=partner, level=model.level, purpose=model.purpose, cadence=model.cadence, chair=chair, is_demo=True,
        first_on=plus_months(demo.today, -12) + timedelta(days=9 if model.cadence == 1 else 16), our_level=expected,
        their_level=expected, standing_agenda="\n".join(model.agenda), place="Video call",
    )  # fmt: skip


def _member(forum: Forum, side: str, user: Any, seniority: int) -> None:
    Member.objects.create(forum=forum, side=side, user=user, name=str(user), seniority=seniority)


def _year(demo: Demo, forum: Forum, place: int) -> None:
    """The turns of the last twelve months: one left out, one moved, the last one's minutes not approved yet."""
    behind = list(
        turns(
            forum.first_on, forum.cadence, forum.first_on - timedelta(days=1), demo.today - timedelta(days=3)
        )
    )
    points = (SAID[forum.level][number % len(SAID[forum.level])] for number in count(place))
    for number, turn in enumerate(behind):
        day = working_day(turn, closed_days(forum.country))
        left_out = len(behind) > 6 and number == 4 + place
        moved = len(behind) > 3 and number == 1 + place
        if moved:
            day = working_day(turn + timedelta(days=9), closed_days(forum.country))
        meeting = Meeting.objects.create(
            forum=forum, planned_for=turn, day=min(day, demo.today - timedelta(days=1)), starts_at=forum.starts_at, lasts=forum.lasts,
            place=forum.place, state=LEFT_OUT if left_out else HELD, reason=SKIPPED if left_out else MOVED if moved else "",
        )  # fmt: skip
        if not left_out:
            _came(meeting, number)
            for position in range(POINTS):
                _say(demo, meeting, next(points), position, number)
            if number < len(behind) - 1:
                days = 12 if number == 2 else 3
                at = timezone.make_aware(datetime.combine(meeting.day + timedelta(days=days), time(16, 20)))
                Meeting.objects.filter(pk=meeting.pk).update(approved_at=at, approved_by=forum.chair)


def _came(meeting: Meeting, number: int) -> None:
    """Everybody, but for their executive every second time."""
    Attendance.objects.bulk_create(
        Attendance(
            meeting=meeting, side=one.side, user_id=one.user_id, contact_id=one.contact_id, name=one.name, seniority=one.seniority,
            was_there=not (one.side == THEM and one.seniority == EXECUTIVE and number % 2 == 0),
        )
        for one in meeting.forum.members.all()
    )  # fmt: skip


def _say(demo: Demo, meeting: Meeting, said: Said, position: int, number: int) -> None:
    item = AgendaItem.objects.create(
        meeting=meeting, title=said.title, minutes=said.minutes, internal_note=said.note, position=position, is_touched=True,
        source=f"standing:{said.title[:70]}", partner=meeting.forum.partner,
    )  # fmt: skip
    if said.decision:
        MeetingDecision.objects.create(meeting=meeting, item=item, text=said.decision)
    if said.action and not Action.objects.filter(forum=meeting.forum, what=said.action[0]).exists():
        what, side, days = said.action
        due = meeting.day + timedelta(days=days)
        action = Action(
            forum=meeting.forum, meeting=meeting, item=item, what=what, side=side, made_on=meeting.day, due_on=due,
            owner=meeting.forum.partner.owner if side == US and meeting.forum.partner else None,
            their_owner=meeting.forum.members.filter(side=THEM).first().name if side == THEM else "",  # type: ignore[union-attr]
        )  # fmt: skip
        # Most are closed, theirs rather late; what is recent is open.
        closed = due + timedelta(days=(number * 7 + position * 5) % 23 - (8 if side == US else 2))
        if closed < demo.today - timedelta(days=10) and (number + position) % 7:
            action.outcome = Action.DROPPED if (number + position) % 6 == 5 else Action.DONE
            action.closed_on = max(closed, meeting.day)
            done = SHOWN_AS_DONE[(number + position) % len(SHOWN_AS_DONE)]
            action.evidence = DROPPED if action.outcome == Action.DROPPED else done
        action.save()


def _ahead(forum: Forum, reader: Any) -> None:
    plan_meetings(forum)
    following = forum.meetings.filter(state="planned").select_related("forum__partner").first()
    if following:
        draft_agenda(following, reader=reader)
