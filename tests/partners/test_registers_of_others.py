"""Registers as other companies keep them come in whole, with what their cells mean."""

import io
from datetime import date
from decimal import Decimal

import pytest
from openpyxl import Workbook

from partners.register.reading import read_table
from partners.services.register import Options, read_register
from tests.factories import make_partner
from tests.partners.register_files import saved, text

pytestmark = pytest.mark.django_db


def plan(content: bytes, name: str = "register.csv"):
    """What importing the file would do."""
    return read_register(read_table(io.BytesIO(content), name), user=None, options=Options()).plan


def said(contract, *names: str) -> list:
    """What a planned contract says in these fields."""
    values = {name: getattr(value, "name", value) for name, value in contract.values.items()}
    return [contract.partner.name, *(values.get(name) for name in names)]


def notice(contract) -> tuple[int | None, str | None]:
    return contract.values.get("notice_period"), contract.values.get("notice_unit")


def reasons(found) -> list[str]:
    return [f"{p.line} {p.reason}" for p in found.problems]


def test_german_with_titles_above_totals_below_and_words_for_numbers():
    found = plan(text(
        ["Vertragsübersicht IT", "", "", "", "", "", ""], ["Stand: 30.09.2026", "", "", "", "", "", ""], [],
        ["Lieferant", "Vertrags-Nr.", "Vertragsende", "Kündigungsfrist", "Verlängerung automatisch", "Jahreswert netto (EUR)", "Abteilung"],
        ["Nordlicht AG", "V-1", "unbefristet", "drei Monate zum 31.12.", "Ja (12 Monate)", "1.234.567,89", "Betrieb"],
        ["Nordlicht Aktiengesellschaft", "V-2", "31.3.2027", "6 Wochen", "x", "1.200,-", "Betrieb"],
        ["Kabelwerk e.K.", "V-3", "31.01.28", "1 Quartal", "-", "Fr. 5'000.-", ""],
        [], ["Gesamtsumme", "", "", "", "", "1.235.767,89", ""], ["Quelle: Buchhaltung", "", "", "", "", "", ""],
        delimiter=";", encoding="cp1252",
    ))  # fmt: skip
    assert reasons(found) == [
        "9 looks like a line of totals, so it was left out",
        "10 looks like a remark, not like a contract, so it was left out",
    ]
    assert [said(c, "ends", "auto_renews", "annual_value", "currency") for c in found.contracts] == [
        ["Nordlicht AG", None, True, Decimal("1234567.89"), "EUR"],
        ["Nordlicht Aktiengesellschaft", date(2027, 3, 31), True, Decimal("1200.00"), "EUR"],
        ["Kabelwerk e.K.", date(2028, 1, 31), None, Decimal("5000.00"), "CHF"],
    ]
    assert list(map(notice, found.contracts)) == [(3, "months"), (6, "weeks"), (3, "months")]
    assert [p.spelling for p in found.proposals] == ["Nordlicht AG"]


