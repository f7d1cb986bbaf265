"""The demo's nine quarters: who marked whom, how severely, and what they wrote."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property

from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Value
from django.utils import timezone

from accounts.models import BusinessUnit, User
from evidence.services.figures import refresh
from governance.demo import data
from partners.models import INTERNAL_KINDS, Partner
from scorecards.models import (
    Assessment,
    Comment,
    Criterion,
    Cycle,
    CycleTemplate,
    Measurement,
    Rating,
    Scorecard,
)
from scorecards.services.cycles import default_templates
from scorecards.services.fair import request_fair
from scorecards.services.recompute import recompute_now

QUARTERS = 9
NOW = QUARTERS - 1  # the number of the open one


@dataclass
class Demo:
    """What is being loaded: the story's `today`, its dice, and the rows made so far, in the order of `data`."""

    today: date
    dice: random.Random = field(default_factory=lambda: random.Random(20))  # noqa: S311  (a fixed story)
    units: list[BusinessUnit] = field(default_factory=list)
    people: list[User] = field(default_factory=list)
    partners: list[Partner] = field(default_factory=list)


def load_quarters(demo: Demo) -> None:
    """Load every cycle while it is open, score it, and close all but the last."""
    story = _Story(demo)
    templates = default_templates()
    for number, (name, starts, ends) in enumerate(quarters(demo.today)):
        is_open = number == NOW
        last_day = demo.today + timedelta(days=12) if is_open else ends + timedelta(days=14)
        cycle = Cycle.objects.create(
            name=name, starts=starts, ends=ends, due=last_day, state=Cycle.OPEN, is_demo=True,
            opened_at=_at(demo.today - timedelta(days=20) if is_open else ends - timedelta(days=20)),
        )  # fmt: skip
        CycleTemplate.objects.bulk_create(
            CycleTemplate(cycle=cycle, kind=kind, template=template) for kind, template in templates.items()
        )
        refresh([partner.pk for partner in demo.partners], min(last_day, demo.today))
        scorecards = Scorecard.objects.bulk_create(
            Scorecard(cycle=cycle, partner=partner, template=templates[partner.kind])
            for partner in demo.partners
            if not (partner.name == data.NEWCOMER and number < 5)
        )
        Measurement.objects.filter(scorecard__cycle=cycle).update(as_of=min(last_day, demo.today))
        story.mark(scorecards, number)
        story.submit(scorecards, last=demo.today if is_open else min(last_day, demo.today))
        recompute_now([scorecard.pk for scorecard in scorecards])
        if not is_open:
            Comment.objects.filter(scorecard__cycle=cycle).update(published=True)
            cycle.state, cycle.closed_at = Cycle.CLOSED, _at(min(last_day + timedelta(days=2), demo.today))
            cycle.save(update_fields=["state", "closed_at"])
            request_fair(cycle)


def quarters(today: date) -> list[tuple[str, date, date]]:
    """The last nine quarters, the current one last: name, first day, last day."""
    current = today.year * 4 + (today.month - 1) // 3

    def first_day(number: int) -> date:
        return date(number // 4, 3 * (number % 4) + 1, 1)

    return [
        (
            f"{number // 4} Q{number % 4 + 1}",
            first_day(number),
            first_day(number + 1) - timedelta(days=1),
        )
        for number in range(current - NOW, current + 1)
    ]


def _at(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(10)))


