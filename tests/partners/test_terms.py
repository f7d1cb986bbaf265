"""Terms that were: renewed, extended, amended, and never lost."""

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from accounts.versions import StaleSave
from governance.decisions import decision_of
from governance.services.decisions import record_decision
from partners.models import EXTENSIONS, Contract, ContractTerm
from partners.services.deadlines import recompute_deadlines, set_deadlines
from partners.services.terms import CannotExtend, extend, take_extension_back
from partners.terms import in_sentences
from tests.factories import make_partner
from tests.partners.conftest import make_term as make
from tests.partners.register_files import text
from tests.partners.test_register_import import bring_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
TYPED = {"title": "Hosting", "term": "fixed", "notice_unit": "months", "currency": "EUR"}
RENEWING = {"notice_period": 1, "notice_unit": "months", "auto_renews": True, "renewal_months": 12}
OPTION = {"term": EXTENSIONS, "notice_period": 1, "notice_unit": "months", "renewal_months": 6}


def kept() -> list[tuple[str, date | None, date | None]]:
    return list(ContractTerm.objects.values_list("how", "ends", "since"))


# --- the history ----------------------------------------------------------------------------------------------
def test_a_term_that_renews_itself_is_kept_beside_the_one_before(clock):
    make(ends=date(2026, 12, 31), starts=date(2024, 1, 1), **RENEWING)
    assert kept() == [("original", date(2026, 12, 31), date(2024, 1, 1))]
    clock.move_to(datetime(2026, 12, 1, 11, tzinfo=UTC))
    assert recompute_deadlines() == 1
    assert recompute_deadlines() == 0
    assert kept()[1:] == [("renewed", date(2027, 12, 31), date(2026, 12, 1))]
    first = ContractTerm.objects.first()
    assert (first.notice_deadline, first.counted_from) == (date(2026, 11, 30), date(2026, 12, 31))


def test_terms_missed_while_nothing_ran_are_kept_one_by_one(clock):
    make(ends=date(2026, 12, 31), **RENEWING)
    clock.move_to(datetime(2029, 6, 1, tzinfo=UTC))
    recompute_deadlines()
    assert [(how, ends) for how, ends, _ in kept()] == [
        ("original", date(2026, 12, 31)),
        ("renewed", date(2027, 12, 31)),
        ("renewed", date(2028, 12, 31)),
        ("renewed", date(2029, 12, 31)),
    ]
    assert ContractTerm.objects.last().since == date(2028, 12, 1)


def test_a_contract_that_renewed_itself_for_centuries_keeps_a_bounded_history():
    make(ends=date(1950, 1, 31), **RENEWING | {"renewal_months": 1})
    assert 50 < ContractTerm.objects.count() < 70
    assert ContractTerm.objects.last().ends == Contract.objects.get().term_ends


def test_the_last_year_there_is_ends_the_history(clock):
    make(ends=date(9998, 6, 30), **RENEWING)
    clock.move_to(datetime(9999, 12, 30, tzinfo=UTC))
    recompute_deadlines()
    recompute_deadlines()
    assert [ends for _, ends, _ in kept()] == [date(9998, 6, 30), date(9999, 6, 30), date.max]


def test_a_moved_deadline_moves_in_the_current_term_only(clock):
    contract = make(ends=date(2026, 12, 31), **RENEWING)
    clock.move_to(datetime(2026, 12, 1, 11, tzinfo=UTC))
    recompute_deadlines()
    Contract.objects.update(notice_period=2)
    recompute_deadlines()
    rows = list(contract.terms.values_list("notice_deadline", flat=True))
    assert rows == [date(2026, 11, 30), date(2027, 10, 29)]


