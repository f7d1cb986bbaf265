"""Templates: read from a table, copied into a new version, rescaled, activated, written out again."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import IO

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.fields import refuse_hidden_signs
from accounts.models import RATER_ROLES
from accounts.numbers import NotANumber, parse_decimal
from accounts.spreadsheets import as_typed
from accounts.uploads import Problem, heading_problem, separator
from partners.register.reading import find_encoding
from scorecards import measures
from scorecards.models import Band, Category, Criterion, Template
from scorecards.scoring import STANDINGS

HEADER = [
    "category", "category_weight", "criterion", "weight", "kind", "metric", "roles", "critical_minimum", "floor", "target",
    "min_observations",
]  # fmt: skip
BUILTIN = [
    ("Strategic technology vendor", "vendor", "strategic-technology-vendor"),
    ("Solution provider", "provider", "solution-provider"),
    ("Internal partner", "unit", "internal-partner"),
    ("Ourselves as a customer", "own", "ourselves-as-a-customer"),
    ("Admission", "candidate", "admission"),
]
_ROLES = {name for name, _ in RATER_ROLES}
_LONGEST = 200
MOST_BYTES = 2_000_000


@dataclass
class Reading:
    """What a template table says: criteria by category, or the problems that keep it from being used."""

    rows: int = 0
    categories: dict[str, tuple[Decimal, list[Criterion]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def text_of(file: IO[bytes]) -> str:
    """The text of a template table as spreadsheets save it. Raises ValidationError if that cannot be."""
    if file.seek(0, 2) > MOST_BYTES:
        raise ValidationError("This file is larger than 2 MB; a template is a short table.")
    encoding = find_encoding(file)
    file.seek(0)
    try:
        text = file.read().decode(encoding)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise ValidationError("This is not a CSV file. Save it as “CSV UTF-8” and try again.")
    return text


def read_template(text: str, *, scale: tuple[int, int] = (1, 5)) -> Reading:
    """Read a template table (CSV with the columns of HEADER and anchor_1 … anchor_n). Writes nothing."""
    reading = Reading()
    text = text.removeprefix("\ufeff")
    line, delimiter = 1, separator(text.partition("\n")[0])
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = ["_".join(name.lower().split()) for name in reader.fieldnames or []]
        reader.fieldnames = names
        if problem := heading_problem(names, HEADER[:4]):
            reading.problems.append(problem)
            return reading
        line = reader.line_num + 1
        for row in reader:
            if any(value.strip() for value in row.values() if isinstance(value, str)):
                reading.rows += 1
                _read_row(reading, row, line, scale, delimiter)
            line = reader.line_num + 1
    except csv.Error as error:
        reason = f"This is not a readable CSV file: {error}. A quotation mark may be missing or one too many."
        reading.problems.append(Problem(line, "", reason))
    if not reading.rows and not reading.problems:
        reading.problems.append(Problem(1, "", "The file holds no criteria."))
    return reading


def _read_row(reading: Reading, row: dict, line: int, scale: tuple[int, int], delimiter: str) -> None:
    def say(column: str, reason: str) -> None:
        reading.problems.append(Problem(line, column, reason))

    def text(column: str) -> str:
        return as_typed(" ".join((row.get(column) or "").split()))

    def number(column: str, most: int) -> Decimal | None:
        try:
            return parse_decimal(_point(text(column), delimiter), least=0, most=most, places=4)
        except NotANumber as error:
            say(column, str(error))
            return None

    before = len(reading.problems)
    levels = scale[1] - scale[0] + 1
    if row.get(None):
        say("", "The row has more cells than there are columns. Put text that holds a comma in quotes.")
    for column, value in row.items():
        try:
            refuse_hidden_signs(value if isinstance(value, str) else "")
        except ValidationError as error:
            say(column or "", error.message)
    category, name = text("category"), text("criterion")
    for column, value in (("category", category), ("criterion", name)):
        if not value:
            say(column, f"The {column} has no name.")
        elif len(value) > _LONGEST:
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
    measured = measures.read_cells(kind, text, say)
    anchors = [text(f"anchor_{level}") for level in range(1, levels + 1)]
    for level, anchor in enumerate(anchors, 1):
        if len(anchor) > 500:
            say(f"anchor_{level}", "The sentence is longer than 500 characters.")
        elif not anchor and any(anchors):
            say(f"anchor_{level}", f"Write a sentence for each of the {levels} marks, or for none.")
    if text(f"anchor_{levels + 1}"):
        say(f"anchor_{levels + 1}", f"The scale from {scale[0]} to {scale[1]} has only {levels} marks.")
    known = reading.categories.get(category)
    if known and category_weight is not None and known[0] != category_weight:
        say("category_weight", f"“{category}” has weight {known[0]} above and {category_weight} here.")
    if not known and (
        alike := [above for above in reading.categories if above.casefold() == category.casefold()]
    ):
        say("category", f"“{category}” stands above as “{alike[0]}”. Write it the same way.")
    if known and any(criterion.name.casefold() == name.casefold() for criterion in known[1]):
        say("criterion", f"“{name}” stands twice in “{category}”.")
    if len(reading.problems) > before:
        return
    criteria = reading.categories.setdefault(category, (category_weight, []))[1]
    criteria.append(
        Criterion(
            name=name, weight=weight, position=len(criteria), kind=kind, roles=roles,
            critical_minimum=critical, anchors=anchors if any(anchors) else [], **measured,
        )
    )  # fmt: skip


def _point(text: str, delimiter: str) -> str:
    """The number with a decimal point. Where cells are parted by semicolons, spreadsheets write a comma: 13,8."""
    return text.replace(",", ".") if delimiter == ";" and text.count(",") == 1 and "." not in text else text


@transaction.atomic
def import_template(
    text: str, *, name: str, kind: str = "vendor", scale: tuple[int, int] = (1, 5), activate_it: bool = False
) -> tuple[Template | None, Reading]:
    """Make a draft (the next version of `name`) from a table, and activate it if asked.

    What a table does not hold (bands, coverage, raters, role weights, caps) comes from the version before, if there
    is one. Returns (None, reading) with the problems when any row cannot be used: nothing is written then. Raises
    ValidationError when it cannot be activated, or when a draft of that name is being worked on.
    """
    reading = read_template(text, scale=scale)
    if reading.problems:
        return None, reading
    name = " ".join(name.split())
    refuse_hidden_signs(name)
    if not 0 < len(name) <= _LONGEST:
        raise ValidationError(f"Give the template a name of at most {_LONGEST} characters.")
    before = Template.objects.filter(name=name).order_by("number").last()
    kept = {field: getattr(before, field) for field in _KEPT} if before else {}
    template = _new_draft(name, **{**kept, "kind": kind, "scale_min": scale[0], "scale_max": scale[1]})
    _copy_bands(before, template)
    caps = _caps(before)
    for position, (category_name, (weight, criteria)) in enumerate(reading.categories.items()):
        category = Category.objects.create(
            template=template, name=category_name, weight=weight, position=position
        )
        for criterion in criteria:
            criterion.category = category
            criterion.critical_cap = caps.get((category_name, criterion.name), "")
        Criterion.objects.bulk_create(criteria)
    if activate_it:
        template = activate(template)
    return template, reading


_KEPT = ("minimum_coverage", "minimum_raters", "role_weights")


def _new_draft(name: str, **fields: object) -> Template:
    """Make the next version of a template name as a draft."""
    latest = Template.objects.filter(name=name).order_by("number").last()
    try:
        with transaction.atomic():
            return Template.objects.create(name=name, number=latest.number + 1 if latest else 1, **fields)
    except IntegrityError:
        raise ValidationError(
            f"“{name}” already has a draft that is being worked on. Activate or discard it first."
        ) from None


def _copy_bands(before: Template | None, draft: Template) -> None:
    bands = before.bands.values_list("letter", "name", "lower") if before else STANDINGS
    Band.objects.bulk_create(
        Band(template=draft, letter=letter, name=name, lower=lower) for letter, name, lower in bands
    )


def _caps(template: Template | None) -> dict[tuple[str, str], str]:
    """Where a critical criterion caps the standing, by names of category and criterion."""
    capped = Criterion.objects.filter(category__template=template).exclude(critical_cap="")
    return {
        (category, name): cap
        for category, name, cap in capped.values_list("category__name", "name", "critical_cap")
    }


@transaction.atomic
def new_version(template: Template, *, weights: Mapping[str, Decimal] | None = None) -> Template:
    """Copy a template, with bands, categories and criteria, into a draft of its next version.

    `weights` replace those of categories (`g` and the id) and criteria (`c` and the id) they name.
    """
    weights = weights or {}
    fields = ("kind", "scale_min", "scale_max", *_KEPT)
    draft = _new_draft(template.name, **{name: getattr(template, name) for name in fields})
    _copy_bands(template, draft)
    for category in template.categories.all():
        criteria = list(category.criteria.all())
        category.weight = weights.get(f"g{category.pk}", category.weight)
        category.pk, category.template = None, draft
        category.save(force_insert=True)
        for criterion in criteria:
            criterion.weight = weights.get(f"c{criterion.pk}", criterion.weight)
            criterion.pk, criterion.category = None, category
        Criterion.objects.bulk_create(criteria)
    return draft


def lock_draft(template: Template) -> Template:
    """Read a draft again under lock. Raises ValidationError if it is none any more."""
    draft = Template.objects.select_for_update().filter(pk=template.pk, state=Template.DRAFT).first()
    if draft is None:
        raise ValidationError(f"{template} is not a draft any more. Make a new version to change it.")
    return draft


@transaction.atomic
def add_category(template: Template) -> Category:
    """A new last category that weighs nothing yet."""
    draft = lock_draft(template)
    names = set(draft.categories.values_list("name", flat=True))
    return Category.objects.create(
        template=draft, name=_unused("New category", names), weight=0, position=len(names)
    )


@transaction.atomic
def add_criterion(category: Category) -> Criterion:
    """A new last criterion of a category, that weighs nothing yet."""
    lock_draft(category.template)
    names = set(category.criteria.values_list("name", flat=True))
    return Criterion.objects.create(
        category=category, name=_unused("New criterion", names), weight=0, position=len(names)
    )


def _unused(name: str, taken: set[str]) -> str:
    number = 2
    free = name
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free


@transaction.atomic
def move(row: Category | Criterion, *, up: bool) -> None:
    """Let a category, or a criterion in its category, change places with the one before or after it."""
    parent = row.template if isinstance(row, Category) else row.category
    lock_draft(row.template if isinstance(row, Category) else row.category.template)
    listed = list(parent.categories.all() if isinstance(row, Category) else parent.criteria.all())
    place = listed.index(row)
    other = max(place - 1, 0) if up else min(place + 1, len(listed) - 1)
    listed[place], listed[other] = listed[other], listed[place]
    for position, sibling in enumerate(listed):
        sibling.position = position
    type(row).objects.bulk_update(listed, ["position"])


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
        sentences += [
            f"“{criterion.name}”: {reason}"
            for criterion in criteria
            if criterion.kind == Criterion.MEASURED and (reason := measures.problem_of(criterion))
        ]
    return sentences


@transaction.atomic
def activate(template: Template) -> Template:
    """Make a draft the version that new cycles use; the one before retires. Raises ValidationError with the reasons."""
    template = lock_draft(template)
    if sentences := weight_problems(template):
        raise ValidationError(sentences)
    before = Template.objects.filter(name=template.name, state=Template.ACTIVE)
    before.update(state=Template.RETIRED, version=F("version") + 1)
    template.state = Template.ACTIVE
    template.version += 1
    template.save(update_fields=["state", "version"])
    return template


@transaction.atomic
def discard_draft(template: Template) -> None:
    """Delete a draft for good."""
    lock_draft(template).delete()


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
    template = lock_draft(template)
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
            measures.plain(criterion.critical_minimum), *measures.cells_of(criterion),
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
