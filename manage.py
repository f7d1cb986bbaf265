#!/usr/bin/env python
"""Django's command line for VendorHub."""

import os
import sys


def main() -> None:
    """Run the command named on the command line; without a database or with wrong settings say what to do."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vendorhub.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import InterfaceError, OperationalError

    from vendorhub.outage import is_outage, where_is_the_database

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as wrong:
        sys.exit(str(wrong))
    except (OperationalError, InterfaceError) as error:
        if not is_outage(error):
            raise
        sys.exit(where_is_the_database(error))


if __name__ == "__main__":
    main()
