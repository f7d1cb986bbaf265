"""Whom a reminder goes to, what it says to them, and who stands in for an owner who cannot be told."""

import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts.models import OutgoingMail, User
from governance.models import Reminder
from governance.services.reminders import make_reminders
from partners.models import Contract, Partner
from partners.services.deadlines import keep_terms
from tests.factories import make_cycle, make_partner, make_scorecard, make_unit, make_user
from tests.governance.conftest import TODAY as today
from tests.governance.test_reminders import deadline_in, make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(datetime(2026, 11, 22, 11, tzinfo=UTC), tick=False) as clock:
        yield clock


def told() -> dict[str, bool]:
    """Who was told, and whether they own the contract or stand in for whoever does."""
    make_reminders()
    return {
        r.recipient.name: "Nobody owns" in r.mail.text or "who owns" in r.mail.text
        for r in Reminder.objects.filter(state="sent")
    }


@pytest.fixture
def people(unit):
    """Everybody who might be told about a contract of the unit Retail."""
    make_user("executive", unit, name="Eva Executive")
    make_user("executive", name="Clara Cio", all_units=True)
    make_user("executive", make_unit("Logistics"), name="Lars Logistics")
    make_user("administrator", name="Ada Administrator")
    return make_user("procurement", unit, name="Paul Partner")


def test_owner_partner_owner_and_the_units_executive_are_told(owner, people, unit):
    make(owner, make_partner(owner=people, unit=unit), **deadline_in(20))
    assert set(told()) == {"Olga Owner", "Paul Partner", "Eva Executive"}


def test_without_a_unit_the_executives_who_see_all_are_told(owner, people):
    make(owner, make_partner(owner=people), **deadline_in(20))
    assert set(told()) == {"Olga Owner", "Paul Partner", "Clara Cio"}


def test_a_person_of_two_parts_is_told_once(people):
    make(people, make_partner(owner=people), **deadline_in(20))
    assert sorted(told()) == ["Clara Cio", "Paul Partner"]


@pytest.mark.parametrize(
    ("missing", "why"),
    [({"is_active": False}, "can no longer sign in"), ({"email": None}, "has no e-mail address"),
     ({"all_units": False}, "may not see it"), (None, "Nobody owns this contract yet")],
)  # fmt: skip
def test_others_stand_in_for_an_owner_who_cannot_be_told(owner, people, unit, missing, why):
    if missing:
        User.objects.filter(pk=owner.pk).update(**missing)
    make(owner if missing else None, make_partner(owner=people, unit=unit), **deadline_in(20))
    assert told() == {"Paul Partner": True, "Eva Executive": True}
    text = OutgoingMail.objects.get(recipient=people).text
    assert why in text
    assert "so it came to you." in text


def test_executives_and_then_administrators_stand_in(people, unit):
    contract = make(None, make_partner(unit=unit), **deadline_in(20))
    assert set(told()) == {"Eva Executive"}
    User.objects.filter(role="executive").update(is_active=False)
    Reminder.objects.all().delete()
    assert set(told()) == {"Ada Administrator"}
    assert contract.reminders.filter(state="sent").count() == 1


def test_when_there_is_nobody_at_all_it_is_said_and_stays_due(owner):
    contract = make(None, **deadline_in(20))
    User.objects.update(is_active=False)
    assert make_reminders().nobody == [contract]
    User.objects.update(is_active=True)
    make_user("administrator")
    assert [r.contract for r in make_reminders().sent] == [contract]


def test_the_mail_says_what_decides(quarters, owner):
    partner = quarters[0]
    make(
        owner,
        partner,
        annual_value=310_000,
        title="Cloud hosting",
        ends=today() + timedelta(days=60),
        notice_period=30,
    )
    make_scorecard(partner, partner.scorecards.first().template, make_cycle(name="2026 Q4"))
    make_reminders(only=partner.contracts.filter(title="Cloud hosting").values_list("pk", flat=True))
    mail = OutgoingMail.objects.get(recipient=owner)
    deadline = partner.contracts.get(title="Cloud hosting").notice_deadline
    assert (
        mail.subject
        == f"Cloud hosting (Falling): decide by {deadline.day} {deadline:%b %Y}, in {(deadline - today()).days} days"
    )
    for said in (
        "EUR\u00a0310,000 a year",
        "Falling is",
        "down 50.0 since Q1",
        "2026 Q4 is still open",
        "/brief/",
    ):
        assert said in mail.text, said


