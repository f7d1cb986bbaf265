"""Numbers as pages read them: figures of criteria, ranks, changes and histories, each for many rows in one query.

Nothing here decides who may see a number: callers start from `Scorecard.objects.scores_visible_to(user)`.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from accounts.compiled import compiled
from partners.models import APART_KINDS
from scorecards import scoring
from scorecards.models import CategoryScore, Cycle, Score, Scorecard, Template
from scorecards.whole import whole

SLICE = 1_000  # scorecards a query: with many more, PostgreSQL reads every mark there is
MARKS_SHOWN_FROM = 5  # with fewer marks, showing them one by one could tell who gave which


@dataclass(frozen=True, slots=True)
class CriterionFigure:
    """What the submitted assessments of a scorecard say of one criterion.

    `marks` are in order of size, and only there when they are at least five; `score` has four decimals. `as_of`: the
    day since when a measured one's figure says so.
    """

    tally: scoring.Tally
    state: str
    score: Decimal | None
    count: int
    marks: tuple[int, ...] | None
    as_of: date | None = None

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


_COUNTING = """
WITH counting AS MATERIALIZED (
    SELECT a.id, a.scorecard_id, a.rater_role, t.scale_min, t.scale_max,
           coalesce((t.role_weights ->> a.rater_role)::numeric, 1) AS factor
    FROM scorecards_assessment a
    JOIN scorecards_scorecard s ON s.id = a.scorecard_id JOIN scorecards_template t ON t.id = s.template_id
    WHERE a.scorecard_id = ANY (%(ids)s::bigint[]) AND a.submitted_at IS NOT NULL
)
"""
_ASKED = "a.factor > 0 AND c.kind = 'rated' AND (c.roles = '{}' OR a.rater_role = ANY (c.roles))"
_FIGURES = f"""{_COUNTING}
SELECT s.id, c.id, t.scale_min, t.scale_max, coalesce(sum(r.value * a.factor), 0),
       coalesce(sum(a.factor) FILTER (WHERE r.value IS NOT NULL), 0), count(r.value),
       count(*) FILTER (WHERE r.not_applicable), count(a.id),
       CASE WHEN count(r.value) >= %(shown_from)s THEN
           array_agg(r.value ORDER BY r.value) FILTER (WHERE r.value IS NOT NULL) END,
       CASE WHEN c.kind = 'measured' THEN c.min_observations END, c.floor, c.target,
       m.value, coalesce(m.observations, 0), m.as_of
