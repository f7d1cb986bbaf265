"""Costs to the end, checked by hand; and sums over currencies."""

from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from partners.costs import Life, Line, ahead, by_year, life_of, yearly
from partners.models import Contract, CostLine, Rate, Reporting
from partners.money import Rates, added, in_reporting, summed_in
from partners.services.costs import costs_ahead, costs_by_year, current_rates
from tests.factories import make_contract, make_partner

TODAY = date(2026, 11, 22)
# 1 Jun 2025 to 31 May 2028: the current year began on 1 Jun 2026 and has 365 days, of which 191 are left.
STARTS, ENDS = date(2025, 6, 1), date(2028, 5, 31)
LIFE = Life(STARTS, STARTS, ENDS)


def D(text: str) -> Decimal:
    return Decimal(text)


def a_year(amount: str, first: date | None = None, last: date | None = None, currency: str = "EUR") -> Line:
    return Line("licence", D(amount), currency, first, last)


def once(amount: str, day: date | None = None) -> Line:
    return Line("exit", D(amount), "EUR", day, once=True)


def left(*lines: Line, life: Life = LIFE, today: date = TODAY) -> dict[str, Decimal]:
    return ahead(lines, life, today)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # 191 of 365 days of the current year, and a whole one: 365,000 × 191 ÷ 365 + 365,000
        ([a_year("365000")], "556000.00"),
        # to the cent, half up: 100 × 191 ÷ 365 = 52.3287…
        ([a_year("100")], "152.33"),
        # from 1 Jan 2027 to 30 Jun 2027: 151 days of 2026/27 and 30 of 2027/28, which has a leap day: 366 days
        ([a_year("365", date(2027, 1, 1), date(2027, 6, 30))], "180.92"),  # 151.00 + 29.92
        # over before today
        ([a_year("365", date(2025, 6, 1), date(2026, 5, 31))], "0"),
        # a last day beyond the end of life counts to the end of life only
        ([a_year("365000", None, date(2040, 1, 1))], "556000.00"),
        # once, today and yesterday
        ([once("1000", TODAY)], "1000.00"),
        ([once("1000", TODAY - timedelta(days=1))], "0"),
        # leaving without a day falls on the end of life; with one, even after it
        ([once("420000")], "420000.00"),
        ([once("420000", date(2028, 9, 30))], "420000.00"),
        ([a_year("365000"), once("420000")], "976000.00"),
        ([a_year("0")], "0"),
    ],
)  # fmt: skip
def test_what_is_still_ahead_is_as_counted_by_hand(lines, expected):
    assert left(*lines).get("EUR", D("0")) == D(expected)


@pytest.mark.parametrize(
    ("life", "today", "expected"),
    [
        # the first day of a contract year: all of it is ahead; the last: one day of 365
        (LIFE, date(2027, 6, 1), "365.00"),
        (LIFE, date(2027, 5, 31), "366.00"),
        (LIFE, ENDS, "1.00"),  # 365 × 1 ÷ 366 = 0.997…
        (LIFE, date(2028, 6, 1), "0"),
        # not begun yet: three whole years
        (LIFE, date(2025, 1, 1), "1095.00"),
        # begun on a leap day: its years begin on 28 February, on the 29th where there is one
        (Life(date(2024, 2, 29), date(2024, 2, 29), date(2027, 2, 27)), date(2026, 2, 28), "365.00"),
        # no start recorded: its years are counted back from its end
        (Life(date(2028, 6, 1), None, ENDS), TODAY, "556.00"),
        # ends in the middle of a year: 191 of 365 days, and 92 (June to August) of 366 days
        (Life(STARTS, STARTS, date(2027, 8, 31)), TODAY, "282.75"),
    ],
)  # fmt: skip
def test_a_year_counts_by_the_share_of_its_days(life, today, expected):
    assert left(a_year("365"), life=life, today=today).get("EUR", D("0")) == D(expected)


def test_the_years_are_named_and_hold_each_kind_by_currency():
    years = by_year([a_year("365"), a_year("730", currency="USD"), once("90")], LIFE, TODAY)
    assert [year.name for year in years] == ["2026/27", "2027/28"]
    assert years[0].whole == {("licence", "EUR"): D("365.00"), ("licence", "USD"): D("730.00")}
    assert years[0].ahead == {("licence", "EUR"): D("191.00"), ("licence", "USD"): D("382.00")}
    assert years[1].ahead[("exit", "EUR")] == D("90.00")
    sums = added(*({currency: amount} for year in years for (_, currency), amount in year.ahead.items()))
    assert sums == left(a_year("365"), a_year("730", currency="USD"), once("90"))
    assert by_year([a_year("365")], Life(date(2026, 1, 1), None, date(2026, 12, 31)), TODAY)[0].name == "2026"