@dataclass
class _Story:
    demo: Demo

    @cached_property
    def places(self) -> dict[int, int]:
        """Each partner's line in `data.PARTNERS`."""
        return {partner.pk: place for place, partner in enumerate(self.demo.partners)}

    @cached_property
    def numbers(self) -> dict[int, int]:
        """Each person's line in `data.PEOPLE`."""
        return {person.pk: number for number, person in enumerate(self.demo.people)}

    @cached_property
    def criteria(self) -> dict[int, list[Criterion]]:
        found: dict[int, list[Criterion]] = {}
        for criterion in Criterion.objects.filter(kind=Criterion.RATED).select_related("category"):
            found.setdefault(criterion.category.template_id, []).append(criterion)
        return found

    def raters(self, partner: Partner) -> Iterable[User]:
        """Everybody who may see the partner, but the administrator; one alone for the provisional one."""
        people = [p for p in self.demo.people if p.role != "administrator"]
        if partner.name == data.PROVISIONAL:
            return people[1:2]
        reached = [
            p
            for p in people
            if p.all_units
            or partner.unit is None
            or self._unit(partner) in data.PEOPLE[self.numbers[p.pk]][4]
        ]
        if partner.segment == "strategic":
            return reached
        return [
            p for n, p in enumerate(reached) if (n + self.places[partner.pk]) % 4 or self._named(p, partner)
        ]

    def _unit(self, partner: Partner) -> int:
        return self.demo.units.index(partner.unit)

    def _named(self, person: User, partner: Partner) -> bool:
        number = self.numbers[person.pk]
        return partner.name in (*data.NOT_BEGUN.get(number, ()), data.HALF_DONE.get(number))

    def mark(self, scorecards: list[Scorecard], number: int) -> None:
        """Make up assessments, marks and comments of a quarter."""
        assessments, marks, comments = [], [], []
        for scorecard in scorecards:
            start, change = data.PARTNERS[self.places[scorecard.partner_id]][6:8]
            level = start + change * number / NOW
            said: set[str] = set()
            for rater in self.raters(scorecard.partner):
                assessment = Assessment(scorecard=scorecard, rater=rater, rater_role=rater.rater_role)
                assessments.append(assessment)
                answered = self._answered(assessment, number)
                given = [self._mark(assessment, c, place, level, number) for place, c in enumerate(answered)]
                marks += [mark for mark in given if mark is not None]
                comments += self._comments(assessment, answered, level, said)
        Assessment.objects.bulk_create(assessments)
        Rating.objects.bulk_create(marks, batch_size=5000)
        Comment.objects.bulk_create(comments)

    def _answered(self, assessment: Assessment, number: int) -> list[Criterion]:
        """What this rater marks: all that is asked; in the open quarter some have not begun, one is half-way."""
        asked = [
            c
            for c in self.criteria[assessment.scorecard.template_id]
            if not c.roles or assessment.rater_role in c.roles
        ]
        if number < NOW:
            return asked
        person, partner = self.numbers[assessment.rater_id], assessment.scorecard.partner.name
        if data.HALF_DONE.get(person) == partner:
            return asked[: len(asked) // 2]
        if person in data.NOT_BEGUN:
            return [] if partner in data.NOT_BEGUN[person] else asked
        lazy = self.demo.dice.random() < 0.25
        return [] if lazy and person not in data.DONE else asked

    def _mark(
        self, assessment: Assessment, criterion: Criterion, place: int, level: float, number: int
    ) -> Rating | None:
        """One mark around the partner's level, moved by the rater's severity; some are left out."""
        chance = self.demo.dice.random()
        partner = assessment.scorecard.partner
        offset = ((place * 7 + self.places[partner.pk] * 13) % 9 - 4) * 0.13
        if partner.name == data.CAPPED and criterion.critical_minimum is not None:
            offset = -2.6 if number > 5 else 0
        severity = data.PEOPLE[self.numbers[assessment.rater_id]][5]
        value = round(level + offset - severity + self.demo.dice.gauss(0, 0.55))
        cell = {"assessment": assessment, "scorecard": assessment.scorecard, "criterion": criterion}
        if chance < 0.04:
            return Rating(**cell, not_applicable=True, reason="I have nothing to do with this.")
        return None if chance < 0.07 else Rating(**cell, value=min(5, max(1, value)))

    def _comments(
        self, assessment: Assessment, answered: list[Criterion], level: float, said: set[str]
    ) -> list[Comment]:
        """A remark now and then, in the tone of the marks; a few without a name. Nobody says it twice."""
        dice, kind = self.demo.dice, assessment.scorecard.partner.kind
        if not answered or dice.random() > 0.35:
            return []
        anonymous = dice.random() < 0.12
        tone = (
            data.LOW_COMMENTS if level < 3.1 else data.HIGH_COMMENTS if level > 3.9 else data.MIDDLE_COMMENTS
        )
        if kind == "own":
            tone = data.OWN_COMMENTS
        elif kind in INTERNAL_KINDS:
            tone = data.INTERNAL_COMMENTS
        elif anonymous:
            tone = data.ANONYMOUS_COMMENTS
        left = [text for text in tone if text not in said]
        if not left:
            return []
        text = dice.choice(left)
        said.add(text)
        return [
            Comment(
                scorecard=assessment.scorecard, criterion=dice.choice(answered), text=text,
                assessment=None if anonymous else assessment,
            )
        ]  # fmt: skip

    def submit(self, scorecards: list[Scorecard], *, last: date) -> None:
        """Submit what is complete, over the days before `last`: history is kept from submission on."""
        asked = {pk: len(criteria) for pk, criteria in self.criteria.items()}
        marked = Rating.objects.filter(scorecard__in=scorecards).values_list("assessment", "scorecard")
        given: dict[int, int] = {}
        template = {scorecard.pk: scorecard.template_id for scorecard in scorecards}
        complete = []
        for assessment, scorecard in marked:
            given[assessment] = given.get(assessment, 0) + 1
            if given[assessment] == asked[template[scorecard]] * 6 // 10:
                complete.append(assessment)
        before = ExpressionWrapper(Value(timedelta(hours=29)) * (F("pk") % 9), output_field=DurationField())
        at = ExpressionWrapper(Value(_at(last), DateTimeField()) - before, output_field=DateTimeField())
        Assessment.objects.filter(pk__in=complete).update(submitted_at=at)
