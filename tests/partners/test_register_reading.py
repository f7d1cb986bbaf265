"""What stands in a file is understood whatever program wrote it, and what is not understood is said."""

import io
from datetime import date, datetime
from decimal import Decimal

import pytest
from openpyxl.styles import numbers

from partners.register.columns import MappingError, match
from partners.register.entries import RowReader
from partners.register.reading import read_table
from partners.register.safety import Refused
from partners.register.spellings import propose, split_suppliers
from tests.partners.register_files import HEADINGS, REAL, ROW, register, row, saved, text, workbook


def table_of(content: bytes, name: str = "a.csv", **options):
    return read_table(io.BytesIO(content), name, **options)


def reading_of(content: bytes, name: str = "a.csv", *, order: str = "", chosen=None, constants=None):
    table = table_of(content, name)
    columns = match(table.headings, [row.cells for row in table.rows], chosen, constants)
    return RowReader(table, columns, order=order).read_all()


def values_of(content: bytes, name: str = "a.csv", **options):
    reading = reading_of(content, name, **options)
    assert reading.problems == []
    return [entry.values for entry in reading.entries]


def fields_of(headings: list[str], *rows: list) -> dict[str, str]:
    matched = match(headings, list(rows))
    return {name: headings[place] for name, place in matched.places.items()}


# --- Text files ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_every_delimiter_and_encoding_is_recognised(delimiter, encoding):
    content = text(
        HEADINGS, row(supplier="Ünal Größe GmbH", title="A, b; c | d"), delimiter=delimiter, encoding=encoding
    )
    table = table_of(content)
    assert table.headings == HEADINGS
    assert table.rows[0].cells[:3] == ["Ünal Größe GmbH", "C-1", "A, b; c | d"]


def test_line_breaks_in_cells_and_blank_lines_do_not_shift_the_lines_that_are_named():
    content = b'Supplier,Title,End\r\nAlder,"two\nlines",2026-01-01\r\n\r\n , ,\r\nBirch,x,never-ever\r\n'
    reading = reading_of(content)
    assert [(p.line, p.column) for p in reading.problems] == [(6, "End")]
    assert reading.entries[0].values["title"] == "two lines"


def test_old_mac_line_ends_are_lines():
    assert [r.line for r in table_of(b"Supplier,Title\rAlder,x\rBirch,y\r").rows] == [2, 3]


def test_the_separator_line_of_a_spreadsheet_program_is_obeyed():
    table = table_of(b"sep=;\nSupplier;Title\nAlder, Birch;x\n")
    assert (table.headings, table.rows[0].line) == (["Supplier", "Title"], 3)


def test_titles_above_the_headings_are_left_out_and_said():
    table = table_of(text(["Contract register 2026"], [], ["Status: today", "internal"], HEADINGS, ROW))
    assert table.headings == HEADINGS
    assert len(table.rows) == 1
    assert "titles above" in table.notes[0]


def test_repeated_headings_are_left_out():
    table = table_of(register(ROW, HEADINGS, row(no="C-2")))
    assert [r.cells[1] for r in table.rows] == ["C-1", "C-2"]
    assert any("repeated" in note for note in table.notes)


def test_a_file_without_headings_is_read_by_its_content():
    content = text(["Alder Cloud Ltd", "A-1", "Hosting of sites", "2026-01-01", "2027-01-01"],
                   ["Birch Data Inc", "A-2", "Data feeds daily", "2025-01-01", "2028-01-01"],
                   ["Cedar Pty Ltd", "A-3", "Cleaning of halls", "2025-01-01", "2028-01-01"])  # fmt: skip
    reading = reading_of(content)
    assert [e.suppliers[0].name for e in reading.entries] == [
        "Alder Cloud Ltd",
        "Birch Data Inc",
        "Cedar Pty Ltd",
    ]
    first = reading.entries[0].values
    assert (first["reference"], first["title"], str(first["starts"]), str(first["ends"])) == (
        "A-1", "Hosting of sites", "2026-01-01", "2027-01-01"
    )  # fmt: skip


def test_double_headings_get_a_number():
    table = table_of(text(["Supplier", "Amount", "amount"], ["Alder", "1", "2"]))
    assert table.headings == ["Supplier", "Amount", "amount (2)"]


def test_ragged_rows_are_filled_or_reported():
    reading = reading_of(register(["Alder", "C-1", "x"], [*ROW, "and", "more"], row(no="C-3")))
    assert [e.line for e in reading.entries] == [2, 4]
    assert reading.problems[0].line == 3
    assert "more cells" in reading.problems[0].reason


def test_a_quotation_mark_that_is_never_closed_is_reported_where_it_opens():
    content = register(ROW) + b'Birch,"never closed,x\nCedar,C-9,x,,,\n'
    reading = reading_of(content)
    assert [(p.line, "never closed" in p.reason) for p in reading.problems] == [(3, True)]
    assert len(reading.entries) == 1


