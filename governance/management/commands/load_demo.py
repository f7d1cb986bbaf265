"""The demo portfolio: load it."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from governance.demo import LOGINS, PASSWORD
from governance.demo.load import NotEmpty, load_demo


class Command(BaseCommand):
    help = "Load the demo portfolio into an empty database. `remove_demo` takes it out again."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            demo = load_demo()
        except NotEmpty as reason:
            raise CommandError(str(reason)) from None
        self.stdout.write(
            f"{len(demo.partners)} demo partners loaded. Sign in with the password {PASSWORD} as"
        )
        for address, role in LOGINS:
            self.stdout.write(f"  {address:28} {role}")
        if settings.PRODUCTION:
            self.stderr.write(
                "Warning: this is a production site. Everybody who knows the product knows this password. "
                "Run `manage.py remove_demo` before the first real data comes in."
            )
