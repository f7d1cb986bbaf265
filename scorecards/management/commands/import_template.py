"""Makes a template version from a CSV table."""

import json
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandParser

from accounts.uploads import opened
from scorecards.models import TEMPLATE_KINDS, Template
from scorecards.services.templates import Reading, import_template, text_of


class Command(BaseCommand):
    help = (
        "Make a new version of a template from a CSV with the columns category, category_weight, criterion, weight, "
        "kind, metric, roles, critical_minimum, floor, target, min_observations, anchor_1 … anchor_5."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--name", required=True)
        parser.add_argument("--kind", default="vendor", choices=[kind for kind, _ in TEMPLATE_KINDS])
        parser.add_argument("--scale", nargs=2, type=int, default=(1, 5), metavar=("MIN", "MAX"))
        parser.add_argument("--activate", action="store_true")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        problems: list[dict] = []
        template, reading = None, Reading()
        try:
            template, reading = self._import(options)
            problems = [problem._asdict() for problem in reading.problems]
        except ValidationError as error:
            problems = [{"line": 0, "column": "", "reason": sentence} for sentence in error.messages]
        made = dict.fromkeys(("templates", "categories", "criteria"), 0)
        nothing = dict(made)
        if template:
            criteria = sum(len(listed) for _, listed in reading.categories.values())
            made = {"templates": 1, "categories": len(reading.categories), "criteria": criteria}
            self.stdout.write(
                f"{template}: {made['categories']} categories, {criteria} criteria, {template.state}"
            )
        for problem in problems:
            where = f"line {problem['line']}: " if problem["line"] else ""
            self.stderr.write(f"{where}{problem['reason']}")
        if options["json"]:
            self.stdout.write(
                json.dumps({
                    "read": reading.rows, "created": made, "updated": nothing, "unchanged": nothing,
                    "rejected": len({problem["line"] for problem in problems} - {0, 1}), "problems": problems,
                    "notes": [str(template)] if template else [],
                })
            )  # fmt: skip
        if template is None:
            raise SystemExit(1)

    def _import(self, options: dict[str, Any]) -> tuple[Template | None, Reading]:
        """Raises ValidationError with a sentence for what cannot be used at all."""
        lowest, highest = options["scale"]
        if not -100 <= lowest < highest <= 100:
            raise ValidationError("The scale must rise, within -100 to 100.")
        try:
            with opened(options["file"]) as file:
                text = text_of(file)
        except OSError as error:
            raise ValidationError(f"{options['file']} cannot be read: {error.strerror}.") from None
        return import_template(
            text,
            name=options["name"],
            kind=options["kind"],
            scale=(lowest, highest),
            activate_it=options["activate"],
        )
