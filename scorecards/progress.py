"""How far a cycle is: who was asked, who is missing and since when. Completion only: no mark, no score is read."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, NullIf
from django.utils import timezone

from accounts.models import RATER_ROLES, User
from accounts.numbers import row_number
from partners.models import Partner
from partners.search import search_partners
from scorecards.models import Assessment, Criterion, Cycle, Rating, ScorecardQuerySet, Template
from scorecards.services.invitations import mails_about
from scorecards.whole import whole

_SIDES = dict(RATER_ROLES)
SHOWN = [("missing", "Something missing"), ("nobody", "Nobody asked"), ("in", "All in")]
SHOWN_IN_DRAFT = [("nobody", "Nobody asked")]


@dataclass
class Totals:
    """What a cycle asks for, and how much of it there is. Counted in assessments."""

    partners: int = 0
    asked: int = 0
    submitted: int = 0

    @property
    def left(self) -> int:
        return self.asked - self.submitted

    @property
    def share(self) -> int:
        """Submitted, in whole per cent: 100 only when all are."""
        return 100 * self.submitted // self.asked if self.asked else 0


@dataclass
class Person:
    """One rater of the cycle: what is left; where looked up, since when they know and how often they were reminded."""

    rater: User
    asked: int = 0
    submitted: int = 0
    since: date | None = None
    reminders: int = 0
    reminded: date | None = None

    @property
    def left(self) -> int:
        return self.asked - self.submitted


@dataclass
class Survey(Totals):
    """The totals with everybody asked, those with most left first, and how many marks are asked for and given."""

    people: list[Person] = field(default_factory=list)
    marks: int = 0
    given: int | None = None  # None: not counted

    @property
    def coverage(self) -> int:
        """Marks given, in whole per cent: 100 only when all are."""
        return 100 * (self.given or 0) // self.marks if self.marks else 0

    @property
    def missing(self) -> list[Person]:
        return [person for person in self.people if person.left]


@dataclass
class Owed:
    """An assessment somebody still has to submit, with how many marks it asks for and holds."""

    assessment: Assessment
    asked: int
    given: int


@dataclass(slots=True)
class Cell:
    """One rater on one partner: how many marks are asked for and given."""

    rater: User
    rater_role: str
    submitted: bool
    asked: int
    given: int

    @property
    def side(self) -> str:
        return _SIDES[self.rater_role]

    @property
    def stage(self) -> str:
        return "submitted" if self.submitted else "begun" if self.given else "not begun"

    @property
    def marks(self) -> str:
        """How many marks are given, where that says more than the stage does."""
        complete = self.given >= self.asked if self.submitted else not self.given
        return "" if complete else f"{self.given} of {self.asked}"


@dataclass
class Line:
    """One partner of the cycle, by name, with everybody who is asked."""

    scorecard_id: int
    partner: str
    template: Template
    cells: list[Cell] = field(default_factory=list)

    @property
    def submitted(self) -> int:
        return sum(cell.submitted for cell in self.cells)

    @property
    def asked(self) -> int:
        return sum(cell.asked for cell in self.cells)

    @property
    def given(self) -> int:
        return sum(cell.given for cell in self.cells)

    @property
    def coverage(self) -> int:
        return 100 * self.given // self.asked if self.asked else 0


def marks_asked(templates: Iterable[Template]) -> Counter[tuple[int, str]]:
    """How many marks each of these templates asks of a rater role, by (template id, role)."""
    asked: Counter[tuple[int, str]] = Counter()
    for template in templates:
        criteria = (row for category in whole(template).categories.all() for row in category.criteria.all())
        for roles in (criterion.roles for criterion in criteria if criterion.kind == Criterion.RATED):
            asked.update((template.pk, role) for role in roles or _SIDES)
    return asked


# Written out, with the people joined to their counts instead of to each assessment, and as an array what is looked for.
_SURVEY = """
WITH seen AS MATERIALIZED (SELECT ARRAY({seen}) AS scorecards), counts AS MATERIALIZED (
    SELECT rater_id, count(*) AS asked, count(submitted_at) AS submitted FROM scorecards_assessment
    WHERE scorecard_id = ANY ((SELECT scorecards FROM seen)::bigint[]) GROUP BY rater_id
)
SELECT cardinality(scorecards), u.id, u.name, u.email, asked, submitted
FROM seen LEFT JOIN (counts JOIN accounts_user u ON u.id = rater_id) ON true
ORDER BY asked - submitted DESC, u.name, u.id
"""


def survey(scorecards: ScorecardQuerySet) -> Survey:
    """What is asked and submitted over these scorecards, in all and by person: one look at each assessment."""
    seen, values = scorecards.order_by().values("id").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_SURVEY.format(seen=seen), values)
        rows = cursor.fetchall()
    people = [
        Person(User.from_db(connection.alias, ["id", "name", "email"], person), asked, submitted)
        for _, *person, asked, submitted in rows
        if asked
    ]
    asked, submitted = sum(p.asked for p in people), sum(p.submitted for p in people)
    return Survey(rows[0][0], asked, submitted, people)


def count_marks(found: Survey, scorecards: ScorecardQuerySet) -> None:
    """Add the marks asked for and given: a look at each of them, of which there are millions in a large cycle."""
    templates = _templates_of(scorecards)
    asked = marks_asked(templates)
    for template in templates:
        with_it = Assessment.objects.filter(scorecards.filter(template=template).holds()).order_by()
        for role, number in with_it.values_list("rater_role").annotate(number=Count("*")):
            found.marks += number * asked[template.pk, role]
    found.given = Rating.objects.answered().filter(scorecards.holds()).count()


def _templates_of(scorecards: ScorecardQuerySet) -> list[Template]:
    return list(Template.objects.filter(pk__in=scorecards.order_by().values("template").distinct()))


def narrowed(scorecards: ScorecardQuerySet, wanted: Mapping[str, str]) -> ScorecardQuerySet:
    """The scorecards an address asks for, with their partners, in its order; what makes no sense in it is left out."""
    scorecards = scorecards.select_related("partner", "template")
    if text := wanted.get("find", "").strip():
        scorecards = scorecards.filter(partner__in=search_partners(Partner.objects.all(), text).order_by())
    theirs = Assessment.objects.filter(scorecard=OuterRef("pk"))
    if rater := row_number(wanted.get("rater")):
        theirs = theirs.filter(rater=rater)
        scorecards = scorecards.filter(Exists(theirs))
    if wanted.get("show") == "missing":
        scorecards = scorecards.filter(Exists(theirs.filter(submitted_at=None)))
    elif wanted.get("show") == "nobody":
        scorecards = scorecards.filter(assessments=None)
    elif wanted.get("show") == "in":
        scorecards = scorecards.filter(Exists(theirs), ~Exists(theirs.filter(submitted_at=None)))
    return _sorted(scorecards, wanted.get("sort", ""))


def _sorted(scorecards: ScorecardQuerySet, sort: str) -> ScorecardQuerySet:
    name = sort.removeprefix("-")
    if name == "left":
        scorecards = scorecards.alias(left=Count("assessments", filter=Q(assessments__submitted_at=None)))
    elif name == "marks":
        asked = marks_asked(_templates_of(scorecards))
        whens = [
            When(scorecard__template=template, rater_role=role, then=Value(number))
            for (template, role), number in asked.items()
        ]
        theirs = Assessment.objects.filter(scorecard=OuterRef("pk")).order_by().values("scorecard")
        given = Rating.objects.answered().filter(scorecard=OuterRef("pk")).order_by().values("scorecard")
        scorecards = scorecards.alias(
            marks=Coalesce(Subquery(given.values(number=Count("pk"))), 0)
            * 1.0
            / NullIf(Subquery(theirs.values(number=Sum(Case(*whens, default=0)))), 0)
        )
    else:
        return scorecards.order_by("-partner__name" if sort == "-partner" else "partner__name", "pk")
    order = F(name).desc(nulls_last=True) if sort.startswith("-") else F(name).asc(nulls_first=True)
    return scorecards.order_by(order, "partner__name", "pk")


def owed(assessments: Iterable[Assessment]) -> list[Owed]:
    """These assessments with how many marks are asked for and given in each; select their scorecards' templates."""
    found = list(assessments)
    asked = marks_asked({assessment.scorecard.template for assessment in found})
    scorecards = {assessment.scorecard_id for assessment in found}
    marks = Rating.objects.answered().filter(scorecard__in=scorecards).order_by().values_list("assessment")
    given = dict(marks.annotate(number=Count("pk")))
    return [Owed(a, asked[a.scorecard.template_id, a.rater_role], given.get(a.pk, 0)) for a in found]


