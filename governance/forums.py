"""When a forum meets, and the forums a segment is usually governed by. Arithmetic and facts, nothing of Django."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from partners.dates import plus_months

AHEAD = 12  # months that are planned


def turns(first: date, months: int, after: date, until: date) -> Iterator[date]:
    """The days on which a forum's turn comes, later than `after` and up to `until`.

    Counted from the first meeting, never step by step: the 31st is followed by the last of a shorter month.
    """
    elapsed = (after.year - first.year) * 12 + after.month - first.month
    for number in count(max(0, elapsed // months - 1)):
        day = plus_months(first, months * number)
        if day > until or day == date.max:
            return
        if day > after:
            yield day


def working_day(day: date, is_closed: Callable[[date], bool]) -> date:
    """The day itself or, while that is closed, the next one; never more than a month on."""
    for number in range(31):
        later = date.fromordinal(min(day.toordinal() + number, date.max.toordinal()))
        if not is_closed(later):
            return later
    return day


@dataclass(frozen=True, slots=True)
class Model:
    """A forum of the usual governance model: level, months between meetings, purpose, standing agenda."""

    level: str
    cadence: int
    purpose: str
    agenda: tuple[str, ...]


_STRATEGIC = Model(
    "strategic", 6, "Where both of us are going, and whether this partnership still gives each more than it takes.",
    ("Plans and roadmaps of either side", "Value for each party", "Risks and decisions ahead"),
)  # fmt: skip
_TACTICAL = Model(
    "tactical", 3, "What was promised, what was kept, and what the scores say on both sides.",
    ("Scorecard, theirs and ours", "Promises and commitments", "Money outstanding", "Next quarter"),
)  # fmt: skip
_OPERATIONAL = Model(
    "operational", 1, "Whether what already runs runs well: service, incidents, requests.",
    ("Service against agreed levels", "Open incidents and requests", "Changes ahead"),
)  # fmt: skip
# What each segment is usually governed by.
MODELS: dict[str, tuple[Model, ...]] = {
    "strategic": (_STRATEGIC, _TACTICAL, _OPERATIONAL),
    "preferred": (_TACTICAL, _OPERATIONAL),
    "tactical": (_TACTICAL,),
    "transactional": (),
}


def first_turn(today: date, months: int) -> date:
    """The first meeting of a new forum: two weeks off for a month's cadence, up to a month for the rarer ones."""
    return today + timedelta(days=14 if months == 1 else 28)
