"""One partner in a pack: its scores up to the end of the quarter, its contracts, and what the facts say."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from evidence.summary import Summary
from governance.brief.subject import Subject
from governance.packs.quarter import Quarter
from partners.models import Contract
from scorecards.figures import Point, history


@dataclass(kw_only=True)
class About(Subject):
    """What `user` sees of a partner. Scores are those of closed cycles: what a pack says does not move any more.

    In a copy `for_partner` nothing is said of others: no peers, no rank, contracts of its own unit or the company's.
    """

    quarter: Quarter
    today: date
    for_partner: bool = False

    def __post_init__(self) -> None:
        self.beside_others = not self.for_partner

    @cached_property
    def points(self) -> list[Point]:
        known = history(self.partner.pk, self.user)
        return [point for point in known if point.closed and point.ends <= self.quarter.last]

    @cached_property
    def contracts(self) -> list[Contract]:
        """Those in force on a day since the quarter began, or later."""
        seen = Contract.objects.of_units_of(self.user).with_yearly().filter(partner=self.partner)
        found: Any = seen.select_related("partner", "owner", "unit").current_first()
        if self.for_partner:
            found = [row for row in found if row.unit_id in (None, self.partner.unit_id)]
        return [row for row in found if row.term_ends is None or row.term_ends >= self.quarter.first]

    @property
    def units(self) -> set[int]:
        """Business units this tells of."""
        return {pk for pk in (self.partner.unit_id, *(row.unit_id for row in self.contracts)) if pk}

    @cached_property
    def summary(self) -> Summary:
        return Summary(self.partner, self.user, self.today)

    @property
    def ahead(self) -> tuple[date, date]:
        """From today, or from the day after a quarter that still runs, to the end of the quarter that follows."""
        first = max(self.today, self.quarter.last + timedelta(days=1))
        return first, Quarter.of(first).after.last
