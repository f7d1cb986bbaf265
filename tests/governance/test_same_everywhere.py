"""A contract's deadline, end and value are the same wherever they are read."""

import csv
from io import StringIO

import pytest
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from accounts.models import User
from accounts.templatetags.look import day, money
from governance.demo.load import load_demo
from governance.due import open_contracts
from governance.letters import Letters
from governance.services.feeds import make_feed
from governance.words import amount
from partners.models import Contract

pytestmark = pytest.mark.django_db


def rows(client, name) -> list[dict[str, str]]:
    text = b"".join(client.get(reverse(name))).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text)))


def text(client, name, *numbers) -> str:
    return client.get(reverse(name, args=numbers)).content.decode().replace("\u00a0", " ")


def test_pages_files_mails_and_calendars_agree_about_every_contract_of_the_demo(client):
    load_demo()
    cio = User.objects.get(email__startswith="clara")
    client.force_login(cio)
    secret = make_feed(cio, kind="portfolio")
    events = Calendar.from_ical(client.get(reverse("calendar_feed", args=[secret])).content).walk("VEVENT")
    dates = {str(event["UID"]).partition("@")[0]: event["DTSTART"].dt for event in events}
    due = {(row["contract"], row["notice deadline"]): row for row in rows(client, "renewals_export")}
    listed = {row["contract title"]: row for row in rows(client, "contract_export")}
    contracts = open_contracts(Contract.objects.with_yearly()).select_related("partner")
    letters, checked = Letters([(contract, cio) for contract in contracts], timezone.localdate()), 0
    for contract in contracts:
        deadline, ends, value = contract.notice_deadline, contract.term_ends, contract.yearly
        pages = [text(client, name, contract.pk) for name in ("contract_detail", "brief")]
        if contract.has_ended or not deadline:
            continue
        checked += 1
        facts = dict(letters.facts(contract, cio))
        for said in (*pages, facts["Terms"]):
            assert day(deadline) in said, contract
            assert day(ends) in said, contract
        assert all(money(value) in page for page in pages), contract
        assert facts["Value"] == f"{amount(value, contract.currency)} a year"
        row = listed[contract.title]
        assert (row["by when to decide"], row["current term to"]) == (str(deadline), str(ends))
        if row := due.get((contract.title, str(deadline))):
            assert (row["term ends"], float(row["value a year"])) == (str(ends), float(value))
            assert row["score"] or contract.partner.scorecards.count() == 0
        for what, on in (("deadline", deadline), ("end", ends)):
            assert dates[f"contract-{contract.pk}-{ends:%Y%m%d}-{what}"] == on
    assert checked > 15
    assert len(due) > 15