def test_totals_are_reported_and_not_imported():
    reading = reading_of(register(ROW, ["Total", "", "", "", "", "1000"], ["", "", "", "", "Summe:", "1000"]))
    assert len(reading.entries) == 1
    assert ["totals" in p.reason for p in reading.problems] == [True, True]
    assert (reading.read, reading.rejected) == (3, 2)


def test_a_row_that_repeats_another_word_for_word_counts_once():
    reading = reading_of(register(ROW, ROW))
    assert len(reading.entries) == 1
    assert "repeats line 2" in reading.problems[0].reason


def test_a_file_of_nothing_but_headings_is_refused():
    with pytest.raises(Refused, match="no rows"):
        table_of(register())


# --- Workbooks -------------------------------------------------------------------------------------------
def test_a_workbook_is_read_with_real_dates_numbers_and_truths():
    content = saved(
        workbook(
            [*HEADINGS, "Auto renew", "Ref"],
            ["Alder", 4711, "x", date(2026, 1, 2), datetime(2027, 1, 2, 10, 30), 1234.5, True, "a"],  # noqa: DTZ001
        )
    )
    values = values_of(content, "a.xlsx")[0]
    assert values["reference"] == "4711"
    assert (values["starts"], values["ends"]) == (date(2026, 1, 2), date(2027, 1, 2))
    assert (values["total_value"], values["auto_renews"]) == (Decimal("1234.50"), True)


def test_the_days_of_a_workbook_that_counts_from_1904_are_right():
    book = workbook(["Supplier", "Title", "End"], ["Alder", "x", date(2026, 12, 31)])
    book.epoch = datetime(1904, 1, 1)  # noqa: DTZ001
    assert values_of(saved(book), "a.xlsx")[0]["ends"] == date(2026, 12, 31)


def test_numbers_in_a_column_of_dates_are_the_days_a_spreadsheet_counts():
    content = saved(workbook(["Supplier", "Title", "End"], ["Alder", "x", 46387], ["Birch", "y", 46388]))
    assert [v["ends"] for v in values_of(content, "a.xlsx")] == [date(2026, 12, 31), date(2027, 1, 1)]


def test_a_custom_number_format_with_a_currency_is_no_date():
    book = workbook(["Supplier", "Title", "Amount"], ["Alder", "x", 45000])
    book.active["C2"].number_format = '#,##0.00 "Dollar"'
    assert numbers.is_date_format("yyyy")
    assert values_of(saved(book), "a.xlsx")[0]["total_value"] == Decimal(45000)


def test_the_sheet_with_the_register_is_found_and_said():
    book = workbook(["About this file"], Register=[HEADINGS, ROW], Old=[HEADINGS, ROW, ROW])
    book["Old"].sheet_state = "hidden"
    table = table_of(saved(book), "a.xlsx")
    assert (table.sheet, len(table.rows)) == ("Register", 1)
    assert "“Old” (hidden)" in table.notes[0]
    assert table_of(saved(book), "a.xlsx", sheet="old").sheet == "Old"


def test_a_cell_merged_over_rows_counts_for_each_but_its_amount_once():
    book = workbook(["Supplier", "Title", "Amount"], ["Alder", "x", 900], ["", "y", ""], ["", "z", ""])
    book.active.merge_cells("A2:A4")
    book.active.merge_cells("C2:C4")
    reading = reading_of(saved(book), "a.xlsx")
    assert [e.suppliers[0].name for e in reading.entries] == ["Alder"] * 3
    assert [e.values.get("total_value") for e in reading.entries] == [Decimal(900), None, None]


def test_formulas_are_never_computed():
    book = workbook(
        ["Supplier", "Title", "Amount"], ["Alder", "x", "=1+1"], ["Birch", "=cmd|' /C calc'!A0", 5]
    )
    reading = reading_of(saved(book), "a.xlsx", chosen={"total_value": "Amount"})
    assert [(p.line, p.column) for p in reading.problems] == [(2, "Amount"), (3, "Title")]
    assert "never computed" in reading.problems[0].reason


def test_spreadsheet_errors_are_reported():
    book = workbook(["Supplier", "Title", "End"], ["Alder", "x", date(2026, 1, 1)], ["Birch", "y", "#REF!"])
    book.active["C3"].data_type = "e"
    assert "#REF!" in reading_of(saved(book), "a.xlsx").problems[0].reason


