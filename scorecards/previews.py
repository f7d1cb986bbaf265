"""What a measured criterion would give the partners there are, before anybody saves it."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Q

from evidence.figures import FIGURES, SHARE, words
from evidence.models import Figure
from partners.models import ADMITTED, CANDIDATE, Partner
from scorecards import scoring
from scorecards.measures import observed
from scorecards.models import Criterion, Template

SHOWN = 30
STEP = 20  # points of a class of the distribution


@dataclass
class Line:
    """One partner: what its figure says, and the points that gives (None: too little to say)."""

    partner: str
    said: str
    rests_on: str
    points: Decimal | None


class Preview:
    """Partners the person sees that such a template is for, with their points by `criterion`, the best first."""

    def __init__(self, criterion: Criterion, template: Template, user: Any) -> None:
        self.criterion = criterion
        admitted = Q(admission=ADMITTED)
        whom = ~admitted if template.kind == CANDIDATE else admitted & Q(kind=template.kind)
        partners = Partner.objects.visible_to(user).filter(whom, archived_at=None)
        figures = Figure.objects.visible_to(user).filter(name=criterion.metric, partner__in=partners)
        found = {row.partner_id: row for row in figures}
        line = scoring.CriterionWeight(
            0, Decimal(0), measured=True, floor=criterion.floor, target=criterion.target,
            min_observations=criterion.min_observations,
        )  # fmt: skip
        names = partners.order_by("name").values_list("pk", "name")
        self.number = len(names)
        self.lines = sorted(
            (self._line(name, found[pk], line) for pk, name in names if pk in found),
            key=lambda one: (one.points is None, -(one.points or 0)),
        )

    @staticmethod
    def _line(name: str, row: Figure, line: scoring.CriterionWeight) -> Line:
        points = scoring.measured_score(line, row.value, row.observations)
        told = words(row.name, row.value, row.observations, row.word)
        kind = FIGURES[row.name]
        rests_on = "" if kind.unit == SHARE else observed(kind, row.observations)  # “2 of 3” says it
        return Line(name, told, rests_on, None if points is None else scoring.stored(points))

    @property
    def shown(self) -> list[Line]:
        return self.lines[:SHOWN]

    @property
    def more(self) -> int:
        return max(0, len(self.lines) - SHOWN)

    @cached_property
    def points(self) -> list[Decimal]:
        return [line.points for line in self.lines if line.points is not None]

    @property
    def classes(self) -> list[tuple[str, int]]:
        """How many would get 80 points and more, 60 to 80, …; the best first."""
        last = 100 // STEP - 1
        counts = Counter(min(int(points) // STEP, last) for points in self.points)
        return [(f"{place * STEP} to {place * STEP + STEP}", counts[place]) for place in range(last, -1, -1)]

    @property
    def most(self) -> int:
        return max((number for _, number in self.classes), default=0) or 1

    @property
    def heading(self) -> str:
        """The finding."""
        if not self.number:
            return "There is no partner yet that such a template is for."
        if not self.points:
            return f"None of {self.number:,} partners has enough on record to be measured by this."
        same = f"{len(self.points):,} of {self.number:,} partners would be measured by this"
        if self.points[0] == self.points[-1]:
            return f"{same}, and all would get {scoring.shown(self.points[0])}: it tells nobody apart."
        middle = sorted(self.points)[len(self.points) // 2]
        return f"{same}: from {scoring.shown(self.points[-1])} to {scoring.shown(self.points[0])}, the middle one {scoring.shown(middle)}."
