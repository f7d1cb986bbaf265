"""Value for everybody: what three parties' words come to, and how they are entered."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evidence.models import Agreement, ValueStatement
from evidence.value import CRACKED, HOLDS, OPEN, verdict
from tests.factories import make_contract, make_partner, make_unit, make_user

WEIGHTS = {"customer": 50, "vendor": 25, "provider": 25}
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("felt", "state", "weakest", "index"),
    [
        ((1, 1, 1), HOLDS, (), "1"),
        ((1, 2, 1), HOLDS, ("customer", "provider"), "1.25"),
        ((2, 2, 0), CRACKED, ("provider",), "1.5"),
        ((-2, 2, 2), CRACKED, ("customer",), "0"),
        ((-2, -2, -2), CRACKED, (), "-2"),
        ((1, None, 2), OPEN, ("customer",), None),
        ((None, -1, 1), CRACKED, ("vendor",), None),
        ((None, None, None), OPEN, (), None),
    ],
)
def test_a_partnership_holds_only_if_everybody_gets_more_back(felt, state, weakest, index):
    found = verdict(dict(zip(WEIGHTS, felt, strict=True)), WEIGHTS)
    assert (found.state, found.weakest) == (state, weakest)
    assert found.index == (None if index is None else Decimal(index))


def test_without_a_provider_two_parties_speak():
    found = verdict({"customer": 2, "vendor": -1}, WEIGHTS)
    assert (found.state, found.index) == (CRACKED, Decimal(1))


@pytest.fixture
def pair():
    unit = make_unit()
    vendor, provider = make_partner("Sells", unit=unit), make_partner("Delivers", kind="provider", unit=unit)
    make_contract(vendor, delivered_by=provider, unit=unit)
    return vendor, provider


@pytest.fixture
def procurement(client, pair):
    person = make_user("procurement", pair[0].unit)
    client.force_login(person)
    return person


def address(pair, year=2026, number=1):
    return reverse("value_quarter", args=[pair[0].pk, pair[1].pk, year, number])


def typed(**changes):
    sides = ("customer", "vendor", "provider")
    data = {f"{side}-felt_return": "1" for side in sides}
    return data | {key.replace("__", "-"): value for key, value in changes.items()}


def test_what_three_parties_say_is_entered_at_once_and_shown(client, pair, procurement):
    sent = typed(vendor__hours="120", vendor__people="3", provider__felt_return="-1")
    assert client.post(address(pair), sent).status_code == 302
    rows = ValueStatement.objects.order_by("party")
    assert [(row.party, row.felt_return, row.on_their_word) for row in rows] == [
        ("customer", 1, False), ("provider", -1, True), ("vendor", 1, True),
    ]  # fmt: skip
    for partner in pair:
        page = client.get(reverse("value", args=[partner.pk])).content.decode()
        assert "It does not pay for Delivers" in page
        assert "The least came back for Delivers" in page
        assert "on their word" in page
        assert "120 hours of 3 people" in page


def test_we_are_called_us_where_the_least_came_back_for_ourselves(client, pair, procurement):
    client.post(address(pair), typed(customer__felt_return="-1"))
    assert "It does not pay for us" in client.get(reverse("value", args=[pair[0].pk])).content.decode()


def test_a_statement_taken_back_is_gone(client, pair, procurement):
    client.post(address(pair), typed())
    versions = {f"{row.party}-version": row.version for row in ValueStatement.objects.all()}
    client.post(address(pair), typed(vendor__felt_return="") | versions)
    assert set(ValueStatement.objects.values_list("party", flat=True)) == {"customer", "provider"}


def test_a_stale_save_shows_both_and_keeps_the_others_out_too(client, pair, procurement):
    client.post(address(pair), typed())
    ValueStatement.objects.filter(party="vendor").update(felt_return=-2, version=2)
    old = {f"{side}-version": 1 for side in ("customer", "vendor", "provider")}
    answer = client.post(address(pair), typed(customer__felt_return="2", vendor__felt_return="2") | old)
    assert answer.status_code == 409
    assert "Much less" in answer.content.decode()
    assert ValueStatement.objects.get(party="customer").felt_return == 1


def test_two_who_enter_the_same_quarter_do_not_write_over_each_other(client, pair, procurement):
    client.post(address(pair), typed())
    assert client.post(address(pair), typed(customer__felt_return="-2")).status_code == 409
    assert ValueStatement.objects.get(party="customer").felt_return == 1


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("vendor__felt_return", "3", "Select a valid choice"),
        ("vendor__hours", "1_000", "Write a whole number"),
        ("vendor__people", "-1", "greater than or equal to 0"),
        ("vendor__resources", "a\u202eb", "invisible signs"),
        ("vendor__note", "a\u202eb", "reading direction"),
        ("vendor__came_back", "x" * 501, "at most 500"),
    ],
)
def test_bad_input_is_named_beside_its_field_and_nothing_is_saved(
    client, pair, procurement, field, text, said
):
    answer = client.post(address(pair), typed(**{field: text}))
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert not ValueStatement.objects.exists()


def test_hours_without_an_answer_ask_for_it(client, pair, procurement):
    answer = client.post(address(pair), typed(vendor__felt_return="", vendor__hours="5"))
    assert "Say whether more or less came back" in answer.content.decode()


def test_quarters_that_are_none_or_have_not_begun_do_not_exist(client, pair, procurement):
    for year, number in ((2026, 5), (2026, 0), (3000, 1), (0, 1)):
        assert client.get(address(pair, year, number)).status_code == 404


def test_a_rater_changes_their_own_word_only(client, pair):
    ValueStatement.objects.create(
        partner=pair[0], provider=pair[1], quarter=date(2026, 1, 1), party="vendor", felt_return=1
    )
    client.force_login(make_user("rater", pair[0].unit))
    client.post(address(pair), typed(vendor__felt_return="-2", vendor__version="1"))
    assert ValueStatement.objects.get(party="vendor").felt_return == 1
    assert ValueStatement.objects.get(party="customer").felt_return == 1


def test_nothing_of_another_unit_is_shown(pair):
    vendor = make_partner("For all")
    make_contract(vendor, delivered_by=pair[1])
    stranger = Client()
    stranger.force_login(make_user("procurement", make_unit()))
    page = stranger.get(reverse("value", args=[vendor.pk]))
    assert page.status_code == 200
    assert "Delivers" not in page.content.decode()
    assert stranger.get(address((vendor, pair[1]))).status_code == 404


def test_nobodys_word_weighs_more_than_our_own(client):
    client.force_login(make_user("administrator", all_units=True))
    sent = {"answer_days": "3", "customer_weight": "20", "vendor_weight": "30", "provider_weight": "10", "version": "1"}  # fmt: skip
    answer = client.post(reverse("agreement"), sent)
    assert "Nobody’s word weighs more than our own" in answer.content.decode()
    assert client.post(reverse("agreement"), sent | {"customer_weight": "40"}).status_code == 302
    assert Agreement.current().customer_weight == 40
    with pytest.raises(IntegrityError), transaction.atomic():
        Agreement.objects.update(vendor_weight=41)


def test_the_page_asks_the_database_as_often_for_many_quarters(
    client, pair, procurement, django_assert_num_queries
):
    page = reverse("value", args=[pair[0].pk])
    client.post(address(pair), typed())
    with CaptureQueriesContext(connection) as few:
        client.get(page)
    asked = len(few)
    for number in range(1, 5):
        client.post(address(pair, 2025, number), typed())
    with django_assert_num_queries(asked):
        client.get(page)
