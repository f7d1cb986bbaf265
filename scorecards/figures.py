"""Numbers as pages read them: figures of criteria, ranks, changes and histories, each for many rows in one query.

Nothing here decides who may see a number: callers start from `Scorecard.objects.scores_visible_to(user)`.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import (
    BooleanField,
    Case,
    DecimalField,
    Expression,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
    Window,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Rank, Round

from partners.models import APART_KINDS
from scorecards import scoring
from scorecards.models import CategoryScore, Cycle, Score, Scorecard

MARKS_SHOWN_FROM = 5  # with fewer marks, showing them one by one could tell who gave which


@dataclass(frozen=True, slots=True)
class CriterionFigure:
    """What the submitted assessments of a scorecard say of one criterion.

    `marks` are in order of size, and only there when they are at least five; `score` has four decimals.
    """

    tally: scoring.Tally
    state: str
    score: Decimal | None
    count: int
    marks: tuple[int, ...] | None

    @property
    def mean(self) -> Fraction | None:
        """The mean mark on the template's scale, role weights included."""
        return self.tally.total / self.tally.weight if self.tally.weight else None

    @property
    def not_applicable(self) -> int:
        return self.tally.not_applicable

    @property
    def asked(self) -> int:
        return self.tally.asked

    @property
    def not_answered(self) -> int:
        return self.tally.asked - self.tally.not_applicable - self.count


_FIGURES = """
WITH counting AS MATERIALIZED (
    SELECT a.id, a.scorecard_id, a.rater_role, coalesce((t.role_weights ->> a.rater_role)::numeric, 1) AS factor
    FROM scorecards_assessment a
    JOIN scorecards_scorecard s ON s.id = a.scorecard_id JOIN scorecards_template t ON t.id = s.template_id
    WHERE a.scorecard_id = ANY (%(ids)s::bigint[]) AND a.submitted_at IS NOT NULL
)
SELECT s.id, c.id, t.scale_min, t.scale_max, coalesce(sum(r.value * a.factor), 0),
       coalesce(sum(a.factor) FILTER (WHERE r.value IS NOT NULL), 0), count(r.value),
       count(*) FILTER (WHERE r.not_applicable), count(a.id),
       CASE WHEN count(r.value) >= %(shown_from)s THEN
           array_agg(r.value ORDER BY r.value) FILTER (WHERE r.value IS NOT NULL) END
FROM scorecards_scorecard s
JOIN scorecards_template t ON t.id = s.template_id
JOIN scorecards_category g ON g.template_id = t.id
JOIN scorecards_criterion c ON c.category_id = g.id
LEFT JOIN counting a ON a.scorecard_id = s.id AND a.factor > 0 AND c.kind = 'rated'
     AND (c.roles = '{}' OR a.rater_role = ANY (c.roles))
LEFT JOIN scorecards_rating r ON r.scorecard_id = s.id AND r.criterion_id = c.id AND r.assessment_id = a.id
WHERE s.id = ANY (%(ids)s::bigint[])
GROUP BY s.id, c.id, t.id
"""


def criterion_figures(scorecard_ids: Iterable[int]) -> dict[tuple[int, int], CriterionFigure]:
    """Figures of every criterion of these scorecards, by (scorecard id, criterion id), in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, {"ids": list(scorecard_ids), "shown_from": MARKS_SHOWN_FROM})
        return {row[:2]: _figure(*row[2:]) for row in cursor.fetchall()}


def _figure(
    scale_min: int, scale_max: int, total: Decimal, weight: Decimal, count: int, not_applicable: int, asked: int,
    marks: list[int] | None,
) -> CriterionFigure:  # fmt: skip
    tally = scoring.Tally(Fraction(total), Fraction(weight), not_applicable, asked)
    template = scoring.TemplateWeights((), scale_min, scale_max)
    state, score = scoring.criterion_score(template, tally)
    stored = None if score is None else scoring.stored(score)
    return CriterionFigure(tally, state, stored, count, None if marks is None else tuple(marks))


def category_scores(scorecard_ids: Iterable[int]) -> dict[tuple[int, int], Decimal]:
    """Category scores by (scorecard id, category id), in one query."""
    rows = CategoryScore.objects.filter(scorecard__in=list(scorecard_ids))
    return {
        (card, category): score
        for card, category, score in rows.values_list("scorecard", "category", "score")
    }


def with_rank_and_change(
    scorecards: "QuerySet[Scorecard]", *, cycles: Iterable[Cycle] | None = None
) -> "QuerySet[Scorecard]":
    """Add `rank`, and `previous_id`, `previous_cycle`, `previous_overall`, `change` and `like_for_like`.

    Rank: competition ranking (1, 2, 2, 4) of final scores, four decimals each, in the same cycle and template.
    Previous: the partner's last score in an earlier, closed cycle. Change: the difference of the two scores as
    they are shown. All are None where there is nothing to say. A caller who knows the `cycles` its scorecards
    belong to names them, and saves the database from finding out.
    """
    earlier = _earlier()
    number = DecimalField(max_digits=7, decimal_places=4)
    return scorecards.annotate(
        rank=_rank(scorecards.order_by().values("cycle") if cycles is None else cycles),
        previous_id=Subquery(earlier.values("pk")[:1]),
        previous_cycle=Subquery(earlier.values("cycle__name")[:1]),
        previous_overall=Subquery(earlier.values("score__overall")[:1]),
        like_for_like=ExpressionWrapper(
            Q(template=Subquery(earlier.values("template")[:1])), output_field=BooleanField(null=True)
        ),
    ).annotate(
        change=ExpressionWrapper(
            Round("score__overall", precision=1) - Round("previous_overall", precision=1), output_field=number
        )
    )


def with_previous_id(scorecards: "QuerySet[Scorecard]") -> "QuerySet[Scorecard]":
    """Add `previous_id` alone, as `with_rank_and_change` has it."""
    return scorecards.annotate(previous_id=Subquery(_earlier().values("pk")[:1]))


def _earlier() -> "QuerySet[Scorecard]":
    """The partner's scored scorecards of earlier, closed cycles, the latest first; for a subquery."""
    return (
        Scorecard.objects.filter(
            partner=OuterRef("partner"), cycle__state=Cycle.CLOSED, score__overall__isnull=False
        )
        .filter(
            Q(cycle__ends__lt=OuterRef("cycle__ends"))
            | Q(cycle__ends=OuterRef("cycle__ends"), cycle__lt=OuterRef("cycle"))
        )
        .order_by("-cycle__ends", "-cycle")
    )


