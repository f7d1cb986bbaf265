"""Forums meet at their cadence, on working days, and calendars follow every change."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from accounts.models import OutgoingMail
from accounts.services.mail import _message
from governance.feeds import calendar_of
from governance.forums import turns, working_day
from governance.invitations import uid_of
from governance.models import Forum, Meeting, Member
from governance.models.meetings import HELD, PLANNED, SKIPPED
from governance.services.forums import plan_meetings, send_invitations, set_up_model
from partners.calendars import closed_days
from partners.models import Contact
from tests.factories import make_forum, make_meeting, make_member, make_partner, make_unit, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(client: Client) -> Any:
    user = make_user("governance", all_units=True, name="Lena Lead")
    client.force_login(user)
    return user


def invited(forum: Forum) -> list[Calendar]:
    return [
        Calendar.from_ical(mail.calendar) for mail in OutgoingMail.objects.order_by("pk") if mail.calendar
    ]


def form_of(forum: Forum, **changes: Any) -> dict[str, Any]:
    names = ("level", "purpose", "cadence", "first_on", "starts_at", "lasts", "place", "our_level", "their_level",
             "country", "time_zone", "standing_agenda", "version")  # fmt: skip
    held = {name: getattr(forum, name) for name in names} | {"chair": forum.chair_id or ""}
    return {**held, "starts_at": f"{forum.starts_at:%H:%M}", **changes}


def move(client: Client, meeting: Meeting, day: date, reason: str = "Both executives travel") -> Any:
    data = {
        "day": day,
        "starts_at": "10:00",
        "lasts": 60,
        "place": "",
        "reason": reason,
        "version": meeting.version,
    }
    return client.post(reverse("meeting_move", args=[meeting.pk]), data)


# When it meets


def test_turns_are_counted_from_the_first_meeting_never_step_by_step() -> None:
    days = list(turns(date(2027, 1, 31), 1, date(2027, 1, 30), date(2027, 5, 31)))
    assert days == [
        date(2027, 1, 31),
        date(2027, 2, 28),
        date(2027, 3, 31),
        date(2027, 4, 30),
        date(2027, 5, 31),
    ]
    assert list(turns(date(2027, 1, 31), 6, date(2028, 2, 1), date(2028, 12, 31))) == [date(2028, 7, 31)]


def test_a_meeting_on_a_holiday_is_held_the_next_working_day() -> None:
    assert working_day(date(2026, 12, 25), closed_days("DE")) == date(
        2026, 12, 28
    )  # a Friday, then a weekend
    assert working_day(date(2026, 12, 25), closed_days("")) == date(2026, 12, 25)


def test_a_year_is_planned_once_however_often_it_is_asked_for() -> None:
    forum = make_forum(cadence=3, first_on=timezone.localdate() + timedelta(days=10))
    assert plan_meetings(forum) == 4
    assert plan_meetings(forum) == 0
    assert {one.planned_for for one in forum.meetings.all()} == set(
        turns(forum.first_on, 3, timezone.localdate(), timezone.localdate() + timedelta(days=365))
    )


def test_each_segment_gets_the_forums_it_lacks(lead: Any) -> None:
    partner = make_partner(segment="strategic", owner=lead)
    Contact.objects.create(
        partner=partner, name="Ada Account", role="Account manager", email="ada@vendor.example"
    )
    make_forum(partner, "tactical")
    made = set_up_model([partner], by=lead)
    assert [forum.level for forum in made] == ["strategic", "operational"]
    assert set(made[0].members.values_list("side", "name")) == {("us", "Lena Lead"), ("them", "Ada Account")}
    assert made[1].meetings.count() in (12, 13)
    assert set_up_model([partner], by=lead) == []
    assert not OutgoingMail.objects.exists()


# Calendars


@pytest.fixture
def forum(lead: Any) -> Forum:
    partner = make_partner("Northgate")
    forum = make_forum(partner, cadence=6, first_on=timezone.localdate() + timedelta(days=20), chair=lead)
    forum.standing_agenda = "Plans; and, commas\nValue"
    forum.save()
    make_member(forum, lead)
    contact = Contact.objects.create(partner=partner, name='Zoë "Z" O’Hara', email="zoe@vendor.example")
    make_member(forum, name=contact.name, contact=contact)
    make_member(forum, name="Without an address")
    plan_meetings(forum)
    return forum


def test_invitations_are_requests_that_calendars_understand(client: Client, forum: Forum) -> None:
    client.post(reverse("forum_invite", args=[forum.pk]))
    calendars = invited(forum)
    assert len(calendars) == 2 * forum.meetings.count() == 4
    first, event = forum.meetings.first(), calendars[0].events[0]
    assert first
    assert calendars[0]["METHOD"] == "REQUEST"
    assert calendars[0]["VERSION"] == "2.0"
    assert event["UID"].startswith(f"meeting-{first.uid}@")
    assert event["SEQUENCE"] == 0
    assert event["DTSTART"].dt == first.begins
    assert event["DTEND"].dt - event["DTSTART"].dt == timedelta(minutes=60)
    assert event["STATUS"] == "CONFIRMED"
    assert "Plans; and, commas" in event["DESCRIPTION"]
    assert sorted(event["ATTENDEE"]) == sorted(
        [f"mailto:{one.email}" for one in forum.members.all() if one.email]
    )
    assert {one.params["RSVP"] for one in event["ATTENDEE"]} == {"TRUE"}
    assert event["ORGANIZER"].params["CN"] == "Lena Lead"


def test_the_mail_carries_the_invitation_as_a_part_of_its_own(client: Client, forum: Forum) -> None:
    send_invitations(forum)
    mail = OutgoingMail.objects.get(
        to="zoe@vendor.example",
        subject__contains="Invitation",
        key__contains=f"meeting-{forum.meetings.first().pk}-",
    )  # type: ignore[union-attr]
    message = _message(mail).message()
    part = next(one for one in message.walk() if one.get_content_type() == "text/calendar")
    assert part.get_param("method") == "REQUEST"
    assert Calendar.from_ical(part.get_payload(decode=True)).events[0]["UID"]  # type: ignore[arg-type]


def test_nobody_is_invited_twice_to_the_same(client: Client, forum: Forum) -> None:
    send_invitations(forum)
    there = OutgoingMail.objects.count()
    assert send_invitations(forum) == 0
    assert OutgoingMail.objects.count() == there


def test_a_forum_whose_members_have_no_address_says_so(client: Client, forum: Forum) -> None:
    forum.members.exclude(name="Without an address").delete()
    page = client.post(reverse("forum_invite", args=[forum.pk]), follow=True).content.decode()
    assert "Nobody was invited" in page
    assert not forum.meetings.filter(invited_at__isnull=False).exists()


def test_moving_a_meeting_updates_the_same_event(client: Client, forum: Forum) -> None:
    send_invitations(forum)
    OutgoingMail.objects.all().delete()
    meeting = forum.meetings.first()
    assert meeting
    assert move(client, meeting, meeting.day + timedelta(days=3)).status_code == 302
    for calendar in invited(forum):
        event = calendar.events[0]
        assert (calendar["METHOD"], event["SEQUENCE"]) == ("REQUEST", 1)
        assert event["UID"].startswith(f"meeting-{meeting.uid}@")
        assert event["DTSTART"].dt.date() == meeting.day + timedelta(days=3)
        assert "Both executives travel" in event["DESCRIPTION"]
    assert len(invited(forum)) == 2
    assert forum.meetings.get(pk=meeting.pk).planned_for == meeting.planned_for


def test_a_move_needs_a_reason_and_keeps_what_was_typed(client: Client, forum: Forum) -> None:
    meeting = forum.meetings.first()
    assert meeting
    answer = move(client, meeting, meeting.day + timedelta(days=3), reason="")
    assert answer.status_code == 400
    assert "Say why it is moved" in answer.content.decode()
    assert f'value="{meeting.day + timedelta(days=3)}"' in answer.content.decode()
    assert forum.meetings.get(pk=meeting.pk).day == meeting.day


def test_a_stale_move_shows_both(client: Client, forum: Forum) -> None:
    meeting = forum.meetings.first()
    assert meeting
    move(client, meeting, meeting.day + timedelta(days=3))
    assert move(client, meeting, meeting.day + timedelta(days=5)).status_code == 409
    assert forum.meetings.get(pk=meeting.pk).day == meeting.day + timedelta(days=3)


def test_skipping_cancels_and_moving_plans_again(client: Client, forum: Forum) -> None:
    send_invitations(forum)
    OutgoingMail.objects.all().delete()
    meeting = forum.meetings.first()
    assert meeting
    url = reverse("meeting_skip", args=[meeting.pk])
    assert client.post(url, {"reason": "", "version": meeting.version}).status_code == 400
    assert client.post(url, {"reason": "Nothing to discuss", "version": meeting.version}).status_code == 302
    [first, _] = invited(forum)
    event = first.events[0]
    assert (first["METHOD"], event["STATUS"], event["SEQUENCE"]) == ("CANCEL", "CANCELLED", 1)
    skipped = forum.meetings.get(pk=meeting.pk)
    assert (skipped.state, skipped.reason) == (SKIPPED, "Nothing to discuss")
    move(client, skipped, skipped.day + timedelta(days=1))
    again = forum.meetings.get(pk=meeting.pk)
    assert (again.state, again.sequence) == (PLANNED, 2)
    assert [one["METHOD"] for one in invited(forum)] == ["CANCEL"] * 2 + ["REQUEST"] * 2


def test_a_new_member_is_invited_and_one_who_leaves_is_not_expected(client: Client, forum: Forum) -> None:
    send_invitations(forum)
    OutgoingMail.objects.all().delete()
    new = make_user("executive", all_units=True)
    answer = client.post(reverse("member_add", args=[forum.pk]), {"who": f"us-{new.pk}", "seniority": 1})
    assert answer.status_code == 302
    assert {mail.to for mail in OutgoingMail.objects.all()} == {new.email}
    assert OutgoingMail.objects.count() == 2
    client.post(reverse("member_end", args=[Member.objects.get(user=new).pk]))
    assert [one["METHOD"] for one in invited(forum)] == ["REQUEST"] * 2 + ["CANCEL"] * 2


def test_another_hour_of_the_forum_moves_its_meetings_but_not_those_set_apart(
    client: Client, forum: Forum
) -> None:
    send_invitations(forum)
    first, second = forum.meetings.all()
    data = {
        "day": first.day,
        "starts_at": "08:30",
        "lasts": 60,
        "place": "",
        "reason": "Early",
        "version": first.version,
    }
    client.post(reverse("meeting_move", args=[first.pk]), data)
    answer = client.post(reverse("forum_edit", args=[forum.pk]), form_of(forum, starts_at="14:00"))
    assert answer.status_code == 302
    assert [one.starts_at for one in forum.meetings.all()] == [time(8, 30), time(14)]
    assert forum.meetings.get(pk=second.pk).sequence == 1


def test_another_rhythm_replans_and_skips_what_people_know_of(client: Client, forum: Forum) -> None:
    send_invitations(forum)
    client.post(reverse("forum_edit", args=[forum.pk]), form_of(forum, cadence=12))
    states = [one.state for one in forum.meetings.order_by("planned_for")]
    assert states == [PLANNED, SKIPPED]


def test_an_ended_forum_leaves_the_calendars_and_keeps_what_was_said(client: Client, forum: Forum) -> None:
    held = make_meeting(forum, timezone.localdate() - timedelta(days=30), state=HELD)
    send_invitations(forum)
    client.post(reverse("forum_end", args=[forum.pk]), {"version": forum.version})
    assert set(forum.meetings.exclude(pk=held.pk).values_list("state", flat=True)) == {SKIPPED}
    assert forum.meetings.get(pk=held.pk).state == HELD
    assert plan_meetings(Forum.objects.get(pk=forum.pk)) == 0


def test_feeds_hold_the_same_events_as_the_invitations(client: Client, forum: Forum, lead: Any) -> None:
    other = make_meeting(make_forum(make_partner("Elsewhere")), timezone.localdate() + timedelta(days=5))
    send_invitations(forum)
    first = forum.meetings.first()
    assert first
    client.post(reverse("meeting_skip", args=[first.pk]), {"reason": "Nothing new", "version": first.version})
    feeds = {
        kind: {
            event["UID"]: event
            for event in Calendar.from_ical(calendar_of(lead, kind, "http://localhost")).events
        }
        for kind in ("own", "portfolio")
    }
    assert uid_of(other) in feeds["portfolio"]
    assert uid_of(other) not in feeds["own"]
    told = invited(forum)[-1].events[0]
    event = feeds["own"][told["UID"]]
    assert (event["SEQUENCE"], event["STATUS"], event["DTSTART"].dt) == (1, "CANCELLED", told["DTSTART"].dt)
    assert len(feeds["own"]) == forum.meetings.count()


# Pages


def test_the_list_offers_the_usual_forums_for_a_segment(client: Client, lead: Any) -> None:
    make_partner("Alpha", segment="strategic")
    make_partner("Omega", segment="transactional")
    page = client.get(reverse("forum_list")).content.decode()
    assert "1 partner without a forum" in page
    client.post(reverse("forum_model"), {"segment": "strategic"})
    assert set(Forum.objects.values_list("partner__name", flat=True)) == {"Alpha"}
    assert Forum.objects.count() == 3
    assert "Half-yearly" in client.get(reverse("forum_list")).content.decode().replace("half", "Half")


def test_a_partner_has_one_forum_a_level(client: Client, forum: Forum) -> None:
    url = reverse("partner_forum_create", args=[forum.partner_id])
    answer = client.post(url, form_of(forum, version=""))
    assert answer.status_code == 400
    assert "has a tactical forum already" in answer.content.decode()


def test_pages_cost_the_same_however_many_meetings(
    client: Client, forum: Forum, django_assert_max_num_queries: Any
) -> None:
    urls = [
        reverse("forum_list"),
        reverse("forum", args=[forum.pk]),
        reverse("partner_forums", args=[forum.partner_id]),
    ]
    few = [_statements(client, url) for url in urls]
    for number in range(12):
        other = make_forum(make_partner())
        make_meeting(forum, timezone.localdate() + timedelta(days=number + 40))
        make_meeting(other)
        make_member(forum)
    assert [_statements(client, url) for url in urls] == few


def _statements(client: Client, url: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as found:
        assert client.get(url).status_code == 200
    return len(found)


def test_a_rater_sees_the_forums_they_belong_to_alone(client: Client) -> None:
    unit = make_unit()
    rater = make_user("rater", unit)
    mine, other = make_forum(make_partner(unit=unit)), make_forum(make_partner(unit=unit))
    make_member(mine, rater)
    client.force_login(rater)
    assert client.get(reverse("forum", args=[mine.pk])).status_code == 200
    assert client.get(reverse("forum", args=[other.pk])).status_code == 404
    assert list(Forum.objects.visible_to(rater)) == [mine]


def test_the_portfolios_forum_is_for_who_sees_every_unit(client: Client) -> None:
    whole = make_forum(whole=True)
    within, above = make_user("governance", make_unit()), make_user("governance", all_units=True)
    assert not Forum.objects.visible_to(within).exists()
    assert list(Forum.objects.visible_to(above)) == [whole]
