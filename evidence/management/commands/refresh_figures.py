"""Works out figures at once, or says which stored ones are not what the entries come to."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from evidence.services.figures import differences, refresh_all
from partners.models import Partner


class Command(BaseCommand):
    """`refresh_figures [--verify]`."""

    help = (
        "Work out the figures of every partner as of today. --verify changes nothing; it exits with 1 and lists the "
        "differences when there are any."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--verify", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["verify"]:
            self.stdout.write(f"Figures of {refresh_all():,} partners worked out.")
            return
        ids = list(Partner.objects.values_list("pk", flat=True))
        found = list(differences(ids))
        for difference in found:
            self.stdout.write(str(difference))
        self.stdout.write(
            f"Figures of {len(ids):,} partners compared with their entries, {len(found):,} differ."
        )
        if found:
            sys.exit(1)
