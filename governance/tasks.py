"""What beat wakes workers for."""

from celery import shared_task

from governance import memory
from governance.services import reminders


@shared_task
def forget_old_changes() -> None:
    memory.forget_old_changes()


@shared_task
def make_reminders() -> None:
    """Tell people of the deadlines that have come near."""
    reminders.make_reminders()
