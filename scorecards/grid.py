"""The scoring grid as a rater sees it: rows of criteria with their anchors, marks and comments."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from evidence.facts import Fact, Facts
from evidence.figures import FIGURES
from evidence.models import Figure
from scorecards.measures import label_of
from scorecards.models import Assessment, Category, Comment, Criterion
from scorecards.services.assessments import Mark, asked_criteria, lock_sentence, marks_of, marks_of_last_time
from scorecards.services.comments import CROWD, crowd, fingerprint_of, own_comments

MOST_CELLS = 11  # a longer scale is chosen from a list


@dataclass
class Level:
    value: int
    anchor: str
    last_time: bool


@dataclass
class Row:
    """One criterion. A refused save leaves `errors`, `conflict` (the mark saved elsewhere) and what was typed."""

    criterion: Criterion
    levels: list[Level]
    mark: Mark
    comment: Comment | None
    people: int
    saved: Mark = field(default_factory=Mark)
    errors: list[str] = field(default_factory=list)
    conflict: str = ""
    typed_comment: str | None = None
    typed_anonymous: bool | None = None
    fact: Fact | None = None

    @property
    def figure(self) -> str:
        """What the fact beside it is about."""
        return label_of(self.criterion.metric)

    @property
    def is_rated(self) -> bool:
        return self.criterion.kind == Criterion.RATED

    @property
    def folded(self) -> bool:
        return self.mark.answered and not self.errors and not self.conflict

    @property
    def known(self) -> str:
        """What the page knows to be saved (see `forms.assessments.changed_cell`)."""
        return f"{self.saved.version}:{self.saved.choice}:{self.saved.reason}"

    @property
    def known_comment(self) -> str:
        return fingerprint_of(self.comment)

    @property
    def comment_text(self) -> str:
        return (
            self.typed_comment
            if self.typed_comment is not None
            else self.comment.text
            if self.comment
            else ""
        )

    @property
    def anonymous(self) -> bool:
        if self.typed_anonymous is not None:
            return self.typed_anonymous
        return self.comment is not None and self.comment.assessment_id is None

    @property
    def may_be_anonymous(self) -> bool:
        return self.people >= CROWD

    @property
    def said(self) -> str:
        """The chosen sentence, for the folded row."""
        if self.mark.not_applicable:
            return self.mark.reason or "You said this does not apply to your work with them."
        chosen = next((level for level in self.levels if level.value == self.mark.value), None)
        return chosen.anchor if chosen else ""

    @property
    def last_time(self) -> int | None:
        return next((level.value for level in self.levels if level.last_time), None)


@dataclass
class Section:
    category: Category
    rows: list[Row]

    @property
    def rated(self) -> list[Row]:
        return [row for row in self.rows if row.is_rated]

    @property
    def done(self) -> int:
        return sum(row.mark.answered for row in self.rated)

    @property
    def measured(self) -> int:
        return len(self.rows) - len(self.rated)


class Grid:
    """Everything the page shows of one assessment, in a number of queries that does not grow with it."""

    def __init__(self, assessment: Assessment, secret: str) -> None:
        template = assessment.scorecard.template
        criteria = asked_criteria(assessment)
        marks, last_time = marks_of(assessment), marks_of_last_time(assessment)
        comments = own_comments(assessment, criteria, secret)
        facts = _facts(assessment, criteria)
        people = crowd(assessment.scorecard_id, criteria)
        scale = range(template.scale_min, template.scale_max + 1)
        rows = [
            Row(
                criterion=criterion,
                levels=_levels(criterion, scale, last_time.get(criterion.name)),
                mark=marks.get(criterion.pk, Mark()),
                saved=marks.get(criterion.pk, Mark()),
                comment=comments.get(criterion.pk),
                people=people[criterion.pk],
                fact=facts.get(criterion.metric),
            )
            for criterion in criteria
        ]
        self.assessment = assessment
        self.locked = lock_sentence(assessment)
        self.long_scale = len(scale) > MOST_CELLS
        self.lowest, self.highest = template.scale_min, template.scale_max
        self.sections = [
            Section(category, list(group))
            for category, group in groupby(rows, key=lambda row: row.criterion.category)
        ]
        self.by_criterion = {row.criterion.pk: row for row in rows if row.is_rated}

    @property
    def rows(self) -> list[Row]:
        return list(self.by_criterion.values())

    @property
    def done(self) -> int:
        return sum(row.mark.answered for row in self.rows)

    @property
    def open_rows(self) -> list[Row]:
        return [row for row in self.rows if not row.mark.answered]

    @property
    def has_errors(self) -> bool:
        return any(row.errors or row.conflict for row in self.rows)

    @property
    def has_last_time(self) -> bool:
        return any(row.last_time is not None for row in self.rows)


def _facts(assessment: Assessment, criteria: Sequence[Criterion]) -> dict[str, Fact]:
    """What the figures say that these criteria name, by name; nothing of those of which nothing is on record."""
    names = {criterion.metric for criterion in criteria} & set(FIGURES)
    if not names:
        return {}
    seen = Figure.objects.visible_to(assessment.rater)
    facts = Facts(seen.filter(partner=assessment.scorecard.partner_id, name__in=names))
    return {name: facts.of(name) for name in facts.figures}


def _levels(criterion: Criterion, scale: range, last_time: int | None) -> list[Level]:
    anchors: list[Any] = [*criterion.anchors, *[""] * len(scale)]
    return [Level(value, anchors[place], value == last_time) for place, value in enumerate(scale)]
