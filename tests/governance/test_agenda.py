"""An agenda is drafted from what happened since the last meeting, and drafting again undoes nothing."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evidence.models import ValueStatement
from governance.models import Action, AgendaItem, Meeting
from governance.models.meetings import HELD
from governance.services.agenda import draft_agenda, draft_next, points_of
from scorecards.models import Score
from tests.factories import (
    make_benchmark,
    make_commitment,
    make_contract,
    make_cycle,
    make_figure,
    make_forum,
    make_incident,
    make_meeting,
    make_partner,
    make_promise,
    make_request,
    make_scorecard,
    make_template,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db


def ago(days: int) -> date:
    return timezone.localdate() - timedelta(days=days)


@pytest.fixture
def lead() -> Any:
    return make_user("governance", all_units=True)


@pytest.fixture
def meeting(lead: Any) -> Meeting:
    """Next week's strategic meeting; the last one was held half a year ago."""
    forum = make_forum(
        make_partner("Northgate"), "strategic", cadence=6, chair=lead, standing_agenda="Plans\nRisks"
    )
    make_meeting(forum, ago(180), state=HELD)
    return make_meeting(forum, ago(-7))


def drafted(meeting: Meeting, reader: Any, kind: str) -> list[tuple[str, str]]:
    return [(one.title, one.figure) for one in points_of(meeting, reader) if one.source.startswith(kind)]


def closed_score(partner: Any, template: Any, overall: str, standing: str, days: int) -> None:
    cycle = make_cycle(template, state="closed", name=f"Cycle {days}", starts=ago(days + 90), ends=ago(days))
    type(cycle).objects.filter(pk=cycle.pk).update(closed_at=timezone.now() - timedelta(days=days))
    card = make_scorecard(partner, template, cycle)
    Score.objects.update_or_create(
        scorecard=card,
        defaults={
            "overall": Decimal(overall),
            "standing": standing,
            "status": Score.FINAL,
            "coverage": 100,
            "raters": 3,
        },
    )


def test_scores_that_moved_since_are_on_it(meeting: Meeting, lead: Any) -> None:
    template = make_template()
    closed_score(meeting.forum.partner, template, "78.2", "B", 200)
    assert not drafted(meeting, lead, "score")
    closed_score(meeting.forum.partner, template, "66.0", "C", 20)
    assert drafted(meeting, lead, "score") == [
        ("Score down 12.2 to 66.0, standing B to C", "Cycle 20, against Cycle 200")
    ]


