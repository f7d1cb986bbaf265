"""The arithmetic of terms and notice deadlines, against a table worked out by hand and over every day of ten years."""

from datetime import date, datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import example, given
from hypothesis import strategies as st

from partners.calendars import closed_days, countries
from partners.dates import current_term, notice_deadline, term_after, today_in

OPEN = "every day"

# end of term, notice period, country, deadline
BY_HAND = """
2026-01-31  1 months  every day  2025-12-31
2026-03-31  1 months  every day  2026-02-28
2028-03-31  1 months  every day  2028-02-29
2026-03-30  1 months  every day  2026-02-28
2026-03-29  1 months  every day  2026-02-28
2028-03-30  1 months  every day  2028-02-29
2026-02-28  1 months  every day  2026-01-28
2028-02-29  1 months  every day  2028-01-29
2028-02-29 12 months  every day  2027-02-28
2028-02-29 48 months  every day  2024-02-29
2026-04-30  1 months  every day  2026-03-30
2026-05-31  1 months  every day  2026-04-30
2026-05-31  3 months  every day  2026-02-28
2026-12-31  1 months  every day  2026-11-30
2026-12-31  3 months  every day  2026-09-30
2026-12-31  6 months  every day  2026-06-30
2026-12-31 10 months  every day  2026-02-28
2024-12-31 10 months  every day  2024-02-29
2026-12-31 12 months  every day  2025-12-31
2026-12-31 36 months  every day  2023-12-31
2027-01-01  1 months  every day  2026-12-01
2027-01-31  2 months  every day  2026-11-30
2000-03-31  1 months  every day  2000-02-29
2100-03-31  1 months  every day  2100-02-28
2026-12-31  0 days    every day  2026-12-31
2026-12-31 30 days    every day  2026-12-01
2026-12-31 60 days    every day  2026-11-01
2026-12-31 90 days    every day  2026-10-02
2026-03-01  1 days    every day  2026-02-28
2028-03-01  1 days    every day  2028-02-29
2027-03-01 365 days   every day  2026-03-01
2028-03-01 366 days   every day  2027-03-01
2026-12-31  2 weeks   every day  2026-12-17
2026-12-31  6 weeks   every day  2026-11-19
2027-01-04  1 weeks   every day  2026-12-28
2028-03-07  1 weeks   every day  2028-02-29
0001-01-31  2 months  every day  0001-01-01
0001-01-05 10 days    every day  0001-01-01
9999-12-31  1 months  every day  9999-11-30
9999-12-31  0 days    every day  9999-12-31
2026-12-31  1 months  -          2026-11-30
2026-03-31  1 months  -          2026-02-27
2026-12-31 60 days    -          2026-10-30
2027-01-03  0 days    -          2027-01-01
2027-08-31  1 months  -          2027-07-30
2027-01-01  0 days    XX         2027-01-01
2027-01-02  0 days    XX         2027-01-01
0001-01-01  9 weeks   DE         0001-01-01
2027-01-01  0 days    DE         2026-12-31
2027-02-01  1 months  DE         2026-12-31
2026-12-27  0 days    DE         2026-12-24
2027-01-03  1 weeks   DE         2026-12-24
2022-01-26  1 months  DE         2021-12-24
2026-04-06  0 days    DE         2026-04-02
2026-06-01  1 months  DE         2026-04-30
2026-11-03  1 months  DE         2026-10-02
2026-06-25  1 months  DE         2026-05-22
2026-05-14  0 days    DE         2026-05-13
2027-02-26  1 months  AU         2027-01-25
2026-05-25  1 months  AU         2026-04-24
2026-04-06  0 days    AU         2026-04-02
2027-01-01  0 days    AU         2026-12-31
2026-12-26  0 days    AU         2026-12-24
2026-08-04  1 months  US         2026-07-02
2026-12-26  1 months  US         2026-11-25
2026-10-07 30 days    US         2026-09-04
2027-01-01  0 days    US         2026-12-31
2022-01-01  0 days    US         2021-12-30
2026-12-25  0 days    US         2026-12-24
2026-12-28  0 days    GB         2026-12-24
2027-01-28  1 months  GB         2026-12-24
2027-12-28  0 days    GB         2027-12-24
2022-01-03  0 days    GB         2021-12-31
2026-04-05  0 days    GB         2026-04-02
2026-11-28  0 days    EG         2026-11-26
"""