# Written out, with the marks grouped before they are joined: hundreds of rows for a page, without an object for each.
_CELLS = """
SELECT a.scorecard_id, a.rater_id, a.rater_role, a.submitted_at IS NOT NULL, coalesce(r.given, 0)
FROM scorecards_assessment a LEFT JOIN (
    SELECT assessment_id, count(*) AS given FROM scorecards_rating
    WHERE scorecard_id = ANY (%(ids)s) AND (value IS NOT NULL OR not_applicable) GROUP BY assessment_id
) r ON r.assessment_id = a.id
WHERE a.scorecard_id = ANY (%(ids)s)
"""


def lines(scorecards: Iterable[tuple], people: Iterable[Person]) -> list[Line]:
    """Rows `of_lines` with whom of these people is asked and how many marks they gave: one statement."""
    found: dict[int, Line] = {}
    templates: dict[int, Template] = {}
    for scorecard, partner, pk, name, state, version in scorecards:
        if pk not in templates:
            templates[pk] = Template(pk=pk, name=name, state=state, version=version)
        found[scorecard] = Line(scorecard, partner, templates[pk])
    raters = {person.rater.pk: person.rater for person in people}
    asked = marks_asked(templates.values())
    with connection.cursor() as cursor:
        cursor.execute(_CELLS, {"ids": list(found)})
        for scorecard, rater, role, submitted, given in cursor.fetchall():
            if rater in raters:
                line = found[scorecard]
                line.cells.append(Cell(raters[rater], role, submitted, asked[line.template.pk, role], given))
    for line in found.values():
        line.cells.sort(key=lambda cell: (cell.rater.name.casefold(), cell.rater.pk))
    return list(found.values())


