"""What people see and type of costs, rates and the reporting currency."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEntry
from partners.charts import cost_bars, short
from partners.cost_table import cost_table
from partners.models import CostLine, Rate, Reporting
from partners.money import Rates
from partners.services.costs import current_rates
from tests.factories import make_contract, make_partner, make_unit, make_user
from tests.forms import form_data

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 22)
TYPED = {"kind": "licence", "note": "400 users", "amount": "365,000.00", "currency": "eur", "once": ""}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(datetime(2026, 11, 22, 11, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def contract():
    return make_contract(
        make_partner("Alder"),
        title="Hosting",
        starts=date(2025, 6, 1),
        ends=date(2028, 5, 31),
        annual_value=Decimal(365),
    )


@pytest.fixture
def administrator(client):
    client.force_login(make_user("administrator", all_units=True))
    return client


def page_of(client, address) -> str:
    return " ".join(client.get(address).content.decode().split())


def add(client, contract, **changes):
    return client.post(reverse("cost_create", args=[contract.pk]), TYPED | changes)


def make_line(contract, **fields) -> CostLine:
    return CostLine.objects.create(contract=contract, **{"amount": 365, "currency": "EUR", **fields})


def test_without_cost_lines_the_contract_page_takes_its_own_value_and_says_so(analyst, contract):
    page = page_of(analyst, contract.get_absolute_url())
    assert "Costs to the end: EUR 556 still ahead" in page
    assert "No cost lines are entered, so the contract’s own value a year is taken." in page
    assert "Of 2026/27, 191 of 365 days are left, and that share of its yearly costs" in page
    contract.annual_value = None
    contract.save()
    assert "What it costs year by year to its end would stand here" in page_of(
        analyst, contract.get_absolute_url()
    )


def test_of_a_contract_that_ended_nothing_is_ahead(analyst, contract):
    contract.ends = date(2026, 10, 31)
    contract.save()
    page = page_of(analyst, contract.get_absolute_url())
    assert "Nothing of it is ahead any more: its life ended 31 Oct 2026." in page
    assert "Counted from today" not in page
    assert "Nothing is ahead any more" in page_of(analyst, reverse("contract_costs", args=[contract.pk]))


def test_a_line_is_added_changed_and_deleted_on_one_page(analyst, contract):
    answer = add(analyst, contract)
    assert answer["Location"] == reverse("contract_costs", args=[contract.pk])
    line = CostLine.objects.get()
    assert (line.amount, line.currency, line.once, line.starts) == (Decimal("365000"), "EUR", False, None)
    assert "EUR 556,000 still ahead" in page_of(analyst, answer["Location"])
    edit = reverse("cost_edit", args=[line.pk])
    analyst.post(
        edit, TYPED | {"kind": "exit", "once": "once", "starts": "2027-01-31", "amount": "90", "version": 1}
    )
    line.refresh_from_db()
    assert (line.kind, line.once, line.starts, line.version) == ("exit", True, date(2027, 1, 31), 2)
    analyst.post(reverse("cost_delete", args=[line.pk]), {"version": 2})
    assert not CostLine.objects.exists()
    actions = (
        AuditEntry.objects.filter(table_name="partners_costline")
        .order_by("pk")
        .values_list("action", flat=True)
    )
    assert list(actions) == ["insert", "update", "delete"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("amount", "", "Say how much"),
        ("amount", "-5", "cannot be negative"),
        ("amount", "0." + "1" * 40, "at most two decimals"),
        ("amount", "1e9", "not an amount"),
        ("amount", "9" * 20, "at most 99,999,999,999,999.99"),
        ("currency", "XXX", "not an ISO currency"),
        ("currency", "", "not an ISO currency"),
        ("kind", "bribe", "valid choice"),
        ("note", "x" * 301, "at most 300"),
        ("note", "a\u202eb", "invisible"),
        ("starts", "9999-12-31", "not between 1950 and 2199"),
        ("starts", "2028-06-01", "after the end of life, 31 May 2028"),
        ("ends", "2025-01-01", "before the first day"),
    ],
)
def test_what_cannot_be_a_cost_line_is_said_beside_the_field(analyst, contract, field, value, said):
    answer = add(analyst, contract, **{"starts": "2026-01-01", field: value})
    assert answer.status_code == 400
    assert said in str(answer.context["form"].errors[field])
    assert said in answer.content.decode()
    assert not CostLine.objects.exists()


def test_what_is_paid_once_has_one_day_and_only_leaving_needs_none(analyst, contract):
    assert "On which day" in add(analyst, contract, once="once").content.decode()
    answer = add(analyst, contract, once="once", starts="2027-01-01", ends="2027-02-01")
    assert "has one day" in answer.content.decode()
    assert add(analyst, contract, once="once", kind="exit").status_code == 302


def test_the_same_line_twice_is_refused_by_the_form_and_by_the_database(analyst, contract):
    assert add(analyst, contract).status_code == 302
    assert "There is such a line already" in add(analyst, contract, amount="5").content.decode()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_line(contract, note="400 users")


def test_a_save_that_comes_too_late_is_told_so(analyst, contract):
    line = make_line(contract, version=3)
    answer = analyst.post(
        reverse("cost_edit", args=[line.pk]), TYPED | {"once": "on", "kind": "exit", "version": 2}
    )
    assert answer.status_code == 409
    sent = {name: values[0] for name, values in form_data(answer).items() if values}
    sent |= {"take:once": "theirs", "take:amount": "mine", "take:note": "mine", "take:kind": "theirs"}
    assert analyst.post(reverse("cost_edit", args=[line.pk]), sent).status_code == 302
    line.refresh_from_db()
    assert (line.once, line.kind, line.amount, line.note) == (False, "licence", Decimal(365000), "400 users")
    line.amount = 365
    line.save()
    assert analyst.post(reverse("cost_delete", args=[line.pk]), {"version": 2}).status_code == 409
    line.refresh_from_db()
    assert line.amount == 365


def test_whoever_sees_the_contract_sees_its_costs_but_only_procurement_changes_them(client, contract, rater):
    make_line(contract)
    client.force_login(rater)
    page = page_of(client, reverse("contract_costs", args=[contract.pk]))
    assert "EUR 556 still ahead" in page
    assert "Add a line" not in page
    assert "Edit" not in page
    contract.unit = make_unit("Foreign")
    contract.save()
    assert client.get(reverse("contract_costs", args=[contract.pk])).status_code == 404


def test_the_costs_cost_as_many_statements_however_many_lines(analyst, contract, statements):
    addresses = [contract.get_absolute_url(), reverse("contract_costs", args=[contract.pk])]
    make_line(contract)
    few = [statements(analyst, address) for address in addresses]
    for number in range(20):
        make_line(contract, note=str(number), currency=("USD", "JPY", "EUR")[number % 3])
        Rate.objects.create(reporting="EUR", currency="USD", units=1, valid_from=date(2026, 1, 1 + number))
    assert [statements(analyst, address) for address in addresses] == few


# --- Several currencies ----------------------------------------------------------------------------------
def test_another_currency_is_added_at_todays_rate_and_one_without_a_rate_is_named(analyst, contract):
    make_line(contract)
    make_line(contract, currency="USD", note="Traffic", amount=730)
    make_line(contract, currency="JPY", note="Depot", amount=36500)
    Rate.objects.create(reporting="EUR", currency="USD", units=Decimal("2"), valid_from=TODAY)
    page = page_of(analyst, contract.get_absolute_url())
    assert "EUR 1,112 still ahead" in page  # 556 + 1,112 ÷ 2
    assert "Not in the total: JPY 55,600. There is no rate for JPY today." in page
    assert "Other currencies are added at the rates of 22 Nov 2026." in page


def test_nothing_is_said_to_be_added_at_a_rate_where_none_was(analyst, contract):
    make_line(contract)
    make_line(contract, currency="JPY", note="Depot", amount=36500)
    page = page_of(analyst, contract.get_absolute_url())
    assert "Not in the total: JPY 55,600." in page
    assert "Other currencies are added" not in page


def test_a_contract_in_another_currency_says_what_that_is_in_the_reporting_one(analyst, contract):
    Reporting.objects.create(pk=1, currency="CHF")
    assert "There is no rate for EUR, so it is left out of sums in CHF" in page_of(
        analyst, contract.get_absolute_url()
    )
    Rate.objects.create(reporting="CHF", currency="EUR", units=Decimal("1.25"), valid_from=TODAY)
    assert "That is CHF 444.80 at 1.25 EUR for 1 CHF." in page_of(analyst, contract.get_absolute_url())


def test_the_bars_tell_kinds_apart_without_colour_and_escape_nothing_twice(contract):
    for kind in ("licence", "service", "effort", "exit"):
        make_line(contract, kind=kind, once=kind == "exit", amount=1_000_000)
    table = cost_table(contract, Rates("EUR"), TODAY)
    drawing = cost_bars(table, 340)
    for told in (
        "url(#stripes340)",
        "url(#dots340)",
        'class="k4"',
        ">Internal effort<",
        "2026/27, rest",
        ">4.00<",
    ):
        assert told in drawing
    assert "style=" not in drawing
    assert drawing.count('role="img"') == 1
    contract.cost_lines.all().delete()
    contract.annual_value = None
    assert cost_bars(cost_table(contract, Rates("EUR"), TODAY)) == ""


def test_a_long_life_is_drawn_in_part_and_listed_whole(analyst, contract):
    contract.ends = date(2060, 5, 31)
    contract.save()
    table = cost_table(contract, Rates("EUR"), TODAY)
    assert "22 later years stand in the table" in cost_bars(table)
    assert "2059/60" in page_of(analyst, contract.get_absolute_url())


def test_amounts_in_headings_are_short():
    told = [short(Decimal(amount), "EUR") for amount in ("8720000", "12500", "99.5", "2500000000", "0")]
    assert told == ["EUR 8.72 m", "EUR 12,500", "EUR 99.50", "EUR 2.50 bn", "EUR 0"]


def test_the_partner_page_adds_up_what_its_running_contracts_still_cost(analyst, contract, statements):
    tab = f"{contract.partner.get_absolute_url()}?tab=contracts"
    few = statements(analyst, tab)
    for ends, fields in (
        (date(2028, 5, 31), {"currency": "USD", "annual_value": Decimal(730)}),
        (date(2028, 5, 31), {"currency": "JPY", "annual_value": Decimal(3650)}),
        (date(2026, 5, 31), {"annual_value": Decimal(9_000_000)}), (date(2028, 5, 31), {}),
    ):  # fmt: skip
        make_contract(contract.partner, starts=date(2025, 6, 1), ends=ends, **fields)
    Rate.objects.create(reporting="EUR", currency="USD", units=2, valid_from=TODAY)
    page = page_of(analyst, tab)
    assert "Still ahead to their ends: <b>EUR 1,112</b>, and JPY 5,560 for which there is no rate." in page
    assert "Of 1 contract nothing is known." in page
    assert statements(analyst, tab) == few


# --- Settings --------------------------------------------------------------------------------------------
RATE = {"currency": "usd", "units": "1.0842", "valid_from": "2026-11-01"}


def test_an_administrator_keeps_rates_and_the_page_says_what_is_missing(administrator, contract):
    address = reverse("currencies")
    make_contract(contract.partner, currency="USD")
    make_contract(contract.partner, currency="EUR")
    assert "1 currency without a rate: USD" in page_of(administrator, address)
    assert administrator.post(address, RATE)["Location"] == address
    assert "Every currency in use adds up in EUR" in page_of(administrator, address)
    rate = Rate.objects.get()
    administrator.post(reverse("rate_edit", args=[rate.pk]), RATE | {"units": "1.09", "version": 1})
    rate.refresh_from_db()
    assert (rate.units, rate.reporting, rate.version) == (Decimal("1.09"), "EUR", 2)
    stale = administrator.post(reverse("rate_edit", args=[rate.pk]), RATE | {"units": "7", "version": 1})
    assert stale.status_code == 409
    assert "1.09" in stale.content.decode()
    close = administrator.post(
        reverse("rate_edit", args=[rate.pk]), RATE | {"units": "1.09000001", "version": 1}
    )
    assert "1.09000001" in close.content.decode()
    chosen = {name: values[0] for name, values in form_data(close).items() if values} | {"take:units": "mine"}
    assert administrator.post(reverse("rate_edit", args=[rate.pk]), chosen).status_code == 302
    rate.refresh_from_db()
    assert (rate.units, rate.version) == (Decimal("1.09000001"), 3)
    assert administrator.get(reverse("rate_delete", args=[rate.pk])).status_code == 302
    assert administrator.post(reverse("rate_delete", args=[rate.pk]), {"version": 1}).status_code == 409
    administrator.post(reverse("rate_delete", args=[rate.pk]), {"version": 3})
    assert not Rate.objects.exists()
    assert AuditEntry.objects.filter(table_name="partners_rate").count() == 4


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("units", "0", "above zero"),
        ("units", "0.00", "above zero"),
        ("units", "-1", "not a rate"),
        ("units", "NaN", "not a rate"),
        ("units", "1,08", "not a rate"),
        ("units", "1e3", "not a rate"),
        ("units", "", "required"),
        ("units", "0." + "1" * 40, "at most eight decimals"),
        ("units", "9" * 13, "not a rate"),
        ("currency", "EUR", "it needs no rate"),
        ("currency", "XYZ", "not an ISO currency"),
        ("valid_from", "", "required"),
        ("valid_from", "2026-01-01", "There is a rate of USD from 1 Jan 2026 already"),
    ],
)
def test_what_cannot_be_a_rate_is_said_beside_the_field(administrator, field, value, said):
    Rate.objects.create(reporting="EUR", currency="USD", units=1, valid_from=date(2026, 1, 1))
    answer = administrator.post(reverse("currencies"), RATE | {field: value})
    assert answer.status_code == 400
    assert said in str(answer.context["form"].errors[field])
    assert Rate.objects.count() == 1


def test_the_reporting_currency_is_chosen_and_rates_against_another_stay(administrator):
    Rate.objects.create(reporting="EUR", currency="USD", units=1, valid_from=date(2026, 1, 1))
    address = reverse("reporting_edit")
    assert administrator.post(address, {"currency": "gold"}).status_code == 400
    assert administrator.post(address, {"currency": "usd"}).status_code == 302
    assert current_rates() == Rates("USD", {})
    assert "1 rate against another reporting currency is kept" in page_of(
        administrator, reverse("currencies")
    )
    assert administrator.post(address, {"currency": "EUR", "version": 9}).status_code == 409
    assert administrator.post(address, {"currency": "EUR", "version": 1}).status_code == 302
    assert current_rates().quoted == {"USD": [(date(2026, 1, 1), Decimal(1))]}
    with pytest.raises(IntegrityError), transaction.atomic():
        Reporting.objects.create(currency="CHF")


def test_only_administrators_keep_rates(client, procurement):
    client.force_login(procurement)
    assert client.get(reverse("currencies")).status_code == 403
    with CaptureQueriesContext(connection):
        assert client.post(reverse("reporting_edit"), {"currency": "USD"}).status_code == 403
    assert not Reporting.objects.exists()
    assert Client().get(reverse("currencies")).status_code == 302


def test_an_end_of_life_lies_after_the_end(analyst, contract):
    typed = {"title": "Hosting", "term": "fixed", "notice_unit": "days", "currency": "EUR", "ends": "2028-05-31",
             "version": 1}  # fmt: skip
    address = reverse("contract_edit", args=[contract.pk])
    answer = analyst.post(address, typed | {"end_of_life": "2028-05-30"})
    assert "The end of life lies before the end of the term." in answer.content.decode()
    assert analyst.post(address, typed | {"end_of_life": "2030-05-31"}).status_code == 302
    contract.refresh_from_db()
    assert contract.end_of_life == date(2030, 5, 31)
    assert "30 May" not in page_of(analyst, contract.get_absolute_url())
