"""What kind of customer are we? The figures of our own doing, added up over all partners one sees."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, Sum

from accounts.words import counted
from evidence.figures import FIGURES, SHARE
from evidence.models import Figure

ROWS = [
    "our_answered_in_time", "our_open_requests", "our_commitments_kept", "our_plan_quarters", "our_chance_to_act",
    "our_meetings_cancelled",
]  # fmt: skip
PLANS = "our_plan_quarters"
BRIEF = {
    "our_answered_in_time": "answered {} requests in time", PLANS: "shared plans with {} partners",
    "our_commitments_kept": "met {} commitments on time",
}  # fmt: skip


@dataclass(frozen=True)
class Total:
    """A figure over all partners for which it says something: so many of so many, or so many in all."""

    name: str
    hits: Decimal
    of: Decimal | None
    partners: int

    @property
    def label(self) -> str:
        return (
            "Partners we shared a plan with, in four quarters"
            if self.name == PLANS
            else FIGURES[self.name].label
        )

    @property
    def said(self) -> str:
        hits = f"{round(self.hits):,}"
        return hits if self.of is None else f"{hits} of {self.of:,}"

    @property
    def rests_on(self) -> str:
        return "" if self.name == PLANS else counted(self.partners, "partner")


def ourselves(user: Any) -> list[Total]:
    """One statement, however many partners."""
    told = Figure.objects.visible_to(user).filter(name__in=ROWS, value__isnull=False).order_by()
    rows: Mapping[str, Any] = {
        row["name"]: row
        for row in told.values("name").annotate(
            sum=Sum("value"), hits=Sum(F("value") * F("observations")), of=Sum("observations"), partners=Count("pk"),
            some=Count("pk", filter=Q(value__gt=0)),
        )
    }  # fmt: skip
    return [_total(rows[name]) for name in ROWS if name in rows]


def _total(row: Any) -> Total:
    name, partners = row["name"], row["partners"]
    if name == PLANS:
        return Total(name, row["some"], partners, partners)
    of_many = FIGURES[name].unit == SHARE
    return Total(name, row["hits"] if of_many else row["sum"], row["of"] if of_many else None, partners)


def answer(totals: Iterable[Total]) -> str:
    """The same in half a sentence each, two at most."""
    said = {total.name: total.said for total in totals}
    found = [words.format(said[name]) for name, words in BRIEF.items() if name in said][:2]
    return f"We {' and '.join(found)}" if found else ""
