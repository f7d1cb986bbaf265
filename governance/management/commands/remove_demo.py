"""The demo portfolio: remove it."""

from typing import Any

from django.core.management.base import BaseCommand

from governance.demo.remove import remove_demo


class Command(BaseCommand):
    help = "Remove everything the demo portfolio brought."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{remove_demo()} demo partners removed")
