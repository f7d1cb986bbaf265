"""What an import writes: everything once, nothing overwritten by its twin, inside the walls."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from django.db.models import Sum

from accounts.models import AuditEntry, BusinessUnit
from partners.models import Contract, Partner, PartnerAlias
from partners.register.columns import MappingError
from partners.register.reading import read_table
from partners.services.register import Options, read_register
from tests.factories import make_contract, make_partner, make_unit, make_user
from tests.partners.register_files import HEADINGS, REAL, ROW, register, row, text

pytestmark = pytest.mark.django_db


def bring_in(content: bytes, *, user=None, write=True, name="register.csv", **options):
    """Import and return (report, outcome)."""
    outcome = read_register(
        read_table(io.BytesIO(content), name), user=user, options=Options(**options), write=write
    )
    return outcome.report(), outcome


def figures(report):
    return {
        sort: (report[sort]["partners"], report[sort]["contracts"])
        for sort in ("created", "updated", "unchanged")
    } | {"rejected": report["rejected"]}


NOTHING_NEW = {"created": (0, 0), "updated": (0, 0), "rejected": 0}


# --- The real register -----------------------------------------------------------------------------------
def test_the_real_register_comes_in_whole_and_again_changes_nothing():
    content = REAL.read_bytes()
    lines = list(csv.DictReader(io.StringIO(content.decode())))
    report, _ = bring_in(content, constants={"currency": "AUD"})
    assert (report["read"], report["rejected"], report["problems"]) == (1296, 0, [])
    assert report["created"]["contracts"] == Contract.objects.count()
    assert {line["contract_number"] for line in lines} == set(
        Contract.objects.values_list("reference", flat=True)
    )
    assert {line["details_url"] for line in lines} == set(Contract.objects.values_list("link", flat=True))
    assert Contract.objects.aggregate(sum=Sum("total_value"))["sum"] == sum(
        Decimal(line["amount"]) for line in lines
    )
    assert set(Contract.objects.values_list("currency", flat=True)) == {"AUD"}
    assert BusinessUnit.objects.count() == len({line["directorate"] for line in lines}) == 24
    changes = AuditEntry.objects.count()

    again, _ = bring_in(content, constants={"currency": "AUD"})
    unchanged = (report["created"]["partners"], report["created"]["contracts"])
    assert figures(again) == NOTHING_NEW | {"unchanged": unchanged}
    assert AuditEntry.objects.count() == changes


def test_the_oddities_of_the_real_register_are_reported():
    report, _ = bring_in(REAL.read_bytes(), write=False)
    notes = "\n".join(report["notes"])
    assert "11 supplier cells held several suppliers" in notes
    assert "Reference H2625763 stands at 2 different contracts: all are kept (lines 79, 80)." in notes
    assert "Reference PIEP0010135 stands at 2 different contracts" in notes
    assert "“DATA#3 LIMITED” may be “Data#3 Limited”: kept apart" in notes
    assert "name no currency: EUR is assumed" in notes
    assert (
        "Columns not used: procurement_unique_id, contract_type, slj_initiative, status, has_attachments."
        in notes
    )
    assert Contract.objects.count() == Partner.objects.count() == 0


def test_a_shared_contract_is_there_for_each_supplier_and_its_value_once():
    bring_in(b"\n".join(REAL.read_bytes().split(b"\n")[:145]))
    shared = Contract.objects.filter(reference="PITC0007473").order_by("pk")
    assert [(c.partner.name, c.reference_suffix, c.total_value) for c in shared] == [
        ("18fifty3 Group Pty Ltd", "PITC0007473.01", Decimal("212209.60")),
        ("Baseline Gardening", "PITC0007473.02", None),
    ]


# --- Once, and by reference ------------------------------------------------------------------------------
def test_an_edited_row_updates_its_contract_by_reference_and_leaves_the_rest():
    bring_in(register(ROW, row(no="C-2", title="Backup")))
    contract = Contract.objects.get(reference="C-1")
    report, _ = bring_in(
        register(row(title="Hosting and care", amount="2000"), row(no="C-2", title="Backup"))
    )
    assert figures(report) == NOTHING_NEW | {"updated": (0, 1), "unchanged": (1, 1)}
    contract.refresh_from_db()
    assert (contract.title, contract.total_value, contract.version) == ("Hosting and care", 2000, 2)


def test_an_empty_cell_never_erases_what_is_there():
    bring_in(register(ROW))
    report, _ = bring_in(register(row(end="", amount="")))
    assert figures(report)["unchanged"] == (1, 1)
    assert Contract.objects.get().ends == date(2026, 12, 31)


def test_twins_that_share_a_reference_are_both_kept_whatever_their_order():
    first, twin = row(title="Stock goods"), row(title="Line items")
    bring_in(register(first, twin))
    assert set(Contract.objects.values_list("title", flat=True)) == {"Stock goods", "Line items"}
    report, _ = bring_in(register(twin, first))
    assert figures(report) == NOTHING_NEW | {"unchanged": (1, 2)}


def test_editing_one_twin_changes_that_one_only():
    bring_in(register(row(title="Stock goods"), row(title="Line items")))
    report, _ = bring_in(register(row(title="Line items", amount="7"), row(title="Stock goods")))
    assert figures(report) == NOTHING_NEW | {"updated": (0, 1), "unchanged": (1, 1)}
    assert {c.title: c.total_value for c in Contract.objects.all()} == {"Stock goods": 1000, "Line items": 7}
    bring_in(
        register(row(title="Line items", amount="7"), row(title="Stock and more goods", end="2029-01-01"))
    )
    assert {c.title: c.total_value for c in Contract.objects.all()} == {
        "Stock and more goods": 1000,
        "Line items": 7,
    }


def test_a_twin_that_joins_later_is_added():
    bring_in(register(ROW))
    report, _ = bring_in(register(row(title="Something else", end="2029-01-01"), ROW))
    assert figures(report) == NOTHING_NEW | {"created": (0, 1), "unchanged": (1, 1)}


def test_a_row_that_may_mean_either_of_two_twins_is_reported_not_guessed():
    bring_in(register(row(title="Stock goods"), row(title="Line items")))
    report, _ = bring_in(register(row(title="Third thing", end="2031-01-01", amount="5")))
    assert "resembles none" in report["problems"][0]["reason"]
    assert Contract.objects.count() == 2


def test_twins_that_differ_only_in_a_column_not_used_come_in_twice_and_stay_two():
    content = text([*HEADINGS, "Cost centre code"], [*ROW, "k1"], [*ROW, "k2"])
    bring_in(content)
    assert Contract.objects.count() == 2
    assert figures(bring_in(content)[0]) == NOTHING_NEW | {"unchanged": (1, 2)}


def test_contracts_without_a_reference_are_found_by_partner_title_and_dates():
    content = register(
        row(no=""),
        row(no="", start="2027-01-01", end="2027-12-31"),
        row(no="", title="Support", start="", end=""),
    )
    bring_in(content)
    assert Contract.objects.count() == 3
    assert figures(bring_in(content)[0]) == NOTHING_NEW | {"unchanged": (1, 3)}


def test_the_same_reference_with_another_partner_is_another_contract_and_is_said():
    bring_in(register(row(no="1001")))
    report, _ = bring_in(register(row(no="1001", supplier="Birch Data", title="Feeds")))
    assert figures(report)["created"] == (1, 1)
    assert any("another partner" in note for note in report["notes"])
    assert Contract.objects.filter(reference="1001").count() == 2


def test_a_contract_follows_its_supplier_when_only_the_name_was_corrected():
    bring_in(register(row(supplier="Alder")))
    report, _ = bring_in(register(row(supplier="Alder Cloud Holding")))
    assert figures(report)["updated"] == (0, 1)
    assert Contract.objects.get().partner.name == "Alder Cloud Holding"


def test_a_reference_in_another_case_is_the_same():
    bring_in(register(row(no="AB-1")))
    assert figures(bring_in(register(row(no="ab-1")))[0])["created"] == (0, 0)


def test_a_list_of_partners_without_contracts_comes_in():
    content = text(["Vendor", "Vendor type"], ["Alder", "vendor"], ["Birch", "solution provider"])
    report, _ = bring_in(content)
    assert figures(report)["created"] == (2, 0)
    assert Partner.objects.get(name="Birch").kind == "provider"
    assert figures(bring_in(content)[0]) == NOTHING_NEW | {"unchanged": (2, 0)}


def test_every_field_of_a_contract_comes_in():
    user = make_user("rater", email="owner@example.org", name="Olga Owner")
    headings = [
        "partner",
        "kind",
        "reference",
        "title",
        "starts",
        "ends",
        "notice_days",
        "auto_renews",
        "annual_value",
        "total_value",
        "currency",
        "unit",
        "owner",
        "delivered_by",
        "link",
    ]
    cells = [
        "Alder",
        "vendor",
        "X-1",
        "All",
        "2026-01-01",
        "2027-01-01",
        "3 months",
        "yes",
        "100",
        "300",
        "CHF",
        "IT",
        "Owner@Example.org",
        "Birch Systems",
        "https://example.org",
    ]
    report, _ = bring_in(text(headings, cells))
    assert report["problems"] == []
    contract = Contract.objects.get()
    assert (contract.notice_period, contract.notice_unit, contract.auto_renews) == (3, "months", True)
    assert (contract.annual_value, contract.total_value, contract.currency) == (100, 300, "CHF")
    assert (contract.unit.name, contract.owner, contract.delivered_by.name, contract.delivered_by.kind) == (
        "IT",
        user,
        "Birch Systems",
        "provider",
    )
    assert (contract.partner.kind, contract.partner.owner, contract.partner.unit) == ("vendor", user, None)
    assert figures(bring_in(text(headings, cells))[0]) == NOTHING_NEW | {"unchanged": (2, 1)}


# --- Spellings -------------------------------------------------------------------------------------------
def test_another_spelling_is_proposed_and_never_merged_silently():
    make_partner("Viola Management Inc.", name_key="viola management")
    report, outcome = bring_in(register(row(supplier="VIOLA MANAGEMENT INC")))
    assert [(p.spelling, p.other) for p in outcome.plan.proposals] == [
        ("VIOLA MANAGEMENT INC", "Viola Management Inc.")
    ]
    assert "may be “Viola Management Inc.”" in report["notes"][-1]
    assert Partner.objects.count() == 2


def test_names_that_differ_only_in_spaces_are_the_same():
    make_partner("Alder Cloud Ltd")
    report, _ = bring_in(register(row(supplier="  Alder   Cloud\u00a0Ltd ")))
    assert figures(report)["unchanged"] == (1, 0)


def test_a_decision_is_followed_and_remembered():
    viola = make_partner("Viola Management Inc.", name_key="viola management")
    content = register(row(supplier="VIOLA MANAGEMENT INC"), row(supplier="Viola Management", no="C-2"))
    decisions = {
        "VIOLA MANAGEMENT INC": f"partner:{viola.pk}",
        "Viola Management": "name:VIOLA MANAGEMENT INC",
    }
    report, _ = bring_in(content, decisions=decisions)
    assert figures(report) == NOTHING_NEW | {"created": (0, 2), "unchanged": (1, 0)}
    assert set(viola.contracts.values_list("reference", flat=True)) == {"C-1", "C-2"}
    assert set(PartnerAlias.objects.values_list("name", flat=True)) == {
        "VIOLA MANAGEMENT INC",
        "Viola Management",
    }
    again, outcome = bring_in(content)
    assert figures(again) == NOTHING_NEW | {"unchanged": (1, 2)}
    assert outcome.plan.proposals == []


def test_decisions_that_lead_nowhere_or_in_a_circle_keep_partners_apart():
    content = register(row(supplier="Alder Cloud"), row(supplier="ALDER CLOUD", no="C-2"))
    circle = {"Alder Cloud": "name:ALDER CLOUD", "ALDER CLOUD": "name:Alder Cloud"}
    for decisions in (
        circle,
        {"Alder Cloud": "partner:999999"},
        {"Alder Cloud": "partner:x"},
        {"Alder Cloud": "nonsense"},
    ):
        report, _ = bring_in(content, decisions=decisions, write=False)
        assert report["created"]["contracts"] == 2


def test_two_spellings_in_one_cell_that_are_decided_the_same_make_one_contract():
    content = register(row(supplier="Egis\nEGIS"))
    report, _ = bring_in(content, decisions={"EGIS": "name:Egis"})
    assert figures(report)["created"] == (1, 1)


# --- Walls -----------------------------------------------------------------------------------------------
def test_from_within_a_unit_everything_goes_there_and_other_units_are_refused():
    retail, logistics = make_unit("Retail"), make_unit("Logistics")
    analyst = make_user("procurement", retail)
    content = text(
        [*HEADINGS, "Business unit"],
        [*ROW, ""],
        [*row(no="C-2"), "retail"],
        [*row(no="C-3"), "Logistics"],
        [*row(no="C-4"), "Unheard"],
    )
    report, _ = bring_in(content, user=analyst)
    assert [p["line"] for p in report["problems"]] == [4, 5]
    assert report["problems"][0]["reason"].endswith("not one of your business units")
    assert set(Contract.objects.values_list("reference", "unit")) == {("C-1", retail.pk), ("C-2", retail.pk)}
    assert Partner.objects.get().unit == retail
    assert not BusinessUnit.objects.exclude(pk__in=[retail.pk, logistics.pk]).exists()


def test_a_partner_of_another_unit_is_neither_found_nor_proposed_nor_changed():
    foreign = make_partner("Alder Cloud Ltd", unit=make_unit("Logistics"), name_key="alder cloud")
    theirs = make_contract(foreign, reference="C-1", title="Theirs")
    analyst = make_user("procurement", make_unit("Retail"))
    report, outcome = bring_in(register(ROW, row(supplier="ALDER CLOUD LTD", no="C-5")), user=analyst)
    assert figures(report)["created"] == (2, 2)
    assert [p.partner for p in outcome.plan.proposals] == [None]
    theirs.refresh_from_db()
    assert (theirs.title, foreign.contracts.count()) == ("Theirs", 1)


def test_a_reference_taken_by_an_unseen_contract_of_a_shared_partner_still_comes_in():
    shared = make_partner("Alder Cloud Ltd")
    make_contract(shared, reference="C-1", title="Theirs", unit=make_unit("Logistics"))
    analyst = make_user("procurement", make_unit("Retail"))
    report, _ = bring_in(register(ROW), user=analyst)
    assert figures(report)["created"] == (0, 1)
    assert figures(bring_in(register(ROW), user=analyst)[0])["unchanged"] == (1, 1)
    assert shared.contracts.count() == 2


def test_a_contract_of_the_whole_company_is_not_changed_from_within_a_unit():
    shared = make_contract(make_partner("Alder Cloud Ltd"), reference="C-1", title="Ours")
    report, _ = bring_in(register(ROW), user=make_user("procurement", make_unit("Retail")))
    assert "whole company" in report["problems"][0]["reason"]
    shared.refresh_from_db()
    assert shared.title == "Ours"


def test_a_unit_that_is_not_ones_own_cannot_be_chosen_for_the_file():
    with pytest.raises(MappingError):
        bring_in(register(ROW), user=make_user("procurement", make_unit()), unit=make_unit("Logistics"))


def test_a_unit_chosen_for_the_file_takes_contracts_and_new_partners():
    make_partner("Birch")
    report, _ = bring_in(register(ROW, row(supplier="Birch", no="C-2")), unit="New unit")
    unit = BusinessUnit.objects.get(name="New unit")
    assert set(Contract.objects.values_list("unit", flat=True)) == {unit.pk}
    assert {p.name: p.unit for p in Partner.objects.all()} == {"Alder Cloud Ltd": unit, "Birch": None}
    assert any("is new: “New unit”" in note for note in report["notes"])


# --- What cannot come in ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "column"),
    [({"supplier": ""}, "Supplier"), ({"supplier": "  –  "}, "Supplier"), ({"supplier": "x" * 301}, "Supplier"), ({"supplier": "Al\u202eder"}, "Supplier"),
     ({"supplier": "***"}, "Supplier"), ({"title": "x" * 501}, "Title"), ({"no": "x" * 101}, "Contract no"), ({"start": "31/02/2026"}, "Start"),
     ({"end": "2025-01-01"}, "End"), ({"amount": "NaN"}, "Amount"), ({"amount": "1_000"}, "Amount"), ({"amount": "(500)"}, "Amount"),
     ({"amount": "١٢٣"}, "Amount"), ({"amount": "Infinity"}, "Amount"), ({"title": "bad\x07"}, "Title")],
)  # fmt: skip
def test_a_bad_row_is_left_out_with_its_line_column_and_reason_and_the_good_one_comes_in(change, column):
    report, _ = bring_in(register(row(no="C-0"), row(**change)))
    assert [(p["line"], p["column"]) for p in report["problems"]] == [(3, column)]
    assert (report["rejected"], Contract.objects.count()) == (1, 1)


def test_an_end_before_the_start_that_is_already_there_is_refused():
    bring_in(register(ROW))
    report, _ = bring_in(register(row(start="", end="2025-06-30")))
    assert "before the contract starts" in report["problems"][0]["reason"]


def test_there_is_only_one_own_organisation():
    content = text(["Partner", "Kind"], ["We", "own"], ["They", "own"])
    report, _ = bring_in(content)
    assert figures(report) == {"created": (1, 0), "updated": (0, 0), "unchanged": (0, 0), "rejected": 1}
    assert figures(bring_in(content)[0])["unchanged"] == (1, 0)


def test_an_owner_nobody_knows_and_one_that_two_share_are_left_empty_and_said():
    make_user(name="Twin Sister"), make_user(name="Twin Sister")
    content = text([*HEADINGS, "Owner"], [*ROW, "Nobody Known"], [*row(no="C-2"), "Twin Sister"])
    report, _ = bring_in(content)
    assert Contract.objects.filter(owner=None).count() == 2
    assert sum("is nobody here" in note for note in report["notes"]) == 2


def test_amounts_in_two_currencies_are_refused_and_the_heading_names_the_currency():
    content = text(
        ["Supplier", "Title", "Amount (AUD)", "Currency"],
        ["Alder", "a", "5", ""],
        ["Birch", "b", "€5", "USD"],
    )
    report, _ = bring_in(content)
    assert "the currency column USD" in report["problems"][0]["reason"]
    assert Contract.objects.get().currency == "AUD"


def test_everything_or_nothing(monkeypatch):
    content = register(*[row(no=f"C-{n}") for n in range(700)])

    def fall_over(done: int) -> None:
        if done >= 500:
            raise RuntimeError("cut off")

    outcome_options = Options()
    table = read_table(io.BytesIO(content), "a.csv")
    with pytest.raises(RuntimeError):
        read_register(table, user=None, options=outcome_options, write=True, progress=fall_over)
    assert Contract.objects.count() == Partner.objects.count() == 0


def test_the_number_of_statements_does_not_grow_with_the_rows(django_assert_max_num_queries):
    with django_assert_max_num_queries(40):
        bring_in(register(*[row(supplier=f"Partner {n}", no=f"C-{n}") for n in range(400)]))
    with django_assert_max_num_queries(40):
        bring_in(register(*[row(supplier=f"Partner {n}", no=f"C-{n}", amount="5") for n in range(400)]))
    assert Contract.objects.filter(total_value=5).count() == 400
