"""What beat wakes workers for: figures of partners whose evidence changed, and every night everybody's."""

import time

from celery import shared_task

from evidence.services import figures

LONGEST_RUN = 5  # seconds; the next run goes on where this one stops


@shared_task
def refresh_requested_figures() -> int:
    """Work off requests for a few seconds; any number may run at once."""
    stop, done = time.monotonic() + LONGEST_RUN, 0
    while batch := figures.refresh_requested():
        done += batch
        if time.monotonic() > stop:
            break
    return done


@shared_task
def refresh_all_figures() -> int:
    """Days have passed: what is open grew older, what is old no longer counts."""
    return figures.refresh_all()
