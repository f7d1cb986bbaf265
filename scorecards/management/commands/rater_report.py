"""Writes how severe the raters of a cycle are."""

import csv
import json
from collections import Counter
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.spreadsheets import neutral
from scorecards.models import Cycle, FairCycle, FairRater
from scorecards.services.fair import rows_of

VARIANCES = ("target", "rater", "residual")


class Command(BaseCommand):
    """`rater_report --cycle NAME --format json|csv`: a rater a row, in the order of their names."""

    help = (
        "Write how severe the raters of a cycle are: points of per cent, positive is generous, and adjusted rating = "
        "rating − effect. Effects compare inside a component: raters and partners that hang together by ratings. "
        "JSON has the variances (target: a criterion of a partner, rater, residual) in “variance_components”; "
        "with CSV they go to standard error. Of raters of fewer than three partners, and of partners with a single rater, nothing can be "
        "told: they are left out. A closed cycle gives what was kept, another what holds now."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--cycle", required=True, metavar="NAME")
        parser.add_argument("--format", choices=["json", "csv"], default="json")

    def handle(self, *args: Any, **options: Any) -> None:
        cycle = Cycle.objects.filter(name__iexact=options["cycle"].strip().replace("\0", "")).first()
        if cycle is None:
            raise CommandError(f"There is no cycle “{options['cycle']}”.")
        whole, raters, _ = rows_of(cycle, only_raters=True)
        if whole.reason:
            self.stderr.write(f"Severity was not worked out. {whole.reason}")
        self._write_json(cycle, whole, raters) if options["format"] == "json" else self._write_csv(
            whole, raters
        )

    def _write_json(self, cycle: Cycle, whole: FairCycle, raters: list[FairRater]) -> None:
        names = _names(raters)
        told = {
            "cycle": cycle.name,
            "reason": whole.reason or None,
            "variance_components": {name: _text(getattr(whole, name)) for name in VARIANCES},
            "raters": [
                {
                    "rater": names[row.rater_id], "n": row.n, "effect": _text(row.effect), "se": _text(row.se),
                    "component": row.component,
                }
                for row in raters
            ],
        }  # fmt: skip
        self.stdout.write(json.dumps(told, ensure_ascii=False, indent=1))

    def _write_csv(self, whole: FairCycle, raters: list[FairRater]) -> None:
        writer = csv.writer(self.stdout, lineterminator="\n")
        writer.writerow(["rater", "n", "effect", "se", "component"])
        names = _names(raters)
        for row in raters:
            writer.writerow([neutral(names[row.rater_id]), row.n, row.effect, row.se, row.component])
        if not whole.reason:
            told = ", ".join(f"{name} {_text(getattr(whole, name))}" for name in VARIANCES)
            self.stderr.write(f"Variance components: {told}")


def _names(raters: list[FairRater]) -> dict[int, str]:
    """Their names; with the address where two share one."""
    times = Counter(str(row.rater) for row in raters)
    return {
        row.rater_id: str(row.rater)
        if times[str(row.rater)] == 1
        else f"{row.rater} <{row.rater.email or row.rater_id}>"
        for row in raters
    }


def _text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:.4f}"
