"""Exchange rates from files: shown first, then all of it or nothing; the same file again changes nothing."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from partners.models import Rate, Reporting
from tests.forms import page_forms
from tests.partners.register_files import text

pytestmark = pytest.mark.django_db
HEAD = ["Currency", "Rate", "From"]


@pytest.fixture
def keeper(client, administrator):
    Reporting.objects.create(pk=1, currency="EUR")
    Rate.objects.create(currency="USD", reporting="EUR", units=Decimal("1.1"), valid_from=date(2026, 1, 1))
    client.force_login(administrator)
    return client


def look(client, *rows, headings=HEAD):
    file = SimpleUploadedFile("rates.csv", text(headings, *rows))
    return client.post(reverse("rates_import"), {"file": file})


def sealed(answer):
    return next(form.data for form in page_forms(answer) if "sealed" in form.data)


def test_rates_are_shown_first_and_then_written(keeper):
    rows = [["USD", "1.0842", "2026-01-01"], ["gbp", "0.85", "2026-07-01"]]
    shown = look(keeper, *rows)
    assert b"changes: was 1.1" in shown.content
    assert Rate.objects.count() == 1
    done = keeper.post(reverse("rates_import"), sealed(shown), follow=True)
    assert b"2 rates written." in done.content
    kept = set(Rate.objects.values_list("currency", "units", "valid_from", "version"))
    assert kept == {
        ("USD", Decimal("1.0842"), date(2026, 1, 1), 2), ("GBP", Decimal("0.85"), date(2026, 7, 1), 1),
    }  # fmt: skip
    assert b"The file changes nothing" in look(keeper, *rows).content


def test_a_rate_of_tens_is_shown_in_digits(keeper):
    shown = look(keeper, ["JPY", "160", "2026-01-01"])
    assert ">160<" in shown.content.decode()
    keeper.post(reverse("rates_import"), sealed(shown))
    assert ">160<" in keeper.get(reverse("currencies")).content.decode()


def test_what_changed_meanwhile_is_shown_once_more(keeper):
    shown = look(keeper, ["USD", "1.0842", "2026-01-01"])
    Rate.objects.update(units=Decimal("1.2"), version=2)
    again = keeper.post(reverse("rates_import"), sealed(shown))
    assert b"changes: was 1.2" in again.content
    assert Rate.objects.get().units == Decimal("1.2")
    keeper.post(reverse("rates_import"), sealed(again))
    assert Rate.objects.get().units == Decimal("1.0842")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (["EUR", "1", "2026-01-01"], "it needs no rate"),
        (["Taler", "1", "2026-01-01"], "is no ISO 4217 currency code"),
        (["USD", "", "2026-01-01"], "is empty"),
        (["USD", "0", "2026-01-01"], "A rate is above zero"),
        (["USD", "-1", "2026-01-01"], "This is not a rate"),
        (["USD", "1,08", "2026-01-01"], "This is not a rate"),
        (["USD", "1." + "0" * 39 + "1", "2026-01-01"], "at most eight decimals"),
        (["USD", "1.1", "2026-02-30"], "2026-02-30"),
        (["USD", "1.1", "9999-12-31"], "9999"),
        (["CHF", "0.9", "2026-03-01"], "same currency and day as line 2"),
    ],
)
def test_a_row_that_cannot_be_used_keeps_the_whole_file_out(keeper, row, said):
    answer = look(keeper, ["CHF", "0.95", "2026-03-01"], row)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert Rate.objects.count() == 1


def test_a_file_without_its_columns_is_refused(keeper):
    answer = look(keeper, ["USD", "1.1"], headings=["Currency", "Rate"])
    assert answer.status_code == 400
    assert "missing: from" in answer.content.decode()
