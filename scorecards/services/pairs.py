"""Weights by comparing pairs: people's answers are kept, combined, and written into a draft when somebody says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from scorecards.fair import pairwise
from scorecards.models import Category, Criterion, PairAnswers, Template
from scorecards.services.templates import lock_draft, normalise

Row = Category | Criterion
Pair = tuple[Row, Row]


@dataclass(frozen=True)
class Said:
    """What one person said: so many pairs, and what follows once all are there."""

    person: Any
    answered: int
    found: pairwise.Priorities | None


class Compared:
    """The categories of a template, or the criteria of one of them, as people compared them.

    `people`: everybody who answered anything; `found`: all complete answers together; `weights`: what a draft would
    get, which add up to exactly 100. Both are None until somebody answered every pair.
    """

    def __init__(self, template: Template, category: Category | None) -> None:
        self.rows: list[Row] = list((category.criteria if category else template.categories).all())
        self.fits = 2 <= len(self.rows) <= pairwise.MOST
        self.pairs: list[Pair] = list(combinations(self.rows, 2)) if self.fits else []
        kept = PairAnswers.objects.filter(template=template, category=category).select_related("person")
        self.people: list[Said] = []
        complete = []
        for row in kept:
            answers, found = self.answers_of(row), None
            if self.fits and len(answers) == len(self.pairs):
                complete.append(self._matrix(answers))
                found = pairwise.priorities(complete[-1])
            if answers:
                self.people.append(Said(row.person, len(answers), found))
        self.complete = len(complete)
        self.found = pairwise.priorities(pairwise.combined(complete)) if complete else None
        self.weights: list[Decimal] | None = None
        if self.found:
            self.weights = normalise([Decimal(str(round(weight, 9))) for weight in self.found.weights])

    def answers_of(self, kept: PairAnswers) -> dict[tuple[int, int], int]:
        """The answers to pairs there are, by places; what was taken out of the draft since is left out."""
        places = {row.pk: place for place, row in enumerate(self.rows)}
        found = {}
        for one, other in self.pairs:
            if answer := kept.answers.get(key(one, other)):
                found[places[one.pk], places[other.pk]] = answer
            elif answer := kept.answers.get(key(other, one)):  # they changed places in the draft
                found[places[one.pk], places[other.pk]] = -answer if abs(answer) > 1 else answer
        return found

    def _matrix(self, answers: Mapping[tuple[int, int], int]) -> list[list[float]]:
        judged = {pair: Fraction(n) if n > 0 else Fraction(1, -n) for pair, n in answers.items()}
        return pairwise.reciprocal(len(self.rows), judged)


def key(one: Row, other: Row) -> str:
    """What a pair is called where answers are kept, and in the form."""
    return f"{one.pk}-{other.pk}"


@transaction.atomic
def save_answers(
    template: Template, *, category: Category | None, person: Any, answers: Mapping[str, int]
) -> PairAnswers:
    """Keep a person's answers in place of their earlier ones. Raises ValidationError if this is no draft any more."""
    draft = lock_draft(template)
    kept, _ = PairAnswers.objects.update_or_create(
        template=draft, category=category, person=person, defaults={"answers": dict(answers)}
    )
    return kept


@transaction.atomic
def use_weights(template: Template, *, category: Category | None, shown: Sequence[str]) -> None:
    """Write the combined weights into the draft. `shown`: those the person saw; others are never written unseen."""
    draft = lock_draft(template)
    found = Compared(draft, category)
    if found.weights is None:
        raise ValidationError("Nobody has answered every pair yet.")
    if [str(weight) for weight in found.weights] != list(shown):
        raise ValidationError("Answers came in meanwhile and moved the weights: look at them again.")
    for row, weight in zip(found.rows, found.weights, strict=True):
        row.weight = weight
    model: Any = Criterion if category else Category
    model.objects.bulk_update(found.rows, ["weight"])
    draft.version += 1  # an editor that is open now shows other weights
    draft.save(update_fields=["version"])
