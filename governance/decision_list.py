"""Which decisions an address asks for, and in which order."""

from collections.abc import Mapping
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from accounts.numbers import row_number
from governance.models import AT_ADMISSION, AT_RENEWAL, Decision

FILTERS = ("find", "outcome", "unit", "year")
NONE = "none"  # in an address: no business unit
SORTS = {"at": "at", "partner": "partner_name", "outcome": "outcome", "by": "by__name", "ends": "term_ends"}
NEWEST = "-at"


def decisions_asked_for(user: Any, asked: Mapping[str, str]) -> "QuerySet[Decision]":
    """Visible decisions that match; what makes no sense in an address is left out."""
    found = Decision.objects.visible_to(user).select_related(
        "contract__partner", "contract__unit", "partner__unit", "by"
    )
    found = found.defer("snapshot").annotate(
        partner_name=Coalesce("contract__partner__name", "partner__name")
    )
    if asked.get("outcome") in dict(AT_RENEWAL + AT_ADMISSION):
        found = found.filter(outcome=asked["outcome"])
    if asked.get("unit") == NONE:
        found = found.filter(
            Q(contract__isnull=False, contract__unit=None) | Q(partner__isnull=False, partner__unit=None)
        )
    elif unit := row_number(asked.get("unit")):
        found = found.filter(Q(contract__unit=unit) | Q(partner__unit=unit))
    if (year := row_number(asked.get("year"))) and year < 10_000:
        found = found.filter(at__year=year)
    if words := asked.get("find", "").replace("\0", "").split()[:10]:
        for word in words:
            holds = [
                f"{field}__icontains"
                for field in ("partner_name", "contract__title", "contract__reference", "reasons")
            ]
            found = found.filter(Q(*[(name, word) for name in holds], _connector=Q.OR))
    sort = asked.get("sort") or NEWEST
    column = SORTS.get(sort.removeprefix("-"), "at")
    order = F(column).desc(nulls_last=True) if sort.startswith("-") else F(column).asc(nulls_last=True)
    return found.order_by(order, "-at", "-pk")
