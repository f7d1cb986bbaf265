"""Scores as files: numbers stay numbers, and nothing a person named runs as a formula."""

import csv
import io

import openpyxl
import pytest
from django.urls import reverse

from scorecards.models import Category, Scorecard
from tests.factories import make_cycle, make_partner, make_template


def table(response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


def sheet(response) -> list[dict]:
    rows = list(openpyxl.load_workbook(io.BytesIO(response.content)).active.iter_rows(values_only=True))
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


@pytest.fixture
def cycle(scored):
    template, cycle = make_template(), make_cycle()
    scored([4, 4, 2], [4, 4, 2], partner=make_partner("=HYPERLINK(1)"), template=template, cycle=cycle)
    scored([5, 5, 5], [5, 5, 5], partner=make_partner("Ordinary"), template=template, cycle=cycle)
    scored(partner=make_partner("Unscored"), template=template, cycle=cycle)
    return cycle


def test_a_cycle_is_exported_with_its_categories(client, procurement, cycle):
    client.force_login(procurement)
    formula, ordinary, unscored = table(client.get(reverse("cycle_export", args=[cycle.pk, "csv"])))
    assert formula["Partner"] == "'=HYPERLINK(1)"
    assert (formula["Score"], formula["Standing"], formula["Rank"]) == ("55.0000", "C", "2")
    assert (formula["Service"], formula["Price"]) == ("75.0000", "25.0000")
    assert ordinary["Rank"] == "1"
    assert (unscored["Score"], unscored["Status"], unscored["Service"]) == ("", "no score", "")


def test_numbers_stay_numbers_in_a_workbook(client, procurement, cycle):
    client.force_login(procurement)
    formula, ordinary, unscored = sheet(client.get(reverse("cycle_export", args=[cycle.pk, "xlsx"])))
    assert (ordinary["Score"], ordinary["Raters"]) == (100, 2)
    assert unscored["Score"] is None
    assert formula["Partner"] == "'=HYPERLINK(1)"


def test_a_scorecard_is_exported_row_by_row(client, procurement, cycle):
    Category.objects.filter(name="Price").update(name="@SUM(A1)")
    card = Scorecard.objects.get(partner__name="=HYPERLINK(1)")
    client.force_login(procurement)
    rows = table(client.get(reverse("scorecard_export", args=[card.pk, "csv"])))
    assert rows[0]["Category"] == "Service"
    assert rows[1] == {
        "Category": "Service", "Criterion": "On time", "Weight": "50.0000", "Score": "75.0000", "Standing": "B",
        "Points": "22.5000", "Marks": "2", "Does not apply": "0", "Left open": "0",
    }  # fmt: skip
    assert rows[3]["Category"] == "'@SUM(A1)"
    assert rows[-1]["Score"] == "55.0000"


def test_an_export_in_another_form_does_not_exist(client, procurement, cycle):
    client.force_login(procurement)
    assert client.get(f"/cycles/{cycle.pk}/export.exe").status_code == 404


def test_an_export_holds_only_what_is_inside_the_walls(client, stranger, unit, cycle, scored):
    scored([5, 5, 5], partner=make_partner("Walled", unit=unit), cycle=cycle, template=make_template())
    client.force_login(stranger)
    names = [row["Partner"] for row in table(client.get(reverse("cycle_export", args=[cycle.pk, "csv"])))]
    assert "Ordinary" in names
    assert "Walled" not in names


def test_raters_export_nothing(client, rater, cycle):
    client.force_login(rater)
    assert client.get(reverse("cycle_export", args=[cycle.pk, "csv"])).status_code == 403
