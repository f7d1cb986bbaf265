"""The partner list: found whatever the spelling, filtered and sorted by the address, inside the walls."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from django.utils import timezone

from partners.models import PartnerAlias
from tests.factories import make_contract, make_partner, make_unit, make_user

pytestmark = pytest.mark.django_db
URL = "/partners/"


def names(client, **asked) -> list[str]:
    answer = client.get(URL, asked)
    assert answer.status_code == 200, answer.content
    return [line.partner.name for line in answer.context["lines"]]


@pytest.mark.parametrize(
    "typed",
    [
        "viola", "VIOLA", "Víola", "management", "ola man", "vioal", "viola managment", "management viola",
        "  viola  ", "VIOLLA",
    ],
)  # fmt: skip
def test_a_partner_is_found_whatever_the_spelling(client, procurement, typed):
    make_partner("Viola Management Inc.")
    make_partner("Quillon Security")
    client.force_login(procurement)
    assert names(client, find=typed) == ["Viola Management Inc."]


@pytest.mark.parametrize("typed", ["societe", "Société", "SOCIETE BLEUE", "sociéte bluee"])
def test_accents_do_not_matter_on_either_side(client, procurement, typed):
    make_partner("Société Bleue")
    make_partner("Quillon Security")
    client.force_login(procurement)
    assert names(client, find=typed) == ["Société Bleue"]


def test_other_spellings_and_what_is_supplied_are_searched_too_and_the_best_match_comes_first(
    client, procurement
):
    make_partner("Cedar Hosting", supplies="alder wood")
    make_partner("Old Alder")
    make_partner("Alder Cloud")
    PartnerAlias.objects.create(partner=make_partner("Birch"), name="Alder Systems")
    make_partner("Aldor")
    client.force_login(procurement)
    assert names(client, find="alder") == ["Alder Cloud", "Old Alder", "Birch", "Aldor", "Cedar Hosting"]


@pytest.mark.parametrize("typed", ["%", "_", "\\", "'", "x" * 5000, "\u202eabc", "=1+1", "<b>", "🙂"])
def test_odd_searches_find_nothing_and_break_nothing(client, procurement, typed):
    make_partner("Quillon")
    client.force_login(procurement)
    assert names(client, find=typed) == []


def test_a_percent_sign_is_looked_for_as_it_is_written(client, procurement):
    make_partner("Hundred % Print")
    make_partner("Quillon")
    client.force_login(procurement)
    assert names(client, find="%") == ["Hundred % Print"]


def test_one_or_two_letters_are_looked_for_as_they_are_and_beginnings_come_first(client, procurement):
    for name in ("Oriel", "Quillon", "Önix", "Cedar"):
        make_partner(name)
    client.force_login(procurement)
    assert names(client, find="o") == ["Oriel", "Önix", "Quillon"]


def test_filters_narrow_and_combine(client, procurement, unit):
    make_partner("A", kind="provider", segment="strategic", unit=unit, owner=procurement)
    make_partner("B", kind="provider", segment="tactical")
    make_partner("C", kind="vendor", segment="strategic")
    make_partner("D", archived_at=timezone.now())
    client.force_login(procurement)
    assert names(client, kind="provider") == ["A", "B"]
    assert names(client, kind="provider", segment="strategic") == ["A"]
    assert names(client, unit=unit.pk) == ["A"]
    assert names(client, unit="none") == ["B", "C"]
    assert names(client, owner=procurement.pk) == ["A"]
    assert names(client, owner="none") == ["B", "C"]
    assert names(client, archived="1") == ["D"]


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "wolf"}, {"segment": "Strategic"}, {"unit": "٣"}, {"unit": "9" * 40}, {"owner": "1_0"}, {"sort": "password"},
        {"sort": "--name"}, {"page": "-1"}, {"page": "9" * 30}, {"page": "nan"}, {"unit": "-1"}, {"owner": "1 OR 1=1"},
    ],
)  # fmt: skip
def test_what_makes_no_sense_in_the_address_is_left_out(client, procurement, asked):
    make_partner("A")
    client.force_login(procurement)
    assert names(client, **asked) == ["A"]


def test_the_list_sorts_by_any_column_both_ways_and_nothing_comes_last(client, procurement):
    today = timezone.localdate()
    first, second = make_partner("First"), make_partner("Second")
    make_partner("Third")
    make_contract(first, ends=today + timedelta(days=90))
    make_contract(first, ends=today - timedelta(days=5))
    make_contract(second, ends=today + timedelta(days=9))
    client.force_login(procurement)
    assert names(client, sort="ends") == ["Second", "First", "Third"]
    assert names(client, sort="-ends") == ["First", "Second", "Third"]
    assert names(client, sort="-contracts")[0] == "First"
    assert names(client, sort="-name") == ["Third", "Second", "First"]


def test_a_line_adds_up_what_running_contracts_are_worth_a_year_by_currency(client, procurement):
    today = timezone.localdate()
    partner = make_partner("Alder")
    make_contract(partner, ends=today, annual_value=Decimal("1000.50"), currency="EUR")
    make_contract(partner, ends=None, annual_value=500, currency="EUR")
    make_contract(partner, annual_value=7, currency="USD", starts=today + timedelta(days=1))
    make_contract(partner, annual_value=9, currency="AUD", ends=today - timedelta(days=1))
    years = timedelta(days=1461)  # four of them
    make_contract(partner, starts=today - timedelta(days=10), ends=today - timedelta(days=10) + years,
                  total_value=400, currency="AUD")  # fmt: skip
    client.force_login(procurement)
    (line,) = client.get(URL).context["lines"]
    assert line.contracts == 5
    assert line.next_end == today
    assert line.yearly == {"AUD": Decimal(100), "EUR": Decimal("1500.50")}


def test_the_answer_stands_at_the_top(client, procurement):
    make_partner("A", segment="strategic")
    make_partner("B")
    make_partner("C", segment="strategic", archived_at=timezone.now())
    client.force_login(procurement)
    assert b"2 partners, 1 of them strategic" in client.get(URL).content
    assert b"1 of 3 partners matches" in client.get(URL, {"find": "B"}).content


def test_nobody_sees_partners_or_contracts_behind_another_units_wall(client, stranger, unit):
    company = make_partner("Company wide")
    make_partner("Retail only", unit=unit, owner=make_user(name="Rita Retail"))
    make_contract(company, unit=unit, annual_value=5, ends=date(2099, 1, 1))
    client.force_login(stranger)
    answer = client.get(URL)
    (line,) = answer.context["lines"]
    assert (line.partner, line.contracts, line.next_end, line.yearly) == (company, 0, None, {})
    assert b"Retail" not in answer.content
    assert names(client, find="Retail only") == []
    assert b"Retail" not in client.get(reverse("partner_export")).content


def test_an_empty_list_says_what_would_be_here_and_how_to_begin(client, procurement, rater):
    client.force_login(procurement)
    assert reverse("import_list").encode() in client.get(URL).content
    client.force_login(rater)
    assert reverse("partner_create").encode() not in client.get(URL).content


def test_the_export_holds_what_the_list_is_filtered_to_and_runs_no_formula(client, procurement):
    make_partner("=HYPERLINK(1)", kind="provider", supplies="+1")
    make_partner("Other")
    client.force_login(procurement)
    answer = client.get(reverse("partner_export"), {"kind": "provider"})
    header, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert [row[0] for row in rows] == ["'=HYPERLINK(1)"]
    assert rows[0][header.index("supplies")] == "'+1"


def test_a_rater_sees_the_list_and_may_not_export_or_create(client, rater, unit):
    make_partner("Alder", unit=unit)
    client.force_login(rater)
    assert names(client) == ["Alder"]
    assert client.get(reverse("partner_export")).status_code == 403
    assert client.get(reverse("partner_create")).status_code == 403


@pytest.mark.parametrize("asked", [{}, {"find": "partner"}, {"sort": "-ends"}])
def test_the_number_of_statements_does_not_grow(client, procurement, asked, statements):
    page = f"{URL}?{urlencode(asked)}"
    client.force_login(procurement)
    for _ in range(2):
        make_contract(make_partner(owner=procurement), annual_value=5)
    client.get(URL)
    few = statements(client, page)
    for _ in range(55):
        make_contract(make_partner(owner=make_user(), unit=make_unit()), annual_value=5)
    assert statements(client, page) == few


def test_markup_in_a_name_is_shown_and_not_run(client, procurement):
    make_partner("<script>alert(1)</script>", supplies="<img src=x>")
    client.force_login(procurement)
    content = client.get(URL).content
    assert b"<script>alert" not in content
    assert b"<img src=x" not in content
    assert b"&lt;script&gt;" in content
