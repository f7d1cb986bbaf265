"""Who is told when about a contract's deadline: once each, whatever moved, failed or came late."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from accounts.models import OutgoingMail
from governance.models import LeadTimes, Reminder
from governance.services.decisions import record_decision
from governance.services.reminders import make_reminders
from partners.models import Contract
from partners.services.deadlines import recompute_deadlines, set_deadlines
from partners.services.terms import extend
from tests.factories import make_contract, make_partner, make_user

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 22)
TERM = {"ends": date(2027, 12, 31), "notice_period": 30, "notice_unit": "days"}  # deadline: 1 Dec 2027


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(datetime(2026, 11, 22, 11, tzinfo=UTC), tick=False) as clock:
        yield clock


def make(owner=None, partner=None, **fields) -> Contract:
    contract = make_contract(partner or make_partner(), **{**TERM, "owner": owner, **fields})
    return worked_out(contract)


def worked_out(contract: Contract) -> Contract:
    set_deadlines([contract])
    contract.save()
    return contract


def move(contract: Contract, **fields) -> Contract:
    contract.refresh_from_db()
    for name, value in fields.items():
        setattr(contract, name, value)
    return worked_out(contract)


def deadline_in(days: int, **fields) -> dict:
    """Terms that end so many days from now; without a notice period the end is what counts."""
    return {"ends": TODAY + timedelta(days=days), "notice_period": None, **fields}


def go(clock, day: date) -> None:
    clock.move_to(datetime(day.year, day.month, day.day, 11, tzinfo=UTC))


def left() -> None:
    """Let everything in the outbox leave."""
    OutgoingMail.objects.update(state=OutgoingMail.SENT)


def stages(**which) -> list[tuple]:
    rows = Reminder.objects.filter(**which).order_by("pk")
    return [(r.kind, r.days, r.state) for r in rows]


def decide(contract, by, outcome="leave", **more):
    contract.refresh_from_db()
    return record_decision(
        contract, outcome=outcome, by=by, **{"reasons": "Too dear.", "snapshot": {}, **more}
    )


def test_each_lead_time_is_told_once_on_its_day(owner, clock):
    contract = make(owner, ends=date(2027, 6, 30))
    days = []
    for day in range(0, 230):
        go(clock, TODAY + timedelta(days=day))
        days += [((contract.notice_deadline - r.contract.today).days, r.days) for r in make_reminders().sent]
    assert days == [*((n, n) for n in (180, 90, 60, 30, 14, 3)), (-1, None)]
    assert stages()[-1] == ("overdue", None, "sent")


def test_what_was_told_is_not_told_again(owner):
    make(owner, **deadline_in(30))
    assert len(make_reminders().sent) == 1
    assert not make_reminders().made
    assert OutgoingMail.objects.count() == 1


def test_after_days_without_a_scan_the_most_urgent_is_sent_and_names_the_others(owner, clock):
    make(owner, **deadline_in(62))
    make_reminders()
    left()
    go(clock, TODAY + timedelta(days=55))
    (sent,) = make_reminders().sent
    assert (sent.days, stages(superseded_by=sent)) == (
        14,
        [("lead", 30, "superseded"), ("lead", 60, "superseded")],
    )
    assert "reminders of 30 and 60 days before" in sent.mail.text


def test_a_contract_entered_inside_its_window_is_told_at_once_in_one_mail(owner):
    make(owner, **deadline_in(20))
    (sent,) = make_reminders().sent
    assert sent.days == 30
    assert [days for _, days, state in stages() if state == "superseded"] == [60, 90, 180]


def test_one_far_away_is_not_told(owner):
    make(owner, **deadline_in(181))
    assert not make_reminders().made


def test_a_moved_deadline_cancels_what_has_not_left_and_is_told_anew(owner):
    contract = make(owner, **deadline_in(20))
    make_reminders()
    move(contract, **deadline_in(25))
    scan = make_reminders()
    assert [r.note for r in scan.cancelled] == ["The deadline moved before this left."]
    assert [r.deadline for r in scan.sent] == [TODAY + timedelta(days=25)]
    assert OutgoingMail.objects.count() == 1
    assert {state for _, _, state in stages(deadline=TODAY + timedelta(days=20))} == {"cancelled"}


def test_a_deadline_moved_there_and_back_is_not_repeated_once_it_left(owner):
    contract = make(owner, **deadline_in(20))
    make_reminders()
    left()
    move(contract, **deadline_in(400))
    assert not make_reminders().made
    move(contract, **deadline_in(20))
    assert not make_reminders().made


def test_one_that_was_cancelled_before_it_left_is_made_again(owner):
    contract = make(owner, **deadline_in(20))
    make_reminders()
    move(contract, **deadline_in(400))
    assert len(make_reminders().cancelled) == 1
    assert OutgoingMail.objects.count() == 0
    move(contract, **deadline_in(20))
    assert [r.days for r in make_reminders().sent] == [30]


def test_a_decided_contract_is_told_nothing_and_what_waits_is_taken_back(owner, executive, clock):
    decided, other = make(owner, **deadline_in(20)), make(owner, **deadline_in(20))
    make_reminders()
    decide(decided, executive)
    scan = make_reminders()
    assert [(r.contract, r.note) for r in scan.cancelled] == [
        (decided, "It was decided before this left.")
    ] * 2  # owner and executive
    go(clock, TODAY + timedelta(days=10))
    assert {r.contract for r in make_reminders().sent} == {other}


def test_a_deferred_contract_goes_on_reminding_and_its_day_is_one_of_them(owner, executive, clock):
    contract = make(owner, **deadline_in(40))
    make_reminders()
    left()
    decide(contract, executive, "defer", deferred_to=TODAY + timedelta(days=5))
    assert not make_reminders(only=[contract.pk]).sent
    go(clock, TODAY + timedelta(days=6))
    scan = make_reminders()
    assert {r.kind for r in scan.sent} == {"deferral"}
    assert all("put off until now" in r.mail.text for r in scan.sent)
    go(clock, TODAY + timedelta(days=10))
    assert {r.days for r in make_reminders().sent} == {30}


def test_a_deferred_evergreen_is_told_on_its_day(owner, executive, clock):
    contract = make(owner, term="evergreen", ends=None)
    decide(contract, executive, "defer", deferred_to=TODAY + timedelta(days=5))
    assert not make_reminders().made
    go(clock, TODAY + timedelta(days=5))
    assert {(r.kind, r.deadline) for r in make_reminders().sent} == {("deferral", None)}
    assert not make_reminders().made


def test_a_deadline_that_passed_undecided_is_an_alert_and_told_once(owner, clock):
    make(owner, ends=TODAY + timedelta(days=27))
    (sent,) = make_reminders().sent
    assert (sent.kind, sent.mail.subject[:24]) == ("overdue", "Deadline passed undecide")
    go(clock, TODAY + timedelta(days=20))
    assert not make_reminders().made


def test_a_contract_that_ended_long_ago_is_no_news(owner):
    make(owner, **deadline_in(-91))
    assert not make_reminders().made


RENEWS = {"auto_renews": True, "renewal_months": 12}


def test_a_term_that_renews_itself_is_said_loudly_and_once(owner, clock):
    contract = make(owner, **deadline_in(20, **RENEWS))
    make_reminders()
    left()
    go(clock, TODAY + timedelta(days=22))
    assert not make_reminders().made  # until the term has rolled on
    recompute_deadlines()
    (sent,) = make_reminders().sent
    contract.refresh_from_db()
    assert (sent.kind, sent.deadline) == ("renewed", TODAY + timedelta(days=20))
    assert f"It renewed itself until {contract.term_ends.day} Dec 2027" in sent.mail.subject
    assert stages(superseded_by=sent) == [("lead", 3, "superseded"), ("lead", 14, "superseded")]
    assert not make_reminders().made


def test_a_term_that_was_decided_to_renew_renews_in_silence(owner, executive, clock):
    contract = make(owner, **deadline_in(20, **RENEWS))
    decide(contract, executive, "renew")
    go(clock, TODAY + timedelta(days=22))
    recompute_deadlines()
    assert not make_reminders().made


def test_an_extension_somebody_took_is_no_renewal(owner):
    contract = make(owner, **deadline_in(20, term="option", renewal_months=3))
    extend(contract, version=contract.version)
    assert [(r.kind, r.days) for r in make_reminders().sent] == [("lead", 180)]


def test_what_waits_about_a_contract_that_is_deleted_never_leaves(owner):
    gone, kept = make(owner, **deadline_in(20)), make(owner, **deadline_in(20))
    make_reminders()
    gone.delete()
    make_reminders()
    assert OutgoingMail.objects.get() == kept.reminders.get(state="sent").mail


def test_lead_times_follow_the_segment(owner):
    LeadTimes.objects.create(strategic=[50], preferred=[10], tactical=[10], transactional=[10])
    strategic = make(owner, make_partner(segment="strategic"), **deadline_in(40))
    make(owner, make_partner(segment="tactical"), **deadline_in(40))
    assert [(r.contract, r.days) for r in make_reminders().sent] == [(strategic, 50)]


def test_a_lead_time_that_is_new_does_not_repeat_what_is_past(owner):
    times = LeadTimes.current()
    make(owner, **deadline_in(20))
    make_reminders()
    times.tactical = [120, 30]
    times.save()
    assert not make_reminders().made


def test_each_contract_goes_by_the_day_where_it_is(owner, clock):
    clock.move_to(datetime(2026, 11, 22, 12, tzinfo=UTC))
    east = make(owner, **deadline_in(31, time_zone="Pacific/Kiritimati"))  # 23 November there
    make(owner, make_partner(segment="tactical"), **deadline_in(31, time_zone="America/Los_Angeles"))
    LeadTimes.objects.create(strategic=[30], preferred=[30], tactical=[30], transactional=[30])
    assert [r.contract for r in make_reminders().sent] == [east]


def test_a_mail_that_still_waits_is_replaced_by_a_more_urgent_one(owner, clock):
    make(owner, **deadline_in(32))
    make_reminders()
    go(clock, TODAY + timedelta(days=18))
    (sent,) = make_reminders().sent
    assert OutgoingMail.objects.get() == sent.mail
    assert ("lead", 60, "superseded") in stages()


def test_an_owner_who_comes_later_is_told_at_once_and_nobody_else_again(owner, executive):
    contract = make(owner, **deadline_in(20))
    make_reminders()
    left()
    new = make_user("procurement", all_units=True)
    move(contract, owner=new)
    assert [r.recipient for r in make_reminders().sent] == [new]
    assert not make_reminders().made
