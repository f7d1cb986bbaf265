"""Brings the database and the static files up to the code before the programs start: `python -m vendorhub.prepare`.

One process for all of it, since importing Django costs more than most steps. What it found goes to logs/prepare.json.
"""

import argparse
import json
import os
import sys
from typing import Any

import django
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from vendorhub.outage import is_outage, where_is_the_database


def migrate() -> None:
    """Apply the migrations. Notes the very first start in a file, so that one broken off is resumed."""
    if not MigrationRecorder(connection).applied_migrations():
        _first_start().touch()
    call_command("migrate", interactive=False, verbosity=1)


def _first_start() -> Any:
    return settings.DATA_DIR / "first-start"


def fill(*, demo: bool) -> None:
    """Load the built-in templates and, if wanted, the demo portfolio, into a database that was empty."""
    call_command("load_builtin")
    if demo:
        try:
            call_command("load_demo")
        except CommandError as refusal:
            print(f"load_demo: {refusal}")


def findings() -> dict[str, Any]:
    """What the launcher tells the person at the terminal."""
    from accounts.models import User
    from governance.demo import LOGINS, PASSWORD

    present = set(User.objects.filter(is_demo=True).values_list("email", flat=True))
    return {
        "people": User.objects.able_to_sign_in().exists(),
        "mail": bool(settings.EMAIL_HOST),
        "logins": [login for login in LOGINS if login[0] in present],
        "password": PASSWORD,
    }


def main() -> None:
    """Do all of it."""
    parser = argparse.ArgumentParser(prog="python -m vendorhub.prepare")
    parser.add_argument("--demo", action="store_true", help="load the demo portfolio into a new database")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vendorhub.settings")
    django.setup()
    try:
        migrate()
    except OperationalError as error:
        if not is_outage(error):
            raise
        sys.exit(where_is_the_database(error))
    call_command("collectstatic", interactive=False, verbosity=0)
    if _first_start().exists():
        fill(demo=options.demo and not settings.PRODUCTION)
        _first_start().unlink()
    (settings.DATA_DIR / "logs" / "prepare.json").write_text(json.dumps(findings()))


if __name__ == "__main__":
    main()
