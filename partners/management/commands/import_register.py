"""Import a contract register (CSV or XLSX) from the command line, with the same engine as the browser."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import IntegrityError

from accounts.uploads import opened
from partners.register.columns import FIELDS, MappingError
from partners.register.reading import read_table
from partners.register.safety import Refused
from partners.services.register import Options, read_register


class Command(BaseCommand):
    """`import_register FILE [--map FIELD=COLUMN]… [--unit NAME] [--dry-run] [--json]`."""

    help = __doc__
    requires_system_checks: list[str] = []  # the pages of the site are none of its business

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--map", action="append", default=[], metavar="FIELD=COLUMN",
            help=f"Read FIELD from the column with this heading or letter; FIELD= takes it from no column; "
            f"FIELD==VALUE gives every row that value (currency==AUD). Fields: {', '.join(FIELDS)}.",
        )  # fmt: skip
        parser.add_argument(
            "--unit", metavar="NAME", default="", help="Put everything into this business unit."
        )
        parser.add_argument("--sheet", metavar="NAME", default="", help="Read this sheet of a workbook.")
        parser.add_argument("--dates", choices=["dmy", "mdy"], default="", help="How 03/04/2026 is meant.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would be done and do nothing.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object as the last line.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report, usable = self._import(options)
        except (Refused, MappingError) as unusable:
            report, usable = _refusal(str(unusable)), False
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=True))
        else:
            self._print(report, dry=options["dry_run"])
        if not usable:
            sys.exit(1)

    def _import(self, options: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        columns, constants = _parse_map(options["map"])
        path: Path = options["file"]
        unit = " ".join(options["unit"].split())
        if len(unit) > 200 or not unit.isprintable():
            raise MappingError(
                "The name of the business unit must be one line of up to 200 characters.", "unit"
            )
        chosen = Options(columns, constants, unit or None, {}, options["dates"], options["sheet"])
        try:
            with opened(path) as file:
                table = read_table(file, path.name, sheet=options["sheet"])
        except OSError as missing:
            raise Refused(f"{path} cannot be read: {missing.strerror}.") from missing
        try:
            outcome = read_register(table, user=None, options=chosen, write=not options["dry_run"])
        except IntegrityError as error:
            raise Refused(
                "Partners or contracts were merged or removed meanwhile, so nothing was written. Try again."
            ) from error
        return outcome.report(), not outcome.nothing_usable

    def _print(self, report: dict[str, Any], *, dry: bool) -> None:
        write = self.stdout.write
        for problem in report["problems"]:
            where = f"line {problem['line']}" if problem["line"] else "file"
            column = f", {problem['column']}" if problem["column"] else ""
            write(f"{where}{column}: {problem['reason']}")
        for note in report["notes"]:
            write(f"note: {note}")
        for done in ("created", "updated", "unchanged"):
            write(f"{done}: {report[done]['partners']:,} partners, {report[done]['contracts']:,} contracts")
        write(
            f"{report['read']:,} rows read, {report['rejected']:,} rejected{'; nothing was written (dry run)' * dry}"
        )


def _parse_map(items: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """FIELD=COLUMN and FIELD==VALUE as (columns, constants)."""
    columns: dict[str, str] = {}
    constants: dict[str, str] = {}
    for item in items:
        name, sign, value = item.partition("=")
        name = name.strip()
        if not sign or name not in FIELDS:
            raise MappingError(f"--map {item}: write FIELD=COLUMN, with FIELD one of {', '.join(FIELDS)}.")
        if value.startswith("="):
            constants[name] = value[1:].strip()
        else:
            columns[name] = value
    return columns, constants


def _refusal(reason: str) -> dict[str, Any]:
    nothing = {"partners": 0, "contracts": 0}
    return {
        "read": 0, "created": nothing, "updated": nothing, "unchanged": nothing, "rejected": 0,
        "problems": [{"line": 0, "column": "", "reason": reason}], "notes": [],
    }  # fmt: skip
