"""Sends what waits in the outbox."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.services.mail import send_due_mail


class Command(BaseCommand):
    help = "Send the mail that is due, for a minute. With --drain, go on until nothing is due."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--drain", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMAIL_HOST:
            raise CommandError(
                "No mail server is set: give EMAIL_HOST. Nothing was sent; mail waits in the outbox."
            )
        sent = send_due_mail(seconds=float("inf") if options["drain"] else 60)
        self.stdout.write(f"{sent} sent")
