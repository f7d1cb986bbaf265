"""Templates: read from a table, copied into a new version, rescaled, activated, written out again."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from accounts.models import RATER_ROLES
from scorecards.models import STANDINGS, Band, Category, Criterion, Template
from scorecards.numbers import NotANumber, parse_decimal

HEADER = [
    "category", "category_weight", "criterion", "weight", "kind", "metric", "roles", "critical_minimum",
]  # fmt: skip
BUILTIN = [
    ("Strategic technology vendor", "vendor", "strategic-technology-vendor"),
    ("Solution provider", "provider", "solution-provider"),
    ("Internal partner", "unit", "internal-partner"),
    ("Ourselves as a customer", "own", "ourselves-as-a-customer"),
]
_ROLES = {name for name, _ in RATER_ROLES}
_LONGEST = 200


@dataclass
class Problem:
    """A row that cannot be used: its line in the file, the column and a sentence."""

    line: int
    column: str
    reason: str


@dataclass
class Reading:
    """What a template table says: criteria by category, or the problems that keep it from being used."""

    rows: int = 0
    categories: dict[str, tuple[Decimal, list[Criterion]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_template(text: str, *, scale: tuple[int, int] = (1, 5)) -> Reading:
    """Read a template table (CSV with the columns of HEADER and anchor_1 … anchor_n). Writes nothing."""
    reading = Reading()
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    try:
        names = [name.strip().lower() for name in reader.fieldnames or []]
        reader.fieldnames = names
        missing = [
            name for name in ("category", "category_weight", "criterion", "weight") if name not in names
        ]
        if missing:
            columns = ", ".join(missing)
            reading.problems.append(
                Problem(1, missing[0], f"The first line must name the columns; missing: {columns}.")
            )
            return reading
        for row in reader:
            if any((value or "").strip() for value in row.values() if isinstance(value, str)):
                reading.rows += 1
                _read_row(reading, row, reader.line_num, scale)
    except csv.Error as error:
        reading.problems.append(Problem(reader.line_num, "", f"This is not a readable CSV file: {error}."))
    if not reading.rows and not reading.problems:
        reading.problems.append(Problem(1, "", "The file holds no criteria."))
    return reading


def _read_row(reading: Reading, row: dict, line: int, scale: tuple[int, int]) -> None:
    def say(column: str, reason: str) -> None:
        reading.problems.append(Problem(line, column, reason))

    def text(column: str) -> str:
        return " ".join((row.get(column) or "").split())

    def number(column: str, most: int) -> Decimal | None:
        try:
            return parse_decimal(text(column), least=0, most=most, places=4)
        except NotANumber as error:
            say(column, str(error))
            return None

    before = len(reading.problems)
    category, name = text("category"), text("criterion")
    for column, value in (("category", category), ("criterion", name)):
        if not value:
            say(column, f"The {column} has no name.")
        elif len(value) > _LONGEST or "\x00" in value:
            say(column, f"The name of the {column} is too long: at most {_LONGEST} characters.")
    category_weight, weight = number("category_weight", 10_000), number("weight", 10_000)
    kind = text("kind").lower() or Criterion.RATED
    if kind not in (Criterion.RATED, Criterion.MEASURED):
        say("kind", f"“{kind}” is neither rated nor measured.")
    roles = [
        role
        for role in text("roles").lower().replace(";", " ").replace("|", " ").replace(",", " ").split()
        if role
    ]
    if unknown := [role for role in roles if role not in _ROLES]:
        say("roles", f"Unknown role “{unknown[0]}”. Roles are {', '.join(sorted(_ROLES))}; empty means all.")
    critical = number("critical_minimum", 100) if text("critical_minimum") else None
    anchors = [text(f"anchor_{level}") for level in range(1, scale[1] - scale[0] + 2)]
    if any(len(anchor) > 500 for anchor in anchors):
        say("anchor_1", "An anchor is longer than 500 characters.")
    known = reading.categories.get(category)
    if known and category_weight is not None and known[0] != category_weight:
        say("category_weight", f"“{category}” has weight {known[0]} above and {category_weight} here.")
    if known and any(criterion.name == name for criterion in known[1]):
        say("criterion", f"“{name}” stands twice in “{category}”.")
    if len(reading.problems) > before:
        return
    criteria = reading.categories.setdefault(category, (category_weight, []))[1]
    criteria.append(
        Criterion(
            name=name, weight=weight, position=len(criteria), kind=kind, metric=text("metric")[:60], roles=roles,
            critical_minimum=critical, anchors=anchors if any(anchors) else [],
        )
    )  # fmt: skip


@transaction.atomic
def import_template(
    text: str, *, name: str, kind: str = "vendor", scale: tuple[int, int] = (1, 5), activate_it: bool = False
) -> tuple[Template | None, Reading]:
    """Make a draft (the next version of `name`) from a table, and activate it if asked.

    Returns (None, reading) with the problems when any row cannot be used: nothing is written then. Raises
    ValidationError when it cannot be activated, or when a draft of that name is being worked on.
    """
    reading = read_template(text, scale=scale)
    if reading.problems:
        return None, reading
    template = _new_draft(name, kind=kind, scale_min=scale[0], scale_max=scale[1])
    Band.objects.bulk_create(
        Band(template=template, letter=letter, name=band, lower=lower) for letter, band, lower in STANDINGS
    )
    for position, (category_name, (weight, criteria)) in enumerate(reading.categories.items()):
        category = Category.objects.create(
            template=template, name=category_name, weight=weight, position=position
        )
        for criterion in criteria:
            criterion.category = category
        Criterion.objects.bulk_create(criteria)
    if activate_it:
        template = activate(template)
    return template, reading


def _new_draft(name: str, **fields: object) -> Template:
    """Make the next version of a template name as a draft."""
    if Template.objects.filter(name=name, state=Template.DRAFT).exists():
        raise ValidationError(
            f"“{name}” already has a draft that is being worked on. Activate or discard it first."
        )
    latest = Template.objects.filter(name=name).aggregate(latest=Max("number"))["latest"] or 0
    return Template.objects.create(name=name, number=latest + 1, **fields)


@transaction.atomic
def new_version(template: Template) -> Template:
    """Copy a template, with bands, categories and criteria, into a draft of its next version."""
    draft = _new_draft(
        template.name,
        **{
            name: getattr(template, name)
            for name in (
                "kind",
                "scale_min",
                "scale_max",
                "minimum_coverage",
                "minimum_raters",
                "role_weights",
            )
        },
    )
    for band in template.bands.all():
        band.pk, band.template = None, draft
        band.save(force_insert=True)
    for category in template.categories.all():
        criteria = list(category.criteria.all())
        category.pk, category.template = None, draft
        category.save(force_insert=True)
        for criterion in criteria:
            criterion.pk, criterion.category = None, category
        Criterion.objects.bulk_create(criteria)
    return draft


def weight_problems(template: Template) -> list[str]:
    """Why the template cannot be activated yet, as sentences; empty when it can."""
    categories = list(template.categories.prefetch_related("criteria"))
    if not categories:
        return ["The template has no categories yet."]
    sentences = []
    total = sum(category.weight for category in categories)
    if total != 100:
        sentences.append(
            f"The categories’ weights add up to {total.normalize():f}; they must add up to exactly 100."
        )
    for category in categories:
        criteria = list(category.criteria.all())
        total = sum((criterion.weight for criterion in criteria), Decimal(0))
        if not criteria:
            sentences.append(f"“{category.name}” has no criteria yet.")
        elif total != 100:
            sentences.append(
                f"The criteria of “{category.name}” add up to {total.normalize():f}; they must add up to exactly 100."
            )
    return sentences


@transaction.atomic
def activate(template: Template) -> Template:
    """Make a draft the version that new cycles use; the one before retires. Raises ValidationError with the reasons."""
    template = Template.objects.select_for_update().get(pk=template.pk)
    if template.state != Template.DRAFT:
        raise ValidationError(f"{template} is not a draft.")
    if sentences := weight_problems(template):
        raise ValidationError(sentences)
    Template.objects.filter(name=template.name, state=Template.ACTIVE).update(state=Template.RETIRED)
    template.state = Template.ACTIVE
    template.version += 1
    template.save(update_fields=["state", "version"])
    return template


@transaction.atomic
def discard_draft(template: Template) -> None:
    """Delete a draft for good."""
    draft = Template.objects.select_for_update().filter(pk=template.pk, state=Template.DRAFT).first()
    if draft is None:
        raise ValidationError(f"{template} is not a draft; versions that were used are kept.")
    draft.delete()


def normalise(weights: Sequence[Decimal]) -> list[Decimal]:
    """Rescale weights so that they add up to exactly 100, with two decimals (largest remainder first).

    All zero (or none): shared out equally.
    """
    if not weights:
        return []
    total = sum(weights)
    exact = [Decimal(100) * (weight / total if total else Decimal(1) / len(weights)) for weight in weights]
    floors = [value.quantize(Decimal("0.01"), ROUND_DOWN) for value in exact]
    missing = int((Decimal(100) - sum(floors)) * 100)
    for index in sorted(range(len(exact)), key=lambda i: (floors[i] - exact[i], i))[:missing]:
        floors[index] += Decimal("0.01")
    return floors


@transaction.atomic
def normalise_template(template: Template) -> None:
    """Rescale a draft's categories, and the criteria of each, to exactly 100."""
    categories = list(template.categories.prefetch_related("criteria"))
    _rescale(categories)
    Category.objects.bulk_update(categories, ["weight"])
    for category in categories:
        criteria = list(category.criteria.all())
        _rescale(criteria)
        Criterion.objects.bulk_update(criteria, ["weight"])


