"""How sure is the order? Of one template in one cycle: what other weights would make of the ranks."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction
from typing import Any

from django.db.models import QuerySet

from partners.models import APART_KINDS
from scorecards.arithmetic import outcome_of, weights_of
from scorecards.fair import weights as fair
from scorecards.figures import criterion_figures
from scorecards.models import Category, Criterion, Score, Scorecard, Template
from scorecards.scoring import Outcome
from scorecards.whole import whole

FIELD = 100  # partners that are compared: the first by score
MOST_TYPED = 10_000  # a weight that the what-if page takes


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A partner in the order: what it came to, and how often it would keep its rank or be first.

    `around`: in weightings around today's; `anyhow`: in any weightings at all.
    """

    card_id: int
    partner_id: int
    name: str
    overall: Decimal
    standing: str
    rank: int
    around: fair.Kept
    anyhow: fair.Kept
    found: Outcome


@dataclass(frozen=True, slots=True)
class Lost:
    """One weight, as a share (0 to 1) of its level, and how far it may move before somebody else is ahead.

    `below` and `above` are such weights, each with who is ahead from there on; None: nobody, however far it moves.
    """

    row: Category | Criterion
    today: Fraction
    others: Fraction  # what the others of its level weigh together
    below: tuple[Fraction, Place] | None
    above: tuple[Fraction, Place] | None

    @property
    def of_category(self) -> bool:
        return isinstance(self.row, Category)

    @property
    def moves(self) -> bool:
        return bool(self.below or self.above)

    @property
    def typed_below(self) -> str:
        return self._typed(self.below, ROUND_FLOOR)

    @property
    def typed_above(self) -> str:
        return self._typed(self.above, ROUND_CEILING)

    def _typed(self, lost: tuple[Fraction, Place] | None, rounding: str) -> str:
        """The what-if field and weight that show it, the other weights left as they are; empty: too large to type."""
        share = lost[0] if lost else Fraction(1)
        if share == 1 or share * self.others > MOST_TYPED * (1 - share):
            return ""
        exact = share * self.others / (1 - share)
        weight = (Decimal(exact.numerator) / exact.denominator).quantize(Decimal("0.01"), rounding)
        return f"{'g' if self.of_category else 'c'}{self.row.pk}={weight}"


class Order:
    """The partners of a template with a final score whom one may see, best first; `total`: how many there are."""

    def __init__(self, template: Template, scorecards: QuerySet[Scorecard]) -> None:
        """`scorecards`: those whose scores the reader may see, of one cycle."""
        self.template = whole(template)
        final = scorecards.filter(template=template, score__status=Score.FINAL)
        # Internal partners and ourselves are never ranked among vendors.
        final = (
            final.filter(partner__kind=template.kind)
            if template.kind in APART_KINDS
            else final.exclude(partner__kind__in=APART_KINDS)
        )
        best = final.select_related("partner", "score").order_by("-score__overall", "partner__name", "pk")
        cards = list(best[:FIELD])
        self.total = len(cards) if len(cards) < FIELD else final.count()
        weights = weights_of(self.template)
        figures = criterion_figures(card.pk for card in cards)
        self.categories = list(self.template.categories.all())
        found = [outcome_of(card, weights, figures) for card in cards]
        level = [row for row in self.weighed if row.weight]
        field = [[self._score(outcome, row) for row in level] for outcome in found]
        around, anyhow = (
            fair.kept([Fraction(row.weight) for row in level], field, around=near) for near in (True, False)
        )
        ranks = fair.ranks([Fraction(card.score.overall) for card in cards])
        self.places = [
            Place(
                card.pk,
                card.partner_id,
                card.partner.name,
                card.score.overall,
                card.score.standing,
                rank,
                near,
                any_,
                outcome,
            )
            for card, rank, near, any_, outcome in zip(cards, ranks, around, anyhow, found, strict=True)
        ]

    @property
    def weighed(self) -> Sequence[Category | Criterion]:
        """What is weighed against each other: categories, or the criteria of the only one."""
        return self.categories if len(self.categories) > 1 else list(self.categories[0].criteria.all())

    @staticmethod
    def _score(outcome: Outcome, row: Category | Criterion) -> Fraction | None:
        return (outcome.categories if isinstance(row, Category) else outcome.criteria)[row.pk].score

    def lost(self, first: Place, rivals: Sequence[Place]) -> list[Lost]:
        """For every weight, how far it may move, the others of its level rescaled, before a rival is ahead."""
        several = len(self.categories) > 1
        found = [
            self._lost(self.categories, i, None, first, rivals)
            for i in range(len(self.categories))
            if several
        ]
        for category in self.categories:
            criteria = list(category.criteria.all())
            found += [self._lost(criteria, i, category, first, rivals) for i in range(len(criteria))]
        return found

    def _lost(
        self, level: Sequence[Category] | Sequence[Criterion], i: int, category: Category | None, first: Place,
        rivals: Sequence[Place],
    ) -> Lost:  # fmt: skip
        weights = [Fraction(row.weight) for row in level]
        today = fair.share_of(weights, i)
        own = self._curve(first, level, weights, i, category)
        turns = [
            (fair.turn(own, self._curve(rival, level, weights, i, category), today), rival)
            for rival in rivals
        ]
        below = [(turn.below, rival) for turn, rival in turns if turn.below is not None]
        above = [(turn.above, rival) for turn, rival in turns if turn.above is not None]
        return Lost(
            level[i], today, sum(weights, Fraction(0)) - weights[i],
            max(below, key=lambda turn: turn[0], default=None), min(above, key=lambda turn: turn[0], default=None),
        )  # fmt: skip

    def _curve(
        self, place: Place, level: Sequence[Any], weights: list[Fraction], i: int, category: Category | None
    ) -> fair.Curve | None:
        """The partner's score as one weight of the level moves: of categories, or of the criteria of one of them."""
        curve = fair.one_weight(weights, [self._score(place.found, row) for row in level], i)
        if category is None:
            return curve
        outer = [Fraction(row.weight) for row in self.categories]
        scores = [self._score(place.found, row) for row in self.categories]
        return fair.one_inside(outer, scores, self.categories.index(category), curve)

    def chance(self, one: Place, other: Place) -> Fraction | None:
        """In which share of all weightings one is ahead of the other, exactly; None where their gaps differ."""
        cells = [
            [self._score(place.found, row) for place in (one, other)] for row in self.weighed if row.weight
        ]
        if any((a is None) != (b is None) for a, b in cells):
            return None
        return fair.chance_ahead([a - b for a, b in cells if a is not None])
