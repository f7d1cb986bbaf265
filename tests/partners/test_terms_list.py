"""The register of contracts: found whatever the spelling, filtered and sorted by the address, inside the walls."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from partners.models import EVERGREEN, EXTENSIONS, Contract
from partners.services.deadlines import set_deadlines
from tests.factories import make_contract, make_partner, make_unit
from tests.partners.conftest import make_term
from tests.partners.register_files import text
from tests.partners.test_register_import import bring_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
URL = "/contracts/"
TODAY = date(2026, 11, 22)


def make(title, **fields) -> Contract:
    return make_term(title=title, **fields)


def titles(client, **asked) -> list[str]:
    answer = client.get(URL, asked)
    assert answer.status_code == 200, answer.content
    return [contract.title for contract in answer.context["page"]]


@pytest.fixture
def several(db, procurement, unit):
    alder, birch = make_partner("Société Alder", segment="strategic"), make_partner("Birch Networks")
    notice = {"notice_period": 30, "annual_value": 5}
    make("Hosting", partner=alder, reference="PO-77", ends=TODAY + timedelta(days=50), unit=unit, **notice)
    make("Lines", partner=birch, ends=TODAY + timedelta(days=10), owner=procurement, **notice)
    make("Licences", partner=birch, ends=TODAY + timedelta(days=400), term=EXTENSIONS, **notice)
    make("Support", partner=birch, ends=None, term=EVERGREEN)
    make(
        "Cleaning",
        partner=birch,
        ends=TODAY + timedelta(days=200),
        auto_renews=True,
        renewal_months=12,
        **notice,
    )
    make("Old lines", partner=birch, ends=TODAY - timedelta(days=9), **notice)
    make("Shelved", partner=make_partner(archived_at=datetime(2026, 1, 1, tzinfo=UTC)))


def test_the_notice_deadline_that_comes_first_stands_first(analyst, several):
    assert titles(analyst) == ["Lines", "Hosting", "Cleaning", "Licences", "Support"]
    assert titles(analyst, sort="-deadline") == ["Licences", "Cleaning", "Hosting", "Lines", "Support"]
    assert titles(analyst, sort="title")[0] == "Cleaning"
    assert titles(analyst, sort="partner", show="all")[-1] == "Hosting"
    assert titles(analyst, sort="; drop table") == titles(analyst)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"deadline": "overdue"}, ["Lines"]),
        ({"deadline": "30"}, ["Hosting"]),
        ({"deadline": "180"}, ["Hosting", "Cleaning"]),
        ({"deadline": "none"}, ["Support"]),
        ({"deadline": "soon"}, ["Lines", "Hosting", "Cleaning", "Licences", "Support"]),
        ({"term": "renews"}, ["Cleaning"]),
        ({"term": "option"}, ["Licences"]),
        ({"term": "evergreen"}, ["Support"]),
        ({"term": "fixed"}, ["Lines", "Hosting"]),
        ({"segment": "strategic"}, ["Hosting"]),
        ({"unit": "none", "segment": "strategic"}, []),
        ({"owner": "none", "deadline": "overdue"}, []),
        ({"show": "ended"}, ["Old lines"]),
        ({"find": "hostign"}, ["Hosting"]),
        ({"find": "po-77"}, ["Hosting"]),
        ({"find": "SOCIETE alder"}, ["Hosting"]),
        ({"find": "po-77", "page": "99"}, ["Hosting"]),
        ({"find": "x" * 5000}, []),
        ({"unit": "99999999999999999999"}, ["Lines", "Hosting", "Cleaning", "Licences", "Support"]),
    ],
)
def test_filters_stand_in_the_address(analyst, several, asked, found):
    assert titles(analyst, **asked) == found


def test_contracts_of_other_units_are_not_listed_nor_exported(client, stranger, several):
    client.force_login(stranger)
    assert "Hosting" not in titles(client)


def test_an_empty_register_says_what_would_be_here(analyst):
    page = analyst.get(URL).content.decode()
    assert "would be listed here" in page
    assert reverse("import_list") in page
    make("Old", ends=TODAY - timedelta(days=9))
    assert "Every contract has ended" in analyst.get(URL).content.decode()
    assert "No contract matches" in analyst.get(URL, {"find": "zebra"}).content.decode()


def test_many_contracts_cost_as_many_statements_as_few(analyst, several, django_assert_num_queries):
    with CaptureQueriesContext(connection) as few:
        analyst.get(URL)
    for number in range(70):
        make(
            f"More {number}", partner=make_partner(unit=make_unit()), notice_period=1, time_zone="Asia/Tokyo"
        )
    with django_assert_num_queries(len(few)):
        analyst.get(URL)
    assert len(titles(analyst, page="2")) == 25


def test_a_rater_sees_the_list_and_downloads_nothing(client, rater, several):
    client.force_login(rater)
    assert "Download CSV" not in client.get(URL).content.decode()
    assert client.get(reverse("contract_export")).status_code == 403


def test_what_is_exported_and_brought_in_again_changes_nothing(analyst, several, procurement):
    Contract.objects.filter(title="Licences").update(
        renewal_months=6, country="DE", time_zone="Europe/Berlin", total_value=12, link="https://a.example/x",
        delivered_by=make_partner("Cedar", kind="provider"),
    )  # fmt: skip
    exported = analyst.get(reverse("contract_export"), {"show": "all"}).content
    assert exported.count(b"\r\n") == 7
    report, _ = bring_in(exported)
    assert report["problems"] == []
    assert report["created"] == {"partners": 0, "contracts": 0}
    assert report["updated"] == {"partners": 0, "contracts": 0}
    assert report["unchanged"]["contracts"] == 6


# --- optional columns of a register ---------------------------------------------------------------------------
HEADINGS = ["Supplier", "Contract no", "Title", "Start", "End", "Notice period", "Auto renewal", "Kind of term", "Renewal months", "Country", "Time zone"]  # fmt: skip
ROW = ["Alder", "C-1", "Hosting", "2025-01-01", "2027-12-25", "0 days", "no", "option", "6", "Germany", "europe/berlin"]  # fmt: skip


def test_a_register_may_say_kind_of_term_country_and_time_zone():
    report, _ = bring_in(text(HEADINGS, ROW))
    assert report["problems"] == []
    contract = Contract.objects.get()
    assert (contract.term, contract.renewal_months) == ("option", 6)
    assert (contract.country, contract.time_zone) == ("DE", "Europe/Berlin")
    assert contract.notice_deadline == date(2027, 12, 24)  # Christmas Day is a holiday there
    for code in ("de", "DEU", " germany "):
        report, _ = bring_in(text(HEADINGS, [*ROW[:9], code, ROW[10]]))
        assert report["unchanged"]["contracts"] == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Country": "Atlantis"}, "“Atlantis” is no country whose holidays are known"),
        ({"Time zone": "Berlin"}, "“Berlin” is no time zone"),
        ({"Kind of term": "long"}, "“long” is no kind of term"),
        ({"Renewal months": "0"}, "no number of months between 1 and 240"),
        ({"Renewal months": "30 days"}, "no number of months"),
        ({"Kind of term": "evergreen"}, "is evergreen, but the contract ends on 2027-12-25"),
        ({"Kind of term": "evergreen", "End": "", "Auto renewal": "yes"}, "nothing to renew"),
        ({"Auto renewal": "yes"}, "only one of the two"),
        ({"Notice period": "40 months"}, "40 months is longer than the whole term"),
        ({"End": "2024-12-25"}, "before it starts"),
    ],
)
def test_what_a_register_cannot_say_of_terms_is_a_problem_of_its_row(changes, said):
    row = [changes.get(heading, cell) for heading, cell in zip(HEADINGS, ROW, strict=True)]
    right = ["Birch", "C-2", "Lines", "2025-01-01", "2027-12-25", "1 month", "no", "fixed", "", "US", ""]
    report, _ = bring_in(text(HEADINGS, row, right))
    assert [problem["line"] for problem in report["problems"]] == [2]
    assert said in report["problems"][0]["reason"]
    assert [contract.title for contract in Contract.objects.all()] == ["Lines"]


@pytest.mark.parametrize(
    ("fields", "headings", "cells", "said"),
    [
        ({}, ["Kind of term"], ["evergreen"], "is evergreen, but"),
        ({"auto_renews": True, "renewal_months": 6}, ["Kind of term"], ["option"], "only one of the two"),
        ({"starts": date(2027, 1, 1)}, ["Notice period"], ["13 months"], "longer than the whole term"),
        ({"term": EXTENSIONS, "renewal_months": 6, "extended": 1}, ["Renewal months"], ["12"], "was extended until 2028-06-30"),
    ],
)  # fmt: skip
def test_what_would_contradict_the_contract_that_is_there_is_a_problem_too(fields, headings, cells, said):
    contract = make(
        "Hosting", partner=make_partner("Alder"), reference="C-1", ends=date(2027, 12, 31), **fields
    )
    report, _ = bring_in(text(["Supplier", "Contract no", *headings], ["Alder", "C-1", *cells]))
    assert said in report["problems"][0]["reason"]
    contract.refresh_from_db()
    assert contract.version == 1


def test_what_is_far_off_is_told_in_years(client, procurement):
    client.force_login(procurement)
    contract = make_contract(ends=TODAY + timedelta(days=21 * 366), notice_period=30)
    set_deadlines([contract])
    contract.save()
    for page in (reverse("contract_list"), contract.get_absolute_url(), reverse("brief", args=[contract.pk])):
        assert "in 20 years" in client.get(page).content.decode().replace("\u00a0", " "), page
