"""What the partner list shows: filters and order as an address states them, and the facts of each line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.utils import timezone

from accounts.numbers import row_number
from partners.models import ADMISSIONS, KINDS, SEGMENTS, Contract, Partner, in_force_today, term_end
from partners.search import search_partners

FILTERS = ("find", "kind", "segment", "admission", "unit", "owner", "archived")
NONE = "none"  # in an address: no business unit, no owner
SORTS = {
    "name": "name", "kind": "kind", "segment": "segment", "owner": "owner__name", "unit": "unit__name",
    "contracts": "contract_count", "ends": "next_end",
}  # fmt: skip


@dataclass
class Line:
    """A partner with what its visible contracts come to."""

    partner: Partner
    contracts: int = 0
    next_end: date | None = None
    next_deadline: date | None = None
    yearly: dict[str, Decimal] = field(default_factory=dict)


def narrowed(user: Any, asked: Mapping[str, str]) -> "QuerySet[Partner]":
    """The visible partners an address asks for, in its order; what makes no sense in it is left out."""
    partners = Partner.objects.visible_to(user).filter(archived_at__isnull=not asked.get("archived"))
    if asked.get("kind") in dict(KINDS):
        partners = partners.filter(kind=asked["kind"])
    if asked.get("segment") in dict(SEGMENTS):
        partners = partners.filter(segment=asked["segment"])
    if asked.get("admission") in dict(ADMISSIONS):
        partners = partners.filter(admission=asked["admission"])
    for name in ("unit", "owner"):
        if asked.get(name) == NONE:
            partners = partners.filter(**{name: None})
        elif number := row_number(asked.get(name)):
            partners = partners.filter(**{name: number})
    return _sorted(search_partners(partners, asked.get("find", "")), user, asked.get("sort", ""))


def _sorted(partners: "QuerySet[Partner]", user: Any, sort: str) -> "QuerySet[Partner]":
    column = SORTS.get(sort.removeprefix("-"))
    if column is None:
        return partners
    if column in ("contract_count", "next_end"):
        contracts = _sums(Contract.objects.of_units_of(user).filter(partner=OuterRef("pk")))
        partners = partners.alias(**{column: Subquery(contracts.values(column))})
    order = F(column).desc(nulls_last=True) if sort.startswith("-") else F(column).asc(nulls_last=True)
    return partners.order_by(order, "name", "pk")


def _sums(contracts: QuerySet, *also_by: str) -> QuerySet:
    """The contracts grouped by partner: how many, and the end and the notice deadline that come next."""
    today = timezone.localdate()
    return (
        contracts.order_by()
        .values("partner", *also_by)
        .annotate(
            contract_count=Count("pk"),
            next_end=Min(term_end(), filter=Q(ends__gte=today) | Q(renewed_until__gte=today)),
            next_deadline=Min("notice_deadline", filter=Q(notice_deadline__gte=today)),
        )
    )


def lines(user: Any, partners: Iterable[Partner]) -> list[Line]:
    """The partners, which the user sees, with number, next end and yearly value (a currency each) of their contracts."""
    found = {partner.pk: Line(partner) for partner in partners}
    contracts = Contract.objects.of_units_of(user).filter(partner__in=list(found)).with_yearly()
    worth = Sum("yearly", filter=in_force_today() & Q(yearly__gt=0))
    rows = _sums(contracts, "currency").annotate(worth=worth).order_by("currency")
    for row in rows:
        line = found[row["partner"]]
        line.contracts += row["contract_count"]
        for name in ("next_end", "next_deadline"):
            setattr(line, name, min(filter(None, (getattr(line, name), row[name])), default=None))
        if row["worth"]:
            line.yearly[row["currency"]] = row["worth"]
    return list(found.values())
