"""Fair scores of cycles: read what raters submitted, work it out (scorecards/fair), keep it with the closed cycle.

A cycle that closes leaves a request in the same transaction; a worker answers it. What is stored moves no more: it
goes when the cycle is opened again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from accounts.models import User
from partners.models import APART_KINDS
from scorecards.arithmetic import weights_of
from scorecards.figures import criterion_scores
from scorecards.models import (
    Criterion,
    Cycle,
    FairCycle,
    FairRater,
    FairRequest,
    FairScore,
    Score,
    Scorecard,
    Template,
)
from scorecards.scoring import TemplateWeights, band_of, rounded, shown

if TYPE_CHECKING:  # numpy comes in where something is worked out, not when the web process starts
    from scorecards.fair.cycle import Card, Fair

SLICE = 2_000  # scorecards a query
SAME = Decimal("0.001")  # two machines add up a little differently
_LOCK = 7_403  # the class of advisory locks that say a cycle is being worked out

_RATINGS = """
SELECT r.scorecard_id, s.partner_id, c.id, c.category_id, a.rater_id,
       (r.value - t.scale_min) * 100.0 / (t.scale_max::bigint - t.scale_min), f.factor, c.weight, g.weight
FROM scorecards_rating r
JOIN scorecards_assessment a ON a.id = r.assessment_id AND a.submitted_at IS NOT NULL
JOIN scorecards_scorecard s ON s.id = r.scorecard_id JOIN scorecards_template t ON t.id = s.template_id
JOIN scorecards_criterion c ON c.id = r.criterion_id AND c.kind = 'rated'
     AND (c.roles = '{}' OR a.rater_role = ANY (c.roles))
JOIN scorecards_category g ON g.id = c.category_id,
LATERAL (SELECT coalesce((t.role_weights ->> a.rater_role)::numeric, 1) AS factor) f
WHERE r.scorecard_id = ANY (%s::bigint[]) AND r.value IS NOT NULL AND f.factor > 0
ORDER BY r.scorecard_id, c.id, a.rater_id
"""


@dataclass(frozen=True)
class Difference:
    """Something stored of a closed cycle that its ratings do not come to."""

    what: str
    stored: Any
    computed: Any

    def __str__(self) -> str:
        return f"{self.what} is {self.stored}, the ratings give {self.computed}"


def request_fair(cycle: Cycle) -> None:
    """Ask for the closed cycle to be worked out, in the caller's transaction."""
    FairRequest.objects.create(cycle=cycle)


def forget_fair(cycle: Cycle) -> None:
    """Drop what was worked out and asked for: the cycle moves again."""
    FairRequest.objects.filter(cycle=cycle).delete()
    FairCycle.objects.filter(cycle=cycle).delete()


def refresh_requested() -> int:
    """Work out one cycle that waits, and return how many: 0 where none does, or others are at all of them."""
    waiting = FairRequest.objects.order_by("requested_at").values_list("cycle", flat=True)
    return next((1 for cycle in dict.fromkeys(waiting) if _refresh(cycle)), 0)


@transaction.atomic
def _refresh(cycle: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_LOCK, cycle % 2**31])
        if not cursor.fetchone()[0]:
            return False
    asked = list(FairRequest.objects.filter(cycle=cycle).values_list("pk", flat=True))
    if not asked:
        return False
    # Not locked while it is worked out: whoever opens it again does not wait, and what they find gone stays so.
    found = work_out(Cycle.objects.get(pk=cycle))
    still = Cycle.objects.select_for_update().filter(pk=cycle, state=Cycle.CLOSED).first()
    if still and FairRequest.objects.filter(pk__in=asked).exists():
        _store(still, found)
    FairRequest.objects.filter(pk__in=asked).delete()
    return True


