"""Actions: one list over all meetings, closed with what shows it; owners are reminded once a stage."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import OutgoingMail
from governance.models import Action
from governance.services.actions import remind_owners, stage_of
from tests.factories import make_forum, make_meeting, make_partner, make_unit, make_user

pytestmark = pytest.mark.django_db


def due(days: int) -> date:
    return timezone.localdate() + timedelta(days=days)


@pytest.fixture
def lead(client: Client) -> Any:
    user = make_user("governance", all_units=True, name="Lena Lead")
    client.force_login(user)
    return user


@pytest.fixture
def action(lead: Any) -> Action:
    forum = make_forum(make_partner("Northgate"), chair=lead)
    return Action.objects.create(
        forum=forum, meeting=make_meeting(forum), what="Send the forecast", owner=lead, due_on=due(5)
    )


def listed(client: Client, **query: Any) -> list[str]:
    return [str(one) for one in client.get(reverse("action_list"), query).context["page"]]


def test_the_list_shows_mine_theirs_and_what_is_overdue(client: Client, action: Action) -> None:
    Action.objects.create(
        forum=action.forum, what="Lower the price", side="them", their_owner="Zoe", due_on=due(-12)
    )
    Action.objects.create(
        forum=action.forum, what="Old", due_on=due(-30), outcome="done", closed_on=due(-31), evidence="Sent."
    )
    assert listed(client) == ["Lower the price", "Send the forecast"]
    assert listed(client, mine=1) == ["Send the forecast"]
    assert listed(client, side="them") == ["Lower the price"]
    assert listed(client, show="overdue") == ["Lower the price"]
    assert listed(client, show="closed") == ["Old"]
    assert listed(client, show="all", sort="-due") == ["Send the forecast", "Lower the price", "Old"]
    assert listed(client, find="zoe price") == ["Lower the price"]
    assert "overdue, 12 days ago" in client.get(reverse("action_list")).content.decode()
    table = client.get(reverse("action_export"), {"side": "them"}).content.decode("utf-8-sig").splitlines()
    assert len(table) == 2
    assert ",12," in table[1]


def test_it_is_closed_with_what_shows_it_and_opened_again(client: Client, action: Action) -> None:
    url = reverse("action_close", args=[action.pk])
    refused = client.post(url, {"outcome": "done", "evidence": "", "link": "", "version": 1})
    assert refused.status_code == 400
    assert "Say what shows that it is done" in refused.content.decode()
    client.post(url, {"outcome": "done", "evidence": "Mail of 3 May", "link": "", "version": 1})
    closed = Action.objects.get()
    assert (closed.outcome, closed.closed_on, closed.evidence) == (
        "done",
        timezone.localdate(),
        "Mail of 3 May",
    )
    assert (
        client.post(url, {"outcome": "dropped", "evidence": "No", "link": "", "version": 1}).status_code
        == 409
    )
    assert (
        client.post(url, {"outcome": "dropped", "evidence": "No", "link": "", "version": 2}).status_code
        == 409
    )
    client.post(reverse("action_reopen", args=[action.pk]), {"version": 2})
    assert Action.objects.get().outcome == ""


def test_the_database_wants_evidence_too(action: Action) -> None:
    with pytest.raises(IntegrityError, match="action_closed_with_evidence"), transaction.atomic():
        Action.objects.update(outcome="done", closed_on=due(0))


def test_another_day_is_refused_before_it_was_agreed(client: Client, action: Action) -> None:
    data = {"what": action.what, "side": "us", "owner": action.owner_id, "their_owner": "", "version": 1}
    url = action.get_absolute_url()
    assert client.post(url, {**data, "due_on": due(-1)}).status_code == 400
    assert client.post(url, {**data, "due_on": due(9)}).status_code == 302
    assert Action.objects.get().due_on == due(9)


@pytest.mark.parametrize(
    ("days", "stage"),
    [(8, ""), (7, "soon"), (0, "soon"), (-1, "over-0"), (-6, "over-0"), (-7, "over-1"), (-21, "over-3")],
)
def test_a_reminder_comes_a_week_before_and_every_week_after(days: int, stage: str) -> None:
    assert stage_of(due(days), due(0)) == stage


def test_owners_are_told_once_a_stage_and_after_a_standstill_only_the_last(action: Action) -> None:
    today = timezone.localdate()
    assert [remind_owners(today + timedelta(days=day)) for day in range(9)] == [1, 0, 0, 0, 0, 0, 1, 0, 0]
    assert remind_owners(today + timedelta(days=40)) == 1
    assert {mail.to for mail in OutgoingMail.objects.all()} == {action.owner.email}  # type: ignore[union-attr]
    Action.objects.update(outcome="done", closed_on=today, evidence="Sent.")
    assert remind_owners(today + timedelta(days=60)) == 0


def test_theirs_and_those_of_people_who_left_remind_nobody(action: Action) -> None:
    Action.objects.create(forum=action.forum, what="Theirs", side="them", due_on=due(0))
    type(action.owner).objects.update(is_active=False)  # type: ignore[union-attr]
    assert remind_owners() == 0


def test_home_says_what_i_undertook(client: Client, action: Action) -> None:
    page = client.get(reverse("home")).content.decode()
    assert "1 action of mine comes due" in page
    assert action.get_absolute_url() in page


def test_an_owner_sees_and_closes_their_own_and_nobody_elses(client: Client, action: Action) -> None:
    unit = make_unit()
    rater = make_user("rater", unit)
    forum = make_forum(make_partner(unit=unit))
    mine = Action.objects.create(forum=forum, what="Mine", owner=rater, due_on=due(3))
    other = Action.objects.create(forum=forum, what="Other", due_on=due(3))
    client.force_login(rater)
    assert listed(client) == ["Mine"]
    data = {"outcome": "done", "evidence": "Done.", "link": "", "version": 1}
    assert client.post(reverse("action_close", args=[mine.pk]), data).status_code == 302
    assert client.post(reverse("action_close", args=[other.pk]), data).status_code == 404
    mine.forum.partner.unit = make_unit()  # type: ignore[union-attr]
    mine.forum.partner.save()  # type: ignore[union-attr]
    assert client.get(mine.get_absolute_url()).status_code == 404  # outside the walls, one's own too
