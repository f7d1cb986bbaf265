"""Extending, amending and documenting a contract in the browser, and what its page shows of that."""

import re
from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from governance.services.decisions import record_decision
from partners.models import EVERGREEN, EXTENSIONS, Amendment, Document
from partners.services.deadlines import recompute_deadlines
from partners.services.terms import extend
from tests.partners.conftest import make_term as make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
OPTION = {
    "term": EXTENSIONS, "starts": date(2025, 9, 1), "ends": date(2027, 8, 31), "notice_period": 1,
    "notice_unit": "months", "renewal_months": 6, "extensions": 2,
}  # fmt: skip


def page_of(client, address) -> str:
    return " ".join(client.get(address).content.decode().split())


def post(client, name, row, **typed):
    return client.post(reverse(name, args=[row.pk]), typed)


def test_extending_says_the_new_end_and_deadline_first_and_can_be_undone(analyst):
    contract = make(**OPTION)
    assert "Extend by 6 months" in page_of(analyst, contract.get_absolute_url())
    asked = page_of(analyst, reverse("contract_extend", args=[contract.pk]))
    assert "Extend it by 6 months, until 29 Feb 2028?" in asked
    assert "The notice deadline will be 28 Jan 2028" in asked
    assert "extension 1 of 2" in asked
    assert post(analyst, "contract_extend", contract).status_code == 409
    assert post(analyst, "contract_extend", contract, version=1).status_code == 302
    page = page_of(analyst, contract.get_absolute_url())
    assert "Extended at our option" in page
    assert "1 of 2 used" in page
    assert "renewed itself" not in page
    assert post(analyst, "contract_extend", contract, version=1).status_code == 409  # pressed twice
    undo = page_of(analyst, reverse("contract_extend_undo", args=[contract.pk]))
    assert "Back to the end on 31 Aug 2027?" in undo
    assert post(analyst, "contract_extend_undo", contract, version=2).status_code == 302
    contract.refresh_from_db()
    assert (contract.term_ends, contract.notice_deadline) == (date(2027, 8, 31), date(2027, 7, 30))
    assert post(analyst, "contract_extend_undo", contract, version=3).status_code == 409


def test_where_no_extension_is_left_the_page_says_so_and_changes_nothing(analyst):
    contract = make(**OPTION | {"extensions": 0})
    page = page_of(analyst, contract.get_absolute_url())
    assert "Extend by" not in page
    assert "no extension is left" in page
    assert "It cannot be extended" in page_of(analyst, reverse("contract_extend", args=[contract.pk]))
    answer = post(analyst, "contract_extend", contract, version=1)
    assert answer.status_code == 409
    assert b"All 0 extensions are used" in answer.content


def test_nothing_is_extended_past_its_end_of_life(analyst):
    contract = make(**OPTION, end_of_life=date(2028, 2, 28))
    answer = post(analyst, "contract_extend", contract, version=1)
    assert answer.status_code == 409
    assert "until 29 Feb 2028, past its end of life on 28 Feb 2028" in answer.content.decode()
    contract.refresh_from_db()
    assert (contract.extended, contract.term_ends) == (0, date(2027, 8, 31))


def test_a_start_nobody_entered_is_not_made_up(analyst):
    contract = make(ends=date(2028, 5, 31), starts=None, notice_period=1, notice_unit="months")
    page = page_of(analyst, contract.get_absolute_url())
    assert "Terms of the contract until 31 May 2028" in page
    assert "Until 31 May 2028, notice by 28 Apr 2028." in page
    assert "30 May" not in page


def test_what_was_stopped_ended_as_decided(client, procurement, executive, clock):
    contract = make(ends=date(2027, 6, 30), auto_renews=True, renewal_months=12, notice_period=1)
    record_decision(contract, outcome="leave", reasons="Dear.", snapshot={}, by=executive)
    clock.move_to(datetime(2027, 12, 1, 11, tzinfo=UTC))
    recompute_deadlines()
    client.force_login(procurement)
    page = page_of(client, contract.get_absolute_url())
    assert "It ran until 30 Jun 2027 and ended for good, as decided." in page
    assert "was to renew itself" not in page


