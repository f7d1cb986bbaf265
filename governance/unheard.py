"""Deadlines of which nobody who answers for the contract would hear, as the start page says it."""

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from governance.due import open_contracts
from governance.models import LeadTimes
from governance.recipients import STANDS_IN, audiences
from partners.models import SEGMENTS, Contract


def unheard(user: Any) -> list[Contract]:
    """Visible contracts inside their lead times of which nobody, or an administrator alone, can be told.

    The next deadline first, each with its partner and `counts_to`. An owner who has an address and may not see the
    contract counts as told here: the mail says so to whoever stands in.
    """
    today, lead_times = timezone.localdate(), LeadTimes.current()
    inside = Q()
    for segment, _ in SEGMENTS:
        until = today + timedelta(days=max(lead_times.of(segment)))
        inside |= Q(partner__segment=segment, counts_to__range=(today, until))
    can_be_told = User.objects.able_to_sign_in().values("pk")
    left = open_contracts(Contract.objects.visible_to(user)).filter(inside, partner__archived_at=None)
    left = left.exclude(owner__in=can_be_told).exclude(partner__owner__in=can_be_told)
    contracts = list(left.select_related("partner").order_by("counts_to", "pk"))
    people = audiences(contracts) if contracts else {}
    return [
        contract for contract in contracts if all(one.role == STANDS_IN for one in people[contract.pk].people)
    ]