FROM scorecards_scorecard s
JOIN scorecards_template t ON t.id = s.template_id
JOIN scorecards_category g ON g.template_id = t.id
JOIN scorecards_criterion c ON c.category_id = g.id
LEFT JOIN scorecards_measurement m ON m.scorecard_id = s.id AND m.criterion_id = c.id
LEFT JOIN counting a ON a.scorecard_id = s.id AND {_ASKED}
LEFT JOIN scorecards_rating r ON r.scorecard_id = s.id AND r.criterion_id = c.id AND r.assessment_id = a.id
WHERE s.id = ANY (%(ids)s::bigint[])
GROUP BY s.id, c.id, t.id, m.id
"""  # noqa: S608 - of constants
_MEASURED = """
SELECT m.scorecard_id, m.criterion_id, c.min_observations, c.floor, c.target, m.value, m.observations, m.as_of
FROM scorecards_measurement m JOIN scorecards_criterion c ON c.id = m.criterion_id AND c.kind = 'measured'
WHERE m.scorecard_id = ANY (%(ids)s::bigint[])
"""
# Without a row for what nobody gave a mark to, the marks are read in the order of one index, in a third of the time.
_SCORES = f"""{_COUNTING}
SELECT r.scorecard_id, r.criterion_id, a.scale_min, a.scale_max, sum(r.value * a.factor), sum(a.factor), count(*)
FROM scorecards_rating r JOIN counting a ON a.id = r.assessment_id
JOIN scorecards_criterion c ON c.id = r.criterion_id AND {_ASKED}
WHERE r.scorecard_id = ANY (%(ids)s::bigint[]) AND r.value IS NOT NULL
GROUP BY r.scorecard_id, r.criterion_id, a.scale_min, a.scale_max
"""  # noqa: S608 - of constants


def criterion_figures(scorecard_ids: Iterable[int]) -> dict[tuple[int, int], CriterionFigure]:
    """Figures of every criterion of these scorecards, by (scorecard id, criterion id), a query for each SLICE."""
    ids, found = list(scorecard_ids), {}
    with connection.cursor() as cursor:
        for start in range(0, len(ids), SLICE):
            cursor.execute(_FIGURES, {"ids": ids[start : start + SLICE], "shown_from": MARKS_SHOWN_FROM})
            found.update(
                {
                    row[:2]: _figure(*row[2:9], row[9] and tuple(row[9]))
                    if row[10] is None
                    else _measured_figure(*row[10:])
                    for row in cursor.fetchall()
                }
            )
    return found


def criterion_scores(scorecard_ids: Iterable[int]) -> dict[tuple[int, int], Decimal | None]:
    """The scores alone, by (scorecard id, criterion id), in two queries; none of a criterion without a mark."""
    ids = list(scorecard_ids)
    with connection.cursor() as cursor:
        cursor.execute(_SCORES, {"ids": ids})
        found = {row[:2]: _figure(*row[2:], 0, 0, None).score for row in cursor.fetchall()}
        cursor.execute(_MEASURED, {"ids": ids})
        measured = {row[:2]: _measured_figure(*row[2:]).score for row in cursor.fetchall()}
    return found | {key: score for key, score in measured.items() if score is not None}


@lru_cache(4_096)  # a few hundred different ones make up every criterion of 10,000 partners
def _figure(
    scale_min: int, scale_max: int, total: Decimal, weight: Decimal, count: int, not_applicable: int, asked: int,
    marks: tuple[int, ...] | None,
) -> CriterionFigure:  # fmt: skip
    tally = scoring.Tally(Fraction(total), Fraction(weight), not_applicable, asked)
    template = scoring.TemplateWeights((), scale_min, scale_max)
    state, score = scoring.criterion_score(template, tally, scoring.CriterionWeight(0, Decimal(0)))
    stored = None if score is None else scoring.stored(score)
    return CriterionFigure(tally, state, stored, count, marks)


def _measured_figure(
    least: int, floor: Decimal | None, target: Decimal | None, value: Decimal | None, observations: int,
    as_of: date | None,
) -> CriterionFigure:  # fmt: skip
    line = scoring.CriterionWeight(
        0, Decimal(0), measured=True, floor=floor, target=target, min_observations=least
    )
    tally = scoring.Tally(value=value, observations=observations)
    state, score = scoring.criterion_score(scoring.TemplateWeights(()), tally, line)
    stored = None if score is None else scoring.stored(score)
    return CriterionFigure(tally, state, stored, 0, None, as_of)


def category_scores(scorecard_ids: Iterable[int]) -> dict[tuple[int, int], Decimal]:
    """Category scores by (scorecard id, category id), in one query."""
    rows = CategoryScore.objects.filter(scorecard__in=list(scorecard_ids))
    return {
        (card, category): score
        for card, category, score in rows.values_list("scorecard", "category", "score")
    }


@dataclass(frozen=True, slots=True)
class Comparison:
    """A scorecard beside the others of its cycle, and beside its partner's time before.

    Rank: competition ranking (1, 2, 2, 4) of final scores, four decimals each, in the same cycle and template; it
    does not depend on whom the reader may see. Internal partners and ourselves stand apart. Previous: the partner's
    last score in an earlier, closed cycle. Change: the difference of the two as they are shown. All are None where
    there is nothing to say.
    """

    rank: int | None
    previous_id: int | None
    previous_cycle: str | None
    previous: Decimal | None
    change: Decimal | None
    like_for_like: bool | None


_COMPARISONS = """
WITH asked AS MATERIALIZED (
    SELECT s.id, s.partner_id, s.cycle_id, s.template_id, y.ends, o.overall
    FROM scorecards_scorecard s JOIN scorecards_cycle y ON y.id = s.cycle_id
    LEFT JOIN scorecards_score o ON o.scorecard_id = s.id
    WHERE s.id = ANY (%(ids)s::bigint[])
), placed AS MATERIALIZED (
    SELECT s.id, rank() OVER (
        PARTITION BY s.cycle_id, s.template_id, CASE WHEN p.kind = ANY (%(apart)s) THEN p.kind END
        ORDER BY o.overall DESC
    ) AS rank
    FROM scorecards_scorecard s JOIN scorecards_score o ON o.scorecard_id = s.id AND o.status = 'final'
    JOIN partners_partner p ON p.id = s.partner_id
    WHERE s.cycle_id IN (SELECT cycle_id FROM asked)
)
SELECT a.id, r.rank, before.id, before.name, before.overall, round(a.overall, 1) - round(before.overall, 1),
       before.template_id = a.template_id
