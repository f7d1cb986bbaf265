"""Cost lines from files: shown first, then all of it or nothing; the same file again changes nothing."""

import io
import re
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import AuditEntry
from partners.models import CostLine
from partners.register.safety import Refused
from partners.services.cost_import import confirm, look_at
from tests.factories import make_contract, make_partner, make_unit, make_user
from tests.forms import form_data
from tests.partners.register_files import hostile_files, saved, text, workbook

pytestmark = pytest.mark.django_db
HEAD = ["Kind", "What for", "Amount", "Currency", "How often", "First day", "Last day"]
ROWS = [
    ["Licences", "400 users", "120,000.00", "EUR", "a year", "", ""],
    ["internal effort", "Admin", "15000.5", "", "", "2027", "2027"],
    ["Exit", "Migration", "$90,000.00", "USD", "once", "", ""],
    ["services", "Set-up", 7, "eur", "one-off", "2026-12-01", None],
]  # fmt: skip


@pytest.fixture
def contract():
    return make_contract(
        make_partner("Alder"), reference="PO-1", starts=date(2025, 6, 1), ends=date(2028, 5, 31)
    )


def look(user, *rows, contract=None, headings=HEAD):
    return look_at(io.BytesIO(text(headings, *rows)), "costs.csv", user=user, contract=contract)


def reasons(plan) -> list[tuple[int, str, str]]:
    return [tuple(problem) for problem in plan.problems]


def test_a_file_is_shown_then_written_as_a_whole_and_once(procurement, contract):
    plan = look(procurement, *ROWS, contract=contract)
    assert (plan.new, plan.updated, plan.unchanged, plan.problems) == (4, 0, 0, [])
    assert not CostLine.objects.exists()
    assert confirm(plan.sealed, user=procurement, contract=contract)[1]
    found = {line.note: line for line in CostLine.objects.all()}
    assert (found["400 users"].kind, found["400 users"].amount) == ("licence", Decimal("120000"))
    assert (found["Admin"].starts, found["Admin"].ends) == (date(2027, 1, 1), date(2027, 12, 31))
    assert (found["Admin"].currency, found["Admin"].kind) == ("EUR", "effort")
    assert (found["Migration"].once, found["Migration"].currency) == (True, "USD")
    assert (found["Set-up"].once, found["Set-up"].starts) == (True, date(2026, 12, 1))
    again = look(procurement, *ROWS, contract=contract)
    assert (again.changes, again.unchanged) == ([], 4)
    _, done = confirm(plan.sealed, user=procurement, contract=contract)
    assert not done  # what it was made against is there no more
    assert CostLine.objects.count() == 4


def test_a_line_of_the_same_kind_purpose_and_day_is_changed_and_the_history_has_it(procurement, contract):
    old = CostLine.objects.create(contract=contract, note="400 users", amount=1, currency="USD")
    other = CostLine.objects.create(contract=contract, note="Another", amount=1, currency="USD")
    plan = look(procurement, ROWS[0], contract=contract)
    assert (plan.new, plan.updated) == (0, 1)
    assert plan.changes[0].was == old
    assert confirm(plan.sealed, user=procurement, contract=contract)[1]
    old.refresh_from_db()
    assert (old.amount, old.currency, old.version) == (Decimal("120000"), "EUR", 2)
    assert CostLine.objects.filter(pk=other.pk).exists()
    assert AuditEntry.objects.filter(table_name="partners_costline", row_id=old.pk, action="update").exists()