@pytest.mark.parametrize(
    ("headings", "row"),
    [
        (
            ["Fournisseur", "N° de contrat", "Objet du contrat", "Date d’effet", "Date d'échéance", "Délai de préavis",
             "Tacite reconduction", "Montant annuel HT", "Devise"],
            ["Réseaux SAS", "C/17", "Téléphonie", "01/04/2024", "31/03/2027", "3 mois avant échéance", "Oui",
             "1\u202f234\u202f567,50\u00a0€", "EUR"],
        ),
        (
            ["Proveedor", "Nº de contrato", "Objeto", "Fecha de inicio", "Fecha de finalización", "Plazo de preaviso",
             "Renovación automática", "Importe anual", "Moneda"],
            ["Ebro, S.A.", "CT-11", "Red", "1 de abril de 2024", "31/03/2027", "tres meses", "Sí", "1.234.567,50", "EUR"],
        ),
        (
            ["Leverancier", "Contractnummer", "Omschrijving", "Ingangsdatum", "Einddatum", "Opzegtermijn",
             "Automatische verlenging", "Jaarbedrag", "Valuta"],
            ["De Vries B.V.", "NL-1", "Housing", "1-4-2024", "31-3-2027", "3 maanden", "ja", "€ 1.234.567,50", "EUR"],
        ),
        (
            ["Vendor Name", "Contract ID", "Description", "Effective Date", "Expiration Date", "Notice Period", "Auto-Renew?",
             "Annual Contract Value", "Ccy"],
            ["Acorn, Inc.", "US-1", "Cloud", "4/1/2024", "3/31/2027", "three (3) months", "Y", "€1,234,567.50", "EUR"],
        ),
        (
            ["Vendor", "PO Number", "Work Description", "Start Date", "End Date", "Notice", "Renewal (auto)", "Annual Value", "Currency"],
            ["Ganga Pvt. Ltd.", "PO/1", "AMC", "01-Apr-2024", "31-Mar-27", "3 months", "✓", "12,34,567.50", "EUR"],
        ),
        (
            ["Leverantör", "Avtalsnummer", "Benämning", "Startdatum", "Slutdatum", "Uppsägningstid", "Automatisk förlängning",
             "Årsvärde", "Valuta"],
            ["Fjäll AB", "A-1", "Drift", "2024-04-01", "2027-03-31", "3 månader", "ja", "1 234 567,50", "EUR"],
        ),
        (
            ["Dostawca", "Numer umowy", "Przedmiot umowy", "Data rozpoczęcia", "Data zakończenia", "Okres wypowiedzenia",
             "Automatyczne przedłużenie", "Wartość roczna", "Waluta"],
            ["Wisła Sp. z o.o.", "U/1", "Serwis", "01.04.2024", "31.03.2027", "3 miesiące", "tak", "1 234 567,50", "EUR"],
        ),
        (
            ["Lieferant", "Vertragsnummer", "Bezeichnung", "Beginn", "Ende", "Kündigungsfrist (Monate)", "Autom. Verlängerung",
             "Jahreskosten", "Währung"],
            ["Seeblick AG", "CH-1", "Hosting", "45383", "46477", "3", "ja", "1’234’567.50", "EUR"],
        ),
    ],
    ids=["french", "spanish", "dutch", "american", "indian", "swedish", "polish", "swiss"],
)  # fmt: skip
def test_the_same_contract_in_other_languages(headings, row):
    found = plan(text(headings, row, delimiter=";"))
    assert reasons(found) == []
    (contract,) = found.contracts
    assert said(contract, "reference", "title", "starts", "ends", "auto_renews", "annual_value", "currency") == [
        row[0], row[1], row[2], date(2024, 4, 1), date(2027, 3, 31), True, Decimal("1234567.50"), "EUR"
    ]  # fmt: skip
    assert notice(contract) == (3, "months")


def test_a_workbook_with_a_cover_grouped_headings_signs_and_a_source_below():
    book = Workbook()
    book.active.title = "Cover"
    book.active["B2"] = "Contract register"
    sheet = book.create_sheet("FY26")
    for cells in (
        ["Contracts FY26 – all suppliers"], [],
        ["Supplier", None, "Contract", None, None, "Term", None, "Value", None],
        ["Name", "Number", "Number", "Title", "Auto-renewal", "Start", "End", "Annual", "Currency"],
        ["Harbour Ltd", 1001, "HL-1", "Freight", "✓", date(2024, 1, 1), date(2026, 12, 31), 125000.5, "GBP"],
        ["Quill Inc.", 1002, "QI-9", "Paper", "✗", date(2025, 2, 1), None, 5400, "USD"],
        ["Total", None, None, None, None, None, None, "=SUM(H5:H6)", None],
        ["Prepared for the board"],
    ):  # fmt: skip
        sheet.append(cells)
    for merged in ("A3:B3", "C3:E3", "F3:G3", "H3:I3"):
        sheet.merge_cells(merged)
    found = plan(saved(book), "register.xlsx")
    assert [said(c, "reference", "title", "auto_renews", "ends", "annual_value", "currency") for c in found.contracts] == [
        ["Harbour Ltd", "HL-1", "Freight", True, date(2026, 12, 31), Decimal("125000.50"), "GBP"],
        ["Quill Inc.", "QI-9", "Paper", False, None, Decimal("5400.00"), "USD"],
    ]  # fmt: skip
    assert [p.line for p in found.problems] == [7, 8]


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("Alder Ltd; Birch GmbH", ["Alder Ltd", "Birch GmbH"]),
        ("Alder Ltd / Birch GmbH", ["Alder Ltd", "Birch GmbH"]),
        ("Alder Ltd | Birch | Elm Inc", ["Alder Ltd", "Birch", "Elm Inc"]),
        ("Alder Ltd & Birch S.A.", ["Alder Ltd", "Birch S.A."]),
        ("Alder Ltd, Elm Inc and Birch GmbH", ["Alder Ltd", "Elm Inc", "Birch GmbH"]),
        ("Alder Ltd\nBirch GmbH", ["Alder Ltd", "Birch GmbH"]),
        ("Söhne GmbH & Co. KG", ["Söhne GmbH & Co. KG"]),
        ("Marks & Spark Ltd", ["Marks & Spark Ltd"]),
        ("A/S Norden", ["A/S Norden"]),
        ("Joyce|Dickson", ["Joyce|Dickson"]),
        ("Alder Ltd T/A Elm Cloud", ["Alder Ltd T/A Elm Cloud"]),
        ("Acorn Cloud, Inc.", ["Acorn Cloud, Inc."]),
        ("Smith / Jones / Brown", ["Smith / Jones / Brown"]),
    ],
)
def test_a_cell_of_several_suppliers_is_split_only_where_that_is_sure(cell, names):
    found = plan(text(["Supplier", "Title", "Value"], [cell, "Joint", "100"]))
    assert [c.partner.name for c in found.contracts] == names
    assert [c.values.get("total_value") for c in found.contracts] == [100, *[None] * (len(names) - 1)]