def work_out(cycle: Cycle, *, only_raters: bool = False) -> "Fair":
    """What the cycle's submitted ratings come to now, for every scorecard that has a score; stores nothing."""
    from scorecards.fair.cycle import Stored
    from scorecards.fair.cycle import work_out as arithmetic

    if only_raters:
        return arithmetic(_read(cycle), None)
    cards = Score.objects.filter(scorecard__cycle=cycle, overall__isnull=False)
    rows = cards.values_list(
        "scorecard", "overall", "status", "scorecard__template", "scorecard__partner__kind", "category_ids", "category_scores"
    )  # fmt: skip
    stored = {
        card: Stored(
            float(overall),
            dict(zip(categories, map(float, scores), strict=True)),
            (template, kind if kind in APART_KINDS else "") if status == Score.FINAL else None,
        )
        for card, overall, status, template, kind, categories, scores in rows
    }
    return arithmetic(_read(cycle), stored)


def _read(cycle: Cycle) -> Any:
    import numpy as np

    from scorecards.fair.cycle import Ratings

    ids = list(cycle.scorecards.order_by("pk").values_list("pk", flat=True))
    parts = [np.empty((0, 9))]
    with connection.cursor() as cursor:
        for start in range(0, len(ids), SLICE):
            cursor.execute(_RATINGS, [ids[start : start + SLICE]])
            if rows := cursor.fetchall():
                parts.append(np.array(rows, float))
    table = np.concatenate(parts)
    keys = (column.astype(np.int64) for column in table[:, :5].T)
    return Ratings(*keys, *table[:, 5:].T, measured=list(_measured(cycle)))


def _measured(cycle: Cycle) -> Iterator[tuple[int, int, float, float]]:
    """Criteria that figures score: they share the weight with what people rate."""
    measured = Criterion.objects.filter(
        kind=Criterion.MEASURED, category__template__in=cycle.scorecards.order_by().values("template")
    )
    weights = {
        pk: (category, float(weight), float(whole))
        for pk, category, weight, whole in measured.values_list(
            "pk", "category", "weight", "category__weight"
        )
    }
    if weights:
        scores = criterion_scores(cycle.scorecards.values_list("pk", flat=True))
        for (card, criterion), score in scores.items():
            if criterion in weights and score is not None:
                yield (card, *weights[criterion])


def _store(cycle: Cycle, found: "Fair") -> None:
    FairCycle.objects.filter(cycle=cycle).delete()
    whole, raters, scores = _rows(cycle, found)
    whole.save(force_insert=True)
    FairRater.objects.bulk_create(raters, batch_size=5_000)
    FairScore.objects.bulk_create(scores, batch_size=2_000)


def _rows(cycle: Cycle, found: "Fair") -> tuple[FairCycle, list[FairRater], list[FairScore]]:
    """The rows that keep what was found."""
    scores = list(_scores(cycle, found))
    marked = [effect.effect for effect in found.raters.values() if effect.marked]
    raw = dict(Score.objects.filter(scorecard__cycle=cycle).values_list("scorecard", "standing"))
    variances = found.components
    whole = FairCycle(
        cycle=cycle, reason=found.reason,
        target=_number(variances.target) if variances else None, rater=_number(variances.rater) if variances else None,
        residual=_number(variances.residual) if variances else None,
        ratings=found.ratings, raters=len(found.raters),
        circles=max((effect.component for effect in found.raters.values()), default=0),
        severe=sum(effect < 0 for effect in marked), generous=sum(effect > 0 for effect in marked),
        moved=sum(score.standing != raw[score.scorecard_id] for score in scores), agreement=found.agreement,
    )  # fmt: skip
    raters = [
        FairRater(
            cycle=whole, rater_id=rater, n=effect.n, effect=_number(effect.effect), se=_number(effect.se),
            component=effect.component,
        )
        for rater, effect in sorted(found.raters.items())
    ]  # fmt: skip
    for score in scores:
        score.cycle = whole
    return whole, raters, scores


def _scores(cycle: Cycle, found: "Fair") -> Iterator[FairScore]:
    final = dict(
        Scorecard.objects.filter(cycle=cycle, score__status=Score.FINAL).values_list("pk", "template")
    )
    templates = Template.objects.filter(pk__in=set(final.values()))
    whole = templates.prefetch_related("categories__criteria", "bands")
    weights = {template.pk: weights_of(template) for template in whole}
    for card, outcome in sorted(found.cards.items()):
        inside = sorted(outcome.categories.items())
        rank, first, last = outcome.ranks or (None, None, None)
        yield FairScore(
            scorecard_id=card, component=outcome.component,
            adjusted=_number(outcome.overall.score), lower=_number(outcome.overall.lower),
            upper=_number(outcome.overall.upper),
            standing=_standing(weights[final[card]], outcome) if card in final else "",
            rank=rank, rank_first=first, rank_last=last, severity_sd=_number(outcome.severity_sd),
            category_ids=[pk for pk, _ in inside], category_scores=[_number(part.score) for _, part in inside],
            category_lower=[_number(part.lower) for _, part in inside],
            category_upper=[_number(part.upper) for _, part in inside],
        )  # fmt: skip


