"""Where the numbers of a scorecard come from: every step of every score, from the marks that were given.

What the marks sum up to comes from `scorecards.figures`, two scorecards in one query; the arithmetic itself is
`scorecards.scoring`, in exact fractions.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

from accounts.models import RATER_ROLES
from scorecards import scoring
from scorecards.figures import CriterionFigure, criterion_figures
from scorecards.measures import exact, measured_steps, said, why_not
from scorecards.models import Category, Criterion, Scorecard, Template

LISTED_UP_TO = 30
TELLING_SHARE = Fraction(1, 5)  # a part is named when it makes at least so much of a change
Step = tuple[str, str]
Figures = dict[tuple[int, int], CriterionFigure]


@dataclass(kw_only=True)
class Row:
    """A part of the whole: `part` is what its marks come to, exactly; `points` of `possible` are what it brings.

    `before` is its score in the earlier cycle, `moved` by how many points it moved the overall score since.
    """

    part: scoring.Part
    letter: str = ""
    points: Fraction = Fraction(0)
    possible: Fraction = Fraction(0)
    before: Fraction | None = None
    moved: Fraction = Fraction(0)
    explain: Callable[[Any], list[Step]] | None = None
    is_open: bool = False

    @cached_property
    def steps(self) -> list[Step]:
        """The arithmetic in words; most pages show none of it."""
        return self.explain(self) if self.explain else []

    @cached_property
    def score(self) -> Decimal | None:
        return None if self.part.score is None else scoring.stored(self.part.score)

    @cached_property
    def change(self) -> Decimal | None:
        return scoring.difference(self.part.score, self.before)


@dataclass(kw_only=True)
class CriterionRow(Row):
    """One criterion: `figure` is what its marks sum up to."""

    criterion: Criterion
    figure: CriterionFigure

    @property
    def key(self) -> str:
        return f"c{self.criterion.pk}"

    @property
    def is_measured(self) -> bool:
        return self.criterion.kind == Criterion.MEASURED

    @property
    def measured(self) -> str:
        """What its figure says, in words."""
        return said(self.criterion, self.figure.tally)

    @cached_property
    def counts(self) -> Counter[int]:
        """How many gave which mark; empty where there are too few to show them."""
        return Counter(self.figure.marks or ())

    @property
    def words(self) -> str:
        """Why there is no score."""
        if self.is_measured:
            return why_not(self.criterion, self.figure.tally)
        if self.part.state == scoring.DOES_NOT_APPLY:
            return "does not apply, say all who were asked"
        return "nobody answered" if self.figure.asked else "nobody was asked yet"


@dataclass(kw_only=True)
class CategoryRow(Row):
    category: Category
    criteria: list[CriterionRow] = field(default_factory=list)
    without_severity: tuple[Decimal, Decimal, Decimal] | None = None  # score, lower, upper

    @property
    def key(self) -> str:
        return f"g{self.category.pk}"

    @property
    def words(self) -> str:
        """What of it is left out, in a few words."""
        missing = [row for row in self.criteria if row.part.score is None]
        if not missing or self.part.score is None:
            return "no score" if self.part.score is None else ""
        return f"{len(missing)} of {len(self.criteria)} {'has' if len(missing) == 1 else 'have'} no score"

    @property
    def movers(self) -> list[CriterionRow]:
        """The one or two criteria that moved it most the way it went, the strongest first."""
        same_way = [row for row in self.criteria if row.moved * self.moved > 0 and row.change != 0]
        same_way.sort(key=lambda row: -abs(row.moved))
        return [row for row in same_way[:2] if abs(row.moved) >= abs(self.moved) * TELLING_SHARE]


class Arithmetic:
    """A scorecard taken apart: `categories` of rows with their steps, and `overall_equation`."""

    def __init__(
        self, scorecard: Scorecard, opened: set[str] | None = None, before: Scorecard | None = None
    ) -> None:
        self.scorecard = scorecard
        figures = criterion_figures([scorecard.pk, before.pk] if before else [scorecard.pk])
        self.template = scorecard.template
        self.weights = weights_of(self.template)
        self.outcome = outcome_of(scorecard, self.weights, figures)
        self.categories = self._rows(figures)
        self.overall_before: Decimal | None = None
        self.like_for_like = before is not None and before.template_id == scorecard.template_id
        if before:
            weights = self.weights if self.like_for_like else weights_of(before.template)
            self._compare(outcome_of(before, weights, figures), weights, before.template)
        for row in self.rows:
            row.is_open = bool(opened) and ("all" in opened or row.key in opened)
        self.overall_equation = self._overall_equation()

    @cached_property
    def rows(self) -> list[Row]:
        return [row for category in self.categories for row in (category, *category.criteria)]

    @cached_property
    def criteria(self) -> list[CriterionRow]:
        return [row for category in self.categories for row in category.criteria]

    @cached_property
    def longest(self) -> Fraction:
        return max((row.possible for row in self.categories), default=Fraction(0))

    @property
    def total_weight(self) -> Decimal:
        return sum((row.category.weight for row in self.categories), Decimal(0))

    @property
    def total_points(self) -> str:
        """The overall score as a sum of points: to two decimals, or to four where two would round another way."""
        overall = self.outcome.overall
        if overall is None:
            return ""
        return str(scoring.rounded(overall, 2 if _rounds_alike(overall) else 4))

    @property
    def has_dots(self) -> bool:
        return any(row.counts for row in self.criteria)

    @cached_property
    def moves(self) -> list[CategoryRow]:
        """The categories that moved the score, the strongest first; together they make the whole change."""
        if not self.like_for_like or self.outcome.overall is None or self.overall_before is None:
            return []
        return sorted((row for row in self.categories if row.moved), key=lambda row: -abs(row.moved))

    @property
    def moved(self) -> Decimal:
        """By how much the score moved, exactly: what is shown may round to another tenth."""
        return (self.outcome.overall or Decimal(0)) - (self.overall_before or Decimal(0))

    @cached_property
    def longest_move(self) -> Fraction:
        return max((abs(row.moved) for row in self.moves), default=Fraction(0))

    @cached_property
    def missing(self) -> list[CriterionRow]:
        """Criteria that apply and have no score."""
        return [row for row in self.criteria if row.part.state == scoring.MISSING]

    def _rows(self, figures: Figures) -> list[CategoryRow]:
        rows = []
        parts, bands = self.outcome, self.weights.bands
        possible, whole = (
            possible_points(self.weights, parts),
            _scored_weight(self.weights.categories, parts.categories),
        )
        for category in self.template.categories.all():
            part = parts.categories[category.pk]
            row = CategoryRow(
                category=category, part=part, possible=possible.get(f"g{category.pk}", Fraction(0))
            )
            inside = list(category.criteria.all())
            scored = _scored_weight(inside, parts.criteria)
            for criterion in inside:
                piece = parts.criteria[criterion.pk]
                figure = figures[self.scorecard.pk, criterion.pk]
                line = CriterionRow(criterion=criterion, part=piece, figure=figure)
                if piece.score is not None and line.key in possible:
                    line.possible = possible[line.key]
                    line.points = line.possible * piece.score / 100
                    line.letter = scoring.band_of(bands, piece.score)
                line.explain = partial(self._criterion_steps, category=category, scored=scored, whole=whole)
                row.criteria.append(line)
            if part.score is not None:
                row.points = row.possible * part.score / 100
                row.letter = scoring.band_of(bands, part.score)
                row.explain = partial(self._category_steps, scored=scored, whole=whole)
            rows.append(row)
        return rows

    def _criterion_steps(
        self, row: CriterionRow, category: Category, scored: Fraction, whole: Fraction
    ) -> list[Step]:
        figure, low, high = row.figure, self.template.scale_min, self.template.scale_max
        steps: list[Step] = [("No score", row.words)] if row.part.score is None else []
        if row.is_measured:
            steps += measured_steps(row.criterion, figure.tally, row.part.score, figure.as_of)
        elif row.part.score is not None:
            number = f"The {figure.count} marks" if figure.count > 1 else "The mark"
            steps.append((number, _listed(figure, self.template)))
            total, weight = exact(figure.tally.total), exact(figure.tally.weight)
            steps.append(("Mean", f"{total} ÷ {weight} = {exact(figure.mean)}"))
            percent = f"({exact(figure.mean)} − {low}) ÷ ({high} − {low}) × 100 = {exact(row.part.score)}"
            steps.append(("As per cent", f"{percent}, shown as {scoring.shown(row.part.score)}"))
        left_out = [
            f"{number} {words}"
            for number, words in (
                (figure.not_applicable, "said it does not apply"),
                (figure.not_answered, "left it open"),
            )
            if number > 0
        ]
        if left_out:
            steps.append(("Left out", f"{' and '.join(left_out)}; never counted as zero"))
        if row.possible:
            share = f"{exact(row.criterion.weight)} ÷ {exact(scored)} of the category"
            share += f" × {exact(category.weight)} ÷ {exact(whole)} of the whole"
            steps.append(
                ("Its part", f"{share} × {exact(row.part.score)} = {scoring.rounded(row.points, 2)} points")
            )
        if row.criterion.critical_minimum is not None:
            least = exact(row.criterion.critical_minimum)
            steps.append(("Critical", f"under {least} it holds the standing down, whatever the rest says"))
        return steps

    def _category_steps(self, row: CategoryRow, scored: Fraction, whole: Fraction) -> list[Step]:
        terms = [(c.criterion.weight, c.part.score) for c in row.criteria if _scored(c.part)]
        steps = [("Score", f"{equation(terms, row.part.score)}, shown as {scoring.shown(row.part.score)}")]
        left_out = [f"“{c.criterion.name}” ({c.words})" for c in row.criteria if c.part.score is None]
        if left_out:
            steps.append(("Left out", f"{', '.join(left_out)}: the others share the weight"))
        share = f"{exact(row.category.weight)} ÷ {exact(whole)} of the whole"
        steps.append(
            ("Its part", f"{share} × {exact(row.part.score)} = {scoring.rounded(row.points, 2)} points")
        )
        return steps

    def _overall_equation(self) -> str:
        terms = [(row.category.weight, row.part.score) for row in self.categories if _scored(row.part)]
        if not terms:
            return ""
        result = scoring.weighted_mean((Fraction(weight), value) for weight, value in terms)
        return equation(terms, result) if result is not None else ""

    def _compare(
        self, outcome: scoring.Outcome, weights: scoring.TemplateWeights, template: Template
    ) -> None:
        """Set what was before and what moved; rows are matched by name, because a new version has new rows."""
        self.overall_before = outcome.overall
        possible = possible_points(weights, outcome)
        then = {}
        for category in template.categories.all():
            then[category.name, ""] = f"g{category.pk}", outcome.categories[category.pk].score
            for criterion in category.criteria.all():
                then[category.name, criterion.name] = f"c{criterion.pk}", outcome.criteria[criterion.pk].score
        for category_row in self.categories:
            name = category_row.category.name
            for row, inner in [(category_row, ""), *((c, c.criterion.name) for c in category_row.criteria)]:
                key, row.before = then.get((name, inner), ("", None))
                row.moved = row.points - possible.get(key, Fraction(0)) * (row.before or 0) / 100


def possible_points(weights: scoring.TemplateWeights, outcome: scoring.Outcome) -> dict[str, Fraction]:
    """How many of the 100 points each part with a score may bring, by the key of its row: the others share."""
    points = {}
    whole = _scored_weight(weights.categories, outcome.categories)
    for category in weights.categories:
        if _scored(outcome.categories[category.id]) and whole:
            points[f"g{category.id}"] = share = 100 * Fraction(category.weight) / whole
            inside = _scored_weight(category.criteria, outcome.criteria)
            for criterion in category.criteria:
                if _scored(outcome.criteria[criterion.id]) and inside:
                    points[f"c{criterion.id}"] = share * Fraction(criterion.weight) / inside
    return points


def _scored_weight(weighed: Sequence[Any], parts: Mapping[int, scoring.Part]) -> Fraction:
    return Fraction(sum((one.weight for one in weighed if _scored(parts[one.id])), Decimal(0)))


def outcome_of(scorecard: Scorecard, weights: scoring.TemplateWeights, figures: Figures) -> scoring.Outcome:
    """What the marks come to with these weights. How many raters submitted is taken from the stored score."""
    criteria = [criterion.id for category in weights.categories for criterion in category.criteria]
    tallies = {criterion: figures[scorecard.pk, criterion].tally for criterion in criteria}
    return scoring.score(
        weights, tallies, raters=scorecard.score.raters if hasattr(scorecard, "score") else 0
    )


def weights_of(template: Template) -> scoring.TemplateWeights:
    """The template as arithmetic sees it; prefetch categories, criteria and bands for no query."""
    return scoring.TemplateWeights(
        categories=tuple(
            scoring.CategoryWeight(
                category.pk,
                category.weight,
                tuple(
                    scoring.CriterionWeight(
                        c.pk,
                        c.weight,
                        tuple(c.roles),
                        c.kind == Criterion.MEASURED,
                        c.critical_minimum,
                        c.critical_cap,
                        c.floor,
                        c.target,
                        c.min_observations,
                    )
                    for c in category.criteria.all()
                ),
            )
            for category in template.categories.all()
        ),
        scale_min=template.scale_min,
        scale_max=template.scale_max,
        minimum_coverage=template.minimum_coverage,
        minimum_raters=template.minimum_raters,
        role_weights={role: Decimal(weight) for role, weight in template.role_weights.items()},
        bands=[(band.letter, band.lower) for band in template.bands.all()] or scoring.DEFAULT_BANDS,
    )


def equation(terms: Sequence[tuple[Decimal, Fraction]], result: Fraction) -> str:
    """The weighted mean written out, with as many decimals as it takes to come to the same result."""
    total = sum((Fraction(weight) for weight, _ in terms), Fraction(0))
    for places in (4, 6, 8, 10):
        rounded = [(Fraction(weight), Fraction(scoring.rounded(value, places))) for weight, value in terms]
        if not total or scoring.stored(sum(w * v for w, v in rounded) / total) == scoring.stored(result):
            break
    written = " + ".join(f"{exact(weight)} × {_trimmed(value, places)}" for weight, value in terms)
    return f"({written}) ÷ {exact(total)} = {_trimmed(result, 4)}"


def _listed(figure: CriterionFigure, template: Template) -> str:
    if figure.marks is None:
        text = "fewer than five are not listed, so that no rater can be worked out"
    elif figure.count <= LISTED_UP_TO:
        text = f"{', '.join(map(str, figure.marks))}, in order of size"
    else:
        text = ", ".join(f"{number} × {value}" for value, number in sorted(Counter(figure.marks).items()))
    sides = [
        f"{side} {template.role_weights[role]}"
        for role, side in RATER_ROLES
        if Decimal(template.role_weights.get(role, 1)) != 1
    ]
    return (
        f"{text}; each times what its rater’s side counts ({', '.join(sides)}, others 1)" if sides else text
    )


def _rounds_alike(overall: Decimal) -> bool:
    return scoring.rounded(scoring.rounded(overall, 2), 1) == scoring.shown(overall)


def _scored(part: scoring.Part) -> bool:
    return part.score is not None


def _trimmed(value: Fraction, places: int) -> str:
    return f"{scoring.rounded(value, places).normalize():f}"