def test_the_form_and_the_register_keep_terms_in_few_statements(analyst, django_assert_max_num_queries):
    analyst.post(
        reverse("contract_create", args=[make_partner().pk]),
        TYPED | {"ends": "2027-12-31", "notice_period": "3"},
    )
    contract = Contract.objects.get()
    edit = reverse("contract_edit", args=[contract.pk])
    analyst.post(edit, TYPED | {"ends": "2028-06-30", "notice_period": "3", "version": 1})
    analyst.post(edit, TYPED | {"ends": "", "version": 2})
    assert kept() == [
        ("original", date(2027, 12, 31), None),
        ("amended", date(2028, 6, 30), date(2026, 11, 22)),
        ("amended", None, date(2026, 11, 22)),
    ]
    headings = ["Supplier", "Contract no", "Title", "End"]
    lines = [["Alder", f"C-{n}", f"Contract {n}", "2027-12-31"] for n in range(40)]
    bring_in(text(headings, *lines))
    assert ContractTerm.objects.count() == 43
    with django_assert_max_num_queries(9):
        recompute_deadlines()


# --- extensions at our option --------------------------------------------------------------------------------
def test_extensions_are_counted_from_the_original_end(clock):
    contract = make(ends=date(2027, 8, 31), **OPTION)
    for ends, deadline in [
        (date(2028, 2, 29), date(2028, 1, 28)),
        (date(2028, 8, 31), date(2028, 7, 31)),
        (date(2029, 2, 28), date(2029, 1, 26)),
    ]:
        contract = extend(contract, version=contract.version)
        assert (contract.term_ends, contract.notice_deadline) == (ends, deadline)
    assert contract.ends == date(2027, 8, 31)
    contract = take_extension_back(contract, version=contract.version)
    assert contract.term_ends == date(2028, 8, 31)
    assert [how for how, *_ in kept()] == ["original", "extended", "extended", "extended", "back"]
    assert recompute_deadlines() == 0


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"extensions": 0}, "All 0 extensions are used"),
        ({"extensions": 1, "extended": 1}, "The only extension is used"),
        ({"ends": date(2026, 10, 1)}, "more than 31 days ago"),
        ({"ends": None}, "No end is recorded"),
        ({"renewal_months": None}, "Enter by how many months"),
        ({"term": "fixed"}, "no extensions at our option"),
        ({"term": "fixed", "auto_renews": True}, "It renews itself"),
        ({"ends": date.max}, "no later day"),
    ],
)
def test_what_cannot_be_extended_says_why_and_stays(fields, said):
    contract = make(**{"ends": date(2027, 8, 31), **OPTION, **fields})
    with pytest.raises(CannotExtend, match=said):
        extend(contract, version=1)
    contract.refresh_from_db()
    assert contract.version == 1


def test_an_extension_of_a_contract_changed_meanwhile_is_stale():
    contract = make(ends=date(2027, 8, 31), **OPTION)
    with pytest.raises(StaleSave):
        extend(contract, version=7)
    with pytest.raises(CannotExtend, match="not been extended"):
        take_extension_back(contract, version=1)


def test_an_extension_whose_term_has_ended_stays(clock):
    contract = extend(make(ends=date(2027, 8, 31), **OPTION), version=1)
    clock.move_to(datetime(2028, 3, 1, 11, tzinfo=UTC))
    with pytest.raises(CannotExtend, match="has ended"):
        take_extension_back(contract, version=2)


def test_an_edit_that_would_lose_an_extension_is_refused_and_a_new_end_begins_anew(analyst):
    contract = extend(make(ends=date(2027, 8, 31), **OPTION), version=1)
    edit = reverse("contract_edit", args=[contract.pk])
    typed = TYPED | {"term": "option", "ends": "2027-08-31", "notice_period": "1", "renewal_months": "6"}
    for changes, field in [
        ({"renewal_months": "12"}, "renewal_months"),
        ({"term": "fixed"}, "term"),
        ({"extensions": "0"}, "extensions"),
    ]:
        answer = analyst.post(edit, typed | changes | {"version": 2})
        assert list(answer.context["form"].errors) == [field]
    assert analyst.post(edit, typed | {"title": "Other", "version": 2}).status_code == 302
    contract.refresh_from_db()
    assert contract.term_ends == date(2028, 2, 29)
    analyst.post(edit, typed | {"ends": "2028-12-31", "version": 3})
    contract.refresh_from_db()
    assert (contract.term_ends, contract.extended) == (date(2028, 12, 31), 0)


