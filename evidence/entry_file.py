"""Entries as files hold them: the columns of a kind, and what a cell means to the form that people type into.

A row is judged by the same form as typing, so no rule stands twice.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms

from accounts.fields import DayField
from evidence.fields import MomentField, NumberField
from evidence.forms import EntryForm
from evidence.kinds import Kind
from evidence.models import Entry
from partners.fields import MoneyField
from partners.models import Partner
from partners.names import plain, plain_words
from partners.register.dates import DateReader
from partners.register.money import MoneyReader
from partners.register.reading import Table
from partners.register.safety import Refused
from partners.register.values import NO, YES, BadValue, clean_text, is_blank, shown
from partners.register.workbook import Cell, Moment

MOST_ROWS = 5_000
PARTNER = "partner"
# What other tools call a column, by the field it goes to.
SYNONYMS = {
    "partner": "partner|vendor|supplier|company|account|organisation|organization|lieferant",
    "reference": "reference|ticket|ticket number|ticket id|number|id|key|issue key|case|case number|nummer",
    "what": "what|title|summary|subject|short description|name|item|milestone|betreff|titel",
    "subject": "subject|title|summary|topic|what|betreff",
    "item": "item|product|what|position",
    "asked_on": "asked on|created|created on|opened|opened on|date|requested on|submitted|erstellt",
    "answered_on": "answered on|answered|resolved|resolved on|closed|closed on|completed|geschlossen",
    "opened_at": "opened|opened at|created|created at|reported|started|start",
    "acknowledged_at": "acknowledged|acknowledged at|responded|responded at|first response|response",
    "fixed_at": "fixed|fixed at|resolved|resolved at|closed|closed at|end|ended",
    "severity": "severity|priority|impact",
    "promised_on": "promised or asked on|promised on|announced|announced on|asked on|said on|date",
    "due_on": "first promised for|due|due on|due date|promised for|target date|deadline|fallig",
    "delivered_on": "delivered on|delivered|released|released on|done|done on",
    "withdrawn_on": "withdrawn on|withdrawn|cancelled|cancelled on|dropped",
    "met_on": "met on|met|completed|completed on|done|done on",
    "day": "day|date|when|on",
    "as_of": "as of|date|day",
    "shared_on": "shared on|shared|date|told on",
    "effect_on": "takes effect on|effective|effective on|effect",
    "note": "note|notes|description|comment|comments|remarks|beschreibung",
    "link": "link|url|address",
}


def columns(kind: Kind) -> dict[str, str]:
    """The columns of a kind's file: field and heading, the partner's first."""
    form = kind.form(instance=kind.model(partner=Partner()))  # type: ignore[misc]
    found = {PARTNER: PARTNER}
    return found | {
        name: plain_words(str(field.label)) for name, field in form.fields.items() if name != "version"
    }


def as_row(kind: Kind, entry: Entry, names: Iterable[str]) -> Sequence[Any]:
    """An entry in these columns."""
    form = kind.form(instance=entry)  # type: ignore[misc]
    return [entry.partner.name if name == PARTNER else _cell(form, name) for name in names]


def _cell(form: EntryForm, name: str) -> Any:
    value, field = form[name].value(), form.fields[name]
    if value in (None, ""):
        return ""
    if isinstance(field, forms.BooleanField):
        return "yes" if value else "no"
    if isinstance(field, forms.NullBooleanField):
        return "yes" if value is True else "no" if value is False else ""
    if isinstance(field, forms.ChoiceField):
        choices: Any = field.choices
        return {str(key): str(label) for key, label in choices}.get(str(value), value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return value


class EntryReader:
    """Reads the rows of a table as what a person would have typed; how days are written is judged by whole columns."""

    def __init__(self, kind: Kind, table: Table) -> None:
        self.kind, self.table = kind, table
        self.fields = kind.form(instance=kind.model(partner=Partner())).fields  # type: ignore[misc]
        self.places = _places(columns(kind), table.headings)
        if len(table.rows) > MOST_ROWS:
            raise Refused(f"The file has {len(table.rows):,} rows; up to {MOST_ROWS:,} are read at once.")
        if (kind.text and kind.text not in self.places) or not self.places:
            raise Refused(f"The first line must name the columns: {', '.join(columns(kind).values())}.")
        self.dates = {
            name: DateReader(_day_part(cell) for cell in table.column(place))
            for name, place in self.places.items()
            if isinstance(self.fields.get(name), forms.DateField | forms.DateTimeField)
        }
        self.amounts = {
            name: MoneyReader(table.column(place))
            for name, place in self.places.items()
            if isinstance(self.fields.get(name), MoneyField | NumberField)
        }

    def heading(self, name: str) -> str:
        """What the file calls a field; empty where it has no such column."""
        return self.table.headings[self.places[name]] if name in self.places else ""

    def read(self, cells: Sequence[Cell]) -> tuple[str, dict[str, str], list[tuple[str, str]]]:
        """(the partner's name, what would have been typed by field, what cannot be read as (field, reason))."""
        typed: dict[str, str] = {}
        wrong: list[tuple[str, str]] = []
        partner = ""
        for name, place in self.places.items():
            cell = cells[place]
            try:
                if name == PARTNER:
                    partner = "" if is_blank(cell) else clean_text(cell)
                else:
                    typed[name] = "" if is_blank(cell) else self._typed(name, cell)
            except BadValue as reason:
                wrong.append((name, str(reason)))
        return partner, typed, wrong

    def _typed(self, name: str, cell: Cell) -> str:
        field = self.fields[name]
        if isinstance(field, MomentField):
            return self._moment(name, cell)
        if isinstance(field, DayField):
            return self.dates[name].read(_day_part(cell)).isoformat()
        if name in self.amounts:
            reader = self.amounts[name]
            amount, _ = reader.read(cell) if isinstance(field, MoneyField) else (_number(cell), "")
            if reader.rounded:
                raise BadValue(f"{shown(cell)} has more than two decimals; nothing is rounded for you")
            return self.fields[name].prepare_value(amount)  # as the form shows it
        if isinstance(field, forms.BooleanField | forms.NullBooleanField):
            words = plain(clean_text(cell))
            if words in YES:
                return "true"
            if words in NO:
                return "false" if isinstance(field, forms.NullBooleanField) else ""
            raise BadValue(f"{shown(cell)} is neither yes nor no")
        if isinstance(field, forms.ChoiceField):
            return _choice(field, cell)
        if isinstance(field, forms.IntegerField):
            return re.sub(r"\.0+$", "", clean_text(cell))
        return clean_text(cell, 10_000)

    def _moment(self, name: str, cell: Cell) -> str:
        if isinstance(cell, Moment):
            return f"{cell.isoformat()}T{cell.minutes // 60:02}:{cell.minutes % 60:02}"
        day = self.dates[name].read(_day_part(cell))
        found = re.search(r"([0-9]{1,2}):([0-9]{2})(?::[0-9]{2}(?:\.[0-9]+)?)?\s*([AaPp][Mm])?", str(cell))
        hours, minutes = (int(found[1]), int(found[2])) if found else (0, 0)
        if found and found[3]:
            hours = hours % 12 + (12 if found[3].lower() == "pm" else 0)
        if hours > 23 or minutes > 59:
            raise BadValue(f"{shown(cell)} is no time of day")
        return f"{day.isoformat()}T{hours:02}:{minutes:02}"


def _number(cell: Cell) -> Decimal:
    """A number, as a spreadsheet holds it or in plain digits; a comma may only be the decimal sign where that is sure."""
    if isinstance(cell, Decimal):
        return cell
    text = clean_text(cell)
    if re.fullmatch(r"[0-9]{1,3},[0-9]{3}", text):
        raise BadValue(
            f"{shown(cell)} may be {text.replace(',', '')} or {text.replace(',', '.')}; write it without the comma"
        )
    if not re.fullmatch(r"[0-9]{1,20}([.,][0-9]{1,20})?", text, re.ASCII):
        raise BadValue(f"{shown(cell)} is no number in plain digits")
    return Decimal(text.replace(",", "."))


def _day_part(cell: Cell) -> Cell:
    """The day of a cell that may say a time as well."""
    if isinstance(cell, Decimal):
        return cell.to_integral_value("ROUND_FLOOR")
    return re.sub(r"[T ,]+[0-9]{1,2}:[0-9]{2}.*$", "", cell) if isinstance(cell, str) else cell


def _choice(field: forms.ChoiceField, cell: Cell) -> str:
    words = plain_words(clean_text(cell))
    choices: Any = field.choices
    for key, label in choices:
        if words in (plain_words(str(key)), plain_words(str(label))):
            return str(key)
    known = ", ".join(str(label) for key, label in choices if key not in ("", None))
    raise BadValue(f"{shown(cell)} is none of: {known}")


def _places(known: Mapping[str, str], headings: Sequence[str]) -> dict[str, int]:
    """Which column holds which field: by its own heading first, else by what other tools call it."""
    words = [plain_words(heading) for heading in headings]
    found: dict[str, int] = {}
    for spellings in (
        {name: {heading, name.replace("_", " ")} for name, heading in known.items()},
        {name: set(SYNONYMS.get(name, "").split("|")) - {""} for name in known},
    ):
        for name, texts in spellings.items():
            for place, text in enumerate(words):
                if name not in found and place not in found.values() and text in texts:
                    found[name] = place
    return found


def typed_of(form: EntryForm) -> dict[str, str]:
    """What a person would send who opened this form and changed nothing."""
    sent: dict[str, str] = {}
    for name, field in form.fields.items():
        value = form[name].value()
        if isinstance(field, forms.BooleanField) and not isinstance(field, forms.NullBooleanField):
            sent[name] = "on" if value else ""
        elif value is None:
            sent[name] = ""
        elif isinstance(field, forms.NullBooleanField):
            sent[name] = "true" if value else "false"
        elif isinstance(value, datetime):
            sent[name] = value.strftime("%Y-%m-%dT%H:%M")
        else:
            held = field.widget.format_value(field.prepare_value(value))
            sent[name] = str(
                (held[0] if held else "") if isinstance(held, list) else held if held is not None else ""
            )
    return sent


def date_of(typed: Mapping[str, str], name: str) -> date | None:
    """The day that was typed into a field, where it is one."""
    try:
        return date.fromisoformat(typed.get(name, "")[:10])
    except ValueError:
        return None
