"""Works out every notice deadline anew."""

from typing import Any

from django.core.management.base import BaseCommand

from partners.services.deadlines import recompute_deadlines


class Command(BaseCommand):
    help = "Work out every notice deadline anew, as the timer does every hour; for new holiday calendars at once."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{recompute_deadlines()} changed")