def closed(country: str):
    return (lambda day: False) if country == OPEN else closed_days(country)


def case(line: str):
    end, number, unit, *country, deadline = line.split()
    return date.fromisoformat(end), int(number), unit, " ".join(country), date.fromisoformat(deadline)


CASES = [case(line) for line in BY_HAND.strip().splitlines()]


def test_the_table_is_long_enough():
    assert len(set(CASES)) >= 60


@pytest.mark.parametrize(("end", "number", "unit", "country", "deadline"), CASES)
def test_a_deadline_worked_out_by_hand(end, number, unit, country, deadline):
    assert notice_deadline(end, number, unit, closed(country)) == deadline


def test_over_ten_years_a_deadline_is_never_late_and_never_turns_back():
    """Every end in ten years, notice of 1 to 36 months and 1 to 36 days: 263,016 deadlines, beside another library."""
    is_closed = closed_days("DE")
    first = date(2024, 1, 1)
    ends = [first + timedelta(days=number) for number in range(3653)]
    before_it: list[date] = []
    checked = 0
    for unit in ("months", "days"):
        before_it = [notice_deadline(end, 0, unit, is_closed) for end in ends]
        for number in range(1, 37):
            back = relativedelta(**{unit: number})
            deadlines = [notice_deadline(end, number, unit, is_closed) for end in ends]
            counted = [end - back for end in ends]
            assert all(map(date.__lt__, deadlines, ends))
            assert all(map(date.__le__, deadlines, counted))  # earlier, never later
            assert all(map(date.__le__, deadlines, deadlines[1:]))  # a later end, no earlier deadline
            assert all(map(date.__le__, deadlines, before_it))  # a longer notice, no later deadline
            assert not any(map(is_closed, deadlines))
            assert all(  # no open day was passed over
                day == on or all(is_closed(on - timedelta(days=n)) for n in range((on - day).days))
                for day, on in zip(deadlines, counted, strict=True)
            )
            before_it = deadlines
            checked += len(deadlines)
    assert checked == 3653 * 72


@given(st.dates(), st.integers(0, 40_000), st.sampled_from(["days", "weeks", "months"]))
@example(date.min, 40_000, "months")
@example(date.max, 0, "days")
def test_any_day_of_the_calendar_has_a_deadline_that_is_not_after_it(end, number, unit):
    assert date.min <= notice_deadline(end, number, unit, closed_days("US")) <= end


@pytest.mark.parametrize(
    ("end", "months", "ends"),
    [
        ("2026-01-31", 1, "2026-01-31 2026-02-28 2026-03-31 2026-04-30 2026-05-31"),
        ("2027-12-31", 1, "2027-12-31 2028-01-31 2028-02-29 2028-03-31 2028-04-30"),
        ("2026-02-28", 12, "2026-02-28 2027-02-28 2028-02-29 2029-02-28 2030-02-28"),
        ("2028-02-29", 12, "2028-02-29 2029-02-28 2030-02-28 2031-02-28 2032-02-29"),
        ("2026-04-30", 6, "2026-04-30 2026-10-31 2027-04-30 2027-10-31 2028-04-30"),
        ("2026-01-30", 1, "2026-01-30 2026-02-28 2026-03-30 2026-04-30 2026-05-30"),
        ("2026-06-15", 36, "2026-06-15 2029-06-15 2032-06-15 2035-06-15 2038-06-15"),
        ("9998-12-31", 12, "9998-12-31 9999-12-31 9999-12-31 9999-12-31 9999-12-31"),
    ],
)
def test_terms_are_counted_from_the_original_end(end, months, ends):
    found = [term_after(date.fromisoformat(end), months, renewals).isoformat() for renewals in range(5)]
    assert found == ends.split()


