"""Which reminders of a contract are due. Arithmetic on calendar days, nothing of Django.

A stage is a moment at which people are to be told: so many days before the deadline, the day to which the decision was
put off, the day after a deadline nobody decided by, the day after a term renewed itself. A stage stays due from its day
on until it is told, so days without a scan lose nothing; of several, the most urgent is sent and names the others.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

LEAD, DEFERRAL, OVERDUE, RENEWED = "lead", "deferral", "overdue", "renewed"
ALERTS = (OVERDUE, RENEWED)  # it is too late for what a reminder is for
LEAD_TIMES = (180, 90, 60, 30, 14, 3)  # days before the deadline, unless an administrator says otherwise
NEWS_FOR = 90  # days for which it is news that a term has ended undecided or renewed itself


@dataclass(frozen=True, slots=True)
class Stage:
    """One moment to tell people: `due` on that day and after. `days`: of a lead time, how many before the deadline."""

    kind: str
    deadline: date | None
    due: date
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a contract nobody has decided about stands.

    `deadline`: the notice deadline, or without one the end of its term. `rolls`: it renews itself once the deadline has
    passed, so what passed is told when it has. `renewed_from`: the deadline that passed before this term began.
    """

    deadline: date | None
    ends: date | None
    lead_times: Collection[int]
    deferred_to: date | None = None
    rolls: bool = False
    renewed_from: date | None = None


def stages(at: Position, today: date) -> list[Stage]:
    """Every stage whose day has come, the most urgent first: alerts, then whatever was due last."""
    found = []
    if at.deadline and at.ends:
        is_past = at.deadline < today
        is_news = max(at.ends, _after(at.deadline, NEWS_FOR)) >= today
        if not is_past or (is_news and not at.rolls):
            found += _lead_times(at, at.deadline, today)
        if is_past and is_news and not at.rolls:
            found.append(Stage(OVERDUE, at.deadline, _after(at.deadline, 1)))
    if at.renewed_from and _after(at.renewed_from, 1) <= today <= _after(at.renewed_from, NEWS_FOR):
        found += _lead_times(at, at.renewed_from, today)
        found.append(Stage(RENEWED, at.renewed_from, _after(at.renewed_from, 1)))
    if at.deferred_to and at.deferred_to <= today:
        found.append(Stage(DEFERRAL, at.deadline, at.deferred_to))
    return sorted(
        found, key=lambda stage: (stage.kind in ALERTS, stage.due, stage.kind == DEFERRAL), reverse=True
    )


def untold(passed: Iterable[Stage], told: Collection[Stage]) -> list[Stage]:
    """What is still to be told of what has passed. A lead time before one that was told is history."""
    return [
        stage
        for stage in passed
        if stage not in told
        and not (
            stage.kind == LEAD
            and any(other.deadline == stage.deadline and other.due > stage.due for other in told)
        )
    ]


def _lead_times(at: Position, deadline: date, today: date) -> list[Stage]:
    passed = [Stage(LEAD, deadline, _after(deadline, -days), days) for days in at.lead_times]
    return [stage for stage in passed if stage.due <= today]


def _after(day: date, days: int) -> date:
    """A day so many days later; what would lie outside the calendar stays at its bound."""
    return date.fromordinal(min(max(day.toordinal() + days, 1), date.max.toordinal()))