def test_each_kind_of_fact_makes_its_point(meeting: Meeting, lead: Any) -> None:
    partner = meeting.forum.partner
    assert partner
    opened = timezone.make_aware(datetime.combine(ago(30), datetime.min.time()))
    make_incident(
        partner, opened, severity="severe", fixed_at=opened + timedelta(hours=5), what="Mail was down"
    )
    make_promise(partner, ago(200), due_on=ago(40), what="Single sign-on")
    make_promise(partner, ago(200), due_on=ago(-4000), what="Far away")
    make_commitment(partner, ago(50), consequence="penalty", amount=60_000, currency="EUR", what="Migration")
    make_contract(partner, title="Cloud", ends=ago(-60), notice_deadline=ago(-20))
    make_figure(partner, "our_plan_quarters", 0, 4)
    make_figure(partner, "plan_quarters", 2, 4)
    quarter = date(ago(0).year, 3 * ((ago(0).month - 1) // 3) + 1, 1)
    ValueStatement.objects.create(partner=partner, quarter=quarter, party="customer", felt_return=1)
    ValueStatement.objects.create(partner=partner, quarter=quarter, party="vendor", felt_return=-1)
    Action.objects.create(forum=meeting.forum, what="Send the plan", side="them", due_on=ago(3))
    found = {point.source.partition(":")[0]: point for point in points_of(meeting, lead)}
    assert list(found) == [
        "standing", "actions-them", "incident", "promise", "money-them", "commitment", "decision", "value", "plans-us",
    ]  # fmt: skip
    assert found["incident"].title == "Talk about the relationship: Mail was down"
    assert (found["promise"].title, found["promise"].figure) == (
        "Promise: Single sign-on",
        "47 days late at this meeting",
    )
    assert found["money-them"].title == "They owe us EUR 60,000"
    assert found["decision"].title == "Decide about Cloud"
    assert found["value"].title == "Value: Vendor got no more back than was put in"
    assert found["plans-us"].title == "We have shared no plan with them"
    assert all(point.address for point in points_of(meeting, lead) if not point.source.startswith("standing"))


def test_a_level_has_its_own_business(lead: Any) -> None:
    partner = make_partner()
    make_contract(partner)
    make_request(partner, ago(50))
    make_request(partner, ago(40))
    make_request(partner, ago(10), asked_by="them")
    make_benchmark(partner, ago(500))
    kinds = {}
    for level in ("strategic", "tactical", "operational"):
        meeting = make_meeting(make_forum(partner, level, chair=lead), ago(-7))
        kinds[level] = [(point.source.partition(":")[0], point.title) for point in points_of(meeting, lead)]
    asked = [
        ("requests-us", "2 requests of ours wait for their answer"),
        ("requests-them", "1 request of theirs waits for our answer"),
    ]
    assert kinds["strategic"] == []
    assert kinds["operational"] == asked
    assert kinds["tactical"] == [*asked, ("benchmark", "A price comparison is due")]


def test_what_nobody_spoke_about_last_time_is_left_over(meeting: Meeting, lead: Any) -> None:
    last = meeting.forum.meetings.get(state=HELD)
    AgendaItem.objects.create(meeting=last, title="Exit plan")
    AgendaItem.objects.create(meeting=last, title="Prices", minutes="Agreed.")
    AgendaItem.objects.create(meeting=last, title="Weather", is_dropped=True, drop_reason="No")
    assert [title for title, _ in drafted(meeting, lead, "left")] == ["Exit plan"]


# Drafting again


def test_drafting_twice_changes_nothing(meeting: Meeting, lead: Any) -> None:
    make_promise(meeting.forum.partner, ago(200), due_on=ago(40))
    assert draft_agenda(meeting, reader=lead) == 3
    before = list(meeting.items.values())
    assert draft_agenda(meeting, reader=lead) == 0
    assert list(meeting.items.values()) == before


def test_a_new_draft_never_undoes_what_the_chair_did(meeting: Meeting, lead: Any) -> None:
    partner = meeting.forum.partner
    assert partner
    slipped = make_promise(partner, ago(200), due_on=ago(40), what="Sign-on")
    kept = make_promise(partner, ago(200), due_on=ago(30), what="Export")
    gone = make_promise(partner, ago(200), due_on=ago(20), what="Reports")
    draft_agenda(meeting, reader=lead)
    items = {item.title: item for item in meeting.items.all()}
    AgendaItem.objects.filter(pk=items["Promise: Sign-on"].pk).update(
        title="When, at last?", is_touched=True, position=0
    )
    AgendaItem.objects.filter(pk=items["Risks"].pk).update(is_dropped=True, drop_reason="Next time")
    AgendaItem.objects.filter(pk=items["Plans"].pk).update(position=50, is_touched=True)
    own = AgendaItem.objects.create(meeting=meeting, title="Our own point", position=60, is_touched=True)
    for promise in (kept, gone):
        promise.delivered_on = ago(1)
        promise.save()
    AgendaItem.objects.filter(pk=items["Promise: Export"].pk).update(minutes="Spoken about.")
    make_promise(partner, ago(100), due_on=ago(10), what="New one")
    type(slipped).objects.filter(pk=slipped.pk).update(due_on=ago(41))
    assert draft_agenda(meeting, reader=lead) == 1
    found = [(item.title, item.is_dropped, item.figure) for item in meeting.items.all()]
    assert found[0] == (
        "When, at last?",
        False,
        "48 days late at this meeting",
    )  # the words stay, the figure follows
    assert "Promise: Reports" not in {title for title, _, _ in found}
    assert ("Promise: Export", False) in {(title, dropped) for title, dropped, _ in found}
    assert ("Risks", True, "") in found
    assert [title for title, _, _ in found][-3:] == ["Plans", own.title, "Promise: New one"]


def test_a_meeting_that_was_held_is_left_alone(meeting: Meeting, lead: Any) -> None:
    Meeting.objects.filter(pk=meeting.pk).update(state=HELD)
    assert draft_agenda(meeting, reader=lead) == 0
    assert not meeting.items.exists()


def test_agendas_of_the_next_month_are_drafted_by_themselves(meeting: Meeting) -> None:
    far = make_meeting(meeting.forum, ago(-60))
    make_meeting(make_forum(), ago(-7))  # nobody is in the chair: nobody whose sight it could have
    assert draft_next() == 1
    assert (meeting.items.count(), far.items.count()) == (2, 0)


def test_the_agenda_shows_what_its_reader_may_see(lead: Any) -> None:
    unit = make_unit()
    inside, outside = make_partner("Inside", unit=unit), make_partner("Outside", unit=make_unit())
    meeting = make_meeting(make_forum(whole=True, level="strategic"), ago(-7))
    for partner in (inside, outside):
        make_promise(partner, ago(200), due_on=ago(40))
    seen = points_of(meeting, make_user("governance", unit))
    assert {point.partner for point in seen} == {inside.pk}
    assert {point.partner for point in points_of(meeting, lead)} == {inside.pk, outside.pk}
    assert seen[0].title.startswith("Inside: promise: ")


def test_drafting_costs_the_same_however_much_happened(meeting: Meeting, lead: Any) -> None:
    partner = meeting.forum.partner
    assert partner

    def statements() -> int:
        with CaptureQueriesContext(connection) as found:
            points_of(Meeting.objects.select_related("forum__partner").get(pk=meeting.pk), lead)
        return len(found)

    def happen() -> None:
        make_promise(partner, ago(200), due_on=ago(40))
        make_commitment(partner, ago(50), consequence="penalty", amount=5, currency="EUR")
        make_incident(partner, timezone.now() - timedelta(days=9), severity="severe", fixed_at=timezone.now())
        make_contract(partner, ends=ago(-60))
        Action.objects.create(forum=meeting.forum, what="It", due_on=ago(3))

    happen()
    template = make_template()
    closed_score(partner, template, "78.2", "B", 100)
    closed_score(partner, template, "66.0", "C", 20)
    few = statements()
    for _ in range(10):
        happen()
    for days in range(21, 40):
        closed_score(partner, template, "50.0", "C", days)
    assert statements() == few