def test_a_rater_is_told_no_score_and_sent_to_the_contract(quarters, rater):
    contract = make(rater, quarters[0], **deadline_in(30))
    make_reminders(only=[contract.pk])
    text = OutgoingMail.objects.get(recipient=rater).text
    assert "Score" not in text
    assert f"/contracts/{contract.pk}/\n" in text


def test_the_command_makes_what_is_due_or_only_says_so(owner):
    make(owner, title="Hosting", **deadline_in(20))
    assert "1 reminder would be queued, 3 named" in _run("--dry-run")
    assert not Reminder.objects.exists()
    assert not OutgoingMail.objects.exists()
    assert "Hosting → Olga Owner: 30 days before" in _run()
    assert json.loads(_run("--json"))["queued"] == 0
    later = (today() + timedelta(days=10)).isoformat()
    answer = json.loads(_run("--json", "--today", later))
    assert (answer["today"], answer["queued"], answer["reminders"][0]["days"]) == (later, 1, 14)


def test_a_day_ahead_is_told_as_it_would_be_and_leaves_contracts_as_they_are(owner):
    rolls = {"ends": date(2026, 12, 31), "auto_renews": True, "renewal_months": 12}
    contract = make(owner, title="Hosting", **rolls, notice_period=30)
    keep_terms([contract])
    ahead = "2026-12-05"
    assert "Hosting → Olga Owner: renewed itself 1 Dec 2026" in _run("--dry-run", "--today", ahead)
    _run("--today", ahead)
    mail = OutgoingMail.objects.get()
    assert mail.subject.startswith("It renewed itself until 31 Dec 2027: Hosting")
    assert "Unless notice is given by 1 Dec 2027, in 361 days" in mail.text
    contract.refresh_from_db()
    assert (contract.renewed_until, contract.notice_deadline) == (None, date(2026, 12, 1))
    assert contract.terms.count() == 1


@pytest.mark.parametrize("wrong", ["tomorrow", "2026-02-30", "31.12.2026", "99999-01-01", "0001-01-01"])
def test_a_day_that_is_none_is_said_in_a_sentence(wrong):
    with pytest.raises(CommandError, match=r"--today .*(date|year)"):
        _run("--today", wrong)


def _run(*arguments: str) -> str:
    out = StringIO()
    call_command("send_reminders", *arguments, stdout=out)
    return out.getvalue()


def test_home_names_contracts_nobody_who_answers_for_them_hears_of(client, owner, people, unit, statements):
    home = reverse("home")
    make(owner, **deadline_in(20))
    alone = make(None, make_partner("Alone", unit=unit), title="Silent", **deadline_in(20))
    make(None, make_partner("Far", unit=unit), **deadline_in(300))
    User.objects.filter(role="executive").update(is_active=False)
    for person in (make_user("administrator", all_units=True), make_user("procurement", unit)):
        client.force_login(person)
        page = client.get(home)
        assert page.context["unheard"] == [alone]
        assert "1 contract has nobody to remind with Alone in 20 days." in page.context["said"]
        assert reverse("contract_edit", args=[alone.pk]) in page.content.decode()
    few = statements(client, home)
    for name in ("Second", "Third", "Fourth"):
        make(None, make_partner(name, unit=unit), **deadline_in(30))
    assert statements(client, home) == few
    assert (
        "4 contracts have nobody to remind, the first with Alone in 20 days."
        in client.get(home).context["said"]
    )
    Contract.objects.exclude(pk=alone.pk).update(owner=owner)
    Partner.objects.filter(pk=alone.partner_id).update(owner=owner)
    assert client.get(home).context["unheard"] == []
    Partner.objects.update(owner=None)
    User.objects.filter(name="Eva Executive").update(is_active=True)
    assert client.get(home).context["unheard"] == []
    client.force_login(make_user("procurement", make_unit("Elsewhere")))
    User.objects.filter(role="executive").update(is_active=False)
    assert client.get(home).context["unheard"] == []
