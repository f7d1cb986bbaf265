"""The renewals page: which contracts need a decision, by when, for whom."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from governance.models import Decision
from governance.renewals import Asked, Renewals
from governance.services.decisions import record_decision
from partners.models import Contract, Rate
from partners.services.deadlines import set_deadlines
from scorecards.models import Cycle
from tests.factories import (
    make_assessment,
    make_contract,
    make_cycle,
    make_partner,
    make_template,
    make_unit,
    make_user,
)
from tests.governance.conftest import TODAY, scored

pytestmark = pytest.mark.django_db


def contract_due(days, partner=None, *, term=60, **fields):
    """A contract whose notice deadline is in so many days; its term ends `term` days after that."""
    contract = make_contract(
        partner, **{"ends": TODAY() + timedelta(days=days + term), "annual_value": 1000, **fields}
    )
    Contract.objects.filter(pk=contract.pk).update(notice_deadline=TODAY() + timedelta(days=days))
    contract.refresh_from_db()
    return contract


def decide(contract, by, **decision):
    """Decide, and leave the deadline where it was."""
    record_decision(contract, reasons="Because.", snapshot={}, by=by, **decision)
    Contract.objects.filter(pk=contract.pk).update(notice_deadline=contract.notice_deadline)


def groups(client, **query):
    """Contracts by the group they stand in."""
    page = client.get(reverse("renewals"), query)
    return {group["name"]: [row["contract"] for row in group["rows"]] for group in page.context["groups"]}


def text(client, **query) -> str:
    answer = client.get(reverse("renewals"), query)
    assert answer.status_code == 200
    return answer.content.decode().replace("\u00a0", " ")


@pytest.fixture
def cio(client, executive):
    client.force_login(executive)
    return client


@pytest.mark.parametrize(
    ("days", "group"),
    [
        (-1, "overdue"),
        (0, "30"),
        (30, "30"),
        (31, "90"),
        (90, "90"),
        (91, "180"),
        (180, "180"),
        (181, "later"),
    ],
)
def test_a_contract_stands_in_the_group_of_its_days(cio, days, group):
    contract = contract_due(days)
    found = groups(cio, group=group)
    assert found == {group: [contract]}
    assert list(groups(cio)) == [group]


def test_a_day_is_over_when_it_is_where_the_contract_is(cio):
    with time_machine.travel("2026-11-24T03:00Z", tick=False):
        here, there = contract_due(-1), contract_due(-1, time_zone="America/Los_Angeles")
        assert groups(cio) == {"overdue": [here], "30": [there]}
        assert "today" in text(cio, group="30")


def test_the_headline_counts_what_is_due_and_what_hangs_on_it(cio):
    first = contract_due(5, make_partner("First"), annual_value=2_000_000)
    contract_due(12, annual_value=1_500_000)
    contract_due(-3, make_partner("Gone by"), annual_value=9_000_000)
    contract_due(200, annual_value=9_000_000)
    said = text(cio)
    assert "Two decisions are due" in said
    assert "EUR 3.5 m hangs on them." in said
    assert f"{first.partner} comes first: notice must be given in 5 days." in said
    assert "One deadline has already passed without a decision: Gone by." in said


def test_a_decided_contract_is_counted_no_more_but_shown_as_decided(cio, executive):
    contract = contract_due(20)
    decide(contract, executive, outcome="leave")
    said = text(cio)
    assert "No decision is due" in said
    assert "Leave" in said
    assert f"decided {timezone.localdate().day} " in said
    Contract.objects.filter(pk=contract.pk).update(notice_deadline=TODAY() - timedelta(days=1))
    assert groups(cio) == {}


def test_what_has_ended_asks_for_no_decision_any_more(cio):
    contract = contract_due(-20)
    assert groups(cio) == {"overdue": [contract]}
    Contract.objects.filter(pk=contract.pk).update(ends=TODAY() - timedelta(days=1))
    assert groups(cio) == {}
    assert "Record decision" not in cio.get(reverse("brief", args=[contract.pk])).content.decode()


def test_what_is_deferred_still_waits(cio, executive):
    contract = contract_due(20)
    later = TODAY() + timedelta(days=10)
    decide(contract, executive, outcome="defer", deferred_to=later)
    said = text(cio)
    assert "One decision is due" in said
    assert "deferred to" in said


def rolled(days=-10):
    """A contract whose deadline passed so many days ago, and whose term then renewed itself for a year."""
    ends = TODAY() + timedelta(days=60 + days)
    contract = make_contract(
        ends=ends, notice_period=60, auto_renews=True, renewal_months=12, annual_value=500, country="XX"
    )
    set_deadlines([contract])
    contract.save()
    assert contract.renewed_until
    return contract


def test_a_deadline_that_passed_undecided_is_shown_although_the_term_renewed_itself(cio):
    contract = rolled()
    found = groups(cio)
    assert found["overdue"] == [contract]
    assert "renews itself on" in text(cio)
    assert groups(cio, group="later") == {"later": [contract]}, "its next deadline has its own place"


def test_an_extension_somebody_took_is_no_deadline_that_was_missed(cio):
    contract = rolled()
    Contract.objects.filter(pk=contract.pk).update(auto_renews=False, term="option", extended=1)
    assert "overdue" not in groups(cio)


def test_after_ninety_days_nobody_is_told_that_it_renewed_itself(cio):
    rolled(-100)
    assert "overdue" not in groups(cio)


def test_a_term_somebody_decided_to_renew_is_not_overdue_when_it_has(cio, executive):
    contract = rolled()
    Decision.objects.create(
        contract=contract, outcome="renew", reasons="Good.", term_ends=contract.ends, by=executive
    )
    assert "overdue" not in groups(cio)


def test_a_decision_about_the_term_it_renewed_itself_into_settles_it(cio, executive):
    contract = rolled()
    decide(contract, executive, outcome="leave")
    assert "overdue" not in groups(cio)


def test_money_of_other_currencies_stands_beside_the_sum_until_a_rate_is_entered(cio):
    for currency, value in (("EUR", 1000), ("EUR", 2000), ("USD", 500)):
        contract_due(10, currency=currency, annual_value=value)
    contract_due(10, annual_value=None)
    said = text(cio)
    assert "4 contracts · EUR 3,000 and USD 500 a year · one without a value" in said
    assert "No rate is entered for USD" in said
    Rate.objects.create(currency="USD", reporting="EUR", valid_from=TODAY(), units="1.25")
    said = text(cio)
    assert "4 contracts · EUR 3,400 a year" in said
    assert "In the sums, USD at 1.25 for 1 EUR." in said


def test_filters_narrow_by_unit_owner_and_segment(cio, executive, unit):
    mine = contract_due(10, make_partner(segment="strategic"), unit=unit, owner=executive)
    contract_due(10)
    for query in ({"unit": unit.pk}, {"owner": executive.pk}, {"segment": "strategic"}):
        assert groups(cio, **query) == {"30": [mine]}, query
    assert groups(cio, unit="none", owner="none").keys() == {"30"}
    assert "No notice deadline within a year matches these filters." in text(cio, segment="preferred")


@pytest.mark.parametrize(
    "query",
    ["unit=abc", "owner=99999999999999999999", "segment=x", "group=y", "page=-3", "page=999&group=30"],
)
def test_senseless_filters_are_left_out(cio, query):
    contract_due(10)
    assert cio.get(f"{reverse('renewals')}?{query}").status_code == 200
    assert cio.get(f"{reverse('renewals_export')}?{query}").status_code == 200


def test_a_long_group_shows_its_first_rows_and_links_to_all(cio):
    for _ in range(60):
        contract_due(10)
    page = cio.get(reverse("renewals"))
    assert len(page.context["groups"][0]["rows"]) == 14
    assert "Show all 60" in page.content.decode()
    pages = [groups(cio, group="30", page=number)["30"] for number in (1, 2)]
    assert [len(rows) for rows in pages] == [50, 10]
    assert len({contract.pk for rows in pages for contract in rows}) == 60


def test_a_unit_sees_its_own_and_the_company_wide_contracts_only(client, unit):
    foreign = make_unit("Elsewhere")
    contract_due(10, make_partner("Hidden", unit=foreign), unit=foreign)
    shown = contract_due(10, make_partner("Ours", unit=unit), unit=unit)
    client.force_login(make_user("executive", unit))
    assert groups(client) == {"30": [shown]}
    for name in ("renewals", "renewals_export"):
        assert b"Hidden" not in client.get(reverse(name)).content
    hidden = make_partner("Hidden two", unit=foreign)
    answer = client.get(reverse("renewals_compare"), {"partner": [hidden.pk, shown.partner_id]})
    assert b"Hidden" not in answer.content


def test_a_rater_gets_none_of_it(client, rater):
    client.force_login(rater)
    for name in ("renewals", "renewals_export", "renewals_compare"):
        assert client.get(reverse(name)).status_code == 403


def test_whoever_still_has_marks_to_give_sees_the_last_closed_cycle(client, executive, quarters):
    partner = quarters[0]
    contract_due(10, partner)
    template = partner.scorecards.first().template
    cycle = make_cycle(template, name="Open one", ends=TODAY() + timedelta(days=3))
    make_assessment(scored(partner, template, cycle, 5, 5, 5), executive)
    client.force_login(executive)
    said = text(client)
    assert "100.0" not in said
    assert "25.0" in said
    assert "You do not see scores of Open one yet" in said


def test_a_score_of_the_open_cycle_alone_is_hidden_from_whoever_still_has_marks_to_give(
    client, executive, db
):
    template = make_template()
    cycle = make_cycle(template, name="Open one", ends=TODAY() + timedelta(days=3))
    partners = [make_partner("First"), make_partner("Second")]
    for partner in partners:
        assessment = make_assessment(scored(partner, template, cycle, 5, 5, 5), executive)
        contract_due(10, partner)
    client.force_login(executive)
    pages = [reverse("renewals"), reverse("renewals_export")]
    pages.append(f"{reverse('renewals_compare')}?partner={partners[0].pk}&partner={partners[1].pk}")
    assert [b"100.0" in client.get(page).content for page in pages] == [False] * 3
    type(assessment).objects.filter(rater=executive).update(submitted_at=timezone.now())
    assert [b"100.0" in client.get(page).content for page in pages] == [True] * 3


def test_the_row_says_score_change_raters_and_what_happens_by_itself(cio, quarters):
    contract = contract_due(10, quarters[0], auto_renews=True, renewal_months=12)
    said = text(cio)
    for part in (
        "25.0",
        "Failing",
        "−50.0",
        "2 raters",
        "covered",
        "renews until",
        reverse("brief", args=[contract.pk]),
    ):
        assert part in said, part


def test_empty_states_say_what_is_missing(client, procurement):
    client.force_login(procurement)
    assert "Import a contract register" in text(client)
    contract = make_contract(ends=TODAY() + timedelta(days=500))
    assert "1 running contract has an end but no notice period" in text(client)
    Contract.objects.update(notice_period=30, notice_deadline=TODAY() + timedelta(days=470))
    assert "The next deadline is" in text(client)
    assert contract.partner.name not in text(client)


def test_the_export_holds_every_deadline_and_no_formula(cio):
    contract_due(10, make_partner("=1+1"))
    contract_due(250, make_partner("Far"))
    contract_due(-5, make_partner("Past"))
    said = cio.get(reverse("renewals_export")).content.decode()
    assert "'=1+1" in said
    assert [line.split(",")[0] for line in said.splitlines()[1:]] == [
        "Overdue", "Within 30 days", "Later in the twelve months",
    ]  # fmt: skip


def test_a_name_with_markup_is_shown_as_text(cio):
    contract_due(10, make_partner("<script>alert(1)</script>"), title="<b>x</b>")
    said = text(cio)
    assert "<script>alert" not in said
    assert "<b>x</b>" not in said


def test_a_change_is_seen_at_once_although_the_page_is_remembered(cio, executive):
    contract = contract_due(10)
    assert "One decision is due" in text(cio)
    decide(contract, executive, outcome="renew")
    assert "No decision is due" in text(cio)


def test_partners_are_compared_side_by_side_four_at_most(cio, quarters):
    contract_due(10, quarters[0], annual_value=700)
    others = [make_partner(f"More {number}") for number in range(4)]
    numbers = [partner.pk for partner in (*quarters[:2], *others)]
    said = cio.get(reverse("renewals_compare"), {"partner": numbers}).content.decode()
    assert "Steady stands highest with 50.0, Falling lowest with 25.0." in said
    assert "More 1" in said
    assert "More 2" not in said
    assert "the first 4 of those chosen" in said
    for query in ("partner=abc", "partner=0", "", f"partner={numbers[0]}&partner={numbers[0]}"):
        answer = cio.get(f"{reverse('renewals_compare')}?{query}")
        assert "Choose two to four partners" in answer.content.decode(), query


def test_the_pages_ask_as_often_for_many_contracts_as_for_few(cio, quarters, statements):
    names = [reverse("renewals"), reverse("renewals_export"), f"{reverse('renewals')}?group=30"]
    contract_due(10, quarters[0])

    def cold(address):
        quarters[0].save()  # forgets what was worked out
        return statements(cio, address)

    few = [(cold(address), statements(cio, address)) for address in names]
    template = quarters[0].scorecards.first().template
    cycle = make_cycle(template, name="Q3", ends=TODAY())
    for number in range(12):
        partner = make_partner(f"More {number}")
        scored(partner, template, cycle, 3, 3, 3)
        contract_due(number * 20 - 20, partner, currency="USD" if number % 2 else "EUR")
    Cycle.objects.filter(pk=cycle.pk).update(state=Cycle.CLOSED)
    assert [(cold(address), statements(cio, address)) for address in names] == few


def test_what_is_seen_is_the_same_for_a_page_and_its_export(cio, executive):
    for days in (-4, 3, 40, 100, 300):
        contract_due(days)
    dues = Renewals(executive, Asked()).dues()
    assert [due.days for due in dues] == [-4, 3, 40, 100, 300]
    assert all(due.value == Decimal(1000) for due in dues)


def test_home_lists_the_decisions_due_for_those_who_decide(client, executive, procurement):
    contract_due(8, make_partner("First"))
    contract_due(20)
    contract_due(60, make_partner("Not yet"))
    rolled()
    client.force_login(executive)
    said = client.get(reverse("home")).content.decode()
    assert (
        "2 decisions are due within 30 days, the first about First in 8 days; 1 notice deadline passed"
        in said
    )
    assert "Not yet" not in said
    assert said.count("Decide<") == 3
    client.force_login(procurement)
    assert "Decide<" not in client.get(reverse("home")).content.decode()


def test_an_executive_begins_at_renewals_and_everybody_else_at_home(client, executive, procurement):
    for person, start in ((executive, "renewals"), (procurement, "home")):
        person.set_password("a-long-pass-phrase")
        person.save()
        sent = {"login": person.email, "password": "a-long-pass-phrase"}
        assert client.post(reverse("account_login"), sent)["Location"] == reverse(start)
        client.logout()
    sent = {"login": executive.email, "password": "a-long-pass-phrase", "next": "/portfolio/"}
    assert client.post(reverse("account_login"), sent)["Location"] == "/portfolio/"


def test_whoever_still_has_marks_to_give_compares_by_the_last_closed_cycle(client, executive, quarters):
    template = quarters[0].scorecards.first().template
    cycle = make_cycle(template, name="Open one", ends=TODAY() + timedelta(days=3))
    make_assessment(scored(quarters[0], template, cycle, 5, 5, 5), executive)
    client.force_login(executive)
    numbers = [partner.pk for partner in quarters[:2]]
    said = client.get(reverse("renewals_compare"), {"partner": numbers}).content.decode()
    assert "Falling lowest with 25.0" in said
    assert "100.0" not in said