def test_an_amendment_moves_the_end_and_the_value_and_stands_on_the_page(analyst):
    contract = make(starts=date(2025, 1, 1), ends=date(2026, 12, 31), notice_period=1, notice_unit="months")
    typed = {
        "day": "2026-11-02", "what": "One more year", "new_end": "2027-12-31", "new_value": "12,500.50",
        "link": "https://papers.example/1",
    }  # fmt: skip
    assert post(analyst, "amendment_create", contract, **typed).status_code == 302
    contract.refresh_from_db()
    assert (contract.ends, contract.notice_deadline) == (date(2027, 12, 31), date(2027, 11, 30))
    assert (str(contract.annual_value), contract.version) == ("12500.50", 2)
    page = page_of(analyst, contract.get_absolute_url())
    assert "One more year" in page
    assert "new end 31 Dec 2027" in page
    assert "End changed" in page
    amendment = Amendment.objects.get()
    assert (
        post(analyst, "amendment_edit", amendment, **typed | {"what": "A year"}, version=1).status_code == 302
    )
    assert post(analyst, "amendment_edit", amendment, **typed, version=1).status_code == 409
    assert post(analyst, "amendment_delete", amendment, version=2).status_code == 302
    contract.refresh_from_db()
    assert (contract.ends, contract.version) == (date(2027, 12, 31), 2)


def test_an_older_amendment_entered_later_moves_nothing(analyst):
    contract = make(ends=date(2026, 12, 31))
    for day, end in [("2026-11-02", "2028-12-31"), ("2025-11-02", "2027-12-31")]:
        post(analyst, "amendment_create", contract, day=day, what="Longer", new_end=end)
    contract.refresh_from_db()
    assert (contract.ends, Amendment.objects.count()) == (date(2028, 12, 31), 2)


@pytest.mark.parametrize(
    ("fields", "typed", "field", "said"),
    [
        ({}, {"new_end": "2024-12-31"}, "new_end", "before it starts on 1 Jan 2025"),
        ({}, {"new_end": "2025-02-01"}, "new_end", "longer than the whole term"),
        ({"end_of_life": date(2027, 1, 1)}, {"new_end": "2028-01-01"}, "new_end", "end of life, 1 Jan 2027"),
        ({"term": EVERGREEN, "ends": None}, {"new_end": "2028-01-01"}, "new_end", "evergreen"),
        ({}, {"new_end": "9999-12-31"}, "new_end", "not between"),
        ({}, {"new_value": "-1"}, "new_value", "negative"),
        ({}, {"day": "2026-11-23"}, "day", "has not come yet"),
        ({}, {"what": ""}, "what", "required"),
        ({}, {"what": "x" * 501}, "what", "at most 500"),
        ({}, {"link": "javascript:alert(1)"}, "link", "https://"),
    ],
)  # fmt: skip
def test_what_cannot_be_amended_is_said_beside_its_field(analyst, fields, typed, field, said):
    given = {"starts": date(2025, 1, 1), "ends": date(2026, 12, 31), "notice_period": 90} | fields
    contract = make(**given)
    answer = post(analyst, "amendment_create", contract, **{"day": "2026-11-02", "what": "Longer", **typed})
    assert answer.status_code == 400
    assert said in " ".join(answer.context["form"].errors[field])
    contract.refresh_from_db()
    assert (Amendment.objects.count(), contract.ends, contract.version) == (0, given["ends"], 1)


def test_documents_are_links_and_nothing_else(analyst):
    contract = make()
    typed = {"title": "Price list", "link": "papers.example/prices", "day": "2026-01-15"}
    assert post(analyst, "document_create", contract, **typed).status_code == 302
    document = Document.objects.get()
    page = page_of(analyst, contract.get_absolute_url())
    assert '<a href="https://papers.example/prices" rel="noopener noreferrer">Price list</a>' in page
    for wrong in ({"link": ""}, {"link": "javascript:alert(1)"}, {"title": ""}, {"day": "soon"}):
        assert post(analyst, "document_create", contract, **typed | wrong).status_code == 400
    assert (
        post(analyst, "document_edit", document, **typed | {"title": "Prices"}, version=1).status_code == 302
    )
    assert "Delete the document “Prices”?" in page_of(analyst, reverse("document_delete", args=[document.pk]))
    assert post(analyst, "document_delete", document, version=1).status_code == 409
    assert post(analyst, "document_delete", document, version=2).status_code == 302
    assert not Document.objects.exists()


