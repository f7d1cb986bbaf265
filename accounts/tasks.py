"""Background work of this app."""

from celery import shared_task

from accounts.services.mail import send_due_mail


@shared_task
def send_queued_mail() -> None:
    """Send what waits in the outbox."""
    send_due_mail()
