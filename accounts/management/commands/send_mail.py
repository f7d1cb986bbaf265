"""Sends what waits in the outbox."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.services.mail import send_due_mail


class Command(BaseCommand):
    help = "Send the mail that is due. With --drain, go on until nothing is due."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--drain", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMAIL_HOST:
            raise CommandError(
                "No mail server is set: give EMAIL_HOST. Nothing was sent; mail waits in the outbox."
            )
        total = sent = send_due_mail()
        while options["drain"] and sent:
            sent = send_due_mail()
            total += sent
        self.stdout.write(f"{total} sent")