@pytest.mark.parametrize(
    ("end", "notice", "months", "today", "renewals", "ends", "deadline"),
    [
        # on the deadline itself it can still be ended; a day later it has renewed itself
        ("2026-12-31", (3, "months"), 12, "2026-09-30", 0, "2026-12-31", "2026-09-30"),
        ("2026-12-31", (3, "months"), 12, "2026-10-01", 1, "2027-12-31", "2027-09-30"),
        ("2020-01-31", (1, "months"), 12, "2026-11-22", 7, "2027-01-31", "2026-12-31"),
        ("2020-01-31", (1, "months"), 12, "2027-01-01", 8, "2028-01-31", "2027-12-31"),
        # a notice longer than the renewal: several terms ahead
        ("2026-01-31", (6, "months"), 1, "2026-11-22", 16, "2027-05-31", "2026-11-30"),
        # not renewing: the deadline stays where it was
        ("2020-01-31", (1, "months"), None, "2026-11-22", 0, "2020-01-31", "2019-12-31"),
        # no notice period: it renews itself when it ends
        ("2025-12-31", None, 12, "2025-12-31", 0, "2025-12-31", None),
        ("2025-12-31", None, 12, "2026-01-01", 1, "2026-12-31", None),
        ("9999-06-30", (0, "days"), 12, "9999-12-31", 1, "9999-12-31", "9999-12-31"),
    ],
)  # fmt: skip
def test_a_term_renews_itself_when_its_deadline_has_passed(
    end, notice, months, today, renewals, ends, deadline
):
    found = current_term(
        date.fromisoformat(end), notice, months, lambda day: False, date.fromisoformat(today)
    )
    assert (found.renewals, found.ends) == (renewals, date.fromisoformat(ends))
    assert found.deadline == (deadline and date.fromisoformat(deadline))


@given(
    st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(0, 40), st.integers(1, 60),
    st.dates(date(2000, 1, 1), date(2060, 1, 1)),
)  # fmt: skip
def test_the_term_to_be_decided_is_the_first_whose_deadline_is_not_past(end, number, months, today):
    is_closed = closed_days("DE")
    found = current_term(end, (number, "months"), months, is_closed, today)
    assert found.deadline >= today or found.renewals == 0
    if found.renewals:
        earlier = term_after(end, months, found.renewals - 1)
        assert notice_deadline(earlier, number, "months", is_closed) < today


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("America/Sao_Paulo", "2018-11-04T02:59:59", "2018-11-03"),  # the clock goes from 24:00 to 1:00
        ("America/Sao_Paulo", "2018-11-04T03:00:00", "2018-11-04"),
        ("Africa/Cairo", "2024-04-25T21:59:59", "2024-04-25"),
        ("Africa/Cairo", "2024-04-25T22:00:00", "2024-04-26"),
        ("Asia/Beirut", "2024-03-30T21:59:59", "2024-03-30"),
        ("Asia/Beirut", "2024-03-30T22:00:00", "2024-03-31"),
        ("Pacific/Apia", "2011-12-30T09:59:59", "2011-12-29"),  # a whole day was left out
        ("Pacific/Apia", "2011-12-30T10:00:00", "2011-12-31"),
        ("Pacific/Kiritimati", "2026-11-22T10:00:00", "2026-11-23"),
        ("Etc/GMT+12", "2026-11-22T11:59:59", "2026-11-21"),
        ("Europe/Berlin", "2026-10-25T22:59:59", "2026-10-25"),
        ("Europe/Berlin", "2026-10-25T23:00:00", "2026-10-26"),
    ],
)
def test_the_day_it_is_where_clocks_change_at_midnight(zone, moment, day):
    assert today_in(zone, datetime.fromisoformat(f"{moment}+00:00")) == date.fromisoformat(day)


@pytest.mark.parametrize("country", sorted(countries()))
def test_every_country_has_open_days_in_all_years_one_can_type(country):
    is_closed = closed_days(country)
    for year in (1950, 2026, 2199, 9999):
        days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
        assert 50 < sum(map(is_closed, days)) < 160
