"""Sends what waits in the outbox."""

import json
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count

from accounts.models import OutgoingMail
from accounts.services.mail import send_due_mail

UNDERWAY = (OutgoingMail.QUEUED, OutgoingMail.SENDING)


class Command(BaseCommand):
    help = "Send the mail that is due, for a minute. With --drain, go on until nothing is due. Safe to run twice, and at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--drain", action="store_true", help="go on until nothing is due")
        parser.add_argument(
            "--wait", action="store_true", help="with --drain: until nothing waits, pauses included"
        )
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMAIL_HOST:
            raise CommandError(
                "No mail server is set: give EMAIL_HOST. Nothing was sent; mail waits in the outbox."
            )
        sent = send_due_mail(seconds=float("inf") if options["drain"] else 60)
        while (
            options["drain"] and options["wait"] and OutgoingMail.objects.filter(state__in=UNDERWAY).exists()
        ):
            time.sleep(1)
            sent += send_due_mail(seconds=float("inf"))
        counts = dict(OutgoingMail.objects.order_by().values_list("state").annotate(Count("pk")))
        waiting = sum(counts.get(state, 0) for state in UNDERWAY)
        failed, held = counts.get(OutgoingMail.FAILED, 0), counts.get(OutgoingMail.AMBIGUOUS, 0)
        said = {"sent": sent, "waiting": waiting, "failed": failed, "ambiguous": held}
        self.stdout.write(f"{sent:,} sent, {waiting:,} waiting, {failed:,} failed, {held:,} ambiguous")
        if options["json"]:
            self.stdout.write(json.dumps(said))
