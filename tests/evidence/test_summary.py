"""What the facts come to on a partner's page: both sides, the drawings, and what they say in words."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from evidence.charts.contacts import Waiting
from evidence.charts.promises import Ledger
from evidence.charts.service import Prices
from evidence.facts import NOTHING, PAIRS, WAITING, Facts
from evidence.figures import FIGURES
from evidence.kinds import KINDS
from evidence.models import THEM, US, Figure, Promise
from evidence.owed import by_side, is_owed, is_owing
from evidence.services.figures import refresh
from evidence.summary import Summary, seasons_of
from tests.factories import (
    make_benchmark,
    make_commitment,
    make_contract,
    make_disclosure,
    make_engagement,
    make_figure,
    make_incident,
    make_partner,
    make_programme,
    make_promise,
    make_request,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 20)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(datetime(2026, 11, 20, 12, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def partner():
    return make_partner("Northgate", unit=make_unit())


@pytest.fixture
def person(client, partner):
    someone = make_user("rater", partner.unit)
    client.force_login(someone)
    return someone


@pytest.fixture
def summary(partner, person):
    return lambda: Summary(partner, person, TODAY)


def panel(summary, slug):
    return next(one for one in summary.panels if one.slug == slug)


def page(client, partner):
    return client.get(reverse("evidence", args=[partner.pk])).content.decode()


def test_a_partner_without_entries_is_told_what_would_be_here_and_where_to_start(client, partner, person):
    content = page(client, partner)
    assert "What would be here" in content
    assert "What the facts say" not in content
    for slug in (
        "engagement",
        "promise",
        "request",
        "commitment",
        "incident",
        "disclosure",
        "programme",
        "benchmark",
    ):
        assert f'href="{reverse("entry_new", args=[partner.pk, slug])}"' in content


def test_figures_that_are_not_worked_out_yet_say_so(client, partner, person):
    make_request(partner, TODAY)
    assert WAITING in page(client, partner)
    refresh([partner.pk])
    content = page(client, partner)
    assert WAITING not in content
    assert NOTHING in content


def test_what_they_failed_stands_beside_what_we_failed(partner, client, person):
    for name, value in (
        ("open_requests", 11),
        ("our_open_requests", 4),
        ("meetings_cancelled", 2),
        ("our_meetings_cancelled", 3),
    ):
        make_figure(partner, name, value, 20)
    pairs = {label: (theirs.said, ours.said) for label, theirs, ours in Facts(Figure.objects.all()).pairs}
    assert pairs["Requests left unanswered"] == ("11", "4")
    assert pairs["Meetings called off, in a year"] == ("2", "3")
    content = page(client, partner)
    assert content.index("<b>11</b>") < content.index("<b>4</b>")


def test_every_figure_of_ours_stands_beside_theirs():
    ours = {name.removeprefix("our_") for name, kind in FIGURES.items() if kind.side == US}
    assert {name for _, name in PAIRS} == ours


def test_contacts_are_told_apart_by_season_and_by_who_came(partner, summary):
    contract = make_contract(partner, ends=date(2026, 12, 31), notice_deadline=date(2026, 12, 1))
    start = contract.notice_deadline - timedelta(days=90)
    for day in (start, start - DAY, TODAY, date(2023, 1, 5), TODAY + DAY):
        make_engagement(partner, day)
    make_engagement(partner, TODAY, US)
    make_engagement(partner, TODAY, cancelled_by="us")
    make_engagement(partner, TODAY, is_draft=True)
    strip = panel(summary(), "presence")
    assert strip.notes[0] == (
        "In 36 months they came 2 times inside decision seasons and 1 time outside them; we came 1 time."
    )
    assert strip.table.rows[0] == ("Sep to Nov 2026", 2, 1, 1)


def test_a_strip_without_a_season_says_so(partner, summary):
    make_contract(partner, ends=date(2031, 12, 31), notice_deadline=date(2031, 10, 1))
    make_engagement(partner, TODAY)
    assert panel(summary(), "presence").notes == [
        "In 36 months they came 1 time, we 0 times. No decision season falls into them."
    ]


def test_the_heading_of_the_strip_says_no_more_than_its_figure(partner, summary):
    make_engagement(partner, TODAY)
    assert panel(summary(), "presence").heading == "When they come, and when we do"
    figure = make_figure(partner, "presence_ratio", "7.13", 20, lower="2.57", upper="22.6")
    found = panel(summary(), "presence")
    assert found.heading == "They come 7.1 times as often when we must decide"
    assert "95 % interval 2.6 to 22.6." in found.notes
    Figure.objects.filter(pk=figure.pk).update(word="no difference shown")
    assert "no difference shown" in panel(summary(), "presence").heading
    Figure.objects.filter(pk=figure.pk).update(word="only in season", value=None, upper=None)
    assert panel(summary(), "presence").heading == "They come only when we must decide"


def test_seasons_of_contracts_of_another_unit_are_not_drawn(partner, person):
    ours = make_contract(partner, ends=date(2026, 6, 30), notice_deadline=date(2026, 5, 29))
    make_contract(partner, ends=date(2025, 6, 30), notice_deadline=date(2025, 5, 29), unit=make_unit())
    assert seasons_of(partner, person) == [(ours.notice_deadline - timedelta(days=90), date(2026, 6, 30))]


@pytest.mark.parametrize(("role", "is_said"), [("rater", True), ("administrator", False)])
def test_who_sees_some_contracts_only_is_told_that_the_ratio_counts_all(partner, role, is_said):
    make_engagement(partner, TODAY)
    user = make_user(role, *([partner.unit] if role == "rater" else []))
    assert user.sees_all_units is not is_said
    found = lambda: " ".join(panel(Summary(partner, user, TODAY), "presence").notes)  # noqa: E731
    assert "drawn are those of contracts you see" not in found()
    make_figure(partner, "presence_ratio", "7.13", 20, lower="2.57", upper="22.6")
    assert ("drawn are those of contracts you see" in found()) is is_said


MADE, DUE = date(2025, 1, 10), date(2026, 3, 31)


@pytest.mark.parametrize(
    ("fields", "moves", "said"),
    [
        ({"delivered_on": DUE}, [], "Delivered on the day"),
        ({"delivered_on": DUE + DAY}, [], "Delivered 1 day late"),
        ({"delivered_on": DUE - 5 * DAY}, [], "Delivered 5 days early"),
        ({"delivered_on": date(2026, 7, 13)}, [(date(2026, 3, 1), date(2026, 6, 30))], "Delivered 104 days late, moved once"),
        ({"withdrawn_on": date(2026, 9, 2)}, [], "Withdrawn on 2 Sep 2026"),
        ({}, [], "Open, 234 days past the first day"),
        ({}, [(date(2026, 3, 1), date(2027, 3, 31))], "Open, 234 days past the first day, moved once, now for 31 Mar 2027"),
        ({"due_on": TODAY}, [], "Open, for 20 Nov 2026"),
        ({"due_on": None}, [], "We asked; not promised yet"),
    ],
)  # fmt: skip
def test_a_promise_is_held_against_its_first_day(partner, fields, moves, said):
    promise = make_promise(partner, MADE, fields.pop("due_on", DUE), *moves, **fields)
    ledger = Ledger([promise], TODAY)
    assert ledger.table().rows[0][-1] == said
    assert said in ledger.track(promise, 400)


def test_the_open_promises_are_drawn_first_and_the_rest_is_counted(partner, summary):
    later = make_promise(partner, date(2020, 2, 1), date(2027, 6, 1))
    late = make_promise(partner, date(2020, 1, 1), date(2020, 6, 1))
    for month in range(1, 13):
        make_promise(partner, date(2025, month, 1), date(2025, month, 20), delivered_on=date(2025, month, 20))
    found = panel(summary(), "promises")
    assert len(found.table.rows) == 12
    assert [late.what in found.table.rows[0][0], later.what in found.table.rows[1][0]] == [True, True]
    assert "12 of 14 are drawn, the open ones first." in found.notes


@pytest.mark.parametrize(
    ("days", "age"),
    [
        (0, "a week"),
        (7, "a week"),
        (8, "a month"),
        (30, "a month"),
        (31, "3 months"),
        (91, "3 months"),
        (184, "longer"),
    ],
)
def test_requests_without_an_answer_are_told_apart_by_age(days, age):
    waiting = Waiting([(THEM, TODAY - days * DAY)], TODAY)
    assert waiting.counts == {(THEM, age): 1}


def test_the_heading_over_requests_counts_what_the_figures_count(partner, summary):
    make_request(partner, date(2026, 11, 2))
    make_request(partner, date(2024, 1, 1))
    make_request(partner, date(2026, 1, 1), outcome="ignored")
    make_request(partner, date(2024, 1, 1), outcome="ignored")
    make_request(partner, date(2026, 1, 1), date(2026, 1, 9))
    make_request(partner, date(2026, 10, 1), asked_by=THEM)
    refresh([partner.pk])
    found = summary()
    assert panel(found, "waiting").heading == "Requests left unanswered: 3 by them, 1 by us"
    assert (found.facts.of("open_requests").said, found.facts.of("our_open_requests").said) == ("3", "1")
    assert "1 of them was ignored outright." in panel(found, "waiting").notes


def test_money_outstanding_is_counted_each_way(partner, summary):
    late, soon = TODAY - DAY, TODAY + DAY
    money = {"amount": 100, "currency": "EUR"}
    make_commitment(partner, late, THEM, consequence="penalty", **money)  # they missed it: they owe
    make_commitment(
        partner, late, US, consequence="reward", met_on=late, amount=50, currency="USD"
    )  # they owe
    make_commitment(
        partner, late, THEM, consequence="reward", met_on=late, amount=7, currency="EUR"
    )  # we owe
    make_commitment(
        partner, late, US, consequence="penalty", met_on=TODAY, amount=3, currency="EUR"
    )  # we owe
    make_commitment(partner, soon, THEM, consequence="penalty", **money)  # not due
    make_commitment(partner, TODAY, THEM, consequence="penalty", **money)  # due today: not missed
    make_commitment(partner, late, THEM, consequence="penalty", met_on=late, **money)  # kept
    make_commitment(partner, late, THEM, consequence="reward", met_on=TODAY, **money)  # met too late
    make_commitment(partner, late, THEM, consequence="penalty", settled_on=TODAY, **money)
    make_commitment(partner, late, THEM)
    assert by_side(partner.commitments.filter(is_owed(TODAY))) == {
        THEM: {"EUR": Decimal(100), "USD": Decimal(50)},
        US: {"EUR": Decimal(10)},
    }
    assert panel(summary(), "owed").heading == "They owe us EUR 100 and USD 50; we owe them EUR 10"
    owed = set(partner.commitments.filter(is_owed(TODAY)))
    assert owed == {row for row in partner.commitments.all() if is_owing(row, TODAY)}


def test_incidents_outside_a_limit_are_marked_and_one_that_still_runs_in_time_is_not_drawn(partner, summary):
    opened = datetime(2026, 11, 1, 8, tzinfo=UTC)
    limits = {"acknowledge_within": 1, "fix_within": 8}
    make_incident(partner, opened, what="Fine", acknowledged=1, fixed=8, **limits)
    make_incident(partner, opened, what="Slow", acknowledged=0.5, fixed=9, **limits)
    make_incident(partner, opened, what="Forgotten", acknowledged=0.5, **limits)
    make_incident(partner, datetime(2026, 11, 20, 11, 30, tzinfo=UTC), what="Running", **limits)
    make_incident(partner, opened, what="Lawless", fixed=2)
    make_incident(partner, opened, kind="praise", severity="", what="Thanks")
    make_incident(partner, datetime(2025, 11, 1, tzinfo=UTC), what="Long ago", fixed=100, **limits)
    found = panel(summary(), "incidents")
    assert found.notes == [
        "2 incidents of 5 in a year outside a limit.", "2 not fixed yet.", "1 had no limit and is not drawn.",
        "Praised 1 time.",
    ]  # fmt: skip
    drawn = found.drawings[0][1]
    assert drawn.count('class="dot"') == 2
    assert drawn.count('class="ring"') == 4
    assert "Slow, 1 Nov 2026: 9 h of 8 h, outside" in drawn
    assert "Running" not in drawn
    assert "Long ago" not in drawn
    assert [str(row[0]).split(">")[1][:4] for row in found.table.rows[:2]] in (
        ["Slow", "Forg"],
        ["Forg", "Slow"],
    )


def test_a_programme_shows_what_was_promised_and_did_not_come(partner, summary):
    make_programme(partner, 2026, [("beta", 900, 500), ("demos", 10, 40)], [("fee", 300), ("training", 75)])
    found = panel(summary(), "programme")
    said = "2026: EUR 540 received, 400 promised and not received, 375 cost"
    assert said in found.drawings[0][1]
    assert found.table.rows[0][1:] == ("EUR", "400", "540", "375")


def test_a_price_is_out_of_date_after_twelve_months(partner):
    fresh = make_benchmark(partner, date(2025, 11, 20))
    stale = make_benchmark(partner, date(2025, 11, 19))
    prices = Prices([fresh, stale], TODAY)
    assert [prices.is_stale(row) for row in prices.items] == [False, True]
    assert prices.drawing(400).count('class="stale"') == 1


def test_of_each_item_the_latest_price_is_drawn_and_the_market_may_be_known_by_its_median_alone(
    partner, summary
):
    make_benchmark(partner, date(2025, 3, 1), item="An hour", our_price=200)
    make_benchmark(partner, date(2026, 3, 1), item="An hour", our_price=112, low=None, high=None)
    make_benchmark(partner, TODAY + DAY, item="An hour", our_price=1)
    found = panel(summary(), "prices")
    assert [row[3] for row in found.table.rows] == ["12 % above the median"]


def test_plans_shared_are_counted_by_quarter_and_side_as_the_figures_count_them(partner, summary):
    for day in (date(2026, 11, 20), date(2026, 10, 1), date(2026, 1, 1), date(2025, 12, 31)):
        make_disclosure(partner, day)
    make_disclosure(partner, date(2026, 7, 1), kind="event")
    make_disclosure(partner, date(2026, 5, 1), US)
    refresh([partner.pk])
    found = summary()
    assert panel(found, "shared").heading == "Of the last four quarters, they shared a plan in 2, we in 1"
    assert found.facts.of("plan_quarters").said == "2 of 4 quarters"
    assert found.facts.of("our_plan_quarters").said == "1 of 4 quarters"
    assert panel(found, "shared").table.rows[:2] == [("Q4 2026", 2, 0, 0, 0), ("Q3 2026", 0, 1, 0, 0)]


def test_names_are_escaped_in_drawings_and_tables(client, partner, person):
    fill(partner, TODAY, "<b>&\"'")
    assert "<b>&" not in page(client, partner)
    assert Promise.objects.get().what == "<b>&\"'"


def test_drawings_say_what_they_show_to_those_who_do_not_see_them(partner, summary):
    fill(partner, TODAY, "It")
    for one in summary().panels:
        for _, drawing in one.drawings:
            assert 'role="img"' in drawing
            assert "<title" in drawing
            assert "<desc" in drawing
        assert one.table.rows, one.slug


def test_the_facts_stand_on_the_first_page_of_everything_only(client, partner, person):
    make_request(partner, TODAY)
    address = reverse("evidence", args=[partner.pk])
    assert client.get(address).context["summary"]
    assert client.get(address, {"side": "us"}).context["summary"] is None


def test_a_summary_asks_the_database_as_often_for_many_entries(client, partner, person, statements):
    address = reverse("evidence", args=[partner.pk])
    fill(partner, TODAY, "It")
    refresh([partner.pk])
    few = statements(client, address)
    for back in range(1, 9):
        fill(partner, TODAY - 40 * back * DAY, f"It {back}", year=2026 - back)
        make_contract(partner, ends=TODAY + 30 * back * DAY, notice_deadline=TODAY + back * DAY)
    refresh([partner.pk])
    assert statements(client, address) <= few


def fill(partner, day, what, year=2026):
    """One entry of each kind."""
    make_engagement(partner, day)
    make_engagement(partner, day, US)
    make_request(partner, day, what=what)
    make_promise(partner, day - 90 * DAY, day, (day - 30 * DAY, day + 90 * DAY), what=what)
    make_incident(
        partner, datetime(day.year, day.month, day.day, 1, tzinfo=UTC), what=what, fixed=9, fix_within=8
    )
    make_commitment(partner, day - DAY, what=what, consequence="penalty", amount=5, currency="EUR")
    make_programme(partner, year, [("beta", 9, 5)], [("fee", 4)])
    make_benchmark(partner, day, item=what)
    make_disclosure(partner, day, what=what)


def test_the_page_says_at_the_top_what_its_figures_found_and_no_more(client, partner, person):
    make_engagement(partner, TODAY)
    make_request(partner, TODAY)
    make_commitment(partner, TODAY - DAY, US, consequence="penalty", amount=5, currency="EUR")
    make_disclosure(partner, TODAY, US)
    content = page(client, partner)
    said = "1 request unanswered by them, none by us; they owe us nothing, we owe them EUR 5"
    assert re.search(r"<h1[^>]*>(.*?)</h1>", content)[1].strip() == said.capitalize().replace("eur", "EUR")
    rest = "Of the last four quarters, they shared a plan in none, we in 1."
    assert f'<p class="lede">{rest}</p><p class="note">4 entries since 2026</p>' in content
    make_figure(partner, "presence_ratio", "7.13", 20, lower="2.57", upper="22.6")
    make_promise(partner, TODAY - 90 * DAY, TODAY - DAY)
    make_figure(partner, "promises_kept", "0.4", 5)
    assert "They come 7.1 times as often when we must decide; 2 of 5 promises kept" in page(client, partner)


def test_entries_that_come_to_nothing_yet_are_counted_in_the_heading(client, partner, person):
    make_engagement(partner, TODAY)
    content = page(client, partner)
    assert re.search(r"<h1[^>]*>(.*?)</h1>", content)[1].strip() == "1 entry since 2026"
    assert content.count("1 entry since 2026") == 1


def test_evidence_is_one_of_the_parts_of_a_partner(client, partner, person):
    address = reverse("evidence", args=[partner.pk])
    assert f'<a href="{address}">Evidence</a>' in client.get(partner.get_absolute_url()).content.decode()
    assert f'<a href="{address}" aria-current="page">Evidence</a>' in page(client, partner)


def test_the_drawings_bear_whatever_may_be_on_record(client, partner, person):
    first, last, long = date(1, 1, 2), date.max, "An unusually long name " * 12
    opened = datetime(2026, 11, 1, tzinfo=UTC)
    make_contract(partner, ends=last, notice_deadline=date(2026, 12, 1))
    make_engagement(partner, first)
    make_engagement(partner, TODAY)
    make_request(partner, first, what=long)
    make_promise(partner, first, last, (first, last), (last, first), what=long)
    make_promise(partner, TODAY, TODAY, delivered_on=last)
    make_incident(partner, opened, fixed=0, fix_within=0, acknowledged=1, acknowledge_within=0)
    make_incident(partner, opened, fixed=0, fix_within="99999.99", acknowledged=1, acknowledge_within="0.01")
    for currency in ("EUR", "JPY", "XAU"):
        make_commitment(partner, first, consequence="penalty", amount="99999999999999.99", currency=currency)
        make_commitment(partner, first, US, consequence="penalty", amount=0, currency=currency)
    make_commitment(partner, first, consequence="penalty", amount=0, currency="CHF")
    make_programme(partner, 2100, [("beta", "99999999999999.99", 0)], [("fee", "99999999999999.99")])
    make_programme(partner, 1990)
    make_benchmark(partner, first, our_price=0, low=0, median="0.0001", high="99999999999999.9999")
    make_benchmark(partner, TODAY, our_price="99999999999999.9999", item=long)
    make_disclosure(partner, first)
    make_disclosure(partner, TODAY, effect_on=first)
    content = page(client, partner)
    assert content.count('<section class="finding') == 8


def test_all_money_is_in_the_sum_however_few_are_listed(partner, summary):
    for _ in range(14):
        make_commitment(partner, TODAY - DAY, consequence="penalty", amount=10, currency="EUR")
    found = panel(summary(), "owed")
    assert found.heading == "They owe us EUR 140; we owe them nothing"
    assert len(found.table.rows) == 12
    assert found.notes == ["The oldest 12 of 14 are listed."]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"due_on": TODAY}, "Due 20 Nov 2026; penalty of EUR 5 at stake"),
        ({"due_on": TODAY - DAY}, "Missed; penalty of EUR 5 outstanding"),
        ({"due_on": TODAY, "met_on": TODAY}, "Met on time"),
        ({"due_on": TODAY, "met_on": TODAY, "consequence": "reward"}, "Met on time; reward of EUR 5 outstanding"),
        ({"due_on": TODAY - DAY, "consequence": "reward"}, "Missed"),
        ({"due_on": TODAY - DAY, "settled_on": TODAY}, "Missed; penalty of EUR 5 settled 20 Nov 2026"),
    ],
)  # fmt: skip
def test_money_is_at_stake_only_until_it_is_decided(partner, fields, said):
    row = make_commitment(partner, **{"consequence": "penalty", "amount": 5, "currency": "EUR", **fields})
    assert KINDS["commitment"].reads(row) == said


def test_a_price_compared_long_ago_is_out_of_date_and_says_since_when(partner, summary):
    make_benchmark(partner, date(2024, 3, 1))
    make_benchmark(partner, date(2025, 3, 1), item="An hour")
    refresh([partner.pk], TODAY)
    found = summary()
    assert found.facts.of("benchmark_position").said == "out of date"
    headings = [one.heading for one in found.panels]
    assert headings == ["Price: out of date, the last comparison is from 1 Mar 2025"]
