"""Makes a template version from a CSV table."""

import json
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from partners.models import KINDS
from scorecards.services.templates import import_template, text_of


class Command(BaseCommand):
    help = (
        "Make a new version of a template from a CSV with the columns category, category_weight, criterion, weight, "
        "kind, metric, roles, critical_minimum, anchor_1 … anchor_5."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--name", required=True)
        parser.add_argument("--kind", default="vendor", choices=[kind for kind, _ in KINDS])
        parser.add_argument("--scale", nargs=2, type=int, default=(1, 5), metavar=("MIN", "MAX"))
        parser.add_argument("--activate", action="store_true")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        lowest, highest = options["scale"]
        if not -100 <= lowest < highest <= 100 or not options["name"].strip() or len(options["name"]) > 200:
            raise CommandError(
                "The scale must rise, within -100 to 100, and the name have 1 to 200 characters."
            )
        try:
            with options["file"].open("rb") as file:
                text = text_of(file)
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}.") from None
        except ValidationError as error:
            raise CommandError(f"{options['file']}: {error.message}") from None
        problems: list[dict] = []
        template = None
        read = rejected = criteria = 0
        categories = 0
        try:
            template, reading = import_template(
                text, name=options["name"].strip(), kind=options["kind"], scale=(lowest, highest),
                activate_it=options["activate"],
            )  # fmt: skip
            problems = [problem._asdict() for problem in reading.problems]
            read, rejected = reading.rows, len({problem.line for problem in reading.problems})
            if template:
                categories = len(reading.categories)
                criteria = sum(len(listed) for _, listed in reading.categories.values())
        except ValidationError as error:
            problems = [{"line": 0, "column": "", "reason": sentence} for sentence in error.messages]
        for problem in problems:
            self.stderr.write(f"line {problem['line']}: {problem['reason']}")
        if template:
            self.stdout.write(f"{template}: {categories} categories, {criteria} criteria, {template.state}")
        if options["json"]:
            made = {"templates": int(template is not None), "categories": categories, "criteria": criteria}
            nothing = dict.fromkeys(made, 0)
            self.stdout.write(
                json.dumps({
                    "read": read, "created": made, "updated": nothing, "unchanged": nothing, "rejected": rejected,
                    "problems": problems, "notes": [str(template)] if template else [],
                })
            )  # fmt: skip
        if template is None:
            raise SystemExit(1)