def test_the_end_of_life_is_the_end_of_the_term_or_a_later_day_that_was_stated():
    assert life_of(STARTS, ENDS, None, [], TODAY).until == ENDS
    assert life_of(STARTS, ENDS, date(2030, 1, 31), [], TODAY).until == date(2030, 1, 31)
    assert life_of(STARTS, ENDS, date(2027, 1, 31), [], TODAY).until == ENDS
    assert life_of(None, ENDS, None, [], TODAY).begins == date(2028, 6, 1)


def test_without_an_end_twelve_months_are_counted_or_as_long_as_a_line_says():
    open_ended = life_of(STARTS, None, None, [a_year("365")], TODAY)
    assert open_ended.is_open
    assert open_ended.until == date(2027, 11, 21)
    assert left(a_year("365"), life=open_ended) == {"EUR": D("364.52")}  # 191.00 + 365 × 174 ÷ 366 = 173.52
    stated = life_of(STARTS, None, None, [a_year("365", None, ENDS), once("5", date(2026, 12, 1))], TODAY)
    assert stated.until == ENDS
    assert life_of(None, None, None, [], TODAY).begins == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("starts", "ends", "expected"),
    [
        (STARTS, ENDS, "100000.00"),
        (STARTS, date(2025, 8, 31), "1190217.39"),  # 300,000 ÷ (92 ÷ 365)
        (date(2024, 2, 29), date(2027, 2, 27), "100000.00"),
    ],
)
def test_a_total_value_is_spread_so_that_its_years_add_up_to_it(starts, ends, expected):
    amount = yearly(D("300000"), starts, ends)
    assert amount == D(expected)
    total = left(Line("value", amount, "EUR"), life=Life(starts, starts, ends), today=starts)["EUR"]
    assert abs(total - D("300000")) <= D("0.03")


@given(
    st.dates(date(2000, 1, 1), date(2040, 1, 1)), st.integers(1, 9000), st.integers(0, 9000),
    st.integers(1, 10**9),
)  # fmt: skip
def test_each_day_that_passes_leaves_less_ahead_and_never_more_than_there_was(starts, length, passed, cents):
    life = Life(starts, starts, starts + timedelta(days=length))
    line = a_year(str(D(cents).scaleb(-2)))
    today, later = starts + timedelta(days=passed), starts + timedelta(days=passed + 1)
    now, then = (left(line, life=life, today=day).get("EUR", D("0")) for day in (today, later))
    assert D("0") <= then <= now
    assert now - then <= line.amount / 365 + D("0.02")
    if today > life.until:
        assert now == 0


# --- Currencies ------------------------------------------------------------------------------------------
RATES = Rates(
    "EUR",
    MappingProxyType({
        "USD": [(date(2026, 1, 1), D("1.25")), (date(2026, 7, 1), D("1.1"))],
        "JPY": [(date(2027, 1, 1), D("160"))],
    }),
)  # fmt: skip


def test_a_sum_takes_the_rate_of_the_day_and_says_what_is_left_out():
    amounts = {"EUR": D("100"), "USD": D("110"), "JPY": D("5000"), "SEK": D("0")}
    found = in_reporting(amounts, RATES, TODAY)
    assert (found.total, found.currency) == (D("200.00"), "EUR")
    assert found.left == {"JPY": D("5000")}
    assert in_reporting({"USD": D("110")}, RATES, date(2026, 6, 30)).total == D("88.00")
    assert in_reporting({"USD": D("110")}, RATES, date(2025, 12, 31)).left == {"USD": D("110")}
    assert in_reporting({}, RATES, TODAY).total == 0


def test_a_sum_is_rounded_once_half_up():
    rates = Rates("EUR", {"USD": [(date(2026, 1, 1), D("3"))], "CHF": [(date(2026, 1, 1), D("3"))]})
    assert in_reporting({"USD": D("0.02"), "CHF": D("0.02")}, rates, TODAY).total == D("0.01")
    assert in_reporting({"EUR": D("0.005")}, rates, TODAY).total == D("0.01")