def of_lines(scorecards: ScorecardQuerySet) -> QuerySet:
    """What `lines` needs of scorecards, and no more: a page shows fifty of them."""
    template = ("template_id", "template__name", "template__state", "template__version")
    return scorecards.values_list("pk", "partner__name", *template)


def with_mails(cycle: Cycle, people: Iterable[Person]) -> list[Person]:
    """These people with the mails they had about the cycle: two statements, none for nobody."""
    people = list(people)
    if not people:
        return people
    ids = [person.rater.pk for person in people]
    invited, nudged = _mails(cycle, "invite", ids), _mails(cycle, "nudge", ids)
    opened = timezone.localdate(cycle.opened_at) if cycle.opened_at else None
    for person in people:
        _, person.since, _ = invited.get(person.rater.pk, (0, opened, None))
        person.reminders, _, person.reminded = nudged.get(person.rater.pk, (0, None, None))
    return people


def _mails(cycle: Cycle, what: str, raters: list[int]) -> dict[int, tuple[int, Any, Any]]:
    rows = mails_about(cycle, what).filter(recipient__in=raters).order_by().values("recipient")
    return {
        row["recipient"]: (row["number"], timezone.localdate(row["first"]), timezone.localdate(row["last"]))
        for row in rows.annotate(number=Count("pk"), first=Min("created_at"), last=Max("created_at"))
    }


def missing_partners(scorecards: ScorecardQuerySet, names: int) -> list[tuple[str, int, list[str]]]:
    """Who has something left: name, how many partners, and the first so many of their names."""
    rows = (
        Assessment.objects.filter(scorecards.holds(), submitted_at=None)
        .order_by()
        .values("rater", "rater__name")
        .annotate(
            left=Count("pk"),
            partners=ArrayAgg("scorecard__partner__name", order_by="scorecard__partner__name"),
        )
        .order_by("-left", "rater__name", "rater")
    )
    return [(row["rater__name"], row["left"], row["partners"][:names]) for row in rows]


def by_cycle(cycles: Iterable[Cycle], scorecards: ScorecardQuerySet) -> dict[int, Totals]:
    """Partners of these cycles, and assessments of those not closed, over the scorecards given.

    A statement for each cycle under way, of which there are one or two: it reads one index, in order.
    """
    cycles = list(cycles)
    inside = scorecards.filter(cycle__in=cycles).order_by().values_list("cycle")
    found = defaultdict(
        Totals, {cycle: Totals(number) for cycle, number in inside.annotate(number=Count("*"))}
    )
    for cycle in {cycle for cycle in cycles if cycle.state != Cycle.CLOSED}:
        asked = Assessment.objects.filter(scorecards.filter(cycle=cycle).holds())
        counts = asked.aggregate(asked=Count("*"), submitted=Count("submitted_at"))
        found[cycle.pk].asked, found[cycle.pk].submitted = counts["asked"], counts["submitted"]
    return found
