"""Figures: the worked examples, what is counted and what is not, and how workers keep them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from evidence.figures import (
    FIGURES,
    MEASURABLE,
    NO_DIFFERENCE,
    ONLY_IN_SEASON,
    clopper_pearson,
    presence,
    wilson,
    words,
)
from evidence.models import (
    Agreement,
    Benchmark,
    Commitment,
    Disclosure,
    Engagement,
    Figure,
    FigureRequest,
    Incident,
    Programme,
    Promise,
    Request,
    ValueStatement,
)
from evidence.services.figures import (
    GROUPS,
    NAMES,
    PRESENCE,
    differences,
    refresh,
    refresh_all,
    refresh_requested,
)
from partners.models import Contact
from partners.services.deadlines import set_deadlines
from partners.services.merge import merge_partners
from tests.factories import make_contract, make_partner, make_user

TODAY = date(2026, 11, 20)  # a Friday
DB = pytest.mark.django_db


@pytest.mark.parametrize(
    ("counts", "shown", "word"),
    [
        ((14, 90, 6, 275), ("7.13", "2.57", "22.6"), ""),
        ((5, 90, 15, 275), ("1.02", "0.29", "2.95"), NO_DIFFERENCE),
    ],
)
def test_presence_ratios_of_the_worked_examples(counts, shown, word):
    found = presence(*counts)
    ends = (found.ratio, found.lower, found.upper)
    assert [f"{end:.{len(text.split('.')[1])}f}" for end, text in zip(ends, shown, strict=True)] == list(
        shown
    )
    assert found.word == word


def test_who_comes_in_season_only_has_no_ratio():
    found = presence(6, 90, 0, 275)
    assert (found.ratio, found.upper, found.word) == (None, None, ONLY_IN_SEASON)
    assert found.lower > 1


@pytest.mark.parametrize("counts", [(0, 90, 0, 275), (3, 0, 4, 275), (3, 90, 4, 0)])
def test_without_contacts_or_days_of_one_sort_nothing_is_said(counts):
    assert presence(*counts).ratio is None
    assert presence(*counts).word == ""


@pytest.mark.parametrize(
    ("hits", "number", "low", "high"),
    [(0, 10, 0, 0.3085), (10, 10, 0.6915, 1), (5, 10, 0.1871, 0.8129), (1, 100, 0.00025, 0.05446), (14, 20, 0.4572, 0.8811)],
)  # fmt: skip
def test_exact_intervals_agree_with_published_tables(hits, number, low, high):
    assert clopper_pearson(hits, number) == pytest.approx((low, high), abs=6e-5)


def test_wilson_intervals_agree_with_published_values():
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)  # Newcombe 1998, table I
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


@pytest.mark.parametrize(
    ("name", "value", "observations", "word", "said"),
    [
        ("promises_kept", "0.4", 5, "", "2 of 5"),
        ("presence_ratio", "7.129630", 20, "", "7.1 times as often"),
        ("presence_ratio", "1.018519", 20, NO_DIFFERENCE, "1.0 times as often, no difference shown"),
        ("presence_ratio", None, 6, ONLY_IN_SEASON, "only in season"),
        ("answer_days", "1", 4, "", "1 working day"),
        ("answer_days", "2.5", 4, "", "2.5 working days"),
        ("benchmark_position", "0.12", 2, "", "12 % above the market median"),
        ("benchmark_position", "-0.045", 1, "", "5 % below the market median"),
        ("benchmark_position", "0.001", 1, "", "at the market median"),
        ("programme_return", "0.45", 3, "", "0.45 times"),
        ("plan_quarters", "1", 4, "", "1 of 4 quarters"),
        ("value_index", "-0.333333", 4, "", "−0.3 of −2 to +2"),
        ("promise_slip", "-12", 4, "", "−12 days"),
        ("helpful_share", None, 2, "", "not enough to say"),
    ],
)
def test_figures_read_as_words(name, value, observations, word, said):
    assert words(name, None if value is None else Decimal(value), observations, word) == said


def test_every_figure_is_found_by_exactly_one_statement():
    found = [name for names in NAMES.values() for name in names]
    assert sorted([*found, PRESENCE]) == sorted(FIGURES)
    assert {kind.name for kind in MEASURABLE} >= {
        "presence_ratio",
        "focus",
        "promises_kept",
        "benchmark_position",
    }


@pytest.fixture
def partner(db):
    return make_partner()


def figures(partner, today=TODAY):
    refresh([partner.pk], today)
    return {row.name: row for row in Figure.objects.filter(partner=partner)}


def ask(partner, asked_on, answered_on=None, outcome=None, asked_by="us", **fields):
    outcome = outcome if outcome is not None else "delivered" if answered_on else ""
    return Request.objects.create(
        partner=partner, asked_on=asked_on, answered_on=answered_on, outcome=outcome, kind="fix", what="It",
        asked_by=asked_by, **fields,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "answered", "days"),
    [
        (date(2026, 11, 2), date(2026, 11, 2), 0),  # the same day
        (date(2026, 11, 2), date(2026, 11, 3), 1),
        (date(2026, 11, 6), date(2026, 11, 9), 1),  # over a weekend
        (date(2026, 11, 6), date(2026, 11, 7), 0),  # on a Saturday: Friday’s count
        (date(2026, 11, 7), date(2026, 11, 8), 0),  # within a weekend
        (date(2026, 11, 7), date(2026, 11, 9), 0),  # from a weekend on, Monday is the first day
        (date(2026, 11, 8), date(2026, 11, 10), 1),
        (date(2024, 2, 28), date(2024, 3, 1), 2),  # a leap day between
        (date(2026, 1, 1), date(2026, 12, 31), 260),
    ],
)
@DB
def test_working_days_are_monday_to_friday(asked, answered, days):
    with connection.cursor() as cursor:
        cursor.execute("SELECT evidence_working_days(%s, %s)", [asked, answered])
        assert cursor.fetchone()[0] == days


def test_requests_are_counted_by_how_soon_and_how_they_ended(partner):
    for days in (0, 1, 3):
        ask(partner, date(2026, 11, 2), date(2026, 11, 2 + days))
    ask(partner, date(2026, 10, 5), date(2026, 10, 30), "pointed")
    ask(partner, date(2026, 10, 5), outcome="ignored")
    ask(partner, date(2026, 10, 5))  # open and late
    ask(partner, TODAY)  # open, with time left
    ask(partner, date(2024, 1, 5))  # open for ages
    ask(partner, date(2025, 11, 19), date(2025, 11, 20))  # a day too old
    ask(partner, TODAY + timedelta(1))
    found = figures(partner)
    assert (found["answer_days"].value, found["answer_days"].observations) == (2, 4)
    assert (found["answered_in_time"].value, found["answered_in_time"].observations) == (Decimal("0.5"), 6)
    assert (found["helpful_share"].value, found["helpful_share"].observations) == (Decimal("0.8"), 5)
    assert found["open_requests"].value == 4
    low, high = wilson(3, 6)
    assert [float(found["answered_in_time"].lower), float(found["answered_in_time"].upper)] == pytest.approx(
        [low, high], abs=1e-6
    )


def test_what_they_ask_of_us_is_counted_apart(partner):
    for _ in range(3):
        ask(partner, date(2026, 11, 2), date(2026, 11, 12), asked_by="them")
    ask(partner, date(2026, 11, 2), date(2026, 11, 2))
    found = figures(partner)
    assert found["our_answer_days"].value == 8
    assert found["our_answered_in_time"].value == 0
    assert found["answer_days"].value is None
    assert found["answer_days"].observations == 1


def test_the_agreed_days_of_a_request_win_over_the_settings(partner):
    for _ in range(3):
        ask(partner, date(2026, 11, 2), date(2026, 11, 6), agreed_days=2)
    assert figures(partner)["answered_in_time"].value == 0
    Request.objects.update(agreed_days=None)
    assert figures(partner)["answered_in_time"].value == 1
    Agreement.objects.create(pk=1, answer_days=3)
    assert figures(partner)["answered_in_time"].value == 0


def promise(partner, due_on, promised_on=date(2025, 1, 1), **fields):
    return Promise.objects.create(
        partner=partner, what="It", promised_on=promised_on, due_on=due_on, **fields
    )


def test_promises_are_judged_by_their_first_day(partner):
    promise(partner, date(2025, 6, 1), delivered_on=date(2025, 6, 1))
    late = promise(partner, date(2025, 6, 1), delivered_on=date(2025, 7, 1))
    late.moves.create(moved_on=date(2025, 5, 1), due_on=date(2025, 7, 1))
    early = promise(partner, date(2026, 6, 1), delivered_on=date(2025, 12, 1))
    early.moves.create(moved_on=date(2025, 9, 1), due_on=date(2025, 12, 1))
    promise(partner, date(2026, 10, 1))  # open and late
    promise(partner, date(2026, 3, 1), withdrawn_on=date(2026, 4, 1))  # came due, then withdrawn
    promise(partner, date(2026, 3, 1), withdrawn_on=date(2026, 2, 1))  # withdrawn before it came due
    promise(partner, TODAY)  # has until tonight
    promise(partner, date(2023, 11, 19), promised_on=date(2023, 1, 1))  # a day too old
    found = figures(partner)
    assert (found["promises_kept"].value, found["promises_kept"].observations) == (Decimal("0.4"), 5)
    slip = Decimal(0 + 30 - 182 + 50) / 4
    assert (found["promise_slip"].value, found["promise_slip"].observations) == (slip, 4)
    assert (found["futures_share"].value, found["futures_share"].observations) == (Decimal("0.75"), 4)
    assert found["oldest_promise"].value == (TODAY - date(2023, 1, 1)).days


def test_an_ask_is_taken_up_when_it_has_a_day_and_is_not_withdrawn(partner):
    promise(partner, date(2026, 1, 1), asked_by_us=True)
    promise(partner, date(2026, 1, 1), asked_by_us=True, withdrawn_on=date(2025, 3, 1))
    promise(partner, None, asked_by_us=True)
    promise(partner, date(2026, 1, 1))
    found = figures(partner)["asks_taken_up"]
    assert (found.value, found.observations) == (Decimal("0.333333"), 3)


def incident(partner, opened_at, hours=None, **fields):
    fixed = None if hours is None else opened_at + timedelta(hours=hours)
    defaults = {"severity": "major", "acknowledged_at": opened_at, "acknowledge_within": 1, "fix_within": 8}
    return Incident.objects.create(
        partner=partner, what="It", opened_at=opened_at, fixed_at=fixed, **defaults | fields
    )


def test_incidents_are_judged_once_a_limit_has_passed_or_all_is_done(partner):
    day = datetime(2026, 9, 30, 22, tzinfo=UTC)  # into the next quarter
    incident(partner, day, 8)
    incident(partner, day, 8.01)
    incident(partner, day, 2, acknowledged_at=day + timedelta(hours=2))
    incident(partner, day)  # open for weeks
    incident(partner, datetime(2026, 11, 20, 22, tzinfo=UTC))  # open, with time left
    incident(partner, day, 500, acknowledge_within=None, fix_within=None)  # no limits agreed
    incident(partner, datetime(2025, 11, 19, 12, tzinfo=UTC), 1)  # too old
    found = figures(partner)["incidents_in_limits"]
    assert (found.value, found.observations) == (Decimal("0.25"), 4)


def test_severe_incidents_that_are_fixed_and_praise_ask_for_a_conversation(partner):
    day = datetime(2026, 9, 30, 22, tzinfo=UTC)
    incident(partner, day, 4, severity="severe")
    incident(partner, day, 4, severity="severe", conversation_on=date(2026, 10, 3), ownership="owned")
    incident(partner, day, severity="severe", ownership="disputed")  # the fire burns
    incident(partner, day, 4, ownership="disputed")
    incident(partner, datetime(2025, 11, 1, tzinfo=UTC), 4, severity="severe")  # of last year
    Incident.objects.create(partner=partner, what="Thanks", kind="praise", opened_at=day)
    found = figures(partner)
    assert (found["conversations_due"].value, found["conversations_due"].observations) == (2, 3)
    assert (found["incidents_owned"].value, found["incidents_owned"].observations) == (Decimal("0.333333"), 3)


def test_commitments_of_both_sides_are_judged_apart(partner):
    for side, met in (("them", 0), ("them", 1), ("them", None), ("us", -3), ("us", 0)):
        due = date(2026, 5, 1)
        Commitment.objects.create(
            partner=partner, made_by=side, what="It", due_on=due,
            met_on=None if met is None else due + timedelta(met),
        )  # fmt: skip
    Commitment.objects.create(partner=partner, made_by="us", what="It", due_on=TODAY)
    found = figures(partner)
    assert (found["commitments_kept"].value, found["commitments_kept"].observations) == (
        Decimal("0.333333"),
        3,
    )
    assert (found["our_commitments_kept"].value, found["our_commitments_kept"].observations) == (1, 2)


def test_a_programme_returns_what_was_received_for_what_it_cost(partner):
    for year, received, promised, cost in ((2026, 11, 40, 30), (2024, 9, 10, 20), (2023, 99, 0, 1)):
        programme = Programme.objects.create(partner=partner, year=year, level="gold", currency="EUR")
        programme.benefits.create(kind="demos", received=received, promised=promised)
        programme.benefits.create(kind="beta", received=5, promised=0)
        programme.obligations.create(kind="training", cost=cost, hours=3)
    found = figures(partner)
    assert (found["programme_return"].value, found["programme_return"].observations) == (Decimal("0.6"), 2)
    assert found["programme_missing"].value == Decimal("0.6")
    Programme.objects.filter(year=2024).update(currency="USD")
    assert "programme_return" not in figures(partner), "two currencies do not add up"


def test_value_is_that_of_the_worst_partnership_in_its_latest_complete_quarter(partner):
    provider = make_partner(kind="provider")

    def said(other, quarter, *felt):
        for party, value in zip(("customer", "vendor", "provider"), felt, strict=False):
            ValueStatement.objects.create(
                partner=partner, provider=other, quarter=quarter, party=party, felt_return=value
            )

    said(None, date(2026, 7, 1), 2, 2)
    said(provider, date(2026, 4, 1), 1, 1, -2)
    said(provider, date(2026, 7, 1), 2, 2)  # the provider has not spoken yet
    found = figures(partner)["value_index"]
    assert (found.value, found.observations) == (Decimal("0.25"), 1)


def test_a_price_is_compared_with_the_latest_median_of_each_item(partner):
    for item, ours, as_of in (("A", 112, date(2026, 5, 1)), ("A", 200, date(2026, 1, 1)), ("B", 90, date(2025, 11, 20)), ("C", 500, date(2025, 11, 19))):  # fmt: skip
        Benchmark.objects.create(
            partner=partner, item=item, our_price=ours, median=100, currency="EUR", source="x", as_of=as_of
        )
    found = figures(partner)["benchmark_position"]
    assert (found.value, found.observations) == (Decimal("0.01"), 2)


def test_plans_shared_by_either_side_are_counted_by_quarters(partner):
    for side, shared, effect, chance, kind in (
        ("them", date(2026, 11, 1), date(2026, 12, 1), True, "roadmap"),
        ("them", date(2026, 10, 2), date(2026, 9, 22), False, "event"),
        ("them", date(2026, 1, 1), None, None, "short"),
        ("them", date(2025, 12, 31), date(2026, 1, 31), True, "long"),
        ("us", date(2025, 11, 1), date(2026, 12, 1), True, "forecast"),
    ):
        Disclosure.objects.create(
            partner=partner, shared_by=side, shared_on=shared, effect_on=effect, chance_to_act=chance, kind=kind, what="It"
        )  # fmt: skip
    found = figures(partner)
    assert (found["notice_days"].value, found["notice_days"].observations) == (30, 3)
    assert found["chance_to_act"].value == Decimal("0.666667")
    assert found["plan_quarters"].value == 2
    assert found["our_plan_quarters"].value == 0
    assert "our_notice_days" not in found


def test_account_managers_who_left_within_two_years_are_counted(partner):
    for name, since, until in (("A", None, date(2024, 11, 19)), ("B", date(2024, 11, 20), date(2024, 11, 20)), ("C", date(2026, 1, 1), None)):  # fmt: skip
        Contact.objects.create(partner=partner, name=name, role="Account Manager", since=since, until=until)
    Contact.objects.create(partner=partner, name="D", role="Service manager", until=date(2026, 1, 1))
    found = figures(partner)
    assert (found["manager_changes"].value, found["manager_changes"].observations) == (1, 3)
    assert found["manager_tenure"].value == (TODAY - date(2026, 1, 1)).days


def meet(partner, day, side="them", purpose="serves", **fields):
    return Engagement.objects.create(partner=partner, day=day, started_by=side, purpose=purpose, **fields)


def contract_ending(partner, ends, days=30):
    contract = make_contract(partner, ends=ends, notice_period=days)
    set_deadlines([contract])
    contract.save()
    return contract


def test_overlapping_seasons_count_once_and_their_edges_belong_to_them(partner):
    first = contract_ending(partner, date(2026, 9, 30))
    contract_ending(partner, date(2026, 9, 15))
    season = (first.notice_deadline - timedelta(90), date(2026, 9, 30))
    starts = date(2026, 1, 1)
    meet(partner, starts, side="us")  # since then it was observed
    for day in (
        season[0],
        season[1],
        season[0] + timedelta(20),
        season[0] - timedelta(20),
        season[1] + timedelta(1),
    ):
        meet(partner, day)
    meet(partner, season[1], cancelled_by="them")
    meet(partner, season[1], is_draft=True)
    found = figures(partner)[PRESENCE]
    other = partner.contracts.order_by("ends")[0]
    days_in = (season[1] - (other.notice_deadline - timedelta(90))).days + 1
    days = (TODAY - starts).days + 1
    inside = 4 if season[0] - timedelta(20) >= other.notice_deadline - timedelta(90) else 3
    expected = presence(inside, days_in, 5 - inside, days - days_in)
    assert (found.value, found.lower, found.upper, found.word) == (
        expected.ratio, expected.lower, expected.upper, expected.word,
    )  # fmt: skip
    assert (found.starts, found.observations) == (starts, 5)


def test_without_a_contract_there_is_no_season_and_nothing_to_say(partner):
    for days in range(6):
        meet(partner, date(2026, 5, 1 + days))
    found = figures(partner)
    assert found[PRESENCE].value is None
    assert words(PRESENCE, None, 6) == "not enough to say"
    assert found["focus"].value == 1
    assert float(found["contacts_a_quarter"].value) == pytest.approx(6 * 91.3125 / 204, abs=1e-6)


def test_meetings_called_off_do_not_count_as_contacts(partner):
    meet(partner, date(2026, 5, 1))
    meet(partner, date(2026, 5, 2), cancelled_by="us")
    meet(partner, date(2026, 5, 3), cancelled_by="them", side="us")
    found = figures(partner)
    assert (found["meetings_cancelled"].value, found["our_meetings_cancelled"].value) == (1, 1)
    assert found["focus"].observations == 1


def test_what_has_nothing_left_to_say_is_gone(partner):
    ask(partner, date(2026, 11, 2), date(2026, 11, 3))
    meet(partner, date(2026, 11, 2))
    assert "open_requests" in figures(partner)
    partner.requests.all().delete()
    found = figures(partner)
    assert "open_requests" not in found
    assert "focus" in found


def test_a_refresh_that_finds_the_same_writes_nothing(partner):
    ask(partner, date(2026, 11, 2), date(2026, 11, 3))
    meet(partner, date(2026, 11, 2))
    figures(partner)

    def rows():
        with connection.cursor() as cursor:
            cursor.execute("SELECT ctid::text FROM evidence_figure ORDER BY id")
            return cursor.fetchall()

    before = rows()
    figures(partner)
    assert rows() == before


def test_statements_are_as_many_for_many_partners_as_for_one(partner):
    def statements(ids):
        with CaptureQueriesContext(connection) as found:
            refresh(ids, TODAY)
        return len(found)

    few = statements([partner.pk])
    many = [make_partner() for _ in range(5)]
    for one in many:
        meet(one, date(2026, 11, 2))
        ask(one, date(2026, 11, 2))
    assert statements([one.pk for one in many]) == few
    assert few <= len(GROUPS) + 6, (
        "one a group of figures, presence in two, the settings, how it runs, the transaction"
    )


def test_whatever_changes_an_entry_asks_for_its_partner_alone(partner):
    other = make_partner()
    FigureRequest.objects.all().delete()

    def asked():
        found = set(FigureRequest.objects.values_list("partner", flat=True))
        FigureRequest.objects.all().delete()
        return found

    entry = ask(partner, date(2026, 11, 2))
    assert asked() == {partner.pk}
    Request.objects.filter(pk=entry.pk).update(partner=other)
    assert asked() == {partner.pk, other.pk}
    entry.delete()
    assert asked() == {other.pk}
    programme = Programme.objects.create(partner=other, year=2026, level="gold", currency="EUR")
    asked()
    programme.benefits.create(kind="demos")
    assert asked() == {other.pk}
    contract = make_contract(partner)
    assert asked() == {partner.pk}
    contract.title = "Another"
    contract.save()
    assert asked() == set()
    contract.notice_deadline = date(2026, 12, 1)
    contract.save()
    assert asked() == {partner.pk}
    Contact.objects.create(partner=other, name="A", role="Account manager")
    assert asked() == {other.pk}


def test_a_worker_takes_what_was_asked_and_leaves_nothing(partner):
    meet(partner, date(2026, 11, 2))
    make_contract(make_partner())
    assert refresh_requested() == 2
    assert refresh_requested() == 0
    assert Figure.objects.filter(partner=partner, name="focus").exists()


def test_two_workers_share_a_backlog_and_wait_for_a_refresh_of_everybody(transactional_db):
    for _ in range(4):
        meet(make_partner(), date(2026, 11, 2))
    other = connections.create_connection("default")
    try:
        with transaction.atomic():
            assert refresh_requested(2) == 2
            with ThreadPoolExecutor(1) as thread:
                assert thread.submit(in_a_thread, refresh_requested, 2).result() == 2
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT pg_advisory_xact_lock(7402, 0)")
            meet(make_partner(), date(2026, 11, 2))
            assert refresh_requested() == 0
            cursor.execute("ROLLBACK")
        assert refresh_requested() == 1
    finally:
        other.close()


def in_a_thread(work, *args):
    try:
        return work(*args)
    finally:
        connection.close()


def test_changed_settings_ask_for_everybody_with_figures(partner):
    meet(partner, date(2026, 11, 2))
    refresh_requested()
    Agreement.objects.create(pk=1)
    assert FigureRequest.objects.get().partner == partner


def test_a_partner_with_figures_can_be_merged_and_deleted(partner):
    other = make_partner()
    for one in (partner, other):
        meet(one, date(2026, 11, 2))
    refresh_all()
    merge_partners(partner, other, by=make_user("administrator", all_units=True), versions=(1, 1))
    assert other.engagements.count() == 2
    refresh_requested()
    assert not list(differences([other.pk]))
    other.delete()
    assert not FigureRequest.objects.exists()
    assert not Figure.objects.exists()


def test_a_stored_figure_that_drifted_is_named_by_the_command(partner, capsys):
    meet(partner, date(2026, 11, 2))
    call_command("refresh_figures")
    call_command("refresh_figures", "--verify")
    Figure.objects.filter(name="focus").update(observations=7)
    with pytest.raises(SystemExit):
        call_command("refresh_figures", "--verify")
    assert "focus is" in capsys.readouterr().out
    assert Figure.objects.get(name="focus").observations == 7
