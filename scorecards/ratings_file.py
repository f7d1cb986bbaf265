"""Reads a table of ratings, a row a cell: partner, kind, rater, role, criterion, rating, comment."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError

from accounts.fields import refuse_hidden_signs, refuse_unreadable
from accounts.models import RATER_ROLES
from accounts.uploads import Problem, heading_problem, separator
from partners.models import KINDS
from scorecards.models import Criterion, Template

COLUMNS = ["partner", "kind", "rater", "role", "criterion", "rating", "comment"]
NEEDED = ["partner", "rater", "criterion", "rating"]
NOT_APPLICABLE = "n/a"
MOST_BLANK = 100  # lines before the headings
LONGEST = {"partner": 300, "rater": 200, "comment": 5000}
# Spreadsheets write 4 as 4.0 when a column holds decimals; anything that is not whole is refused, not rounded.
_WHOLE = re.compile(r"(-?[0-9]{1,6})(?:\.0+)?", re.ASCII)


class Cell(NamedTuple):
    """One accepted row. `value` None and not `not_applicable`: not answered."""

    line: int
    partner: str
    kind: str
    rater: str
    role: str
    criterion: Criterion
    value: int | None
    not_applicable: bool
    comment: str


@dataclass
class RatingsFile:
    """What a file holds: the cells that can be used, and why the other rows cannot."""

    read: int = 0
    cells: list[Cell] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class _Bad(Exception):
    """A row that cannot be used: the column and a sentence."""


def read_ratings(lines: Iterable[str], template: Template) -> RatingsFile:
    """Read the lines of a CSV file for a template. Every bad row is named, and no good one is lost for it."""
    found = RatingsFile()
    lines = iter(lines)
    header, skipped = next(lines, ""), 0
    while not header.strip() and skipped < MOST_BLANK:
        header, skipped = next(lines, ""), skipped + 1
    delimiter = separator(header)
    names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
    if problem := heading_problem(names, NEEDED, COLUMNS):
        found.problems.append(problem)
        return found
    if unknown := [name for name in names if name and name not in COLUMNS]:
        found.notes.append(f"Columns that are not read: {', '.join(unknown)}.")
    parse = _parser(template)
    seen: dict[tuple[str, str, int], int] = {}
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        line = reader.line_num + 2 + skipped
        try:
            row = next(reader, None)
            if row is None:
                break
            if not any(map(str.strip, row)):
                continue
            found.read += 1
            if any(row[len(names) :]):  # empty cells to the right are what spreadsheets leave
                raise _Bad("", "The row has more cells than the first line names columns.")
            cell = parse(line, dict(zip(names, row, strict=False)))
            first = seen.setdefault((cell.partner.casefold(), cell.rater.casefold(), cell.criterion.pk), line)
            if first != line:
                raise _Bad("criterion", f"The same cell is already on line {first}.")
            found.cells.append(cell)
        except _Bad as bad:
            found.problems.append(Problem(line, *bad.args))
        except csv.Error as error:
            found.read += 1
            found.problems.append(Problem(line, "", f"This line is not readable CSV: {error}."))
    if not found.read:
        found.problems.append(Problem(1, "", "The file has no rows below its headings."))
    return found


def _parser(template: Template) -> Callable[[int, dict[str, str]], Cell]:
    """A function that turns a row into a cell, or raises _Bad; what many rows share is worked out once."""
    kinds, roles = _by_any_name(KINDS), _by_any_name(RATER_ROLES)
    criteria, ambiguous = _criteria(template)
    marks: dict[str, Any] = {}

    def parse(line: int, row: dict[str, str]) -> Cell:
        partner, rater = _name(row, "partner"), _name(row, "rater")
        kind = _chosen(row, "kind", kinds)
        role = _chosen(row, "role", roles)
        comment = _text(row, "comment")
        name = _text(row, "criterion")
        criterion = criteria.get(_folded(name))
        if criterion is None:
            raise _Bad("criterion", _unknown(name, template, ambiguous))
        if criterion.kind == Criterion.MEASURED:
            raise _Bad("criterion", f"“{criterion.name}” is measured, nobody rates it.")
        rating = row.get("rating", "")
        if rating not in marks:
            marks[rating] = _mark(rating.strip(), template)
        value, not_applicable, reason = marks[rating]
        if reason:
            raise _Bad("rating", reason)
        return Cell(line, partner, kind, rater, role, criterion, value, not_applicable, comment)

    return parse


def _by_any_name(choices: list[tuple[str, str]]) -> dict[str, str]:
    return {_folded(name): key for key, label in choices for name in (key, label)} | {"": ""}


def _criteria(template: Template) -> tuple[dict[str, Criterion], set[str]]:
    """Criteria by name, and by "category: name"; names that stand in several categories only by the latter."""
    criteria = list(Criterion.objects.filter(category__template=template).select_related("category"))
    times = Counter(_folded(criterion.name) for criterion in criteria)
    found = {_folded(f"{c.category.name}: {c.name}"): c for c in criteria}
    found |= {_folded(c.name): c for c in criteria if times[_folded(c.name)] == 1}
    return found, {name for name, number in times.items() if number > 1}


def _unknown(name: str, template: Template, ambiguous: set[str]) -> str:
    if not name:
        return "The criterion is missing."
    if _folded(name) in ambiguous:
        return f"“{name}” stands in several categories; write “Category: {name}”."
    return f"“{name[:80]}” is not a criterion of {template}."


def _mark(text: str, template: Template) -> tuple[int | None, bool, str]:
    """(value, not applicable, what is wrong)."""
    if not text or text.casefold() == NOT_APPLICABLE:
        return None, bool(text), ""
    scale = f"the scale from {template.scale_min} to {template.scale_max}"
    whole = _WHOLE.fullmatch(text)
    if not whole:
        typed = f"“{text[:20]}”" if text.isprintable() else "This"
        return None, False, f"{typed} is not a whole number on {scale}, nor n/a."
    value = int(whole[1])
    if not template.scale_min <= value <= template.scale_max:
        return None, False, f"{value} is not on {scale}."
    return value, False, ""


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _text(row: dict[str, str], column: str) -> str:
    text = row.get(column, "").strip()
    try:
        refuse_unreadable(text, column)
    except ValidationError as refused:
        raise _Bad(column, refused.message) from None
    if len(text) > LONGEST.get(column, 1000):
        raise _Bad(column, f"It is longer than {LONGEST.get(column, 1000):,} characters.")
    return text


def _name(row: dict[str, str], column: str) -> str:
    name = " ".join(_text(row, column).split())
    if not name:
        raise _Bad(column, f"The {column} is missing.")
    try:
        refuse_hidden_signs(name)
    except ValidationError as refused:
        raise _Bad(column, refused.message) from None
    return name


def _chosen(row: dict[str, str], column: str, choices: dict[str, str]) -> str:
    typed = _folded(row.get(column, ""))
    if typed not in choices:
        known = ", ".join(sorted({key for key in choices.values() if key}))
        raise _Bad(column, f"“{typed[:40]}” is not one of {known}.")
    return choices[typed]
