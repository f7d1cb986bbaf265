"""Celery tasks of partners: each calls one service and may run twice."""

from celery import shared_task

from partners.services import deadlines, register


# A large register may take minutes; told twice, the second worker finds it held and leaves it alone.
@shared_task(soft_time_limit=1500, time_limit=1560)
def run_waiting_imports() -> int:
    """Look at or write the registers that wait for it."""
    return register.run_waiting_imports()


@shared_task
def recompute_deadlines() -> int:
    """Follow the calendar: terms that have renewed themselves, holidays that were proclaimed."""
    return deadlines.recompute_deadlines()
