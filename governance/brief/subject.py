"""What a brief is about: a partner with its scores, as one person may see them, and a contract; each read once."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.utils import timezone

from governance.standing import before_of, latest_of
from partners.models import Contract, Partner
from scorecards.arithmetic import Arithmetic
from scorecards.figures import Point, history
from scorecards.models import Score, Scorecard
from scorecards.scoring import difference

_TEMPLATE = ("template__categories__criteria", "template__bands")


@dataclass
class Subject:
    """Scores are those its reader sees and no others."""

    partner: Partner
    user: Any
    at: datetime = field(default_factory=timezone.now)
    beside_others: bool = True  # whether ranks and medians of peers are told

    @cached_property
    def points(self) -> list[Point]:
        """The partner's cycles, oldest first."""
        return history(self.partner.pk, self.user)

    @cached_property
    def latest(self) -> Point | None:
        return latest_of(self.points)

    @cached_property
    def before(self) -> Point | None:
        return before_of(self.points, self.latest) if self.latest else None

    @property
    def change(self) -> Decimal | None:
        """Since the cycle before, as the two are shown."""
        return difference(getattr(self.latest, "overall", None), getattr(self.before, "overall", None))

    @cached_property
    def cards(self) -> dict[int, Scorecard]:
        """The latest scorecard and the one before it, with their templates."""
        wanted = [point.scorecard_id for point in (self.latest, self.before) if point]
        rows = Scorecard.objects.select_related("cycle", "template", "partner", "score")
        return rows.prefetch_related(*_TEMPLATE).in_bulk(wanted)

    @property
    def card(self) -> Scorecard | None:
        return self.cards[self.latest.scorecard_id] if self.latest else None

    @cached_property
    def outcome(self) -> Score | None:
        return getattr(self.card, "score", None)

    @cached_property
    def arithmetic(self) -> Arithmetic | None:
        """The latest scorecard taken apart beside the one before; None where it has no score."""
        if not self.card or not self.latest or self.latest.overall is None:
            return None
        return Arithmetic(self.card, before=self.cards[self.before.scorecard_id] if self.before else None)

    @cached_property
    def bands(self) -> list[tuple[str, str, Decimal]]:
        """Letter, name and lower edge, the best first."""
        rows = self.card.template.bands.all() if self.card else []
        return [(band.letter, band.name, band.lower) for band in rows]

    @property
    def good(self) -> Decimal:
        """From this score on nothing needs an answer: the lower edge of the second best band."""
        return self.bands[1][2] if len(self.bands) > 1 else Decimal(70)

    def band_name(self, letter: str) -> str:
        return next((name for held, name, _ in self.bands if held == letter), letter)


@dataclass(kw_only=True)
class Renewal(Subject):
    """A contract's renewal; `contract` comes with its partner, owner and unit."""

    contract: Contract

    @property
    def today(self) -> date:
        return self.contract.today