def test_a_register_that_states_the_current_end_changes_nothing():
    partner = make_partner("Alder")
    extend(
        make(partner=partner, reference="C-1", title="Hosting", ends=date(2027, 8, 31), **OPTION), version=1
    )
    headings = ["Supplier", "Contract no", "Title", "End"]
    for end, updated in [("2028-02-29", 0), ("2027-08-31", 0), ("2029-01-31", 1)]:
        report, _ = bring_in(text(headings, ["Alder", "C-1", "Hosting", end]))
        assert report["updated"]["contracts"] == updated
    contract = Contract.objects.get()
    assert (contract.term_ends, contract.extended) == (date(2029, 1, 31), 0)


# --- a renewal that was stopped -------------------------------------------------------------------------------
def leave(contract, by):
    return record_decision(contract, outcome="leave", reasons="Dear.", snapshot={}, by=by)


def test_a_stop_holds_for_its_own_term_and_for_no_other(analyst, executive, clock):
    contract = make(ends=date(2026, 12, 31), **RENEWING)
    leave(contract, executive)
    edit = reverse("contract_edit", args=[contract.pk])
    typed = TYPED | {"ends": "2026-12-31", "notice_period": "1", "auto_renews": "on", "renewal_months": "12"}
    assert analyst.post(edit, typed | {"title": "Other", "version": 1}).status_code == 302
    contract.refresh_from_db()
    assert contract.ends_for_good == date(2026, 12, 31)
    assert analyst.post(edit, typed | {"ends": "2027-06-30", "version": 2}).status_code == 302
    clock.move_to(datetime(2027, 6, 2, tzinfo=UTC))
    recompute_deadlines()
    contract.refresh_from_db()
    assert contract.term_ends == date(2028, 6, 30)


def test_a_stop_holds_again_once_its_term_is_back(analyst, executive, clock):
    contract = make(ends=date(2026, 12, 31), **RENEWING)
    leave(contract, executive)
    edit = reverse("contract_edit", args=[contract.pk])
    typed = TYPED | {"notice_period": "1", "auto_renews": "on", "renewal_months": "12"}
    for version, ends in enumerate(("2027-06-30", "2026-12-31"), start=1):
        assert analyst.post(edit, typed | {"ends": ends, "version": version}).status_code == 302
    clock.move_to(datetime(2026, 12, 15, tzinfo=UTC))
    recompute_deadlines()
    contract.refresh_from_db()
    assert contract.term_ends == date(2026, 12, 31)
    assert decision_of(contract).outcome == "leave"
    assert in_sentences(contract).startswith("Decided: it ends for good on 31 Dec 2026.")


def test_a_stop_of_a_term_that_can_no_longer_come_is_void(executive, clock):
    contract = make(ends=date(2026, 12, 31), **RENEWING)
    clock.move_to(datetime(2026, 12, 1, 11, tzinfo=UTC))
    recompute_deadlines()
    contract.refresh_from_db()
    leave(contract, executive)
    clock.move_to(datetime(2028, 1, 15, 11, tzinfo=UTC))
    for ends, last in [(date(2026, 12, 31), date(2027, 12, 31)), (date(2027, 3, 31), date(2028, 3, 31))]:
        contract.refresh_from_db()
        contract.ends = ends
        set_deadlines([contract])
        assert contract.term_ends == last


def test_what_was_decided_to_end_is_not_extended_by_the_way(executive):
    contract = make(ends=date(2027, 8, 31), **OPTION)
    leave(contract, executive)
    with pytest.raises(CannotExtend, match="decided that it ends for good on 31 Aug 2027"):
        extend(contract, version=1)


def test_unticking_a_renewal_that_happened_several_times_asks_for_the_end(analyst):
    contract = make(ends=date(2023, 12, 31), **RENEWING)
    answer = analyst.post(
        reverse("contract_edit", args=[contract.pk]),
        TYPED | {"ends": "2023-12-31", "notice_period": "1", "renewal_months": "12", "version": 1},
    )
    assert "renewed itself until 31 Dec 2026" in answer.context["form"].errors["ends"][0]
