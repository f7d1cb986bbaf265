"""The demo portfolio: load it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.demo.load import NotEmpty, load_demo


class Command(BaseCommand):
    help = "Load the demo portfolio into an empty database."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            demo = load_demo()
        except NotEmpty as reason:
            raise CommandError(str(reason)) from None
        self.stdout.write(f"{len(demo.partners)} demo partners loaded")
