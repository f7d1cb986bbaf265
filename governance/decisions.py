"""Which contracts are decided. A decision counts for the term it was taken about; deferring decides nothing."""

from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import OuterRef, Q, QuerySet, Subquery

from governance.models import DEFER, Decision
from partners.models import Contract, Partner, term_end
from partners.services.deadlines import has_term


def latest_decisions() -> QuerySet[Decision]:
    """Of the outer contract, about its current term, the latest first. For subqueries over `with_decision`."""
    return Decision.objects.filter(
        Q(term_ends=OuterRef("term_end")) | Q(term_ends=None, contract__ends=None), contract=OuterRef("pk")
    ).order_by("-at", "-pk")


def with_decision(contracts: QuerySet[Contract]) -> QuerySet[Contract]:
    """Contracts with `term_end` and of the last decision about that term `decision_id`, `outcome`, `deferred_to`."""
    latest = latest_decisions()
    return contracts.annotate(term_end=term_end()).annotate(
        decision_id=Subquery(latest.values("pk")[:1]),
        outcome=Subquery(latest.values("outcome")[:1]),
        deferred_to=Subquery(latest.values("deferred_to")[:1]),
    )


def undecided(contracts: QuerySet[Contract]) -> QuerySet[Contract]:
    """Contracts whose current term nobody has decided about, deferred ones included; annotated as above."""
    return with_decision(contracts).filter(Q(outcome=None) | Q(outcome=DEFER))


def decision_of(contract: Contract) -> Any:
    """The last decision about the contract's current term, or None."""
    about = Q(term_ends=contract.term_ends) if contract.term_ends else Q(term_ends=None)
    return Decision.objects.filter(about, contract=contract).select_related("by").first()


def has_lapsed(decision: Decision, contract: Contract) -> bool:
    """Whether it is about a term that was ahead and that an edit of the contract's terms has done away with."""
    about, now = decision.term_ends, contract.term_ends
    if about is None or now is None:
        return about != now
    if about == now or about < contract.today:
        return False
    return about > now or not has_term(contract, about)


def lapsed_decision_of(contract: Contract) -> Decision | None:
    """The last decision about the contract if it has lapsed: nothing has been decided since."""
    last = Decision.objects.filter(contract=contract).select_related("by").first()
    return last if last and not contract.has_ended and has_lapsed(last, contract) else None


class Decided(NamedTuple):
    """What counts of a term: the last decision about it."""

    pk: int
    outcome: str
    deferred_to: date | None
    at: datetime

    @property
    def is_final(self) -> bool:
        """Whether it decides anything: deferring does not."""
        return self.outcome != DEFER


def decided_since(first: date) -> dict[tuple[int, date], Decided]:
    """The last decision about every term that ends on that day or later, by contract and last day of the term.

    One statement for lists of many contracts, whose current and former terms are looked up here.
    """
    rows = Decision.objects.filter(contract__isnull=False, term_ends__gte=first).order_by("at", "pk")
    found: Any = rows.values_list("contract", "term_ends", "pk", "outcome", "deferred_to", "at")
    return {(contract, ends): Decided(*decision) for contract, ends, *decision in found}


def admission_decision_of(partner: Partner) -> Decision | None:
    """The last decision about admitting the partner, or None."""
    return Decision.objects.filter(partner=partner).select_related("by").defer("snapshot").first()
