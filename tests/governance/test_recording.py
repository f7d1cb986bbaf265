"""Recording a decision on a brief: what is kept, what is refused, and what can be read later."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.templatetags.look import day
from governance.decisions import has_lapsed
from governance.due import open_contracts
from governance.letters import Letters
from governance.models import Decision
from partners.dates import plus_months
from partners.models import Contract
from partners.services.deadlines import set_deadlines
from scorecards.models import Cycle, Scorecard
from tests.factories import make_assessment, make_contract, make_partner, make_unit, make_user
from tests.forms import page_forms
from tests.governance.conftest import TODAY
from tests.governance.test_brief import contract_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def cio(client, executive):
    client.force_login(executive)
    return client


@pytest.fixture
def contract(quarters):
    contract = quarters[0].contracts.get()
    Contract.objects.filter(pk=contract.pk).update(auto_renews=True, renewal_months=12, notice_period=30)
    return Contract.objects.get(pk=contract.pk)


def opened(client, contract) -> dict:
    """What the form of the brief would send untouched."""
    page = client.get(reverse("brief", args=[contract.pk]))
    return next(form.data for form in page_forms(page) if "brief" in form.data)


def decide(client, contract, data=None, **typed):
    sent = {**(data or opened(client, contract)), "outcome": "leave", "reasons": "Too dear.", **typed}
    return client.post(reverse("brief", args=[contract.pk]), sent)


def text(answer) -> str:
    return answer.content.decode().replace("\u00a0", " ")


def test_what_is_recorded_keeps_the_brief_as_it_was_read(cio, contract, executive):
    answer = decide(cio, contract, conditions="Unless the price falls.")
    decision = Decision.objects.get()
    assert answer["Location"] == reverse("decision_detail", args=[decision.pk])
    assert (decision.outcome, decision.reasons, decision.by) == ("leave", "Too dear.", executive)
    contract.refresh_from_db()
    assert contract.ends_for_good == contract.ends
    assert decision.snapshot["score"]["overall"] == "25.0"
    Scorecard.objects.filter(partner=contract.partner).first().partner.contracts.update(annual_value=1)
    said = text(cio.get(answer["Location"]))
    for part in ("Too dear.", "Unless the price falls.", "EUR 900,000", "25.0", "Questions to put to them"):
        assert part in said, part
    assert "It no longer renews itself" in said
    assert "Falling: leave, decided on " in text(cio.get(reverse("brief", args=[contract.pk])))
    assert "Leave" in text(cio.get(contract.get_absolute_url()))


@pytest.mark.parametrize(
    ("terms", "outcome", "said"),
    [
        ({}, "replace", "It no longer renews itself: the term ends on "),
        ({"auto_renews": False}, "leave", "Tell the partner."),
        ({"auto_renews": False}, "renew", "enter an amendment with its new end"),
        ({"auto_renews": False, "term": "option"}, "renew", "extend it on the contract’s page"),
    ],
)
def test_what_is_left_to_do_is_said_once_it_is_recorded(cio, contract, terms, outcome, said):
    Contract.objects.filter(pk=contract.pk).update(**terms)
    answer = decide(cio, contract, outcome=outcome)
    assert said in text(cio.get(answer["Location"]))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"outcome": ""}, "Choose what is decided."),
        ({"outcome": "admit"}, "Choose one of these."),
        ({"reasons": "  "}, "Say why"),
        ({"reasons": "x" * 1_000_000}, "This is 1,000,000 characters long; 20,000 are kept."),
        ({"reasons": "pay\u202etl"}, "reverse the reading direction"),
        ({"reasons": "nul\x00"}, "signs that cannot be shown"),
        ({"conditions": "bell\x07"}, "signs that cannot be shown"),
        ({"outcome": "defer"}, "on which day it has to be looked at again"),
        ({"deferred_to": "2027-01-01"}, "Only deferring has a day"),
        ({"outcome": "defer", "deferred_to": "2020-01-01"}, "is not ahead"),
        ({"outcome": "defer", "deferred_to": "2190-01-01"}, "there is nothing left to decide"),
        ({"outcome": "defer", "deferred_to": "9999-01-01"}, "The year 9999 is not between"),
        ({"brief": "forged"}, "opened too long ago"),
    ],
)
def test_what_cannot_be_is_refused_beside_the_field_and_stays_typed(cio, contract, typed, said):
    answer = decide(cio, contract, **typed)
    assert answer.status_code == 400
    assert said in text(answer)
    assert (typed.get("reasons", "Too dear.").strip()[:40] or "<textarea") in text(answer)
    assert not Decision.objects.exists()


def test_deferring_beyond_the_notice_deadline_is_refused(cio):
    contract = contract_of(auto_renews=True, renewal_months=12)
    late = contract.notice_deadline + timedelta(days=1)
    assert "Notice is due by" in text(decide(cio, contract, outcome="defer", deferred_to=late.isoformat()))
    assert (
        decide(cio, contract, outcome="defer", deferred_to=contract.notice_deadline.isoformat()).status_code
        == 302
    )


def test_a_brief_that_is_read_for_one_contract_decides_about_no_other(cio, contract):
    other = make_contract(ends=contract.ends)
    assert decide(cio, contract, opened(cio, other)).status_code == 400


def test_a_contract_that_changed_meanwhile_is_looked_at_again_with_what_was_typed(cio, contract):
    data = opened(cio, contract)
    Contract.objects.filter(pk=contract.pk).update(version=contract.version + 1, annual_value=5)
    answer = decide(cio, contract, data)
    assert answer.status_code == 409
    assert "was changed while you had this open" in text(answer)
    assert "Too dear." in text(answer)
    assert "EUR 5" in text(answer)
    assert not Decision.objects.exists()


def test_two_who_decide_at_once_do_not_overrule_each_other_unseen(cio, contract, client):
    data = opened(cio, contract)
    assert decide(cio, contract, data).status_code == 302
    contract.refresh_from_db()
    answer = decide(cio, contract, data, outcome="renew")
    assert answer.status_code in (400, 409)
    assert Decision.objects.count() == 1
    assert "decided on" in text(answer)


def test_another_decision_replaces_one_only_when_that_is_said(cio, contract):
    decide(cio, contract)
    first = Decision.objects.get()
    assert "Tick that this decision counts instead" in text(decide(cio, contract, outcome="renew"))
    assert decide(cio, contract, outcome="renew", instead_of=first.pk).status_code == 302
    assert Decision.objects.count() == 2
    assert "It no longer counts" in text(cio.get(first.get_absolute_url()))
    contract.refresh_from_db()
    assert contract.ends_for_good is None


def test_only_those_who_decide_get_the_form(client, procurement, contract):
    client.force_login(procurement)
    page = client.get(reverse("brief", args=[contract.pk]))
    assert "Record decision" not in text(page)
    assert client.post(reverse("brief", args=[contract.pk]), {"outcome": "renew"}).status_code == 403


def test_a_decision_about_another_units_contract_does_not_exist(client, contract):
    mine, other = make_unit(), make_unit()
    chief = make_user("executive", mine)
    client.force_login(chief)
    foreign = make_contract(make_partner(unit=other), unit=other)
    assert (
        client.post(reverse("brief", args=[foreign.pk]), {"outcome": "renew", "reasons": "x"}).status_code
        == 404
    )


def test_what_came_of_it_is_written_later_and_stands_on_the_next_brief(cio, contract):
    decide(cio, contract, outcome="renew")
    decision = Decision.objects.get()
    answer = cio.post(
        decision.get_absolute_url(), {"came_of_it": "Prices fell by 8 %.", "version": decision.version}
    )
    assert answer.status_code == 302
    assert "Prices fell by 8 %." in text(cio.get(reverse("brief", args=[contract.pk])))
    stale = cio.post(decision.get_absolute_url(), {"came_of_it": "No.", "version": decision.version})
    assert stale.status_code == 409


def test_whoever_still_has_marks_to_give_does_not_read_them_in_an_old_brief(
    client, contract, executive, quarters
):
    cycle = Cycle.objects.get(name="Q2")
    Cycle.objects.filter(pk=cycle.pk).update(state="open", closed_at=None)
    Cycle.objects.filter(name="Q1").update(state="draft")
    client.force_login(executive)
    decide(client, contract)
    decision = Decision.objects.get()
    assert decision.snapshot["score"]["overall"] == "25.0"
    blind = make_user("executive", all_units=True)
    make_assessment(Scorecard.objects.get(cycle=cycle, partner=quarters[1]), blind)
    client.force_login(blind)
    said = text(client.get(decision.get_absolute_url()))
    assert "It shows here once you have submitted" in said
    assert "25.0" not in said


def test_the_list_finds_sorts_and_exports_without_running_formulas(cio, contract):
    decide(cio, contract, reasons="=HYPERLINK(1)")
    other = make_contract(make_partner("Zebra"), ends=TODAY() + timedelta(days=300))
    decide(cio, other, outcome="renew", reasons="They answer.")
    listed = reverse("decision_list")
    assert "2 decisions" in text(cio.get(listed))
    assert "1 of 2 decisions matches" in text(cio.get(listed, {"outcome": "renew"}))
    assert "Falling" not in text(cio.get(listed, {"find": "zeb answer"}))
    assert "No decision matches" in text(cio.get(listed, {"year": "1999"}))
    for odd in ({"year": "x"}, {"unit": "-1"}, {"sort": "--"}, {"find": "\x00"}, {"page": "99"}):
        assert cio.get(listed, odd).status_code in (200, 400), odd
    page = text(cio.get(listed, {"sort": "-partner"}))
    assert page.index("Zebra") < page.index("Falling")
    rows = cio.get(reverse("decision_export")).content.decode("utf-8-sig").splitlines()
    assert "'=HYPERLINK(1)" in rows[2]


def test_an_empty_list_says_what_would_be_here(cio):
    assert "Nothing has been decided yet" in text(cio.get(reverse("decision_list")))


def test_the_list_costs_as_many_statements_for_many_as_for_few(cio, contract, executive, statements):
    Decision.objects.create(contract=contract, outcome="renew", reasons="r", by=executive)
    few = statements(cio, reverse("decision_list"))
    for _ in range(9):
        Decision.objects.create(
            contract=make_contract(), outcome="renew", reasons="r", by=make_user("executive")
        )
    assert statements(cio, reverse("decision_list")) == few


def test_a_contract_with_decisions_says_why_it_cannot_be_deleted(client, contract, executive, procurement):
    Decision.objects.create(contract=contract, outcome="renew", reasons="r", by=executive)
    client.force_login(procurement)
    address = reverse("contract_delete", args=[contract.pk])
    assert "It has 1 decision" in text(client.get(address))
    answer = client.post(address, {"version": contract.version})
    assert answer.status_code == 409
    assert "cannot be deleted" in text(answer)
    assert Contract.objects.filter(pk=contract.pk).exists()


def test_a_decision_about_a_term_that_is_no_more_says_so_wherever_it_is_read(cio, contract, executive):
    decide(cio, contract)
    decision = Decision.objects.get()
    contract.refresh_from_db()
    pages = (
        reverse("contract_detail", args=[contract.pk]), reverse("brief", args=[contract.pk]), decision.get_absolute_url(),
    )  # fmt: skip
    assert not [page for page in pages if "no longer applies" in text(cio.get(page))]
    contract.ends += timedelta(days=30)
    set_deadlines([contract])
    contract.save()
    for page in pages:
        assert f"Nothing is decided about the term to {day(contract.ends)}" in text(cio.get(page)), page
    assert "no longer applies" in text(cio.get(reverse("decision_list")))
    told = Letters([(open_contracts(Contract.objects.with_yearly()).get(pk=contract.pk), executive)], TODAY())
    facts = told.facts(open_contracts(Contract.objects.with_yearly()).get(pk=contract.pk), executive)
    assert "leave, no longer applies" in dict(facts)["Open"]
    decide(cio, contract, outcome="renew")
    assert "Nothing is decided about" not in text(cio.get(pages[0]))
    assert "no longer applies" in text(cio.get(pages[0])), "beside it in the list"
    contract.ends -= timedelta(days=30)
    set_deadlines([contract])
    contract.save()
    assert "Falling: leave, decided on" in text(cio.get(pages[1]))


def test_a_term_that_went_by_as_decided_has_not_lapsed(contract, executive):
    Contract.objects.filter(pk=contract.pk).update(
        ends=TODAY() - timedelta(days=20), renewed_until=plus_months(TODAY() - timedelta(days=20), 12)
    )
    contract.refresh_from_db()
    past = Decision(contract=contract, outcome="renew", term_ends=contract.ends)
    ahead = Decision(contract=contract, outcome="renew", term_ends=TODAY() + timedelta(days=3))
    assert (has_lapsed(past, contract), has_lapsed(ahead, contract)) == (False, True)
    Contract.objects.filter(pk=contract.pk).update(
        ends=TODAY() + timedelta(days=20), renewed_until=plus_months(TODAY() + timedelta(days=20), 12)
    )
    contract.refresh_from_db()
    assert not has_lapsed(Decision(contract=contract, term_ends=contract.ends), contract), "it renewed itself"
