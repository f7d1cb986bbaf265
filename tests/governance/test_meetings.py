"""A meeting: agenda arranged, minutes by item, who came, what was agreed; then frozen, sent and only amended."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import OutgoingMail
from governance.models import Action, AgendaItem, Attendance, Meeting, MeetingDecision
from governance.models.meetings import HELD, PLANNED, SKIPPED
from governance.services.actions import remind_owners
from governance.services.forums import send_invitations
from governance.services.meetings import last_word, levels_present
from partners.models import Contact
from tests.factories import make_forum, make_meeting, make_member, make_partner, make_unit, make_user

pytestmark = pytest.mark.django_db
JSON = {"headers": {"accept": "application/json"}}


@pytest.fixture
def lead(client: Client) -> Any:
    user = make_user("governance", all_units=True, name="Lena Lead")
    client.force_login(user)
    return user


@pytest.fixture
def meeting(lead: Any) -> Meeting:
    partner = make_partner("Northgate")
    forum = make_forum(partner, chair=lead, our_level=1, their_level=2)
    make_member(forum, lead, seniority=2)
    zoe = Contact.objects.create(partner=partner, name="Zoe Vendor", email="zoe@vendor.example")
    make_member(forum, name=zoe.name, contact=zoe, seniority=2)
    return make_meeting(forum)


@pytest.fixture
def item(meeting: Meeting) -> AgendaItem:
    return AgendaItem.objects.create(meeting=meeting, title="Prices", position=1)


def post(client: Client, to: str, row: Any, **data: Any) -> Any:
    return client.post(reverse(to, args=[row.pk]), data)


def fresh(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


# Minutes


def test_minutes_are_saved_item_by_item(client: Client, item: AgendaItem) -> None:
    answer = post(client, "item", item, minutes="They agreed.", internal_note="Push once more.", version=1)
    assert answer["location"].endswith(f"#item-{item.pk}")
    assert (fresh(item).minutes, fresh(item).internal_note) == ("They agreed.", "Push once more.")


def test_a_stale_save_shows_both_texts_and_overwrites_nothing(client: Client, item: AgendaItem) -> None:
    url = reverse("item", args=[item.pk])
    first = client.post(url, {"minutes": "First", "internal_note": "", "version": 1}, **JSON)
    assert first.json()["version"] == 2
    second = client.post(url, {"minutes": "Second", "internal_note": "", "version": 1}, **JSON)
    assert second.status_code == 409
    assert (second.json()["minutes"], second.json()["by"], second.json()["version"]) == (
        "First",
        "Lena Lead",
        2,
    )
    page = client.post(url, {"minutes": "Second", "internal_note": "", "version": 1})
    assert page.status_code == 409
    assert "First" in page.content.decode()
    assert "Second" in page.content.decode()
    assert fresh(item).minutes == "First"


def test_too_long_or_unreadable_minutes_are_refused_in_words(client: Client, item: AgendaItem) -> None:
    url = reverse("item", args=[item.pk])
    answer = client.post(url, {"minutes": "x" * 20_001, "internal_note": "", "version": 1}, **JSON)
    assert answer.status_code == 400
    assert "20,000 are kept" in answer.json()["wrong"]
    page = client.post(url, {"minutes": "a\u202eb", "internal_note": "kept", "version": 1})
    assert page.status_code == 400
    assert "reverse the reading direction" in page.content.decode()
    assert "kept" in page.content.decode()


# The agenda


def test_the_chair_adds_renames_moves_and_leaves_out(
    client: Client, meeting: Meeting, item: AgendaItem
) -> None:
    post(client, "item_add", meeting, title="Exit plan")
    new = AgendaItem.objects.get(title="Exit plan")
    client.post(reverse("item_move", args=[new.pk]), {"to": "up"})
    client.post(reverse("item_move", args=[new.pk]), {"to": "up"})
    assert [one.title for one in meeting.items.all()] == ["Exit plan", "Prices"]
    post(client, "item_edit", new, title="Exit plan and data", is_internal="on", version=fresh(new).version)
    assert (fresh(new).title, fresh(new).is_internal, fresh(new).is_touched) == (
        "Exit plan and data",
        True,
        True,
    )
    assert post(client, "item_drop", new, reason="").status_code == 400
    post(client, "item_drop", new, reason="Next time")
    assert (fresh(new).is_dropped, fresh(new).drop_reason) == (True, "Next time")
    assert "Next time" in client.get(meeting.get_absolute_url()).content.decode()
    post(client, "item_drop", new)
    assert not fresh(new).is_dropped


def test_what_is_refused_keeps_what_was_typed(client: Client, meeting: Meeting, item: AgendaItem) -> None:
    owner = make_user("procurement", all_units=True)
    answer = post(
        client,
        "meeting_act",
        meeting,
        item=item.pk,
        what="Send the plan",
        side="them",
        owner=owner.pk,
        due_on="tomorrow",
    )
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "It is theirs: write their name instead" in page
    assert "This is not a date" in page
    assert 'value="Send the plan"' in page
    assert f'name="item" value="{item.pk}"' in page
    assert not Action.objects.exists()


# Who came


def test_members_are_on_the_list_once_it_takes_place(client: Client, meeting: Meeting) -> None:
    post(client, "meeting_begin", meeting)
    post(client, "meeting_begin", meeting)
    assert fresh(meeting).state == HELD
    ours, theirs = meeting.attendances.order_by("-side")
    post(client, "attendance", ours, there="1")
    post(client, "attendance", theirs, there="1")
    assert levels_present(fresh(meeting)) == {
        "us": False,
        "them": True,
    }  # a senior manager where an executive is expected
    post(client, "attendee_add", meeting, name="Carla Chief", side="us", seniority="1")
    assert levels_present(fresh(meeting)) == {"us": True, "them": True}
    assert (
        post(client, "attendee_add", meeting, name="Carla Chief", side="us", seniority="1").status_code == 400
    )
    post(client, "meeting_not_held", meeting)
    assert fresh(meeting).state == PLANNED


# Approval


@pytest.fixture
def held(client: Client, meeting: Meeting, item: AgendaItem) -> Meeting:
    post(client, "meeting_begin", meeting)
    for one in meeting.attendances.all():
        post(client, "attendance", one, there="1")
    post(
        client,
        "item",
        item,
        minutes="They lower the price by 4 %.",
        internal_note="We would take 3.",
        version=1,
    )
    secret = AgendaItem.objects.create(
        meeting=meeting, title="Decide about Cloud", is_internal=True, minutes="Leave it."
    )
    post(client, "meeting_decide", meeting, item=item.pk, text="Price goes down in January")
    post(client, "meeting_decide", meeting, item=secret.pk, text="Prepare the exit")
    post(
        client,
        "meeting_act",
        meeting,
        item=item.pk,
        what="Send the new list",
        side="them",
        their_owner="Zoe",
        due_on=timezone.localdate(),
    )
    return fresh(meeting)


def test_approved_minutes_are_frozen_and_sent_without_what_is_ours(
    client: Client, held: Meeting, item: AgendaItem
) -> None:
    page = client.get(held.get_absolute_url()).content.decode()
    assert f'name="seen" value="{last_word(held)}"' in page
    post(client, "meeting_approve", held, seen=last_word(held))
    assert fresh(held).is_frozen
    mails = OutgoingMail.objects.filter(kind="minutes")
    assert {mail.to for mail in mails} == {"zoe@vendor.example", held.forum.chair.email}  # type: ignore[union-attr]
    for mail in mails:
        for said in (
            "They lower the price by 4 %.",
            "Decided: Price goes down",
            "Action: Send the new list, Zoe, by",
        ):
            assert said in mail.text
        for ours in ("We would take 3.", "Leave it", "Decide about Cloud", "Prepare the exit"):
            assert ours not in mail.text
    post(client, "item", item, minutes="Never said.", internal_note="", version=fresh(item).version)
    post(client, "item_add", held, title="Later")
    post(client, "meeting_decide", held, text="Later")
    assert fresh(item).minutes == "They lower the price by 4 %."
    assert (held.items.count(), held.decisions.count()) == (2, 2)


@pytest.mark.parametrize("write", ["item", "decision", "attendance"])
def test_the_database_keeps_approved_minutes_too(
    client: Client, held: Meeting, item: AgendaItem, write: str
) -> None:
    post(client, "meeting_approve", held, seen=last_word(held))
    writes: dict[str, Any] = {
        "item": lambda: AgendaItem.objects.filter(pk=item.pk).update(minutes="Never said."),
        "decision": lambda: MeetingDecision.objects.create(meeting=held, text="Never decided."),
        "attendance": lambda: held.attendances.update(was_there=False),
    }
    with pytest.raises(IntegrityError, match="approved"), transaction.atomic():
        writes[write]()


def test_a_person_who_goes_does_not_stand_against_the_freeze(client: Client, held: Meeting) -> None:
    post(client, "meeting_approve", held, seen=last_word(held))
    Contact.objects.all().delete()
    assert Attendance.objects.get(name="Zoe Vendor").contact is None


def test_minutes_somebody_wrote_on_are_read_again_before_approval(
    client: Client, held: Meeting, item: AgendaItem
) -> None:
    seen = last_word(held)
    post(client, "item", item, minutes="By 3 %.", internal_note="", version=fresh(item).version)
    page = client.post(
        reverse("meeting_approve", args=[held.pk]), {"seen": seen}, follow=True
    ).content.decode()
    assert "Read them again, then approve." in page
    assert not fresh(held).is_frozen


def test_an_action_added_meanwhile_is_read_before_approval_too(client: Client, held: Meeting) -> None:
    seen = last_word(held)
    post(client, "meeting_act", held, what="One more", side="us", their_owner="", due_on=timezone.localdate())
    post(client, "meeting_approve", held, seen=seen)
    assert not fresh(held).is_frozen


def test_a_member_writes_but_does_not_approve(client: Client, held: Meeting) -> None:
    member = make_user("rater", all_units=True)
    make_member(held.forum, member)
    client.force_login(member)
    assert "Approve the minutes" not in client.get(held.get_absolute_url()).content.decode()
    assert post(client, "meeting_approve", held, seen=last_word(held)).status_code == 403


def test_a_skipped_meeting_is_neither_begun_nor_planned_by_an_old_page(
    client: Client, meeting: Meeting
) -> None:
    Meeting.objects.filter(pk=meeting.pk).update(state=SKIPPED, reason="No")
    post(client, "meeting_begin", meeting)
    post(client, "meeting_not_held", meeting)
    assert fresh(meeting).state == SKIPPED


def test_nobody_outside_the_walls_is_named_or_told(client: Client, held: Meeting) -> None:
    unit, stranger = make_unit(), make_user("executive", make_unit())
    make_member(held.forum, stranger)
    held.forum.partner.unit = unit  # type: ignore[union-attr]
    held.forum.partner.save()  # type: ignore[union-attr]
    answer = post(
        client, "meeting_act", held, what="It", side="us", owner=stranger.pk, due_on=timezone.localdate()
    )
    assert answer.status_code == 400
    Action.objects.create(forum=held.forum, what="It", owner=stranger, due_on=timezone.localdate())
    assert remind_owners() == 0
    post(client, "meeting_approve", held, seen=last_word(held))
    send_invitations(held.forum)
    assert not OutgoingMail.objects.filter(to=stranger.email).exists()


def test_a_correction_is_an_amendment_that_is_sent_too(client: Client, held: Meeting) -> None:
    assert post(client, "meeting_amend", held, text="Too soon").status_code == 404
    post(client, "meeting_approve", held, seen=last_word(held))
    assert post(client, "meeting_amend", held, text="").status_code == 400
    post(client, "meeting_amend", held, text="It was 4.5 %.")
    assert "It was 4.5 %." in client.get(held.get_absolute_url()).content.decode()
    assert (
        OutgoingMail.objects.filter(subject__startswith="Amendment", text__contains="It was 4.5 %.").count()
        == 2
    )


# Walls


def test_a_member_writes_and_a_reader_only_reads(client: Client, meeting: Meeting, item: AgendaItem) -> None:
    member, reader = make_user("rater", all_units=True), make_user("executive", all_units=True)
    make_member(meeting.forum, member)
    client.force_login(member)
    post(client, "item", item, minutes="By a member", internal_note="", version=1)
    assert fresh(item).minutes == "By a member"
    client.force_login(reader)
    assert client.get(meeting.get_absolute_url()).status_code == 200
    assert post(client, "item", item, minutes="By a reader", internal_note="", version=2).status_code == 404
    client.force_login(make_user("governance", make_unit()))
    meeting.forum.partner.unit = make_unit()  # type: ignore[union-attr]
    meeting.forum.partner.save()  # type: ignore[union-attr]
    assert client.get(meeting.get_absolute_url()).status_code == 404


def test_the_page_costs_the_same_however_long_the_agenda(
    client: Client, meeting: Meeting, item: AgendaItem
) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(meeting.get_absolute_url()).status_code == 200
        return len(found)

    def fill() -> None:
        one = AgendaItem.objects.create(meeting=meeting, title="It", minutes="Said")
        MeetingDecision.objects.create(meeting=meeting, item=one, text="It")
        for about in (one, None):
            Action.objects.create(
                forum=meeting.forum, meeting=meeting, item=about, what="It", due_on=timezone.localdate(), owner=make_user(),
            )  # fmt: skip
        Action.objects.create(
            forum=meeting.forum, what="Old", due_on=timezone.localdate() - timedelta(days=9)
        )

    fill()
    few = statements()
    for _ in range(8):
        fill()
    assert statements() == few
