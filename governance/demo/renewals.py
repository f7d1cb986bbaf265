"""The demo's decisions: one taken, one put off; all other deadlines wait for somebody."""

from datetime import timedelta

from django.utils import timezone

from accounts.middleware import set_actor
from governance.brief import brief_of
from governance.demo import data
from governance.demo.quarters import Demo
from governance.models import Decision
from governance.services.decisions import record_decision
from partners.models import Contract

# partner, outcome, reasons, conditions, days ago, days until it has to be looked at again
DECISIONS = [
    (
        "Brightwater Integration", "renew",
        "The same two people for three years, tickets closed in half the time of the tender before them, and nobody else "
        "knows our month end.",
        "A second engineer on call by the start of the term, at the same price.", 11, None,
    ),
    (
        "Meridian Networks", "defer",
        "Their offer for the second line is announced for next week. Without it we cannot compare prices.",
        "", 3, 12,
    ),
]  # fmt: skip


def load_renewals(demo: Demo) -> None:
    """Record them as the executive did, on the briefs as they are now."""
    clara = demo.people[data.CLARA]
    set_actor(clara.pk)
    for name, outcome, reasons, conditions, ago, later in DECISIONS:
        contract = (
            Contract.objects.with_yearly()
            .filter(partner__name=name, partner__is_demo=True)
            .order_by("ends")[0]
        )
        decision = record_decision(
            contract, outcome=outcome, reasons=reasons, conditions=conditions, snapshot=brief_of(contract, clara), by=clara,
            deferred_to=None if later is None else demo.today + timedelta(days=later),
        )  # fmt: skip
        Decision.objects.filter(pk=decision.pk).update(at=timezone.now() - timedelta(days=ago))
