"""What the register of contracts shows: filters and order as an address states them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.utils import timezone

from accounts.numbers import row_number
from partners.models import (
    EVERGREEN,
    EXTENSIONS,
    FIXED,
    SEGMENTS,
    Contract,
    ContractQuerySet,
    Partner,
    term_end,
)
from partners.search import LONGEST, PlainText, search_partners

FILTERS = ("find", "unit", "owner", "segment", "deadline", "term", "show")
NONE = "none"  # in an address: no business unit, no owner, no deadline
DEADLINES = [
    ("overdue", "Passed"), ("30", "Within 30 days"), ("90", "Within 90 days"), ("180", "Within 180 days"),
    ("365", "Within a year"), (NONE, "No deadline"),
]  # fmt: skip
TERM_KINDS = [
    ("renews", "Renews itself"), (FIXED, "Fixed, ends"), (EXTENSIONS, "Extensions at our option"),
    (EVERGREEN, "Evergreen"),
]  # fmt: skip
SHOWN = [("", "Running"), ("ended", "Ended"), ("all", "All")]
SORTS = {
    "deadline": "notice_deadline", "title": "title", "partner": "partner__name", "owner": "owner__name",
    "unit": "unit__name", "value": "yearly", "ends": "term_end",
}  # fmt: skip


def narrowed(user: Any, asked: Mapping[str, str]) -> "QuerySet[Contract]":
    """The visible contracts an address asks for, in its order; what makes no sense in it is left out."""
    contracts = searched(listed(user), user, asked.get("find", ""))
    today = timezone.localdate()
    ended = Q(term_end__lt=today)
    if asked.get("show") != "all":
        contracts = contracts.filter(ended if asked.get("show") == "ended" else ~ended | Q(term_end=None))
    for name in ("unit", "owner"):
        if asked.get(name) == NONE:
            contracts = contracts.filter(**{name: None})
        elif number := row_number(asked.get(name)):
            contracts = contracts.filter(**{name: number})
    if asked.get("segment") in dict(SEGMENTS):
        contracts = contracts.filter(partner__segment=asked["segment"])
    contracts = _of_term(_of_deadline(contracts, asked.get("deadline", "")), asked.get("term", ""))
    return _sorted(contracts, asked.get("sort", ""))


def listed(user: Any) -> ContractQuerySet:
    """The contracts with partners that are not archived, each with `yearly` and `term_end`."""
    visible = Contract.objects.visible_to(user).filter(partner__archived_at=None)
    return visible.with_yearly().annotate(term_end=term_end())


def searched(contracts: "QuerySet[Contract]", user: Any, text: str) -> "QuerySet[Contract]":
    """Contracts whose title or reference, or whose partner, holds the text or words much like it."""
    text = " ".join(text.replace("\x00", "").split())[:LONGEST]
    if not text:
        return contracts
    wanted = PlainText(Value(text))
    own = Contract.objects.alias(plain=PlainText(F("title")), code=PlainText(F("reference"))).order_by()
    found = Q(plain__contains=wanted) | Q(code__contains=wanted)
    if len(text) >= 3:
        found |= Q(plain__trigram_word_similar=wanted)
    partners = search_partners(Partner.objects.visible_to(user), text).order_by()
    return contracts.filter(Q(pk__in=own.filter(found).values("pk")) | Q(partner__in=partners.values("pk")))


def _of_deadline(contracts: "QuerySet[Contract]", asked: str) -> "QuerySet[Contract]":
    today = timezone.localdate()
    if asked not in dict(DEADLINES):
        return contracts
    if asked == NONE:
        return contracts.filter(notice_deadline=None)
    if asked == "overdue":
        return contracts.filter(notice_deadline__lt=today)
    return contracts.filter(
        notice_deadline__gte=today, notice_deadline__lte=today + timedelta(days=int(asked))
    )


def _of_term(contracts: "QuerySet[Contract]", asked: str) -> "QuerySet[Contract]":
    if asked not in dict(TERM_KINDS):
        return contracts
    if asked == "renews":
        return contracts.filter(auto_renews=True)
    return contracts.filter(term=asked, auto_renews=False)


def _sorted(contracts: "QuerySet[Contract]", sort: str) -> "QuerySet[Contract]":
    column = F(SORTS.get(sort.removeprefix("-"), "notice_deadline"))
    order = column.desc(nulls_last=True) if sort.startswith("-") else column.asc(nulls_last=True)
    return contracts.order_by(order, "title", "pk")