def _rescale(rows: Sequence[Category] | Sequence[Criterion]) -> None:
    for row, weight in zip(rows, normalise([row.weight for row in rows]), strict=True):
        row.weight = weight


def template_rows(template: Template) -> tuple[list[str], Iterable[list]]:
    """The template as the table `read_template` reads: (header, rows)."""
    levels = template.scale_max - template.scale_min + 1
    header = [*HEADER, *(f"anchor_{level}" for level in range(1, levels + 1))]
    return header, [
        [
            category.name, f"{category.weight.normalize():f}", criterion.name, f"{criterion.weight.normalize():f}",
            criterion.kind, criterion.metric, " ".join(criterion.roles),
            "" if criterion.critical_minimum is None else f"{criterion.critical_minimum.normalize():f}",
            *(criterion.anchors + [""] * levels)[:levels],
        ]
        for category in template.categories.prefetch_related("criteria")
        for criterion in category.criteria.all()
    ]  # fmt: skip


def load_builtin() -> int:
    """Load and activate the built-in templates that are not there yet; returns how many were made."""
    made = 0
    folder = Path(__file__).resolve().parent.parent / "builtin"
    for name, kind, file_name in BUILTIN:
        if not Template.objects.filter(name=name).exists():
            text = (folder / f"{file_name}.csv").read_text(encoding="utf-8")
            import_template(text, name=name, kind=kind, activate_it=True)
            made += 1
    return made
