"""What is decided about a term, what that does to the contract, and what counts as decided."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.versions import StaleSave
from governance.decisions import decided_since, decision_of, undecided, with_decision
from governance.due import due_contracts
from governance.models import Decision, LeadTimes
from governance.services.decisions import AlreadyDecided, decide_admission, record_decision
from partners.models import SEGMENTS, Contract
from partners.services.deadlines import recompute_deadlines, set_deadlines
from tests.factories import make_contract, make_partner, make_user

pytestmark = pytest.mark.django_db
TERM = {
    "ends": date(2026, 12, 31), "notice_period": 1, "notice_unit": "months", "auto_renews": True, "renewal_months": 12,
}  # fmt: skip


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(datetime(2026, 11, 22, 11, tzinfo=UTC), tick=False) as clock:
        yield clock


def make(**fields) -> Contract:
    contract = make_contract(**{**TERM, **fields})
    set_deadlines([contract])
    contract.save()
    return contract


def decide(contract, by, outcome="leave", **more) -> Decision:
    said = {"reasons": "Too dear.", "snapshot": {}} | more
    return record_decision(contract, outcome=outcome, by=by, **said)


def test_leaving_in_time_stops_the_renewal_at_the_end_of_the_term(executive, clock):
    left, renewed, kept = make(), make(), make()
    decide(left, executive)
    decide(renewed, executive, "renew")
    clock.move_to(datetime(2028, 6, 1, tzinfo=UTC))
    recompute_deadlines()
    ends = {c.pk: c.term_ends for c in Contract.objects.all()}
    assert ends == {left.pk: date(2026, 12, 31), renewed.pk: date(2028, 12, 31), kept.pk: date(2028, 12, 31)}


def test_a_decision_counts_for_its_term_and_deferring_decides_nothing(executive, clock):
    left, renewed, later, none = make(), make(), make(), make()
    decide(left, executive)
    decide(renewed, executive, "renew")
    decide(later, executive, "defer", deferred_to=date(2026, 11, 27))
    found = {c.pk: c.outcome for c in undecided(Contract.objects.all())}
    assert found == {later.pk: "defer", none.pk: None}
    clock.move_to(datetime(2026, 12, 5, tzinfo=UTC))
    recompute_deadlines()
    found = {c.pk: c.outcome for c in undecided(Contract.objects.all())}
    assert found == {renewed.pk: None, later.pk: None, none.pk: None}
    renewed.refresh_from_db()
    assert decision_of(renewed) is None
    assert decision_of(left).outcome == "leave"


def test_a_later_decision_about_the_same_term_counts_instead(executive, clock):
    contract = make()
    decide(contract, executive)
    contract.refresh_from_db()
    assert contract.ends_for_good == date(2026, 12, 31)
    decide(contract, executive, "renew", instead_of=decision_of(contract).pk)
    contract.refresh_from_db()
    assert (contract.ends_for_good, decision_of(contract).outcome) == (None, "renew")
    assert Decision.objects.count() == 2


def test_a_decision_taken_beside_another_is_refused_until_it_is_taken_instead_of_it(executive):
    contract = make()
    first = decide(contract, executive, "renew")
    for mistaken in (None, first.pk + 1):
        with pytest.raises(AlreadyDecided) as refused:
            decide(contract, executive, instead_of=mistaken)
        assert refused.value.decision == first
    assert decide(contract, executive, instead_of=first.pk).outcome == "leave"


def test_admissions_decided_at_once_do_not_overrule_each_other(executive):
    partner = make_partner(admission="candidate")
    said = {"reasons": "They answer.", "snapshot": {}, "by": executive}
    first = decide_admission(partner, outcome="admit", **said)
    with pytest.raises(StaleSave):
        decide_admission(partner, outcome="reject", **said)
    partner.refresh_from_db()
    with pytest.raises(AlreadyDecided):
        decide_admission(partner, outcome="reject", **said)
    assert decide_admission(partner, outcome="reject", instead_of=first.pk, **said).partner == partner


def test_a_decision_on_a_contract_that_changed_meanwhile_is_refused(executive, clock):
    contract = make()
    clock.move_to(datetime(2026, 12, 5, tzinfo=UTC))
    recompute_deadlines()  # it has renewed itself since it was read
    with pytest.raises(StaleSave):
        decide(contract, executive)
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"reasons": ""}, {"outcome": "admit"}, {"outcome": "defer"}, {"deferred_to": date(2027, 1, 1)}]
)
def test_the_database_takes_no_decision_that_cannot_be(executive, wrong):
    contract = make()
    with pytest.raises(IntegrityError), transaction.atomic():
        decide(contract, executive, **wrong)


def test_admitting_is_decided_about_partners_only(executive):
    partner = make_partner()
    Decision.objects.create(partner=partner, outcome="admit", reasons="They answer.", by=executive)
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.create(partner=partner, outcome="renew", reasons="They answer.", by=executive)


_ENDS = st.sampled_from([None, date(2026, 12, 31), date(2027, 12, 31), date(2028, 12, 31)])
_OUTCOMES = st.sampled_from(["renew", "renegotiate", "replace", "leave", "defer"])


@settings(max_examples=60, deadline=None)
@given(
    terms=st.lists(st.tuples(_ENDS, st.booleans()), min_size=1, max_size=3),
    taken=st.lists(st.tuples(st.integers(0, 2), _ENDS, _OUTCOMES, st.integers(0, 2)), max_size=9),
)
def test_everything_agrees_on_which_decision_counts(terms, taken):
    """Lists, single contracts, the look-up of many terms and the SQL of what is due: one rule, four times."""
    with transaction.atomic():
        by, partner = make_user("executive", all_units=True), make_partner(segment="strategic")
        contracts = [
            make_contract(partner, ends=ends, renewed_until=date(2028, 12, 31) if ends and renewed else None)
            for ends, renewed in terms
        ]
        for place, ends, outcome, hour in taken:
            decision = Decision.objects.create(
                contract=contracts[place % len(contracts)], term_ends=ends, outcome=outcome, reasons="x", by=by,
                deferred_to=date(2026, 11, 1) if outcome == "defer" else None,
            )  # fmt: skip
            Decision.objects.filter(pk=decision.pk).update(at=datetime(2026, 11, 20, hour, tzinfo=UTC))
        single = {contract.pk: decision_of(contract) for contract in contracts}
        listed = {row.pk: row.decision_id for row in with_decision(Contract.objects.all())}
        assert listed == {pk: decision and decision.pk for pk, decision in single.items()}
        final = {pk for pk, decision in single.items() if decision and decision.outcome != "defer"}
        assert {row.pk for row in undecided(Contract.objects.all())} == set(listed) - final
        of_terms = decided_since(date(2026, 1, 1))
        for contract in contracts:
            if contract.term_ends:
                decided = of_terms.get((contract.pk, contract.term_ends))
                assert (decided and decided.pk) == listed[contract.pk]
        everything_ahead = LeadTimes(**{segment: [2000] for segment, _ in SEGMENTS})
        due = set(due_contracts(everything_ahead, date(2026, 11, 22)))
        deferred = {pk for pk, decision in single.items() if decision and decision.outcome == "defer"}
        ending = {contract.pk for contract in contracts if contract.term_ends}
        assert due == (ending - final) | deferred
        transaction.set_rollback(True)
