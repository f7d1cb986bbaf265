"""Celery tasks of partners: each calls one service and may run twice."""

from celery import shared_task

from partners.services import register


@shared_task
def run_waiting_imports() -> int:
    """Look at or write the registers that wait for it."""
    return register.run_waiting_imports()