def test_one_column_of_dates_is_no_end_while_another_may_be():
    rows = [["Alder Ltd", "01.02.2025", "31.01.2027"], ["Birch Ltd", "01.02.2025", "vague"]]
    found = plan(text(["Supplier", "Uno", "Duo"], *rows))
    assert [c.values.get("starts") for c in found.contracts] == [date(2025, 2, 1)]
    assert reasons(found) == ["3 “vague” is no date; write it as 2026-12-31"]


def test_an_amount_is_never_taken_for_a_title():
    found = plan(text(["Supplier", "Uno"], ["Alder Ltd", "1 250 000,00 zł"], ["Birch Ltd", "250 000"]))
    assert [c.values.get("title") for c in found.contracts] == [None] * len(found.contracts)


@pytest.mark.parametrize(
    "cell", ["30 days / 90 days", "30/60", "30 business days", "soon", "٣ months", "1e3"]
)
def test_a_notice_period_that_is_not_clear_is_refused(cell):
    found = plan(text(["Supplier", "Title", "Notice period"], ["Alder", "x", cell], ["Birch", "y", "90"]))
    assert [p.line for p in found.problems] == [2]


def test_kroner_are_read_only_where_it_is_known_whose():
    rows = [["Fjord AS", "x", "5 000 kr", "NOK"], ["Fjord AS", "y", "6 000 kr.", ""]]
    found = plan(text(["Supplier", "Title", "Value", "Currency"], *rows))
    assert [said(c, "total_value", "currency") for c in found.contracts] == [
        ["Fjord AS", Decimal(5000), "NOK"]
    ]
    assert "give the currency a column" in reasons(found)[0]


def test_of_very_many_alike_names_the_surest_are_asked_about():
    rows = [[f"Alder Cloud Services {n:04} Ltd", "x"] for n in range(600)]
    found = plan(text(["Supplier", "Title"], *rows, ["ALDER CLOUD SERVICES 0007", "y"]))
    assert (len(found.partners), len(found.proposals)) == (601, 500)
    assert (found.proposals[0].spelling, found.proposals[0].certain) == ("ALDER CLOUD SERVICES 0007", True)
    assert "600 names resemble another; only the 500 surest are asked about." in found.notes


@pytest.mark.parametrize(
    "name", ["Alder; Birch", "Alder GmbH, Birch GmbH", "Alder | Birch", "Alder Ltd / Birch Ltd"]
)
def test_a_partner_there_is_stays_one_however_much_its_name_looks_like_several(name):
    rows = text(["Supplier", "Contract no", "Title"], [name, "C-1", "Hosting"])
    assert len(plan(rows).partners) == 2
    partner = make_partner(name)
    assert [found.existing for found in plan(rows).partners] == [partner]
