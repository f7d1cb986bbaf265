"""Scans that run at the same moment, in database sessions of their own."""

import random
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import OutgoingMail
from governance.models import Reminder
from governance.services.decisions import record_decision
from governance.services.reminders import make_reminders
from partners.models import Contract
from tests.factories import make_contract, make_user
from tests.sessions import at_once


@pytest.mark.django_db(transaction=True)
def test_eight_scans_at_once_fifty_times_make_no_extra_row(capsys):
    people = [make_user("procurement", all_units=True) for _ in range(2)]
    make_user("executive", all_units=True)
    today, chance = timezone.localdate(), random.Random(3)
    contracts = [make_contract(owner=people[n % 2], ends=today + timedelta(days=40 + n)) for n in range(6)]
    rounds, made = 50, 0
    for number in range(rounds):
        Contract.objects.filter(pk__in=[c.pk for c in contracts]).update(ends=today + timedelta(days=500))
        due = chance.sample(contracts, 3)
        Contract.objects.filter(pk__in=[c.pk for c in due]).update(ends=today + timedelta(days=number + 1))
        scans = at_once(*[make_reminders] * 8)
        made += sum(len(scan.sent) for scan in scans)
        make_reminders()  # whatever all of them left to each other
        OutgoingMail.objects.filter(state=OutgoingMail.QUEUED).update(state=OutgoingMail.SENT)
    sent = Reminder.objects.filter(state=Reminder.SENT)
    keys = sent.values_list("contract", "deadline", "recipient")
    with capsys.disabled():
        print(
            f"\n{rounds} times 8 scans at once: {len(keys)} reminders, {made} of them by these, {OutgoingMail.objects.count()} mails"
        )
    assert made > rounds
    assert len(keys) == len(set(keys)) == OutgoingMail.objects.count() == rounds * 3 * 2


@pytest.mark.django_db(transaction=True)
def test_a_decision_at_the_moment_of_a_scan_leaves_no_reminder_waiting(executive):
    for _ in range(10):
        contract = make_contract(owner=executive, ends=timezone.localdate() + timedelta(days=20))
        fields = {"outcome": "renew", "reasons": "Good.", "snapshot": {}, "by": executive}
        at_once(make_reminders, lambda c=contract, f=fields: record_decision(c, **f))
        make_reminders()
        assert not Reminder.objects.not_left().exists()


@pytest.mark.django_db
def test_the_database_takes_no_second_one(owner):
    make_contract(owner=owner, ends=timezone.localdate())
    (sent,) = make_reminders().sent
    for change in ({}, {"state": "superseded"}):
        again = Reminder.objects.get(pk=sent.pk)
        again.pk, again.mail = None, None
        for name, value in change.items():
            setattr(again, name, value)
        with pytest.raises(IntegrityError), transaction.atomic():
            again.save()
