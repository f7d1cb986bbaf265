"""Up to four partners side by side: money, scores by category, the next notice deadline and what was decided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from governance.renewals import Due, Renewals, Row, scores_of, work_out
from partners.models import Contract, Partner
from scorecards.figures import Point, category_scores
from scorecards.models import Category
from scorecards.scoring import difference

MOST = 4


@dataclass(frozen=True)
class Compared:
    """A partner beside others. `yearly`: what its running contracts are worth, by currency.

    `next`: its next notice deadline, `more` others within a year. `categories`: scores of the latest cycle by name.
    """

    partner: Partner
    yearly: dict[str, Decimal]
    history: Sequence[Point]
    latest: Point | None
    before: Point | None
    band: str
    next: Row | None
    more: int
    categories: dict[str, Decimal]

    @property
    def change(self) -> Decimal | None:
        return difference(getattr(self.latest, "overall", None), getattr(self.before, "overall", None))


def compared(user: Any, wanted: Iterable[int]) -> list[Compared]:
    """The visible ones of these partners, at most four, in the order they were named."""
    numbers = list(dict.fromkeys(wanted))
    known = Partner.objects.visible_to(user).in_bulk(numbers)
    partners = [known[number] for number in numbers if number in known][:MOST]
    scored = scores_of([partner.pk for partner in partners], user)
    yearly, dues = _money(user, partners), _dues(user, partners)
    first = {partner: found[0] for partner, found in dues.items() if found}
    rows = Renewals(user).rows(first.values()) if first else {}
    categories = _categories([latest for _, latest, _, _ in scored.values() if latest])
    return [
        Compared(
            partner, yearly.get(partner.pk, {}), *scored[partner.pk],
            next=rows.get(first[partner.pk]) if partner.pk in first else None,
            more=max(0, len(dues.get(partner.pk, ())) - 1),
            categories=categories.get(scored[partner.pk][1].scorecard_id, {}) if scored[partner.pk][1] else {},  # type: ignore[union-attr]
        )
        for partner in partners
    ]  # fmt: skip


def category_names(columns: Sequence[Compared]) -> list[str]:
    """Every category one of them was scored in, in the order of the first that has it."""
    return list(dict.fromkeys(name for column in columns for name in column.categories))


def _money(user: Any, partners: Sequence[Partner]) -> dict[int, dict[str, Decimal]]:
    contracts = (
        Contract.objects.visible_to(user).running().filter(partner__in=partners, yearly__gt=0).order_by()
    )
    found: dict[int, dict[str, Decimal]] = {}
    for partner, currency, worth in (
        contracts.values_list("partner", "currency").annotate(worth=Sum("yearly")).order_by("currency")
    ):
        found.setdefault(partner, {})[currency] = worth
    return found


def _dues(user: Any, partners: Sequence[Partner]) -> dict[int, list[Due]]:
    """The deadlines of each, what still has to be decided before what is decided."""
    contracts = Contract.objects.visible_to(user).filter(partner__in=partners)
    found: dict[int, list[Due]] = {}
    for due in sorted(
        work_out(contracts, timezone.localdate()),
        key=lambda one: (not one.is_open, one.is_news, one.deadline),
    ):
        found.setdefault(due.partner_id, []).append(due)
    return found


def _categories(points: Sequence[Point]) -> dict[int, dict[str, Decimal]]:
    """By scorecard, the score of each category by its name, in the template's order."""
    names = dict(
        Category.objects.filter(template__in={point.template_id for point in points})
        .order_by("template", "position", "pk")
        .values_list("pk", "name")
    )
    scores = category_scores([point.scorecard_id for point in points])
    found: dict[int, dict[str, Decimal]] = {point.scorecard_id: {} for point in points}
    for pk, name in names.items():
        for card, values in found.items():
            if (card, pk) in scores:
                values[name] = scores[card, pk]
    return found
