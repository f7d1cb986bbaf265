"""What beat wakes workers for."""

from celery import shared_task

from governance import memory


@shared_task
def forget_old_changes() -> None:
    memory.forget_old_changes()