def _standing(template: TemplateWeights, outcome: "Card") -> str:
    """The band of the adjusted score, or the lower one that an adjusted critical criterion holds it to."""
    letters = [letter for letter, _ in sorted(template.bands, key=lambda band: -band[1])]
    worst = letters.index(band_of(template.bands, _number(outcome.overall.score)))
    for criterion in (criterion for category in template.categories for criterion in category.criteria):
        score = outcome.criteria.get(criterion.id)
        least = criterion.critical_minimum
        if least is None or score is None or shown(_number(score)) >= least:
            continue
        cap = criterion.critical_cap if criterion.critical_cap in letters else letters[-2:][0]
        worst = max(worst, letters.index(cap))
    return letters[worst]


def _number(value: float | None) -> Any:
    return None if value is None else rounded(Decimal(repr(float(value))), 4)


def rows_of(
    cycle: Cycle, *, only_kept: bool = False, only_raters: bool = False
) -> tuple[FairCycle, list[FairRater], list[FairScore]] | None:
    """What is stored of a closed cycle, worked out first where that waits; of another, what holds now.

    With `only_raters` scores and agreement are not worked out for this. A closed cycle may have neither (it came from elsewhere): None with `only_kept`, else worked out.
    """
    if cycle.state == Cycle.CLOSED:
        _refresh(cycle.pk)
        if stored := FairCycle.objects.filter(cycle=cycle).first():
            effects = stored.effects.select_related("rater").order_by("rater__name", "rater")
            return stored, list(effects), list(stored.scores.all())
        if only_kept:
            return None
    whole, raters, scores = _rows(cycle, work_out(cycle, only_raters=only_raters))
    people = User.objects.in_bulk([row.rater_id for row in raters])
    for row in raters:
        row.rater = people[row.rater_id]
    return whole, sorted(raters, key=lambda row: (row.rater.name, row.rater_id)), scores


def differences(cycles: Any) -> Iterator[Difference]:
    """What is stored of these cycles beside what their ratings come to; those not worked out are left out."""
    for stored in FairCycle.objects.filter(cycle__in=cycles).select_related("cycle"):
        whole, raters, scores = _rows(stored.cycle, work_out(stored.cycle))
        pairs = [(f"cycle {stored.cycle}", stored, whole)]
        pairs += _paired(
            "rater", "rater_id", stored.effects.filter(cycle=stored), raters, f"in {stored.cycle}, rater"
        )
        pairs += _paired("scorecard", "scorecard_id", stored.scores.all(), scores, "scorecard")
        for what, old, new in pairs:
            yield from _compared(what, old, new)


def _paired(kind: str, key: str, old: Any, new: Any, said: str) -> list[tuple[str, Any, Any]]:
    before = {getattr(row, key): row for row in old}
    after = {getattr(row, key): row for row in new}
    return [(f"{said} {pk}", before.get(pk), after.get(pk)) for pk in sorted({*before, *after})]


def _compared(what: str, old: Any, new: Any) -> Iterator[Difference]:
    if old is None or new is None:
        yield Difference(
            what, "missing" if old is None else "there", "nothing" if new is None else "something"
        )
        return
    for field in old._meta.concrete_fields:
        before, after = getattr(old, field.attname), getattr(new, field.attname)
        if field.primary_key or field.attname == "computed_at" or _alike(before, after):
            continue
        yield Difference(f"{field.name} of {what}", before, after)


def _alike(a: Any, b: Any) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_alike, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_alike(a[key], b[key]) for key in a)
    if isinstance(a, Decimal | float) and isinstance(b, Decimal | float):
        return abs(Decimal(a) - Decimal(b)) <= SAME
    return a == b
