"""Exchange rates from a file: what it would do, shown first; then all of it, or nothing."""

import hashlib
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import IO, Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.numbers import YEARS
from accounts.uploads import Problem, heading_problem
from partners.cost_forms import UnitsField
from partners.models import Rate
from partners.preview import Preview, left_out, seal, unseal
from partners.register.dates import DateReader
from partners.register.money import currency_code
from partners.register.reading import Table, read_table
from partners.register.safety import Refused
from partners.register.values import BadValue, clean_text, is_blank, shown
from partners.register.workbook import Cell
from partners.services.costs import current_rates

COLUMNS = ["currency", "rate", "from"]
MOST_RATES = 5_000


class Change(NamedTuple):
    """A rate of the file: `was` is the saved one of the same currency and day that it changes."""

    rate: Rate
    was: Rate | None


@dataclass
class Plan(Preview):
    """What a file would do, against the reporting currency there is."""

    changes: list[Change] = field(default_factory=list)
    stands: str = ""


def look_at(file: IO[bytes], name: str, *, user: Any) -> Plan:
    """Read a file of rates. Writes nothing; Refused for a file that cannot be used at all."""
    table, own = read_table(file, name), current_rates().currency
    rows, problems = _read(table, own)
    if problems:
        return Plan(
            problems=sorted(problems),
            notes=table.notes,
            left_out=left_out(table, problems, salt(user)),
        )
    return _plan(rows, own, user, notes=table.notes)


def confirm(sealed: str, *, user: Any) -> tuple[Plan, bool]:
    """Write what was shown. Not done where a rate of it or the reporting currency changed meanwhile."""
    rows, stood = unseal(sealed, salt(user))
    found = [(currency, Decimal(units), date.fromisoformat(first)) for currency, units, first in rows]
    try:
        with transaction.atomic():
            plan = _plan(found, current_rates().currency, user, lock=True)
            if plan.stands != stood:
                return plan, False
            Rate.objects.bulk_create([change.rate for change in plan.changes if not change.was])
            changed = [change.rate for change in plan.changes if change.was]
            Rate.objects.bulk_update(changed, ["units", "version"])
    except IntegrityError:  # somebody entered one of them at the same moment
        return _plan(found, current_rates().currency, user), False
    return plan, True


def salt(user: Any) -> str:
    """Whose preview it is."""
    return f"rates {user.pk}"


def _plan(
    rows: list[tuple[str, Decimal, date]], own: str, user: Any, *, lock: bool = False, notes: Any = ()
) -> Plan:
    saved = Rate.objects.filter(reporting=own).order_by("pk")
    known = {(row.currency, row.valid_from): row for row in (saved.select_for_update() if lock else saved)}
    plan = Plan(notes=list(notes))
    for currency, units, first in rows:
        was = known.get((currency, first))
        if was and was.units == units:
            plan.unchanged += 1
            continue
        rate = Rate(currency=currency, reporting=own, units=units, valid_from=first)
        if was:
            rate.pk, rate.version, rate.is_demo = was.pk, was.version + 1, was.is_demo
        plan.changes.append(Change(rate, was))
    seen = [(change.was.pk, change.was.version) if change.was else None for change in plan.changes]
    plan.stands = hashlib.sha256(repr((own, seen, plan.unchanged)).encode()).hexdigest()
    plain = [[currency, str(units), first.isoformat()] for currency, units, first in rows]
    plan.sealed = seal([plain, plan.stands], salt(user))
    return plan


def _read(table: Table, own: str) -> tuple[list[tuple[str, Decimal, date]], list[Problem]]:
    """The rates of a table, and why rows of it cannot be used."""
    names = [heading.strip().casefold() for heading in table.headings]
    if wrong := heading_problem(names, COLUMNS, COLUMNS):
        raise Refused(wrong.reason)
    if len(table.rows) > MOST_RATES:
        raise Refused(f"The file has {len(table.rows):,} rows; up to {MOST_RATES:,} rates are read at once.")
    places = {name: names.index(name) for name in COLUMNS}
    days = DateReader(table.column(places["from"]))
    readers = {"currency": lambda cell: _currency(cell, own), "rate": _units, "from": lambda cell: _day(days, cell)}  # fmt: skip
    rows, problems = [], [Problem(*problem) for problem in table.problems]
    lines: dict[tuple[str, date], int] = {}
    for row in table.rows:
        values: dict[str, Any] = {}
        for name, read in readers.items():
            cell = row.cells[places[name]]
            try:
                if is_blank(cell):
                    raise BadValue("is empty")
                values[name] = read(cell)
            except BadValue as bad:
                problems.append(Problem(row.line, name, str(bad)))
        if len(values) < len(COLUMNS):
            continue
        key = (values["currency"], values["from"])
        if key in lines:
            problems.append(Problem(row.line, "", f"is of the same currency and day as line {lines[key]}"))
        lines.setdefault(key, row.line)
        rows.append((values["currency"], values["rate"], values["from"]))
    return rows, problems


def _currency(cell: Cell, own: str) -> str:
    code = currency_code(cell)
    if code == own:
        raise BadValue(f"Sums are in {own}; it needs no rate")
    return code


def _units(cell: Cell) -> Decimal:
    """A rate as the form takes it; a spreadsheet's number is never quite exact."""
    text = f"{round(cell, 8).normalize():f}" if isinstance(cell, Decimal) else clean_text(cell)
    try:
        return UnitsField().to_python(text)
    except ValidationError as wrong:
        raise BadValue(f"{shown(cell)}: {wrong.messages[0].rstrip('.')}") from None


def _day(days: DateReader, cell: Cell) -> date:
    found = days.read(cell)
    if found.year not in YEARS:
        raise BadValue(f"{shown(cell)} is not between {YEARS.start} and {YEARS.stop - 1}")
    return found
