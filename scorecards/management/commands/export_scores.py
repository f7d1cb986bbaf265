"""Writes the scores of a cycle to standard output."""

import csv
import json
from collections import Counter
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.spreadsheets import neutral
from scorecards.figures import category_scores, comparisons, criterion_figures
from scorecards.models import Criterion, Cycle, RecomputeRequest, Score, Scorecard, Template

FIELDS = [
    "partner", "kind", "template", "score", "status", "coverage", "lower", "upper", "standing", "capped_by", "rank",
    "raters", "previous", "change",
]  # fmt: skip


class Command(BaseCommand):
    """`export_scores --cycle NAME --format json|csv`: a partner a row, in the order of their names."""

    help = (
        "Write the scores of a cycle: per cent as decimal strings with four decimals, null or empty where there is "
        "no score. A criterion whose name stands in several categories is called “category: name”."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--cycle", required=True, metavar="NAME")
        parser.add_argument("--format", choices=["json", "csv"], default="json")

    def handle(self, *args: Any, **options: Any) -> None:
        cycle = Cycle.objects.filter(name__iexact=options["cycle"].strip().replace("\0", "")).first()
        if cycle is None:
            raise CommandError(f"There is no cycle “{options['cycle']}”.")
        waiting = RecomputeRequest.objects.filter(scorecard__cycle=cycle).count()
        if waiting:
            self.stderr.write(f"{waiting:,} scorecards wait to be recomputed; `recompute` does it at once.")
        rows = scores_of(cycle)
        if options["format"] == "json":
            self.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1))
        else:
            self._write_csv(rows)

    def _write_csv(self, rows: list[dict[str, Any]]) -> None:
        parts = {
            (part, name): None for part in ("categories", "criteria") for row in rows for name in row[part]
        }
        writer = csv.writer(self.stdout, lineterminator="\n")
        singular = {"categories": "category", "criteria": "criterion"}
        writer.writerow([*FIELDS, *(neutral(f"{singular[part]}: {name}") for part, name in parts)])
        for row in rows:
            scores = (row[part].get(name) for part, name in parts)
            numbers = {"score", "coverage", "lower", "upper", "rank", "raters", "previous", "change"}
            told = [row[field] if field in numbers else neutral(row[field]) for field in FIELDS]
            writer.writerow(["" if value is None else value for value in (*told, *scores)])


def scores_of(cycle: Cycle) -> list[dict[str, Any]]:
    """The scorecards of a cycle as plain dictionaries, by name of partner."""
    cards = list(
        Scorecard.objects.filter(cycle=cycle)
        .select_related("partner", "template", "score__capped_by")
        .order_by("partner__name", "pk")
    )
    templates = {template: _Names(template) for template in {card.template for card in cards}}
    ids = [card.pk for card in cards]
    categories, criteria, compared = category_scores(ids), criterion_figures(ids), comparisons(ids)
    rows = []
    for card in cards:
        score = getattr(card, "score", None) or Score(status=Score.NONE, coverage=0)
        names = templates[card.template]
        rows.append(
            {
                "partner": card.partner.name,
                "kind": card.partner.kind,
                "template": card.template.name,
                "score": _text(score.overall),
                "status": score.status,
                "coverage": _text(score.coverage),
                "lower": _text(score.lower),
                "upper": _text(score.upper),
                "standing": score.standing or None,
                "capped_by": score.capped_by.name if score.capped_by else None,
                "rank": compared[card.pk].rank,
                "raters": score.raters,
                "previous": _text(compared[card.pk].previous),
                "change": _text(_difference(score.overall, compared[card.pk].previous)),
                "categories": {name: _text(categories.get((card.pk, key))) for key, name in names.categories},
                "criteria": {name: _text(criteria[card.pk, key].score) for key, name in names.criteria},
            }
        )
    return rows


class _Names:
    """Ids and names of a template's categories and criteria, in its order."""

    def __init__(self, template: Template) -> None:
        criteria = list(Criterion.objects.filter(category__template=template).select_related("category"))
        times = Counter(criterion.name for criterion in criteria)
        self.categories = list(template.categories.values_list("pk", "name"))
        self.criteria = [
            (c.pk, c.name if times[c.name] == 1 else f"{c.category.name}: {c.name}") for c in criteria
        ]


def _difference(score: Decimal | None, previous: Decimal | None) -> Decimal | None:
    """Of the numbers as they stand in the export; pages show the difference of rounded ones."""
    return None if score is None or previous is None else score - previous


def _text(number: Any) -> str | None:
    return None if number is None else f"{number:.4f}"
