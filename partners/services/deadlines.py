"""Notice deadlines: worked out in one place, by whatever writes a contract and again when days or calendars change."""

from collections.abc import Iterable

from django.db import transaction

from partners.calendars import closed_days
from partners.dates import current_term
from partners.models import Contract

WORKED_OUT = ("notice_deadline", "renewed_until")
_BATCH = 1_000


def set_deadlines(contracts: Iterable[Contract]) -> list[Contract]:
    """Set what is worked out of each contract's terms, writing nothing. Return those in which it changed.

    An automatic renewal nobody stopped in time counts: the term is then the next one that can still be ended.
    """
    changed = []
    for contract in contracts:
        before = contract.notice_deadline, contract.renewed_until
        contract.notice_deadline = contract.renewed_until = None
        if contract.ends:
            months = contract.renewal_months if contract.auto_renews else None
            is_closed = closed_days(contract.country)
            term = current_term(
                contract.ends, contract.notice, months, is_closed, contract.today, contract.ends_for_good
            )
            contract.notice_deadline = term.deadline
            contract.renewed_until = term.ends if term.renewals else None
        if before != (contract.notice_deadline, contract.renewed_until):
            changed.append(contract)
    return changed


def recompute_deadlines() -> int:
    """Work out every contract's deadline anew and write those that differ; return how many.

    For a new day, and for a new version of the holiday calendars. May run at any time, and twice at once.
    """
    written, last = 0, 0
    while True:
        with transaction.atomic():
            rows = Contract.objects.filter(pk__gt=last, ends__isnull=False).order_by("pk")
            batch = list(rows.select_for_update(no_key=True)[:_BATCH])
            changed = set_deadlines(batch)
            Contract.objects.bulk_update(changed, WORKED_OUT)
        if not batch:
            return written
        written, last = written + len(changed), batch[-1].pk
