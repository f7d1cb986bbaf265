"""Contracts and contacts of a partner: every refusal in words, nothing rounded, nothing lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.templatetags.look import money
from partners.models import Contact, Contract
from tests.factories import make_contract, make_partner, make_unit, make_user
from tests.sessions import in_another_session, wait_until_somebody_waits

pytestmark = pytest.mark.django_db


@pytest.fixture
def partner():
    return make_partner("Alder")


def typed(**changes) -> dict:
    return {"title": "Hosting", "term": "fixed", "notice_unit": "days", "currency": "EUR", **changes}


def add(client, partner, **changes):
    return client.post(reverse("contract_create", args=[partner.pk]), typed(**changes))


def test_a_contract_is_created_with_everything_that_was_typed(analyst, partner, procurement, unit):
    provider = make_partner("Birch Integration", kind="provider")
    answer = add(
        analyst, partner, reference="PO-7", starts="2026-01-01", ends="2028-12-31", notice_period="3",
        notice_unit="months", auto_renews="on", renewal_months="12", annual_value="12,500.50", total_value="37 501.5",
        currency="aud", unit=unit.pk, owner=procurement.pk, delivered_by=provider.pk, link="https://alder.example/7",
    )  # fmt: skip
    contract = Contract.objects.get()
    assert answer["Location"] == contract.get_absolute_url()
    assert (contract.annual_value, contract.total_value) == (Decimal("12500.50"), Decimal("37501.50"))
    assert (contract.starts, contract.ends) == (date(2026, 1, 1), date(2028, 12, 31))
    assert (contract.notice_period, contract.notice_unit, contract.renewal_months) == (3, "months", 12)
    assert (contract.currency, contract.delivered_by, contract.unit) == ("AUD", provider, unit)
    page = analyst.get(contract.get_absolute_url()).content.decode()
    assert "12,500 AUD" in page or "12,501 AUD" in page
    assert "3 months" in page


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("title", "", "required"),
        ("title", "x" * 501, "at most 500"),
        ("title", "a\x00b", "invisible"),
        ("reference", "PO\u202e7", "invisible"),
        ("starts", "31.12.2026", "not a date"),
        ("starts", "2026-02-30", "not a date"),
        ("starts", "٢٠٢٦-٠١-٠١", "not a date"),
        ("starts", "0001-01-01", "not between 1950 and 2199"),
        ("ends", "9999-12-31", "not between 1950 and 2199"),
        ("ends", "2026-12-31T10:00", "not a date"),
        ("notice_period", "-1", "greater than or equal to 0"),
        ("notice_period", "1_000", "whole number"),
        ("notice_period", "٣", "whole number"),
        ("notice_period", "NaN", "whole number"),
        ("notice_period", "3.5", "whole number"),
        ("notice_period", "9" * 30, "whole number"),
        ("notice_unit", "years", "valid choice"),
        ("notice_period", "3651", "ten years at most, that is 3,650 days"),
        ("term", "for ever", "valid choice"),
        ("country", "XX", "not an ISO country code"),
        ("country", "DEU", "not an ISO country code"),
        ("country", "D\x00", "not an ISO country code"),
        ("time_zone", "Berlin", "not a time zone"),
        ("time_zone", "../etc/passwd", "not a time zone"),
        ("time_zone", "+02:00", "not a time zone"),
        ("renewal_months", "0", "greater than or equal to 1"),
        ("annual_value", "-1", "cannot be negative"),
        ("annual_value", "−1,000.00", "cannot be negative"),
        ("annual_value", "1.005", "at most two decimals"),
        ("annual_value", "NaN", "not an amount"),
        ("annual_value", "Infinity", "not an amount"),
        ("annual_value", "1e5", "not an amount"),
        ("annual_value", "1_000", "not an amount"),
        ("annual_value", "١٠٠", "not an amount"),
        ("annual_value", "1.234,50", "not an amount"),
        ("annual_value", "12,50", "not an amount"),
        ("annual_value", "1,2345.00", "not an amount"),
        ("annual_value", "1 2", "not an amount"),
        ("annual_value", "1,234", "may be 1234 or 1.234"),
        ("annual_value", "100000000000000", "at most 99,999,999,999,999.99"),
        ("total_value", "=1+1", "not an amount"),
        ("total_value", "1\x00", "not an amount"),
        ("total_value", "9" * 100_000, "not an amount"),
        ("currency", "", "ISO currency"),
        ("currency", "XXX", "ISO currency"),
        ("currency", "€", "ISO currency"),
        ("link", "javascript:alert(1)", "not a link"),
        ("link", "ftp://alder.example/x", "not a link"),
        ("link", "not a link", "not a link"),
        ("owner", "0", "valid choice"),
        ("delivered_by", "999999999999999999999", "valid choice"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_saved(analyst, partner, field, value, said):
    answer = add(analyst, partner, **{field: value})
    assert answer.status_code == 400
    assert said in " ".join(answer.context["form"].errors[field])
    assert answer.context["form"][field].value() == value
    assert not Contract.objects.exists()


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("0", "0"), ("12500", "12500"), ("12500.5", "12500.50"), ("1,234.50", "1234.50"), ("1,234,567", "1234567"),
        ("1 234", "1234"), ("1'234'567.89", "1234567.89"), ("1\u202f234", "1234"), ("99999999999999.99",) * 2,
        ("", None), ("  7  ", "7"),
    ],
)  # fmt: skip
def test_amounts_that_can_mean_one_thing_only_are_taken(analyst, partner, value, amount):
    assert add(analyst, partner, annual_value=value).status_code == 302
    assert Contract.objects.get().annual_value == (amount and Decimal(amount))


def test_a_contract_cannot_end_before_it_starts(analyst, partner):
    answer = add(analyst, partner, starts="2026-02-01", ends="2026-01-31")
    assert answer.context["form"].errors["ends"] == ["The contract ends before it starts."]
    assert add(analyst, partner, starts="2026-02-01", ends="2026-02-01").status_code == 302


def test_automatic_renewal_needs_its_term(analyst, partner):
    answer = add(analyst, partner, auto_renews="on")
    assert "by how many months" in answer.context["form"].errors["renewal_months"][0]
    assert "checked" in str(answer.context["form"]["auto_renews"])


def test_a_reference_is_used_once_for_a_partner(analyst, partner):
    make_contract(partner, reference="PO-7")
    answer = add(analyst, partner, reference="PO-7")
    assert "already has a contract" in answer.context["form"].errors["reference"][0]
    assert add(analyst, make_partner(), reference="PO-7").status_code == 302


def test_a_twin_from_a_register_keeps_its_reference_when_edited(analyst, partner):
    make_contract(partner, reference="PO-7")
    twin = make_contract(partner, reference="PO-7", reference_suffix="b")
    changes = typed(reference="PO-7", title="Other", version=1)
    assert analyst.post(reverse("contract_edit", args=[twin.pk]), changes).status_code == 302


def test_a_new_contract_proposes_what_the_partner_has(analyst, procurement, unit):
    partner = make_partner(owner=procurement, unit=unit)
    make_contract(partner, currency="AUD")
    form = analyst.get(reverse("contract_create", args=[partner.pk])).context["form"]
    assert [form[name].value() for name in ("owner", "unit", "currency")] == [procurement.pk, unit.pk, "AUD"]


def test_a_provider_that_was_archived_stays_until_it_is_changed(analyst, partner):
    gone = make_partner("Birch", kind="provider", archived_at=timezone.now())
    contract = make_contract(partner, delivered_by=gone)
    edit = reverse("contract_edit", args=[contract.pk])
    assert f'<option value="{gone.pk}" selected>' in analyst.get(edit).content.decode()
    assert analyst.post(edit, typed(delivered_by=gone.pk, version=1)).status_code == 302
    contract.refresh_from_db()
    assert contract.delivered_by == gone


def test_a_stale_save_of_a_contract_shows_both_values(analyst, partner):
    contract = make_contract(partner)
    edit = reverse("contract_edit", args=[contract.pk])
    assert analyst.post(edit, typed(title="First", version=1)).status_code == 302
    answer = analyst.post(edit, typed(title="Second", version=1))
    assert answer.status_code == 409
    assert b"First" in answer.content
    assert b"Second" in answer.content


def test_deleting_asks_first_and_refuses_what_was_changed_meanwhile(analyst, partner, procurement):
    contract = make_contract(partner, title="Hosting")
    delete = reverse("contract_delete", args=[contract.pk])
    assert "Delete the contract “Hosting”?" in analyst.get(delete).content.decode()
    assert analyst.post(delete).status_code == 409
    Contract.objects.update(version=2)
    assert analyst.post(delete, {"version": 1}).status_code == 409
    assert analyst.post(delete, {"version": 2}).status_code == 302
    assert not Contract.objects.exists()
    entry = AuditEntry.objects.filter(table_name="partners_contract").first()
    assert (entry.action, entry.actor, entry.before["title"]) == ("delete", procurement, "Hosting")


def test_contracts_stay_behind_their_units_wall(client, stranger, partner, unit):
    contract = make_contract(partner, unit=unit, title="Retail hosting")
    client.force_login(stranger)
    for name in ("contract_detail", "contract_edit", "contract_delete"):
        assert client.get(reverse(name, args=[contract.pk])).status_code == 404
    assert b"Retail hosting" not in client.get(f"{partner.get_absolute_url()}?tab=contracts").content
    answer = add(client, partner, unit=unit.pk)
    assert "valid choice" in answer.context["form"].errors["unit"][0]
    assert "Choose one of your" in add(client, partner).context["form"].errors["unit"][0]
    foreign = make_user(name="Rita", email="rita@example.org")
    foreign.units.set([make_unit()])
    assert "valid choice" in add(client, partner, owner=foreign.pk).context["form"].errors["owner"][0]


def test_a_rater_reads_contracts_and_changes_none(client, rater, partner):
    contract = make_contract(partner)
    client.force_login(rater)
    assert client.get(contract.get_absolute_url()).status_code == 200
    for name in ("contract_edit", "contract_delete"):
        assert client.post(reverse(name, args=[contract.pk]), typed(version=1)).status_code == 403


def test_contracts_that_ended_come_after_those_that_run(analyst, partner):
    today = timezone.localdate()
    make_contract(partner, title="Ended", ends=today - timedelta(days=1))
    make_contract(partner, title="Runs long", ends=today + timedelta(days=90))
    make_contract(partner, title="Ends today", ends=today)
    make_contract(partner, title="Open", ends=None)
    titles = list(Contract.objects.current_first().values_list("title", flat=True))
    assert titles == ["Ends today", "Runs long", "Open", "Ended"]


# --- contacts ------------------------------------------------------------------------------------------------
def add_contact(client, partner, **changes):
    return client.post(reverse("contact_create", args=[partner.pk]), {"name": "Ines Vogt", **changes})


def test_a_contact_is_created_ended_and_deleted(analyst, partner):
    add_contact(
        analyst,
        partner,
        role="Account manager",
        email="ines@alder.example",
        phone="+49 30 1",
        since="2024-05-01",
    )
    contact = Contact.objects.get()
    page = f"{partner.get_absolute_url()}?tab=contacts"
    assert b"ines@alder.example" in analyst.get(page).content
    analyst.post(reverse("contact_end", args=[contact.pk]))
    contact.refresh_from_db()
    assert (contact.until, contact.version) == (timezone.localdate(), 2)
    delete = reverse("contact_delete", args=[contact.pk])
    assert analyst.get(delete).status_code == 200
    assert analyst.post(delete, {"version": 1}).status_code == 409
    assert analyst.post(delete, {"version": 2})["Location"] == page
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "required"),
        ("name", "I\u202en", "invisible"),
        ("email", "ines@", "valid email"),
        ("email", "x" * 400 + "@a.example", "at most"),
        ("phone", "1" * 51, "at most 50"),
        ("since", "1949-12-31", "not between"),
        ("until", "soon", "not a date"),
    ],
)
def test_what_cannot_be_of_a_contact_is_said_beside_its_field(analyst, partner, field, value, said):
    answer = add_contact(analyst, partner, **{field: value})
    assert answer.status_code == 400
    assert said in " ".join(answer.context["form"].errors[field])
    assert not Contact.objects.exists()


def test_a_contact_cannot_end_before_it_began(analyst, partner):
    answer = add_contact(analyst, partner, since="2026-05-01", until="2026-04-30")
    assert "before the first day" in answer.context["form"].errors["until"][0]


def test_a_contact_that_begins_later_ends_no_earlier(analyst, partner):
    tomorrow = timezone.localdate() + timedelta(days=1)
    contact = Contact.objects.create(partner=partner, name="Ines", since=tomorrow)
    assert analyst.post(reverse("contact_end", args=[contact.pk])).status_code == 302
    contact.refresh_from_db()
    assert contact.until == tomorrow


def test_contacts_stay_behind_their_partners_wall(client, stranger, unit):
    contact = Contact.objects.create(partner=make_partner(unit=unit), name="Ines")
    client.force_login(stranger)
    for name in ("contact_edit", "contact_end", "contact_delete"):
        assert client.post(reverse(name, args=[contact.pk]), {"name": "X", "version": 1}).status_code == 404
    contact.refresh_from_db()
    assert (contact.name, contact.until) == ("Ines", None)


def test_a_total_value_without_a_term_says_nothing_about_a_year(db):
    today = timezone.localdate()
    for fields in (
        {"starts": None, "ends": None},
        {"starts": today, "ends": None},
        {"starts": None, "ends": today},
    ):
        make_contract(total_value=400_000, **fields)
    assert set(Contract.objects.running().values_list("yearly", flat=True)) == {None}
    year = make_contract(total_value=400_000, starts=today, ends=today + timedelta(days=90))
    assert Contract.objects.running().get(pk=year.pk).yearly == 400_000


@pytest.mark.django_db(transaction=True)
def test_what_somebody_deletes_at_the_same_moment_is_not_there_any_more(analyst, partner):
    contact = Contact.objects.create(partner=partner, name="Mara")
    address = reverse("contact_end", args=[contact.pk])
    with ThreadPoolExecutor() as others:
        with transaction.atomic():
            contact.delete()
            ending = others.submit(in_another_session, lambda: analyst.post(address).status_code)
            wait_until_somebody_waits()
        assert ending.result(timeout=10) == [404]


def test_a_contract_with_a_total_only_says_everywhere_what_that_is_a_year(analyst, partner):
    starts, ends = date(2026, 1, 1), date(2027, 12, 31)
    contract = make_contract(partner, starts=starts, ends=ends, total_value=200_000, annual_value=None)
    yearly = money(Contract.objects.with_yearly().get(pk=contract.pk).yearly)
    own = analyst.get(contract.get_absolute_url()).content.decode()
    assert f"{yearly} EUR" in own
    assert "the total value, spread over its years" in own
    for address in (
        f"{partner.get_absolute_url()}?tab=contracts",
        partner.get_absolute_url(),
        reverse("contract_list"),
    ):
        assert yearly in analyst.get(address).content.decode(), address
