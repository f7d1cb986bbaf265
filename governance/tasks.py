"""What beat wakes workers for."""

from celery import shared_task

from governance import memory
from governance.services import actions, agenda, forums, packs, reminders


@shared_task
def forget_old_changes() -> None:
    memory.forget_old_changes()


@shared_task
def make_reminders() -> None:
    """Tell people of the deadlines that have come near."""
    reminders.make_reminders()


@shared_task
def plan_meetings() -> int:
    """Plan a year ahead, then draft what is to be discussed within a month."""
    forums.plan_all()
    return agenda.draft_next()


# A pack of two hundred partners takes minutes; told twice, the second worker finds it held and leaves it alone.
@shared_task(soft_time_limit=3500, time_limit=3600)
def make_waiting_packs() -> int:
    """Write and print the packs that people asked for."""
    return packs.make_waiting_packs()


@shared_task
def remind_owners() -> int:
    """Tell our owners of actions that come due or are overdue."""
    return actions.remind_owners()
