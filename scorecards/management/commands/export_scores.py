"""Writes the scores of a cycle to standard output."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.spreadsheets import neutral
from scorecards.figures import SLICE, category_scores, comparisons, criterion_scores
from scorecards.models import Category, Criterion, Cycle, FairScore, RecomputeRequest, Score, Scorecard
from scorecards.services.fair import rows_of

FIELDS = [
    "partner", "kind", "template", "score", "status", "coverage", "lower", "upper", "standing", "capped_by", "rank",
    "raters", "previous", "change", "adjusted", "adjusted_rank", "interval", "raters_severity_sd", "alpha",
]  # fmt: skip
TEXTS = {"partner", "kind", "template", "status", "standing", "capped_by"}
STORED = [
    "pk", "template", "partner__name", "partner__kind", "template__name", "score__overall", "score__status",
    "score__coverage", "score__lower", "score__upper", "score__standing", "score__capped_by__name", "score__raters",
]  # fmt: skip


class Command(BaseCommand):
    """`export_scores --cycle NAME --format json|csv`: a partner a row, in the order of their names."""

    help = (
        "Write the scores of a cycle: per cent as decimal strings with four decimals, null or empty where there is "
        "no score. A criterion whose name stands in several categories is called “category: name”. adjusted: the "
        "score with the severity of its raters taken out, interval: between what it lies 95 times of 100 (CSV: "
        "lower..upper), raters_severity_sd: how far the severities of its raters lie apart, alpha: how far the raters "
        "of the whole cycle agree (Krippendorff, ordinal). They are empty where they cannot be told; `rater_report` "
        "says why. A closed cycle gives what was kept, another what holds now."
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
        exported = _Export(cycle)
        if options["format"] == "json":
            self._write_json(exported)
        else:
            self._write_csv(exported)

    def _write_json(self, exported: "_Export") -> None:
        before = "[\n "
        for row, categories, criteria in exported.rows():
            parts = f'"categories": {_object(categories, 3)},\n  "criteria": {_object(criteria, 3)}\n }}'
            self.stdout.write(f"{before}{_object(row, 2)[:-3]},\n  {parts}", ending="")
            before = ",\n "
        self.stdout.write("[]" if before == "[\n " else "\n]")

    def _write_csv(self, exported: "_Export") -> None:
        names = exported.templates.values()
        categories = list(dict.fromkeys(name for one in names for _, name in one.categories))
        criteria = list(dict.fromkeys(name for one in names for _, name in one.criteria))
        writer = csv.writer(self.stdout, lineterminator="\n")
        headings = [
            *(f"category: {name}" for name in categories),
            *(f"criterion: {name}" for name in criteria),
        ]
        writer.writerow([*FIELDS, *map(neutral, headings)])
        for row, of_categories, of_criteria in exported.rows():
            row["interval"] = row["interval"] and "..".join(row["interval"])
            told = [neutral(value) if field in TEXTS else value for field, value in row.items()]
            writer.writerow([*told, *map(of_categories.get, categories), *map(of_criteria.get, criteria)])


class _Export:
    """The scorecards of a cycle, by name of partner, and the names of their `templates`."""

    def __init__(self, cycle: Cycle) -> None:
        cards = Scorecard.objects.filter(cycle=cycle).order_by("partner__name", "pk")
        self.cards = list(cards.values_list(*STORED))
        self.templates = {pk: _Names(pk) for pk in dict.fromkeys(card[1] for card in self.cards)}
        self.alpha, self.fair = _fair(cycle)

    def rows(self) -> Iterator[tuple[dict[str, Any], dict[str, str | None], dict[str, str | None]]]:
        """For each scorecard FIELDS, the scores of its categories and those of its criteria, by name."""
        compared = comparisons(card[0] for card in self.cards)
        for start in range(0, len(self.cards), SLICE):
            some = self.cards[start : start + SLICE]
            ids = [card[0] for card in some]
            categories, criteria = category_scores(ids), criterion_scores(ids)
            for pk, template, partner, kind, template_name, overall, status, *numbers in some:
                coverage, lower, upper, standing, capped_by, raters = numbers
                beside, names = compared[pk], self.templates[template]
                row = {
                    "partner": partner,
                    "kind": kind,
                    "template": template_name,
                    "score": _text(overall),
                    "status": status or Score.NONE,
                    "coverage": _text(coverage or 0),
                    "lower": _text(lower),
                    "upper": _text(upper),
                    "standing": standing or None,
                    "capped_by": capped_by,
                    "rank": beside.rank,
                    "raters": raters or 0,
                    "previous": _text(beside.previous),
                    "change": _text(_difference(overall, beside.previous)),
                    **_without_severity(self.fair.get(pk)),
                    "alpha": self.alpha,
                }
                yield (
                    row,
                    {name: _text(categories.get((pk, key))) for key, name in names.categories},
                    {name: _text(criteria.get((pk, key))) for key, name in names.criteria},
                )


def _fair(cycle: Cycle) -> tuple[str | None, dict[int, FairScore]]:
    """The cycle's agreement, and by scorecard what it comes to without severity."""
    if (found := rows_of(cycle, only_kept=True)) is None:
        return None, {}
    whole, _, scores = found
    return _text(whole.agreement["cycle"]["alpha"]), {score.scorecard_id: score for score in scores}


def _without_severity(score: FairScore | None) -> dict[str, Any]:
    if score is None:
        return dict.fromkeys(("adjusted", "adjusted_rank", "interval", "raters_severity_sd"))
    return {
        "adjusted": _text(score.adjusted),
        "adjusted_rank": score.rank,
        "interval": [_text(score.lower), _text(score.upper)],
        "raters_severity_sd": _text(score.severity_sd),
    }


class _Names:
    """Ids and names of a template's categories and criteria, in its order."""

    def __init__(self, template: int) -> None:
        criteria = list(Criterion.objects.filter(category__template=template).select_related("category"))
        times = Counter(criterion.name for criterion in criteria)
        self.categories = list(Category.objects.filter(template=template).values_list("pk", "name"))
        self.criteria = [
            (c.pk, c.name if times[c.name] == 1 else f"{c.category.name}: {c.name}") for c in criteria
        ]


def _object(pairs: dict[str, Any], indent: int) -> str:
    """As `json.dumps(…, indent=1)` writes it so far in, at a quarter of its cost: that does without C."""
    if not pairs:
        return "{}"
    text = json.dumps(pairs, ensure_ascii=False, separators=(f",\n{' ' * indent}", ": "))
    return f"{{\n{' ' * indent}{text[1:-1]}\n{' ' * (indent - 1)}}}"


def _difference(score: Decimal | None, previous: Decimal | None) -> Decimal | None:
    """Of the numbers as they stand in the export; pages show the difference of rounded ones."""
    return None if score is None or previous is None else score - previous


def _text(number: Any) -> str | None:
    return None if number is None else f"{number:.4f}"
