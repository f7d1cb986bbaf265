"""Loads the built-in templates."""

from typing import Any

from django.core.management.base import BaseCommand

from scorecards.services.templates import load_builtin


class Command(BaseCommand):
    help = (
        "Load and activate the built-in templates that are not there yet. Running it again changes nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{load_builtin()} templates loaded")