FROM asked a LEFT JOIN placed r ON r.id = a.id LEFT JOIN LATERAL (
    SELECT e.id, y.name, o.overall, e.template_id
    FROM scorecards_scorecard e JOIN scorecards_cycle y ON y.id = e.cycle_id
    JOIN scorecards_score o ON o.scorecard_id = e.id
    WHERE e.partner_id = a.partner_id AND y.state = 'closed' AND o.overall IS NOT NULL
          AND (y.ends, y.id) < (a.ends, a.cycle_id)
    ORDER BY y.ends DESC, y.id DESC LIMIT 1
) before ON true
"""


def comparisons(scorecard_ids: Iterable[int]) -> dict[int, Comparison]:
    """How these scorecards compare, by scorecard id, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_COMPARISONS, {"ids": list(scorecard_ids), "apart": list(APART_KINDS)})
        return {pk: Comparison(*row) for pk, *row in cursor.fetchall()}


# Arrays instead of joins: PostgreSQL then walks one index in order, a quarter of the time for 10,000 partners.
_PLACE = """
SELECT count(*) FILTER (WHERE overall > %(overall)s) + 1, count(*)
FROM scorecards_score WHERE status = 'final' AND scorecard_id = ANY (ARRAY(
    SELECT id FROM scorecards_scorecard WHERE cycle_id = %(cycle)s AND template_id = %(template)s
    AND (partner_id IN (SELECT id FROM partners_partner WHERE kind = ANY (%(kinds)s))) = %(among)s))
"""


def place_of(card: Scorecard, outcome: Score | None) -> tuple[int | None, int]:
    """The rank of one scorecard, as `comparisons` has it, and among how many; select its partner."""
    kind = card.partner.kind
    values: dict[str, Any] = {
        "cycle": card.cycle_id, "template": card.template_id, "overall": outcome.overall if outcome else None,
        "kinds": [kind] if kind in APART_KINDS else list(APART_KINDS), "among": kind in APART_KINDS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, values)
        place, number = cursor.fetchone()
    return place if outcome and outcome.status == Score.FINAL else None, number


@dataclass(frozen=True, slots=True)
class Point:
    """One cycle in a partner's history; scores are per cent with four decimals."""

    scorecard_id: int
    cycle: str
    ends: date
    closed: bool
    template_id: int
    template_version: int
    template_state: str
    overall: Decimal | None
    coverage: Decimal | None
    raters: int
    status: str
    standing: str
    categories: dict[int, Decimal]  # by category id

    @property
    def template(self) -> Template:
        """What it was scored with: its categories, criteria and bands at hand."""
        return whole(Template(pk=self.template_id, version=self.template_version, state=self.template_state))


def histories(scorecards: "QuerySet[Scorecard]") -> dict[int, list[Point]]:
    """What these scorecards came to, by partner id and oldest first, in one query: for trends and sparklines.

    Start from `Scorecard.objects.scores_visible_to(user)` and filter by the partners on the page.
    """
    found = defaultdict(list)
    for partner_id, *row in _rows_of_points(scorecards):
        found[partner_id].append(_point(*row))
    return dict(found)


def history(partner: int, user: Any) -> list[Point]:
    """What the partner's scorecards came to whose scores the user may see, oldest first, in one query."""
    return [_point(*row) for _, *row in _rows_of_history(user, partner)]


@compiled
def _rows_of_history(user: Any, partner: int) -> QuerySet:
    return _rows_of_points(Scorecard.objects.scores_visible_to(user).filter(partner=partner))


def _rows_of_points(scorecards: "QuerySet[Scorecard]") -> QuerySet:
    return scorecards.order_by("cycle__ends", "cycle").values_list(
        "partner_id", "pk", "cycle__name", "cycle__ends", Q(cycle__state=Cycle.CLOSED),  # type: ignore[arg-type]
        "template_id", "template__version", "template__state", "score__overall", "score__coverage", "score__raters",
        "score__status", "score__standing", "score__category_ids", "score__category_scores",
    )  # fmt: skip


def _point(*row: Any) -> Point:
    *known, raters, status, standing, categories, scores = row
    parts = dict(zip(categories or (), scores or (), strict=True))
    return Point(*known, raters or 0, status or Score.NONE, standing or "", parts)  # type: ignore[call-arg]
