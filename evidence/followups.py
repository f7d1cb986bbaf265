"""What follows from what happened: conversations after the fire or after praise, and whether anybody pushes a partner."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Max, Q
from django.utils import timezone

from evidence.figures import FIGURES, after_working_days
from evidence.models import Benchmark, Commitment, Incident, Request
from evidence.models.service import INCIDENT, PRAISE, SEVERE
from partners.dates import plus_months

WITHIN = 10  # working days after a severe incident is fixed, or after praise
BENCHMARK_MONTHS, CHALLENGE_MONTHS = 12, 6


@dataclass(frozen=True)
class Talk:
    """A conversation about the relationship that is due, or thanks."""

    incident: Incident
    due: date

    @property
    def words(self) -> str:
        what = "Say thanks" if self.incident.kind == PRAISE else "Talk about the relationship"
        return f"{what}: {self.incident}"


def talks_due(user: Any) -> Any:
    """Incidents and praise of the last twelve months, of visible partners, that still ask for a conversation."""
    asks = Q(kind=PRAISE) | Q(kind=INCIDENT, severity=SEVERE, fixed_at__isnull=False)
    since = plus_months(timezone.localdate(), -FIGURES["conversations_due"].months)
    return Incident.objects.visible_to(user).filter(asks, conversation_on=None, opened_at__date__gte=since)  # type: ignore[attr-defined]


def talks(incidents: Iterable[Incident]) -> list[Talk]:
    """The conversations in the order in which they are due."""
    found = [
        Talk(row, after_working_days(timezone.localdate(row.fixed_at or row.opened_at), WITHIN))
        for row in incidents
    ]
    return sorted(found, key=lambda talk: (talk.due, talk.incident.pk))


def is_unchallenged(partner: Any, user: Any, today: date) -> bool:
    """No benchmark for twelve months, and no request, incident or commitment for six. Four statements.

    Of a partner without any entry nothing is said: nobody may have entered any.
    """
    benchmark = _latest(Benchmark, "as_of", partner, user)
    challenges = [
        _latest(Request, "asked_on", partner, user), _latest(Commitment, "due_on", partner, user),
        _latest(Incident, "opened_at", partner, user),
    ]  # fmt: skip
    if not any([benchmark, *challenges]):
        return False
    old = benchmark is None or benchmark < plus_months(today, -BENCHMARK_MONTHS)
    quiet = all(day is None or day < plus_months(today, -CHALLENGE_MONTHS) for day in challenges)
    return old and quiet


def _latest(model: Any, field: str, partner: Any, user: Any) -> date | None:
    found = model.objects.visible_to(user).filter(partner=partner).aggregate(day=Max(field))["day"]
    return timezone.localdate(found) if hasattr(found, "hour") else found
