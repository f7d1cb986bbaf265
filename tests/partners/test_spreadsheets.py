"""Downloads run nothing in a spreadsheet, and numbers stay numbers."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from accounts.spreadsheets import as_typed, csv_response, neutral, xlsx_response

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_looks_like_a_formula_gets_an_apostrophe(text):
    assert neutral(text) == f"'{text}"
    assert as_typed(neutral(text)) == text


@pytest.mark.parametrize("value", [-5, Decimal("-2.50"), None, "a=b", "", date(2026, 1, 2)])
def test_numbers_dates_and_other_text_stay_as_they_are(value):
    assert neutral(value) == value


@pytest.mark.parametrize("text", ["'t was so", "a'=b", "", "'"])
def test_an_apostrophe_of_ones_own_stays(text):
    assert as_typed(neutral(text)) == text


def test_a_csv_holds_text_with_commas_lines_and_accents():
    answer = csv_response("Müller/..\r\nX: y", ["name", "=head"], [["a,\nb é", 1], ["=1", None]])
    assert list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))) == [
        ["name", "'=head"], ["a,\nb é", "1"], ["'=1", ""],
    ]  # fmt: skip
    assert "\n" not in answer["Content-Disposition"]


def test_a_workbook_keeps_numbers_and_dates_and_no_formula():
    rows = [
        ["=1+1", Decimal("12.50"), 7, date(2026, 1, 2), datetime(2026, 1, 2, 3, tzinfo=UTC), None, "a\x00b"]
    ]
    answer = xlsx_response("Scores", [("All", list("abcdefg"), rows), ("Second", ["x"], [])])
    book = load_workbook(io.BytesIO(answer.content))
    cells = list(book["All"][2])
    assert [cell.data_type for cell in cells[:4]] == ["s", "n", "n", "d"]
    assert [cell.value for cell in cells[:3]] == ["'=1+1", 12.5, 7]
    assert "\x00" not in cells[6].value
    assert book.sheetnames == ["All", "Second"]


@pytest.mark.parametrize("title", ["a/b: [c]*?", "x" * 60, "'", ""])
def test_any_title_makes_a_sheet(title):
    answer = xlsx_response("x", [(title, ["a"], [[1]])])
    assert load_workbook(io.BytesIO(answer.content)).worksheets[0]["A2"].value == 1
