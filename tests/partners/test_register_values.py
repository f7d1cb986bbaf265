"""Single cells: what can be read, and what is refused with a reason."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accounts.fields import refuse_hidden_signs
from accounts.signs import TURNS_TEXT, UNSEEN
from partners.register.dates import DateReader, make_readers
from partners.register.money import MoneyReader, currency_code, currency_in_heading
from partners.register.values import (
    BadValue,
    clean_text,
    read_boolean,
    read_kind,
    read_link,
    read_notice,
)

LAST = date(2026, 12, 31)


@pytest.mark.parametrize(
    "cell",
    ["2026-12-31", "2026-12-31 00:00:00", "2026-12-31T23:59:59Z", "2026/12/31", "20261231", "31.12.2026", "31.12.26", "31/12/2026",
     "31-12-2026", "12/31/2026", "31 Dec 2026", "31-Dec-26", "Dec 31, 2026", "31st December 2026", "31. Dezember 2026", "31 décembre 2026",
     "31 de diciembre de 2026", "Thu, 31 Dec 2026", "46387", Decimal(46387), LAST],
)  # fmt: skip
def test_dates_as_people_write_them(cell):
    assert DateReader([cell]).read(cell) == LAST


@pytest.mark.parametrize(
    "cell",
    ["31/02/2026", "2026-13-01", "soon", "Dec 2026", "2026", "٣١/١٢/٢٠٢٦", "1_2_2026", "0026-12-31", "12.31.2026", "NaN", "-1",
     "2026-12-31 or later", True, Decimal("1e9"), Decimal(12)],
)  # fmt: skip
def test_what_is_no_date_is_refused(cell):
    with pytest.raises(BadValue):
        DateReader([cell]).read(cell)


def test_the_order_of_day_and_month_is_decided_for_the_column():
    assert DateReader(["03/04/2026", "25/12/2026"]).read("03/04/2026") == date(2026, 4, 3)
    assert DateReader(["03/04/2026", "12/25/2026"]).read("03/04/2026") == date(2026, 3, 4)
    mixed = DateReader(["25/12/2026", "12/25/2026"])
    assert mixed.read("12/25/2026") == date(2026, 12, 25)
    with pytest.raises(BadValue, match="either of two days"):
        mixed.read("03/04/2026")


def test_a_column_that_does_not_tell_follows_the_other_or_is_an_assumption():
    readers, notes, assumed = make_readers({"Starts": ["03/04/2026"], "Ends": ["12/25/2026"]})
    assert readers["Starts"].read("03/04/2026") == date(2026, 3, 4)
    assert ("other date column" in notes[0], assumed) == (True, [])
    readers, _, assumed = make_readers({"Ends": ["03/04/2026"]})
    assert readers["Ends"].read("03/04/2026") == date(2026, 4, 3)
    assert "nothing in the file tells" in assumed[0]
    readers, notes, assumed = make_readers({"Ends": ["03/04/2026"]}, "mdy")
    assert (readers["Ends"].read("03/04/2026"), notes, assumed) == (date(2026, 3, 4), [], [])


@given(
    st.dates(date(1950, 1, 1), date(2199, 12, 31)),
    st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%d %B %Y", "%d/%m/%Y"]),
)
def test_every_day_is_read_back(day, form):
    cell = day.strftime(form)
    assert DateReader([cell], "dmy").read(cell) == day


@pytest.mark.parametrize(
    ("cell", "amount", "beside"),
    [("1000", "1000", ""), ("1,234,567.00", "1234567", ""), ("$1,234,567.00", "1234567", "$"), ("1.234.567,89", "1234567.89", ""),
     ("EUR 1.234,50", "1234.50", "EUR"), ("1 234,50 €", "1234.50", "EUR"), ("1'234.50 CHF", "1234.50", "CHF"), ("A$5", "5", "AUD"),
     ("12,34,567.50", "1234567.50", ""), ("58665.0", "58665", ""), (".5", "0.50", ""), ("1,234", "1234", ""), ("1.234", "1234", ""),
     ("0,5", "0.50", ""), ("0.0", "0", ""), ("5.000,-", "5000", ""), (Decimal("399577.2"), "399577.20", ""),
     (Decimal("178675.54000000001"), "178675.54", "")],
)  # fmt: skip
def test_amounts_as_people_write_them(cell, amount, beside):
    assert MoneyReader([cell]).read(cell) == (Decimal(amount), beside)


@pytest.mark.parametrize(
    "cell",
    ["(500)", "-500", "500-", "−500", "€ -5", "EUR -5", "NaN", "Infinity", "-inf", "1_000", "١٢٣", "１２３", "12k", "EUR 12k", "1.5m", "2 Mio",
     "approx. 5000", "5000 p.a.", "1000/month", "10%", "1e6", "1,23,45", "1.2.3", "1,234.567,8", "lots", "100000000000000", True,
     "5 EUR USD", Decimal(-1), Decimal("1e15"), "1..5", "0x10"],
)  # fmt: skip
def test_what_is_no_plain_amount_is_refused(cell):
    with pytest.raises(BadValue) as refused:
        MoneyReader([cell]).read(cell)
    assert len(str(refused.value)) < 200


def test_a_lone_sign_before_three_digits_is_decided_for_the_column():
    assert MoneyReader(["1.234", "1.234.567"]).read("1.234")[0] == 1234
    assert MoneyReader(["1,234", "12,5"]).read("1,234")[0] == Decimal("1.23")
    rounded = MoneyReader(["1.234", "12.5"])
    assert (rounded.read("1.234")[0], rounded.rounded) == (Decimal("1.23"), True)


def test_currencies_are_told_by_code_sign_word_and_heading():
    assert [currency_code(c) for c in ("eur", "€", "US dollars", "Euro", "CHF")] == [
        "EUR",
        "EUR",
        "USD",
        "EUR",
        "CHF",
    ]
    assert [
        currency_in_heading(h) for h in ("amount (AUD)", "Value in EUR", "Betrag €", "TOTAL", "Amount")
    ] == ["AUD", "EUR", "EUR", "", ""]
    for bad in ("EURO!", "XXX", "$", "12"):
        with pytest.raises(BadValue):
            currency_code(bad)


@pytest.mark.parametrize(
    ("cell", "notice"),
    [("90", (90, "days")), ("90 days", (90, "days")), ("3 Monate", (3, "months")), ("3 Monate zum Quartalsende", (3, "months")), ("6 weeks", (6, "weeks")), ("1 year", (12, "months")),
     (Decimal("30"), (30, "days")), ("3 mois", (3, "months"))],
)  # fmt: skip
def test_notice_periods(cell, notice):
    assert read_notice(cell) == notice


@pytest.mark.parametrize("cell", ["-3", "soon", "3 moons", "٣", "1_0", "99999", "1.5"])
def test_what_is_no_notice_period_is_refused(cell):
    with pytest.raises(BadValue):
        read_notice(cell)


def test_yes_and_no_in_several_languages():
    assert [read_boolean(c) for c in ("Yes", "ja", "1", "x", "TRUE", "Oui", "sí", True)] == [True] * 8
    assert [read_boolean(c) for c in ("no", "Nein", "0", "false", "non", False)] == [False] * 6
    with pytest.raises(BadValue):
        read_boolean("perhaps")


def test_kinds_by_value_and_by_name():
    assert [read_kind(c) for c in ("vendor", "Solution Provider", "Geschäftsbereich", "factory")] == [
        "vendor",
        "provider",
        "unit",
        "operations",
    ]
    with pytest.raises(BadValue):
        read_kind("friend")


@pytest.mark.parametrize(
    "cell",
    [
        "javascript:alert(1)",
        "ftp://a.b",
        "see folder",
        "http://",
        "https://a b",
        "//x.y",
        "http://[",
        "https://x/" + "y" * 1000,
    ],
)
def test_links_that_are_none_are_refused(cell):
    with pytest.raises(BadValue):
        read_link(cell)


def test_links_are_kept():
    assert read_link("https://example.org/a?b=1&c=ü") == "https://example.org/a?b=1&c=ü"
    assert read_link("www.example.org") == "https://www.example.org"


PERSIAN = "\u0646\u0631\u0645\u200c\u0627\u0641\u0632\u0627\u0631"  # software, with a joiner in it


def test_what_is_typed_and_what_a_file_brings_follow_one_rule_of_unseen_signs():
    for sign in UNSEEN + TURNS_TEXT:
        with pytest.raises(ValidationError, match="invisible"):
            refuse_hidden_signs(f"a{sign}b")
    for text in (PERSIAN, "\u2764\ufe0f"):
        refuse_hidden_signs(text)
        assert clean_text(text) == text
    with pytest.raises(ValidationError, match="invisible"):
        refuse_hidden_signs("\u200d")


def test_text_that_must_not_be_stored_is_refused_and_the_rest_is_tidied():
    for bad in ("a\x00b", "a\u202eb", "a\u2066b", "a\ud800b", "a\x07"):
        with pytest.raises(BadValue):
            clean_text(bad)
    assert clean_text(" a\u00a0 b\u200b\n c ") == "a b c"
    assert clean_text("a\u00ad\ufeffb\u2060") == "ab"
    assert clean_text(PERSIAN) == PERSIAN, "joiners say how letters are drawn"
    assert clean_text("\u200d \u200c") == ""
    assert clean_text("'=1+1") == "=1+1"
    assert clean_text("<script>alert(1)</script>") == "<script>alert(1)</script>"
    with pytest.raises(BadValue, match="501 characters"):
        clean_text("x" * 501, 500)


@given(st.text(max_size=40))
def test_no_text_breaks_a_reader(text):
    for read in (
        DateReader([text]).read,
        MoneyReader([text]).read,
        read_notice,
        read_boolean,
        read_link,
        read_kind,
        currency_code,
    ):
        try:
            read(text)
        except BadValue as refused:
            assert str(refused)  # noqa: PT017
