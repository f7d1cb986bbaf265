"""Takes ratings from a CSV file into a cycle and works out the scores."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.uploads import Problem, opened
from partners.register.reading import find_encoding
from scorecards.ratings_file import COLUMNS
from scorecards.services.ratings_import import CannotImport, Report, import_ratings
from scorecards.services.recompute import drain


class Command(BaseCommand):
    """`import_ratings FILE --cycle NAME --template NAME [--create] [--json]`."""

    help = (
        f"Take ratings from a CSV file with the columns {', '.join(COLUMNS)}; rating empty: not answered, n/a: not "
        "applicable. Assessments count as submitted. Rows that cannot be used are listed, the others taken."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--cycle", required=True, metavar="NAME")
        parser.add_argument("--template", required=True, metavar="NAME")
        parser.add_argument(
            "--create", action="store_true",
            help="Make missing partners, raters (as people without login) and the cycle.",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", help="Print one JSON object as the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = self._import(options)
        except CannotImport as unusable:
            report = Report(problems=[Problem(0, "", str(unusable))])
        for problem in sorted(report.problems):
            where = f"line {problem.line}: " if problem.line else ""
            self.stderr.write(f"{where}{f'{problem.column}: ' if problem.column else ''}{problem.reason}")
        for note in report.notes:
            self.stdout.write(f"note: {note}")
        told = report.as_json()
        for done in ("created", "updated", "unchanged"):
            counted = ", ".join(f"{number:,} {thing}" for thing, number in told[done].items() if number)
            self.stdout.write(f"{done}: {counted or 'nothing'}")
        self.stdout.write(f"{report.read:,} rows read, {told['rejected']:,} rejected")
        if options["json"]:
            self.stdout.write(json.dumps(told))
        if not report.accepted:
            sys.exit(1)

    def _import(self, options: dict[str, Any]) -> Report:
        path: Path = options["file"]
        try:
            with opened(path) as file:
                encoding = find_encoding(file)
            with path.open(encoding=encoding, newline="") as lines:
                report = import_ratings(
                    lines, cycle=options["cycle"], template=options["template"], create=options["create"]
                )
        except OSError as missing:
            raise CannotImport(f"{path} cannot be read: {missing.strerror}.") from missing
        except UnicodeError as broken:
            raise CannotImport("The file's text cannot be read. Save it as CSV in UTF-8.") from broken
        if encoding not in ("utf-8-sig", "utf-16"):
            report.notes.append(
                f"The file is not in UTF-8; it was read as {encoding.replace('cp1252', 'Windows-1252')}."
            )
        drain()
        return report
