"""Notice deadlines: worked out in one place, by whatever writes a contract and again when days or calendars change."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta

from django.db import transaction

from partners.calendars import closed_days
from partners.dates import Term, current_term, nth_term, term_after
from partners.models import EXTENSIONS, Contract, ContractTerm
from partners.models.terms import AMENDED, BACK, EXTENDED, ORIGINAL, RENEWED

WORKED_OUT = ("notice_deadline", "renewed_until", "extended")
_BATCH = 1_000
_TERMS_KEPT = 60  # of those a contract had behind it when it came in; older ones follow from the arithmetic


def set_deadlines(contracts: Iterable[Contract]) -> list[Contract]:
    """Set what is worked out of each contract's terms, writing nothing. Return those in which it changed.

    An automatic renewal nobody stopped in time counts: the term is then the next one that can still be ended. A decision
    that stops the renewal holds for the term it was taken about and for no other; once the contract has that term again,
    it holds again.
    """
    changed = []
    for contract in contracts:
        before = [getattr(contract, name) for name in WORKED_OUT]
        contract.notice_deadline = contract.renewed_until = None
        if contract.term != EXTENSIONS or not contract.renewal_months:
            contract.extended = 0
        if contract.ends:
            term = _term_of(contract)
            contract.notice_deadline = term.deadline
            contract.renewed_until = term.ends if term.renewals else None
        if before != [getattr(contract, name) for name in WORKED_OUT]:
            changed.append(contract)
    return changed


def _term_of(contract: Contract) -> Term:
    """The term of a contract that ends, as it is by now."""
    assert contract.ends  # noqa: S101  (the caller has looked)
    months = contract.renewal_months if contract.auto_renews else None
    is_closed = closed_days(contract.country)
    if contract.extended:
        return numbered(contract, contract.extended)
    stop = contract.ends_for_good
    stopped = stop if stop and has_term(contract, stop) else None
    return current_term(contract.ends, contract.notice, months, is_closed, contract.today, stopped)


def numbered(contract: Contract, number: int) -> Term:
    """The term of a contract that ends after so many renewals or extensions."""
    assert contract.ends  # noqa: S101  (the caller has looked)
    return nth_term(
        contract.ends, contract.notice, contract.renewal_months, closed_days(contract.country), number
    )


def has_term(contract: Contract, last: date) -> bool:
    """Whether that day is, or would become, the last one of a term counted from the contract's original end."""
    if contract.ends is None or last <= contract.ends or not contract.renewal_months:
        return last == contract.ends
    number = _renewals(contract.ends, last, contract.renewal_months)
    return term_after(contract.ends, contract.renewal_months, number) == last


def _renewals(end: date, last: date, months: int) -> int:
    return ((last.year - end.year) * 12 + last.month - end.month) // months


def keep_terms(contracts: Collection[Contract]) -> None:
    """Keep a row for each term that contracts have come to, as worked out and written. Three statements at most.

    To be called in the transaction that wrote them, while it holds them.
    """
    kept = ContractTerm.objects.filter(contract__in=[contract.pk for contract in contracts])
    latest = {row.contract_id: row for row in kept.order_by("contract_id", "-pk").distinct("contract_id")}
    new: list[ContractTerm] = []
    moved = []
    for contract in contracts:
        last = latest.get(contract.pk)
        if last is None:
            new += _terms(contract, ORIGINAL, contract.starts) if contract.ends else []
        elif last.counted_from != contract.ends:
            new += _terms(contract, AMENDED, contract.today)
        elif last.ends == contract.term_ends:
            if last.notice_deadline != contract.notice_deadline:
                last.notice_deadline = contract.notice_deadline
                moved.append(last)
        elif last.ends and contract.term_ends and contract.term_ends > last.ends:
            new += _later(contract, last.ends)
        else:
            new.append(_row(contract, BACK, contract.term_ends, contract.notice_deadline, contract.today))
    ContractTerm.objects.bulk_create(new, batch_size=_BATCH)
    if moved:
        ContractTerm.objects.bulk_update(moved, ["notice_deadline"])


def _terms(contract: Contract, how: str, since: date | None) -> Iterator[ContractTerm]:
    """The term counted from the contract's end, and those it has come to since."""
    if not contract.ends:
        yield _row(contract, how, None, None, since)
        return
    first = numbered(contract, 0)
    yield _row(contract, how, first.ends, first.deadline, since)
    yield from _later(contract, contract.ends)


def _later(contract: Contract, after: date) -> Iterator[ContractTerm]:
    """The terms after that day, up to the current one."""
    last, months = contract.renewed_until, contract.renewal_months
    if not (last and months and contract.ends):
        return
    total = _renewals(contract.ends, last, months)
    passed = max(0, _renewals(contract.ends, after, months), total - _TERMS_KEPT)
    before = numbered(contract, passed)
    for number in range(passed + 1, total + 2):
        if before.ends >= last:
            return
        term = numbered(contract, number)
        since = contract.today
        if not contract.extended:
            since = min((before.deadline or before.ends) + timedelta(days=1), since)
        yield _row(contract, EXTENDED if contract.extended else RENEWED, term.ends, term.deadline, since)
        before = term


def _row(
    contract: Contract, how: str, ends: date | None, deadline: date | None, since: date | None
) -> ContractTerm:
    return ContractTerm(
        contract=contract, how=how, ends=ends, notice_deadline=deadline, counted_from=contract.ends, since=since
    )  # fmt: skip


def recompute_deadlines(*, note_terms: bool = True) -> int:
    """Work out every contract's deadline anew and write those that differ; return how many.

    For a new day, and for a new version of the holiday calendars. May run at any time, and twice at once. `note_terms`:
    whether to keep the terms that have come about.
    """
    written, last = 0, 0
    while True:
        with transaction.atomic():
            rows = Contract.objects.filter(pk__gt=last, ends__isnull=False).order_by("pk")
            batch = list(rows.select_for_update(no_key=True)[:_BATCH])
            changed = set_deadlines(batch)
            Contract.objects.bulk_update(changed, WORKED_OUT)
            if note_terms:
                keep_terms(batch)
        if not batch:
            return written
        written, last = written + len(changed), batch[-1].pk
