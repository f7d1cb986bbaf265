"""What the portfolio pages show: scores beside money, for the partners somebody may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    Count,
    DecimalField,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    When,
)
from django.db.models.functions import Round

from partners.models import INTERNAL_KINDS, Contract
from scorecards.figures import with_rank_and_change
from scorecards.models import Cycle, Score, Scorecard

MONEY = DecimalField(max_digits=20, decimal_places=2)
APART = ("own", *INTERNAL_KINDS)
SLIPPING = -1  # points since the cycle before, from which on a partner is said to slip


def running_contracts(user: Any) -> "QuerySet[Contract]":
    """Contracts in force today, inside the user's walls, each with `yearly`: its value a year."""
    return Contract.objects.visible_to(user).running()


def reporting_currency(user: Any) -> tuple[str, int]:
    """The currency most running contracts are in, and how many partners have contracts in others."""
    counted = (
        running_contracts(user)
        .values_list("currency")
        .annotate(contracts=Count("pk"), partners=Count("partner", distinct=True))
        .order_by("-contracts", "currency")
    )
    found = list(counted)
    return (found[0][0], sum(row[2] for row in found[1:])) if found else ("EUR", 0)


def cycles_with_scores(user: Any) -> "QuerySet[Cycle]":
    """Cycles in which the user sees at least one score, the latest first."""
    seen = Scorecard.objects.scores_visible_to(user).filter(score__overall__isnull=False)
    return Cycle.objects.visible_to(user).filter(pk__in=seen.values("cycle"))


def portfolio_rows(user: Any, cycle: Cycle, currency: str) -> "QuerySet[Scorecard]":
    """Scorecards of a cycle with score, rank, change, `spend` a year and `next_end`."""
    contracts = running_contracts(user).filter(partner=OuterRef("partner")).order_by().values("partner")
    spend = contracts.filter(currency=currency).annotate(total=Sum("yearly")).values("total")
    seen = Scorecard.objects.scores_visible_to(user).filter(cycle=cycle, score__isnull=False)
    return (
        with_rank_and_change(seen, cycles=[cycle])
        .select_related("partner__unit", "score", "template")
        .annotate(
            spend=Subquery(spend, output_field=MONEY),
            next_end=Subquery(contracts.annotate(first=Min("ends")).values("first")),
        )
    )


@dataclass(frozen=True)
class Totals:
    """Sums over the vendors and providers of a cycle."""

    partners: int
    spend: Decimal
    fell: int
    spend_slipping: Decimal
    unknown_spend: int


def totals(rows: "QuerySet[Scorecard]") -> Totals:
    """Add up what the headline says."""
    slipping = Q(change__lte=SLIPPING)
    sums = rows.exclude(partner__kind__in=APART).aggregate(
        partners=Count("pk"),
        all_spend=Sum("spend"),
        fell=Count("pk", filter=slipping),
        slipping_spend=Sum("spend", filter=slipping),
        unknown=Count("pk", filter=Q(spend=None)),
    )
    nothing = Decimal(0)
    return Totals(
        sums["partners"],
        sums["all_spend"] or nothing,
        sums["fell"],
        sums["slipping_spend"] or nothing,
        sums["unknown"],
    )


def in_words(amount: Decimal, currency: str) -> str:
    """An amount as it is said: EUR 4.7 m, EUR 310,000."""
    if amount >= 1_000_000:
        return f"{currency} {amount / 1_000_000:.1f} m"
    return f"{currency} {amount:,.0f}"


def headline(sums: Totals, currency: str) -> str:
    """The portfolio in one sentence."""
    if not sums.partners:
        return "No vendor has a score here yet."
    if not sums.fell:
        return f"None of {sums.partners} partners fell by a point or more since the cycle before."
    if sums.spend_slipping:
        slipping, spend = in_words(sums.spend_slipping, currency), in_words(sums.spend, currency)
        return f"{slipping} of {spend} a year is spent with partners that are slipping."
    return f"{sums.fell} of {sums.partners} partners fell by a point or more."


SORTS = {
    "name": "partner__name",
    "kind": "partner__kind",
    "spend": "spend",
    "score": "score__overall",
    "change": "change",
    "coverage": "score__coverage",
    "rank": "rank",
    "ends": "next_end",
}


def sorted_rows(rows: "QuerySet[Scorecard]", sort: str) -> "QuerySet[Scorecard]":
    """Order by one of SORTS, "-" first for descending; empty values last. Ourselves and internal partners follow."""
    name = sort.removeprefix("-")
    column = F(SORTS.get(name, "spend"))
    order = column.desc(nulls_last=True) if sort.startswith("-") else column.asc(nulls_last=True)
    apart = Case(When(partner__kind="own", then=2), When(partner__kind__in=INTERNAL_KINDS, then=1), default=0)
    return rows.annotate(apart=apart).order_by("apart", order, "partner__name", "pk")


def median(values: Sequence[Decimal]) -> Decimal | None:
    """The middle value, or the mean of the two in the middle."""
    ordered = sorted(values)
    if not ordered:
        return None
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def year_ago(user: Any, rows: Sequence[Scorecard], cycle: Cycle) -> dict[int, Decimal]:
    """Where these partners stood in the last closed cycle that ended a year before, by partner."""
    then = (
        Cycle.objects.visible_to(user)
        .filter(
            state=Cycle.CLOSED,
            ends__lte=cycle.ends.replace(year=cycle.ends.year - 1, day=min(cycle.ends.day, 28)),
        )
        .order_by("-ends", "-pk")
    )
    return dict(
        Score.objects.filter(
            scorecard__in=Scorecard.objects.scores_visible_to(user),
            scorecard__cycle=then.values("pk")[:1],
            scorecard__partner__in=[row.partner_id for row in rows],
            overall__isnull=False,
        ).values_list("scorecard__partner", Round("overall", precision=4))
    )