# --- Columns ---------------------------------------------------------------------------------------------
def test_the_real_register_is_matched_by_its_headings():
    with REAL.open("rb") as file:
        table = read_table(file, REAL.name)
    matched = fields_of(table.headings, *[row.cells for row in table.rows])
    assert matched == {
        "partner": "suppliers", "reference": "contract_number", "title": "title", "unit": "directorate",
        "starts": "execution_date", "ends": "expiry_date", "total_value": "amount", "link": "details_url",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("headings", "cells", "expected"),
    [
        (
            ["Vertragsnr.", "Lieferant", "Bezeichnung", "Gültig ab", "Gültig bis", "Kündigungsfrist (Monate)", "Jahreswert", "Währung", "Abteilung", "Verantwortlich"],
            ["V-1", "Ahorn GmbH", "Pflege", "01.02.2026", "31.01.2027", "3", "1.234,50", "EUR", "Einkauf", "Petra"],
            ["reference", "partner", "title", "starts", "ends", "notice_days", "annual_value", "currency", "unit", "owner"],
        ),
        (
            ["Fournisseur", "N° contrat", "Objet", "Date de début", "Échéance", "Préavis", "Tacite reconduction", "Montant annuel", "Devise"],
            ["Érable SARL", "F-1", "Entretien", "01/02/2026", "31/01/2027", "3 mois", "oui", "1 234,50", "EUR"],
            ["partner", "reference", "title", "starts", "ends", "notice_days", "auto_renews", "annual_value", "currency"],
        ),
        (
            ["Vendor ID", "VENDOR_NAME", "ContractTitle", "Contract Type", "Start_Date", "End_Date", "ACV (USD)", "Contract Manager"],
            ["77", "Maple Inc", "Care", "Fixed", "2026-01-01", "2027-01-01", "$5,000.00", "petra@example.org"],
            [None, "partner", "title", None, "starts", "ends", "annual_value", "owner"],
        ),
    ],
)  # fmt: skip
def test_headings_of_other_registers_and_languages_are_matched(headings, cells, expected):
    matched = fields_of(headings, cells, cells)
    assert [next((f for f, h in matched.items() if h == heading), None) for heading in headings] == expected


def test_columns_that_no_heading_names_are_matched_by_content():
    headings = ["A1", "B2", "C3", "D4", "E5"]
    rows = [
        [f"Alder {n} Ltd", "USD", f"https://example.org/{n}", f"2025-01-{n}", f"2027-01-{n}"]
        for n in range(10, 20)
    ]
    assert fields_of(headings, *rows) == {
        "partner": "A1",
        "currency": "B2",
        "link": "C3",
        "starts": "D4",
        "ends": "E5",
    }


def test_a_heading_is_believed_over_a_few_bad_cells_but_not_over_many():
    headings = ["Supplier", "Title", "Value"]
    assert "total_value" in match(headings, [["Alder", "x", "NaN"]]).places
    many = match(headings, [["Alder", "x", "high"]] * 30)
    assert "total_value" not in many.places
    assert many.notes == ["“Value” sounds like total value, but holds nothing that can be."]


def test_a_person_may_correct_the_columns_and_is_told_what_does_not_exist():
    headings = ["Supplier", "Alias", "Title"]
    rows = [["Alder", "Birch", "x"]]
    assert match(headings, rows, {"partner": "ALIAS"}).places["partner"] == 1
    assert match(headings, rows, {"partner": "b"}).places["partner"] == 1
    assert "title" not in match(headings, rows, {"title": ""}).places
    with pytest.raises(MappingError, match="no column “Nobody”"):
        match(headings, rows, {"partner": "Nobody"})
    with pytest.raises(MappingError, match="no field “colour”"):
        match(headings, rows, {"colour": "Title"})


# --- Suppliers -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("cell", "names", "decided"),
    [
        ("Alder Pty Ltd (P1.01)\nBirch & Co (P1.02)", ["Alder Pty Ltd", "Birch & Co"], "split"),
        ("Alder\nBirch Ltd", ["Alder", "Birch Ltd"], "split"),
        ("Alder Ltd, Birch Pty Ltd", ["Alder Ltd", "Birch Pty Ltd"], "split"),
        ("Alder Ltd; Birch", ["Alder Ltd", "Birch"], "split"),
        ("Alder Holdings\nPty Ltd", ["Alder Holdings Pty Ltd"], "joined"),
        ("Alder GmbH\nHauptstrasse 5, 10115 Berlin", ["Alder GmbH Hauptstrasse 5, 10115 Berlin"], "joined"),
        ("Alder Services, Birch Consulting", ["Alder Services, Birch Consulting"], "kept"),
        ("Alder, Inc.", ["Alder, Inc."], ""),
        ("Alder (P1-1)", ["Alder"], ""),
        ("Alder Biosciences (2012) Ltd", ["Alder Biosciences (2012) Ltd"], ""),
        ("Alder (ACT)", ["Alder (ACT)"], ""),
        ("Alder Pty Ltd (", ["Alder Pty Ltd"], ""),
    ],
)
def test_cells_with_several_suppliers_are_split_or_kept_whole(cell, names, decided):
    suppliers, how = split_suppliers(cell, "P1")
    assert ([s.name for s in suppliers], how) == (names, decided)


def test_spellings_that_may_be_one_partner_are_proposed_once():
    found = propose(
        {"Viola Management Inc.": 5, "VIOLA MANAGEMENT INC": 1, "Viola Managment": 1, "Oak": 1, "Elm Ltd": 1},
        [(7, "ELM")],
    )
    assert [(p.spelling, p.other, p.partner, p.certain) for p in found] == [
        ("Elm Ltd", "ELM", 7, True),
        ("VIOLA MANAGEMENT INC", "Viola Management Inc.", None, True),
        ("Viola Managment", "Viola Management Inc.", None, False),
    ]
