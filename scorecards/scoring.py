"""How marks become scores: the definition. Exact fractions inside, rounded half-up only when stored or shown.

The set-based statement in `scorecards/sql/outcomes.sql` says the same for thousands of scorecards at once and
agrees to the last digit (tests/scores/test_agreement.py). docs/scoring.md explains the choices with examples.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

NOT_APPLICABLE = "n/a"
SCORED, MISSING, DOES_NOT_APPLY = "scored", "missing", "not applicable"
NO_SCORE, PROVISIONAL, FINAL = "no score", "provisional", "final"
STANDINGS = (
    ("A", "Strong", 85),
    ("B", "Good", 70),
    ("C", "Fair", 55),
    ("D", "Weak", 40),
    ("E", "Failing", 0),
)
DEFAULT_BANDS = tuple((letter, Decimal(edge)) for letter, _, edge in STANDINGS)

Mark = int | str | None  # a whole number on the scale, NOT_APPLICABLE, or None: asked and not answered


@dataclass(frozen=True, slots=True)
class CriterionWeight:
    """A criterion as far as arithmetic cares. `roles` empty: every rater is asked.

    Measured: 0 points at `floor`, 100 at `target`, which may lie below it; nothing under so many observations.
    """

    id: int
    weight: Decimal
    roles: tuple[str, ...] = ()
    measured: bool = False
    critical_minimum: Decimal | None = None
    critical_cap: str = ""
    floor: Decimal | None = None
    target: Decimal | None = None
    min_observations: int = 1


@dataclass(frozen=True, slots=True)
class CategoryWeight:
    id: int
    weight: Decimal
    criteria: tuple[CriterionWeight, ...]


@dataclass(frozen=True, slots=True)
class TemplateWeights:
    """A template as far as arithmetic cares: categories and criteria in the order they are shown."""

    categories: tuple[CategoryWeight, ...]
    scale_min: int = 1
    scale_max: int = 5
    minimum_coverage: Decimal = Decimal(60)
    minimum_raters: int = 2
    role_weights: Mapping[str, Decimal] = field(default_factory=dict)
    bands: Sequence[tuple[str, Decimal]] = DEFAULT_BANDS  # (letter, lower edge), best first

    @property
    def raters_needed(self) -> int:
        """How many must submit for a final score: none where everything is measured, because nobody is asked."""
        criteria = [criterion for category in self.categories for criterion in category.criteria]
        return 0 if criteria and all(criterion.measured for criterion in criteria) else self.minimum_raters

    def role_weight(self, role: str) -> Fraction:
        """What an assessment from this side counts; 1 unless the template says otherwise."""
        return Fraction(self.role_weights.get(role, 1))


@dataclass(frozen=True, slots=True)
class Tally:
    """What the submitted, counting assessments say of one criterion.

    `total` is the sum of the marks and `weight` their number, each mark times its rater's role weight.
    `asked` counts the assessments that were asked: rated + not applicable + not answered. Of a measured criterion
    nobody is asked: its `value` (None: the figure says nothing) rests on so many `observations`.
    """

    total: Fraction = Fraction(0)
    weight: Fraction = Fraction(0)
    not_applicable: int = 0
    asked: int = 0
    value: Decimal | None = None
    observations: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A criterion or category in an outcome: its state, exact score, and share (0 to 1) of what is applicable.

    A criterion's share is of its category, a category's of the whole; both shares leave out what does not apply.
    """

    state: str
    score: Fraction | None
    share: Fraction


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scorecard comes to, as stored: per cent with four decimals. `parts` keep the exact values."""

    overall: Decimal | None
    coverage: Decimal
    lower: Decimal | None
    upper: Decimal | None
    status: str
    standing: str
    capped_by: int | None
    raters: int
    categories: dict[int, Part]
    criteria: dict[int, Part]


def stored(score: Fraction | Decimal) -> Decimal:
    """Round half-up to the four decimals that are stored."""
    return rounded(score, 4)


def shown(score: Fraction | Decimal) -> Decimal:
    """Round half-up to the one decimal that people see, by way of the four that are stored."""
    return rounded(stored(score), 1)


def difference(now: Fraction | Decimal | None, before: Fraction | Decimal | None) -> Decimal | None:
    """The difference of two scores as people see them; None without one of the two."""
    return None if now is None or before is None else shown(now) - shown(before)


def rounded(value: Fraction | Decimal, places: int) -> Decimal:
    """Round half-up, away from zero, to so many decimals."""
    above, below = value.as_integer_ratio()
    whole = (2 * abs(above) * 10**places + below) // (2 * below)
    return Decimal(whole if above >= 0 else -whole).scaleb(-places)


def score_scorecard(
    template: TemplateWeights,
    assessments: Iterable[tuple[str, Mapping[int, Mark]]],
    measured: Mapping[int, tuple[Decimal | None, int]] | None = None,
) -> Outcome:
    """Score the submitted assessments of one scorecard, each (rater role, {criterion id: mark}).

    `measured` holds the value and the observations of measured criteria, by id.
    """
    counting = [(role, marks) for role, marks in assessments if template.role_weight(role) > 0]
    return score(template, tally(template, counting, measured), raters=len(counting))


def tally(
    template: TemplateWeights,
    assessments: Sequence[tuple[str, Mapping[int, Mark]]],
    measured: Mapping[int, tuple[Decimal | None, int]] | None = None,
) -> dict[int, Tally]:
    """Count the marks of each criterion. A role that weighs nothing, or is not asked, does not count at all."""
    tallies = {}
    for criterion in (criterion for category in template.categories for criterion in category.criteria):
        total = weight = Fraction(0)
        not_applicable = asked = 0
        for role, marks in assessments:
            counts = template.role_weight(role)
            if criterion.measured or not counts or (criterion.roles and role not in criterion.roles):
                continue
            asked += 1
            mark = marks.get(criterion.id)
            if mark == NOT_APPLICABLE:
                not_applicable += 1
            elif mark is not None:
                total += counts * int(mark)
                weight += counts
        value, observations = (measured or {}).get(criterion.id, (None, 0))
        tallies[criterion.id] = Tally(total, weight, not_applicable, asked, value, observations)
    return tallies


def score(template: TemplateWeights, tallies: Mapping[int, Tally], *, raters: int) -> Outcome:
    """Work out a scorecard from the tallies of its criteria (a criterion without one was asked of nobody)."""
    criteria: dict[int, Part] = {}
    categories: dict[int, Part] = {}
    found = {
        criterion.id: criterion_score(template, tallies.get(criterion.id, Tally()), criterion)
        for category in template.categories
        for criterion in category.criteria
    }
    applicable = [_applicable(category, found) for category in template.categories]
    applicable_weight = sum(
        (
            Fraction(category.weight)
            for category, whole in zip(template.categories, applicable, strict=True)
            if whole
        ),
        Fraction(0),
    )
    scored_share = lower = Fraction(0)
    for category, whole in zip(template.categories, applicable, strict=True):
        for criterion in category.criteria:
            state, value = found[criterion.id]
            counts = state != DOES_NOT_APPLY and whole
            criteria[criterion.id] = Part(
                state, value, Fraction(criterion.weight) / whole if counts else Fraction(0)
            )
        share = Fraction(category.weight) / applicable_weight if whole and applicable_weight else Fraction(0)
        scored = [criteria[c.id] for c in category.criteria if criteria[c.id].score is not None]
        mean = weighted_mean((part.share, part.score) for part in scored)
        state = SCORED if mean is not None else MISSING if whole else DOES_NOT_APPLY
        categories[category.id] = Part(state, mean, share)
        scored_share += share * sum(part.share for part in scored)
        lower += share * sum((part.share * part.score for part in scored), Fraction(0))

    overall = weighted_mean(
        (part.share, part.score) for part in categories.values() if part.score is not None
    )
    coverage = stored(100 * scored_share)
    status = _status(template, overall, coverage, raters)
    standing, capped_by = _standing(template, overall, criteria) if status == FINAL else ("", None)
    return Outcome(
        overall=None if overall is None else stored(overall),
        coverage=coverage,
        lower=stored(lower) if applicable_weight else None,
        upper=stored(lower + 100 * (1 - scored_share)) if applicable_weight else None,
        status=status, standing=standing, capped_by=capped_by, raters=raters,
        categories=categories, criteria=criteria,
    )  # fmt: skip


def criterion_score(
    template: TemplateWeights, tally: Tally, criterion: CriterionWeight
) -> tuple[str, Fraction | None]:
    """State and score of a criterion: the mean of its marks as a per cent of the scale, or what its figure gives.

    Not applicable: everybody who was asked says so. One who left the cell empty keeps it applicable, and missing.
    """
    if criterion.measured:
        points = measured_score(criterion, tally.value, tally.observations)
        return (MISSING, None) if points is None else (SCORED, points)
    if tally.weight:
        span = template.scale_max - template.scale_min
        return SCORED, (tally.total / tally.weight - template.scale_min) * 100 / span
    if tally.not_applicable and tally.not_applicable == tally.asked:
        return DOES_NOT_APPLY, None
    return MISSING, None


def measured_score(criterion: CriterionWeight, value: Decimal | None, observations: int) -> Fraction | None:
    """Where a value lies on the line from floor (0) to target (100), never outside; None: too little to say."""
    floor, target = criterion.floor, criterion.target
    if value is None or floor is None or target is None or floor == target:
        return None
    if observations < criterion.min_observations:
        return None
    place = (Fraction(value) - Fraction(floor)) * 100 / (Fraction(target) - Fraction(floor))
    return min(max(place, Fraction(0)), Fraction(100))


def weighted_mean(parts: Iterable[tuple[Fraction, Fraction]]) -> Fraction | None:
    """Σ weight·score / Σ weight; None where nothing weighs anything."""
    weighted = [(weight, value) for weight, value in parts if weight]
    if not weighted:
        return None
    return sum((weight * value for weight, value in weighted), Fraction(0)) / sum(
        weight for weight, _ in weighted
    )


def band_of(bands: Sequence[tuple[str, Decimal]], score: Fraction | Decimal) -> str:
    """Letter of the band a score stands in, compared as shown. The lowest band takes what is below every edge."""
    seen = shown(score)
    ordered = _best_first(bands)
    return next((letter for letter, edge in ordered if seen >= edge), ordered[-1][0])


def _best_first(bands: Sequence[tuple[str, Decimal]]) -> list[tuple[str, Decimal]]:
    return sorted(bands or DEFAULT_BANDS, key=lambda band: -band[1])


def _applicable(category: CategoryWeight, found: Mapping[int, tuple[str, Fraction | None]]) -> Fraction:
    """Weight of the category's criteria that apply; 0: the category itself does not."""
    weights = (c.weight for c in category.criteria if found[c.id][0] != DOES_NOT_APPLY)
    return Fraction(sum(weights, Decimal(0)))


def _status(template: TemplateWeights, overall: Fraction | None, coverage: Decimal, raters: int) -> str:
    if overall is None:
        return NO_SCORE
    enough = coverage >= template.minimum_coverage and raters >= template.raters_needed
    return FINAL if enough else PROVISIONAL


def _standing(
    template: TemplateWeights, overall: Fraction, criteria: Mapping[int, Part]
) -> tuple[str, int | None]:
    """The band of the score, or the lower one a critical criterion holds it to, and that criterion."""
    letters = [letter for letter, _ in _best_first(template.bands)]
    standing, capped_by = band_of(template.bands, overall), None
    for criterion in (criterion for category in template.categories for criterion in category.criteria):
        value = criteria[criterion.id].score
        if criterion.critical_minimum is None or value is None or shown(value) >= criterion.critical_minimum:
            continue
        cap = criterion.critical_cap if criterion.critical_cap in letters else letters[-2:][0]
        if letters.index(cap) > letters.index(standing):
            standing, capped_by = cap, criterion.id
    return standing, capped_by
