"""Whether the agreed rhythm is kept, as figures of both sides, worked out like those of the evidence."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from evidence.models import Figure, FigureRequest
from evidence.services.figures import differences, refresh, refresh_requested
from governance.models import Action, Attendance, Meeting
from governance.models.meetings import HELD, SKIPPED
from tests.factories import make_forum, make_meeting, make_partner

pytestmark = pytest.mark.django_db


def ago(days: int) -> date:
    return timezone.localdate() - timedelta(days=days)


def meet(
    forum: Any, days: int, late: int = 0, us: int = 2, them: int = 2, minutes: int | None = 3
) -> Meeting:
    """A meeting whose turn came so many days ago, held `late` days after; who came, and when minutes were approved."""
    meeting = make_meeting(forum, ago(days), state=HELD)
    day = ago(days - late)
    at = None if minutes is None else timezone.now() - timedelta(days=days - late - minutes)
    for side, seniority in (("us", us), ("them", them)):
        Attendance.objects.create(meeting=meeting, side=side, name="One", seniority=seniority, was_there=True)
    Attendance.objects.create(meeting=meeting, side="them", name="Chief", seniority=1)  # expected, not there
    Meeting.objects.filter(pk=meeting.pk).update(day=day, approved_at=at)
    return meeting


def figures(partner: Any) -> dict[str, tuple[Any, int]]:
    refresh([partner.pk])
    names = [f"{side}{name}" for name in ("rhythm_kept", "actions_kept") for side in ("", "our_")]
    rows = Figure.objects.filter(partner=partner, name__in=names)
    return {row.name: (row.value and round(float(row.value), 3), row.observations) for row in rows}


def test_each_side_keeps_or_breaks_the_rhythm(db: Any) -> None:
    partner = make_partner()
    forum = make_forum(partner, our_level=2, their_level=2)
    meet(forum, 300)  # both
    meet(forum, 250, late=7, minutes=20)  # in time; our minutes too late
    meet(forum, 200, late=8)  # too late for both
    meet(forum, 150, them=3)  # their level is missing
    meet(forum, 100, us=3)  # ours is
    make_meeting(forum, ago(60), state=SKIPPED, reason="Nobody free")
    make_meeting(forum, ago(50), state=SKIPPED, reason="Another rhythm", counts=False)
    make_meeting(forum, ago(40))  # its day has passed, nobody said that it was held
    make_meeting(forum, ago(5))  # a week has not passed
    meet(forum, 400)  # more than a year ago
    assert figures(partner) == {"rhythm_kept": (round(3 / 7, 3), 7), "our_rhythm_kept": (round(2 / 7, 3), 7)}


def test_minutes_are_late_only_once_five_working_days_have_passed(db: Any) -> None:
    partner = make_partner()
    forum = make_forum(partner, our_level=2, their_level=2)
    for days in (300, 200):
        meet(forum, days)
    held = meet(forum, 12, late=7, minutes=None)  # held five days ago
    assert figures(partner)["our_rhythm_kept"] == (1.0, 3)
    Meeting.objects.filter(pk=held.pk).update(day=ago(11))
    assert figures(partner)["our_rhythm_kept"] == (0.667, 3)


def test_actions_count_when_they_are_due_and_dropped_ones_never(db: Any) -> None:
    partner = make_partner()
    forum = make_forum(partner)

    def act(side: str, due: int, closed: int | None = None, outcome: str = "done") -> None:
        done = {} if closed is None else {"outcome": outcome, "closed_on": ago(closed), "evidence": "It."}
        Action.objects.create(forum=forum, what="It", side=side, due_on=ago(due), **done)

    for side, due, closed in (
        ("them", 30, 30),
        ("them", 20, 19),
        ("them", 10, None),
        ("us", 30, 40),
        ("us", 20, 20),
        ("us", 9, 9),
    ):
        act(side, due, closed)
    act("them", 30, 30, "dropped")
    act("them", 0)
    act("us", -5)
    act("us", 400, 400)
    assert figures(partner) == {"actions_kept": (0.333, 3), "our_actions_kept": (1.0, 3)}


def test_too_few_turns_say_nothing(db: Any) -> None:
    partner = make_partner()
    forum = make_forum(partner)
    meet(forum, 300)
    meet(forum, 200)
    assert figures(partner) == {"rhythm_kept": (None, 2), "our_rhythm_kept": (None, 2)}


@pytest.mark.parametrize("what", ["meeting", "attendance", "action", "forum"])
def test_whatever_changes_them_asks_for_them_anew(db: Any, what: str) -> None:
    partner = make_partner()
    forum = make_forum(partner)
    for days in (300, 200, 100):
        meet(forum, days, minutes=None)
    refresh_requested()
    assert not FigureRequest.objects.exists()
    changes: dict[str, Any] = {
        "meeting": lambda: Meeting.objects.update(state=HELD),
        "attendance": lambda: Attendance.objects.update(was_there=False),
        "action": lambda: Action.objects.create(forum=forum, what="It", due_on=ago(1)),
        "forum": lambda: type(forum).objects.update(their_level=1),
    }
    changes[what]()
    assert set(FigureRequest.objects.values_list("partner", flat=True)) == {partner.pk}
    refresh_requested()
    assert list(differences([partner.pk])) == []
