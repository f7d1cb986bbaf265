"""Recording what was decided about a contract's term."""

from datetime import date
from typing import Any

from django.db import transaction

from accounts.versions import StaleSave
from governance.models import STOPS_RENEWAL, Decision
from partners.models import Contract
from partners.services.deadlines import WORKED_OUT, set_deadlines


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
) -> Decision:
    """Keep a decision about the term that `contract` (as it was read) is in.

    Not renewing as it stands stops the automatic renewal at that term's end. StaleSave where the contract has changed
    since it was read or has come into another term: the decision would be about something else.
    """
    saved = Contract.objects.select_for_update(of=("self",)).get(pk=contract.pk)
    if (saved.version, saved.term_ends) != (contract.version, contract.term_ends):
        raise StaleSave(saved)
    decision = Decision.objects.create(
        contract=saved, outcome=outcome, reasons=reasons, conditions=conditions, deferred_to=deferred_to,
        term_ends=saved.term_ends, notice_deadline=saved.notice_deadline, snapshot=snapshot, by=by,
    )  # fmt: skip
    saved.ends_for_good = saved.term_ends if outcome in STOPS_RENEWAL else None
    set_deadlines([saved])
    saved.save(update_fields=["ends_for_good", *WORKED_OUT])
    return decision