def test_any_two_currencies_meet_by_way_of_the_reporting_currency():
    found = summed_in("USD", {"EUR": D("100"), "USD": D("1"), "JPY": D("7")}, RATES, TODAY)
    assert (found.total, found.left) == (D("111.00"), {"JPY": D("7")})
    assert summed_in("JPY", {"EUR": D("100"), "JPY": D("1")}, RATES, TODAY).left == {"EUR": D("100")}


def test_amounts_are_added_by_currency():
    assert added({"EUR": D("1")}, {"EUR": D("2"), "USD": D("3")}) == {"EUR": D("3"), "USD": D("3")}


# --- From what is saved ----------------------------------------------------------------------------------
def make_line(contract: Contract, **fields) -> CostLine:
    return CostLine.objects.create(
        contract=contract, **{"amount": D("365"), "currency": "EUR", "note": "Users", **fields}
    )


@pytest.mark.django_db
def test_cost_lines_count_instead_of_the_contracts_own_value():
    contract = make_contract(starts=STARTS, ends=ENDS, annual_value=D("3650"))
    alone = costs_by_year(contract, TODAY)
    assert (alone.sums, alone.from_value) == ({"EUR": D("5560.00")}, True)
    make_line(contract)
    make_line(contract, kind="exit", once=True, amount=D("90"))
    found = costs_by_year(contract, TODAY)
    assert (found.sums, found.from_value, found.until) == ({"EUR": D("646.00")}, False, ENDS)
    assert costs_ahead(Contract.objects.all(), TODAY)[contract.pk].sums == found.sums


@pytest.mark.django_db
def test_a_renewed_term_and_a_stated_end_of_life_make_it_longer():
    contract = make_contract(starts=STARTS, ends=date(2026, 5, 31), renewed_until=ENDS, annual_value=D("365"))
    assert costs_by_year(contract, TODAY).sums == {"EUR": D("556.00")}
    contract.end_of_life = date(2029, 5, 31)
    assert costs_by_year(contract, TODAY).sums == {"EUR": D("921.00")}


@pytest.mark.django_db
def test_a_contract_of_unknown_value_has_no_sum_and_one_that_ended_has_nothing_ahead():
    unknown = make_contract(starts=STARTS, ends=ENDS)
    ended = make_contract(starts=STARTS, ends=date(2026, 5, 31), annual_value=D("365"), currency="USD")
    total_only = make_contract(starts=STARTS, ends=ENDS, total_value=D("1095"))
    found = costs_ahead([unknown, ended, total_only], TODAY)
    assert found[unknown.pk].sums == {}
    assert found[ended.pk].sums == {"USD": D("0")}
    assert found[total_only.pk].sums == {"EUR": D("556.00")}
    assert found[total_only.pk].from_value


@pytest.mark.django_db
def test_many_contracts_cost_two_statements_and_agree_with_each_alone():
    for number in range(12):
        contract = make_contract(starts=STARTS, ends=ENDS + timedelta(days=40 * number), annual_value=number)
        for place in range(number % 4):
            make_line(contract, amount=D(100 * place + number), note=str(place), currency=("EUR", "USD")[place % 2],
                      starts=STARTS + timedelta(days=200 * place))  # fmt: skip
    with CaptureQueriesContext(connection) as captured:
        found = costs_ahead(Contract.objects.order_by("pk")[:11], TODAY)
    assert len(captured) == 2
    assert len(found) == 11
    for contract in Contract.objects.filter(pk__in=found):
        assert costs_by_year(contract, TODAY).sums == found[contract.pk].sums


@pytest.mark.django_db
def test_the_reporting_currency_is_the_chosen_one_or_else_the_commonest():
    assert current_rates().currency == "EUR"
    partner = make_partner()
    for currency in ("USD", "AUD", "AUD"):
        make_contract(partner, currency=currency)
    assert current_rates().currency == "AUD"
    Reporting.objects.create(pk=1, currency="CHF")
    for first, units in ((date(2026, 7, 1), "1.7"), (date(2026, 1, 1), "1.6")):
        Rate.objects.create(reporting="CHF", currency="AUD", valid_from=first, units=D(units))
    Rate.objects.create(reporting="EUR", currency="AUD", valid_from=TODAY, units=D("9"))
    rates = current_rates()
    assert rates.currency == "CHF"
    assert rates.on("AUD", date(2026, 6, 30)) == D("1.6")
    assert rates.on("AUD", TODAY) == D("1.7")
    assert rates.on("AUD", date(2025, 1, 1)) is None