@pytest.mark.parametrize(
    ("changes", "column", "said"),
    [
        ({"Kind": ""}, "Kind", "says no kind"),
        ({"Kind": "Bribes"}, "Kind", "is no kind of cost"),
        ({"Amount": ""}, "Amount", "says no amount"),
        ({"Amount": "-5"}, "Amount", "negative"),
        ({"Amount": "0." + "1" * 40}, "Amount", "more than two decimals"),
        ({"Amount": "100." + "0" * 30 + "1"}, "Amount", "more than two decimals"),
        ({"Amount": "9" * 30}, "Amount", "larger than any"),
        ({"Amount": "NaN"}, "Amount", "is no amount"),
        ({"Amount": "=1+1"}, "Amount", "is no amount"),
        ({"Amount": "$5.00"}, "Amount", "several currencies"),
        ({"Amount": "£5.00"}, "Amount", "says GBP beside"),
        ({"Currency": "XXX"}, "Currency", "no ISO 4217"),
        ({"How often": "monthly"}, "How often", "is no frequency"),
        ({"First day": "31.02.2027"}, "First day", "does not exist"),
        ({"First day": "someday"}, "First day", "is no date"),
        ({"First day": "2028-01-01", "Last day": "2027-01-01"}, "Last day", "before the first day"),
        ({"First day": "2029-01-01"}, "First day", "after the end of life, 31 May 2028"),
        ({"How often": "once"}, "First day", "On which day"),
        ({"How often": "once", "First day": "2027-01-01", "Last day": "2027-02-01"}, "Last day", "one day"),
        ({"What for": "x" * 301}, "What for", "up to 300 fit"),
        ({"What for": "a\u202eb"}, "What for", "invisible"),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_with_its_line_and_nothing_comes_in(procurement, contract, changes, column, said):
    usual = dict(zip(HEAD, ROWS[0], strict=True))
    plan = look(procurement, ROWS[1], list((usual | changes).values()), contract=contract)
    assert [(line, where) for line, where, _ in reasons(plan)] == [(3, column)]
    assert said in plan.problems[0].reason
    assert not plan.sealed


def test_two_rows_that_are_the_same_line_are_refused(procurement, contract):
    plan = look(procurement, ROWS[0], ["licence", "400 users", "5", "EUR", "", "", ""], contract=contract)
    assert "as line 2" in plan.problems[0].reason


def test_columns_may_stand_in_any_order_in_a_workbook(procurement, contract):
    book = saved(
        workbook(["Cost", "Type", "From"], [1000, "Support", date(2027, 1, 1)], [2000.25, "Licence", 2027])
    )
    plan = look_at(io.BytesIO(book), "costs.xlsx", user=procurement, contract=contract)
    assert [(c.line.amount, c.line.kind, c.line.starts) for c in plan.changes] == [
        (Decimal("1000"), "service", date(2027, 1, 1)), (Decimal("2000.25"), "licence", date(2027, 1, 1)),
    ]  # fmt: skip


def test_a_file_that_does_not_name_its_columns_or_means_harm_is_refused(procurement, contract):
    with pytest.raises(Refused, match="missing: kind, amount"):
        look(procurement, ["a", "b"], contract=contract, headings=["Colour", "Shape"])
    with pytest.raises(Refused, match="missing: reference"):
        look(procurement, ROWS[0])
    for name, content, reason in list(hostile_files().values())[:12]:
        with pytest.raises(Refused, match=re.escape(reason)):
            look_at(io.BytesIO(content), name, user=procurement, contract=contract)


def test_a_file_of_many_contracts_finds_them_by_reference_and_partner(procurement, contract):
    twin = make_contract(make_partner("Birch"), reference="PO-1", ends=date(2028, 5, 31))
    heads = ["Contract", "Partner", "Kind", "Amount"]
    plan = look(
        procurement, ["po-1", "ALDER", "licence", "1"], ["PO-1", "Birch", "licence", "2"], headings=heads
    )
    assert [change.line.contract for change in plan.changes] == [contract, twin]
    assert confirm(plan.sealed, user=procurement)[1]
    bad = look(
        procurement,
        ["PO-1", "", "licence", "1"],
        ["PO-9", "", "licence", "1"],
        ["", "", "licence", "1"],
        headings=heads,
    )
    said = [problem.reason for problem in bad.problems]
    assert "name the partner as well" in said[0]
    assert "no contract that you can see" in said[1]
    assert "names no contract" in said[2]


def test_what_is_exported_of_all_contracts_changes_nothing(analyst, contract):
    twin = make_contract(make_partner("=Birch"), reference="PO-1", ends=date(2028, 5, 31))
    for row in (contract, twin):
        CostLine.objects.create(contract=row, note="-1 users", amount=Decimal("12.34"), currency="USD")
    CostLine.objects.create(contract=contract, kind="exit", once=True, amount=5, currency="EUR")
    foreign = make_contract(make_partner("Cedar", unit=make_unit()), reference="PO-3")
    CostLine.objects.create(contract=foreign, amount=6, currency="EUR")
    exported = analyst.get(reverse("costs_export")).content
    again = analyst.post(reverse("costs_import"), {"file": SimpleUploadedFile("costs.csv", exported)})
    assert again.context["plan"].problems == []
    assert (again.context["plan"].changes, again.context["plan"].unchanged) == ([], 4)


def test_lines_of_another_contract_do_not_come_in_on_this_ones_page(procurement, contract):
    plan = look(
        procurement, ["PO-2", "licence", "1"], contract=contract, headings=["Contract", "Kind", "Amount"]
    )
    assert "is another contract" in plan.problems[0].reason


def test_nobody_reaches_a_contract_of_a_foreign_unit(contract):
    outsider = make_user("procurement", make_unit("Foreign"))
    contract.unit = make_unit("Own")
    contract.save()
    plan = look(outsider, ["PO-1", "licence", "1"], headings=["Contract", "Kind", "Amount"])
    assert "no contract that you can see" in plan.problems[0].reason


def test_a_preview_of_somebody_else_or_tampered_with_is_not_written(procurement, contract):
    plan = look(procurement, ROWS[0], contract=contract)
    for user, whose, sealed in (
        (make_user("procurement", all_units=True), contract, plan.sealed), (procurement, None, plan.sealed),
        (procurement, contract, plan.sealed[:-3]), (procurement, contract, "x"),
    ):  # fmt: skip
        with pytest.raises(Refused, match="not yours"):
            confirm(sealed, user=user, contract=whose)
    make_contract()
    contract.delete()
    with pytest.raises(Refused, match="is gone"):
        confirm(
            plan.sealed, user=procurement, contract=contract.__class__(pk=plan.changes[0].line.contract_id)
        )


def test_the_pages_lead_through_and_what_was_exported_changes_nothing(analyst, contract):
    address = reverse("cost_import", args=[contract.pk])
    shown = analyst.post(address, {"file": SimpleUploadedFile("costs.csv", text(HEAD, *ROWS))})
    assert shown.status_code == 200
    assert "4 lines to add, 0 to change" in shown.content.decode()
    answer = analyst.post(address, {"sealed": form_data(shown)["sealed"][0]}, follow=True)
    assert "4 cost lines added" in answer.content.decode()
    exported = analyst.get(reverse("cost_export", args=[contract.pk])).content
    again = analyst.post(address, {"file": SimpleUploadedFile("costs.csv", exported)})
    assert "The file changes nothing" in again.content.decode()
    wrong = analyst.post(address, {"file": SimpleUploadedFile("costs.csv", text(HEAD, ["x"]))})
    assert wrong.status_code == 400
    assert "1 thing to mend" in wrong.content.decode()
    taken = analyst.post(address, {"left_out": form_data(wrong)["left_out"][0]}).content.decode("utf-8-sig")
    assert taken.splitlines()[1].startswith("2,"), taken
    assert analyst.post(address, {"file": SimpleUploadedFile("costs.pdf", b"%PDF-1")}).status_code == 400
    assert analyst.post(address, {"sealed": "nonsense"}).status_code == 400
    assert analyst.post(address).status_code == 400


def test_a_change_between_look_and_confirm_is_shown_again(analyst, contract):
    line = CostLine.objects.create(contract=contract, note="400 users", amount=1, currency="EUR")
    address = reverse("cost_import", args=[contract.pk])
    shown = analyst.post(address, {"file": SimpleUploadedFile("costs.csv", text(HEAD, ROWS[0]))})
    CostLine.objects.filter(pk=line.pk).update(amount=2, version=2)
    answer = analyst.post(address, {"sealed": form_data(shown)["sealed"][0]})
    assert "Somebody changed these rows meanwhile" in answer.content.decode()
    line.refresh_from_db()
    assert line.amount == 2
    analyst.post(address, {"sealed": form_data(answer)["sealed"][0]})
    line.refresh_from_db()
    assert line.amount == 120000