# Arrays instead of joins: PostgreSQL then walks one index in order, a quarter of the time for 10,000 partners.
_PLACE = """
SELECT count(*) FILTER (WHERE overall > %(overall)s) + 1, count(*)
FROM scorecards_score WHERE status = 'final' AND scorecard_id = ANY (ARRAY(
    SELECT id FROM scorecards_scorecard WHERE cycle_id = %(cycle)s AND template_id = %(template)s
    AND (partner_id IN (SELECT id FROM partners_partner WHERE kind = ANY (%(kinds)s))) = %(among)s))
"""


def place_of(card: Scorecard, outcome: Score | None) -> tuple[int | None, int]:
    """The rank of one scorecard, as `with_rank_and_change` has it, and among how many; select its partner."""
    kind = card.partner.kind
    values: dict[str, Any] = {
        "cycle": card.cycle_id, "template": card.template_id, "overall": outcome.overall if outcome else None,
        "kinds": [kind] if kind in APART_KINDS else list(APART_KINDS), "among": kind in APART_KINDS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, values)
        place, number = cursor.fetchone()
    return place if outcome and outcome.status == Score.FINAL else None, number


def _rank(cycles: Any) -> Expression:
    """The place of a scorecard, as an expression of its primary key.

    One window over everybody in these cycles is worked out once for the whole list and looked up by row: a
    partner's rank does not depend on whom the reader may see. Internal partners and ourselves stand apart.
    """
    apart = Case(
        When(scorecard__partner__kind__in=APART_KINDS, then="scorecard__partner__kind"),
        default=Value(""),
    )
    placed = (
        Score.objects.filter(status=Score.FINAL, scorecard__cycle__in=cycles)
        .annotate(
            place=Window(
                Rank(),
                partition_by=["scorecard__cycle", "scorecard__template", apart],
                order_by=F("overall").desc(),
            )
        )
        .values("scorecard_id", "place")
    )
    try:
        sql, values = placed.query.sql_with_params()
    except EmptyResultSet:
        return Value(None, output_field=IntegerField())
    places = RawSQL(f"SELECT jsonb_object_agg(scorecard_id, place) FROM ({sql}) placed", values)  # noqa: S608, S611
    return Cast(
        Func(places, Cast("pk", TextField()), template="(%(expressions)s)", arg_joiner=" ->> "),
        IntegerField(),
    )


@dataclass(frozen=True, slots=True)
class Point:
    """One cycle in a partner's history; scores are per cent with four decimals."""

    scorecard_id: int
    cycle: str
    ends: date
    closed: bool
    template_id: int
    overall: Decimal | None
    coverage: Decimal | None
    raters: int
    status: str
    standing: str


def histories(scorecards: "QuerySet[Scorecard]") -> dict[int, list[Point]]:
    """What these scorecards came to, by partner id and oldest first, in one query: for trends and sparklines.

    Start from `Scorecard.objects.scores_visible_to(user)` and filter by the partners on the page.
    """
    found = defaultdict(list)
    rows = scorecards.order_by("cycle__ends", "cycle").values_list(
        "partner_id", "pk", "cycle__name", "cycle__ends", Q(cycle__state=Cycle.CLOSED),  # type: ignore[arg-type]
        "template_id",
        "score__overall", "score__coverage", "score__raters", "score__status", "score__standing",
    )  # fmt: skip
    for partner_id, *point, raters, status, standing in rows:
        found[partner_id].append(Point(*point, raters or 0, status or Score.NONE, standing or ""))  # type: ignore[call-arg]
    return dict(found)
