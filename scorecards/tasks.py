"""What beat wakes workers for: scores that were requested, and a nightly look whether any drifted."""

import logging
import time

from celery import shared_task
from django.utils import timezone

from accounts.models import Heartbeat
from scorecards.models import Cycle, RecomputeRequest, Scorecard
from scorecards.services import fair, recompute

logger = logging.getLogger(__name__)
LONGEST_RUN = 5  # seconds; the next second's run goes on where this one stops
RECONCILED_AT_ONCE = 2_000


@shared_task
def recompute_requested() -> int:
    """Work off requests for a few seconds and give a sign of life; any number may run at once."""
    now = timezone.now()
    Heartbeat.objects.bulk_create(
        [Heartbeat(name="worker", at=now)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["at"],
    )
    stop, done = time.monotonic() + LONGEST_RUN, 0
    while batch := recompute.recompute_requested():
        done += batch
        if time.monotonic() > stop:
            break
    return done


@shared_task
def work_out_fair_scores() -> int:
    """Take severity out of the scores of cycles that were closed; how many cycles."""
    done = 0
    while fair.refresh_requested():
        done += 1
    return done


@shared_task
def reconcile_scores() -> int:
    """Compare every stored score with its marks, log what differs, and mend it where the cycle is not closed.

    There should be nothing: a difference means that something changed marks without asking for a recompute.
    """
    found = 0
    settled = Scorecard.objects.exclude(pk__in=RecomputeRequest.objects.values("pk"))
    last = 0
    while ids := list(
        settled.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:RECONCILED_AT_ONCE]
    ):
        differing = recompute.differences(ids)
        for difference in differing:
            logger.error("A stored score differs: %s", difference)
        wrong = {difference.scorecard_id for difference in differing}
        recompute.request_recompute(Scorecard.objects.filter(pk__in=wrong).exclude(cycle__state=Cycle.CLOSED))
        found, last = found + len(wrong), ids[-1]
    return found
