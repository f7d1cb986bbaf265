"""Recording what was decided: about a contract's term, or about admitting a partner."""

from datetime import date
from typing import Any

from django.db import transaction

from accounts.versions import StaleSave
from governance.decisions import admission_decision_of, decision_of
from governance.models import REJECT, STOPS_RENEWAL, Decision
from partners.models import ADMITTED, REJECTED, Contract, Partner
from partners.services.deadlines import WORKED_OUT, keep_terms, set_deadlines


class AlreadyDecided(Exception):
    """Somebody decided meanwhile; `decision` is what counts now."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(str(decision))
        self.decision = decision


@transaction.atomic
def record_decision(
    contract: Contract,
    *,
    outcome: str,
    reasons: str,
    conditions: str = "",
    deferred_to: date | None = None,
    snapshot: dict[str, Any],
    by: Any,
    instead_of: int | None = None,
) -> Decision:
    """Keep a decision about the term that `contract` (as it was read) is in.

    Not renewing as it stands stops the automatic renewal at that term's end. StaleSave where the contract has changed
    since it was read or has come into another term: the decision would be about something else. AlreadyDecided where
    another decision about this term counts than the one this is taken `instead_of` (its id).
    """
    saved = Contract.objects.select_for_update(of=("self",)).get(pk=contract.pk)
    if (saved.version, saved.term_ends) != (contract.version, contract.term_ends):
        raise StaleSave(saved)
    counts = decision_of(saved)
    if counts and counts.pk != instead_of:
        raise AlreadyDecided(counts)
    decision = Decision.objects.create(
        contract=saved, outcome=outcome, reasons=reasons, conditions=conditions, deferred_to=deferred_to,
        term_ends=saved.term_ends, notice_deadline=saved.notice_deadline, snapshot=snapshot, by=by,
    )  # fmt: skip
    saved.ends_for_good = saved.term_ends if outcome in STOPS_RENEWAL else None
    set_deadlines([saved])
    saved.save(update_fields=["ends_for_good", *WORKED_OUT])
    keep_terms([saved])
    return decision


@transaction.atomic
def decide_admission(
    partner: Partner,
    *,
    outcome: str,
    reasons: str,
    conditions: str = "",
    snapshot: dict[str, Any],
    by: Any,
    instead_of: int | None = None,
) -> Decision:
    """Keep a decision about admitting `partner` (as it was read), which then gets contracts, or none.

    StaleSave and AlreadyDecided as above.
    """
    saved = Partner.objects.select_for_update(of=("self",)).get(pk=partner.pk)
    if (saved.version, saved.admission) != (partner.version, partner.admission):
        raise StaleSave(saved)
    counts = admission_decision_of(saved)
    if counts and counts.pk != instead_of:
        raise AlreadyDecided(counts)
    decision = Decision.objects.create(
        partner=saved, outcome=outcome, reasons=reasons, conditions=conditions, snapshot=snapshot, by=by
    )
    saved.admission = REJECTED if outcome == REJECT else ADMITTED
    saved.save(update_fields=["admission"])
    return decision