def test_the_line_of_terms_says_in_words_what_it_draws(analyst, executive, clock):
    contract = make(
        starts=date(2024, 1, 1), ends=date(2026, 12, 31), notice_period=1, notice_unit="months",
        auto_renews=True, renewal_months=12,
    )  # fmt: skip
    clock.move_to(datetime(2026, 12, 1, 11, tzinfo=UTC))
    recompute_deadlines()
    contract.refresh_from_db()
    record_decision(contract, outcome="leave", reasons="Dear.", snapshot={}, by=executive)
    page = page_of(analyst, contract.get_absolute_url())
    said = re.search(r'<desc id="td820">(.*?)</desc>', page)[1]
    assert said == (
        "1 Jan 2024 to 31 Dec 2026, notice by 30 Nov 2026. 1 Jan 2027 to 31 Dec 2027, notice by 30 Nov 2027. "
        "Today is 1 Dec 2026. It was decided that it ends for good then."
    )
    assert "Decided: it ends for good on 31 Dec 2027. Notice has to be given by 30 Nov 2027" in page
    assert "decided: ends for good on 31 Dec 2027" in page
    assert "ends for good 31 Dec 2027</text>" in page


@pytest.mark.parametrize(
    "fields",
    [
        {"ends": date.max},
        {"ends": date(1990, 1, 1)},
        {"starts": date(2030, 1, 1), "ends": date(2031, 1, 1)},
        {"starts": date(2026, 11, 22), "ends": date(2026, 11, 22), "notice_period": 0},
        {"starts": date(1990, 1, 1), "ends": date(1999, 1, 31), "auto_renews": True, "renewal_months": 1},
        {"term": EVERGREEN, "ends": None},
    ],
)
def test_the_page_of_unusual_terms_opens(analyst, fields):
    page = page_of(analyst, make(**fields).get_absolute_url())
    assert ("<desc" in page) == bool(fields["ends"])
    assert not re.search(r' (x|width)="(-|nan|inf)', page)


def test_the_contract_page_asks_as_often_for_many_terms_as_for_few(analyst, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    contract = make(**OPTION)
    with CaptureQueriesContext(
        connection,
    ) as few:
        analyst.get(contract.get_absolute_url())
    extend(contract, version=1)
    for number in range(8):
        Amendment.objects.create(contract=contract, day=date(2026, 1, 1 + number), what="Longer")
        Document.objects.create(contract=contract, title=f"{number}", link="https://a.example/")
    with django_assert_num_queries(len(few)):
        analyst.get(contract.get_absolute_url())


def test_a_rater_reads_terms_and_changes_none(client, rater):
    contract = make(**OPTION)
    client.force_login(rater)
    page = page_of(client, contract.get_absolute_url())
    assert "Extend by" not in page
    assert "Add an amendment" not in page
    assert post(client, "contract_extend", contract, version=1).status_code == 403


def test_home_says_what_renewed_itself_and_not_what_came_in_so(client, executive, clock):
    make(
        title="Hosting",
        ends=date(2026, 12, 31),
        notice_period=1,
        notice_unit="months",
        auto_renews=True,
        renewal_months=12,
    )
    make(
        title="Old lines",
        ends=date(2020, 12, 31),
        notice_period=1,
        notice_unit="months",
        auto_renews=True,
        renewal_months=120,
    )
    extend(make(title="Extended", **OPTION), version=1)
    client.force_login(executive)
    assert "Renewed itself" not in page_of(client, reverse("home"))
    clock.move_to(datetime(2026, 12, 1, 11, tzinfo=UTC))
    recompute_deadlines()
    page = page_of(client, reverse("home"))
    assert "Renewed itself:</b>" in page
    assert page.count("goes on until") == 1
    assert "Hosting</a> with" in page
    assert "goes on until 31 Dec 2027" in page
