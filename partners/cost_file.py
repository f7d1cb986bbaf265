"""Cost lines as files hold them: the columns, what a row means, and why one cannot be used."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from accounts.templatetags.look import day
from accounts.uploads import Problem
from partners.costs import EXIT
from partners.names import plain_words
from partners.register.dates import DateReader, means_no_end
from partners.register.money import DOLLARS, KRONER, MoneyReader, currency_code
from partners.register.reading import Table
from partners.register.safety import Refused
from partners.register.values import BadValue, clean_text, is_blank, shown
from partners.register.workbook import Cell

OF_MANY = ["reference", "partner"]  # the first columns of a file of many contracts
COLUMNS = ["kind", "what for", "amount", "currency", "how often", "first day", "last day"]
MOST_LINES = 5_000
HEADINGS = {
    "kind": "kind|type|kind of cost|cost kind|cost type|type of cost|category|cost category|art|kostenart",
    "note": "what for|what|note|notes|description|item|position|wofur|beschreibung|bezeichnung",
    "amount": "amount|cost|costs|value|price|sum|betrag|kosten",
    "currency": "currency|currency code|iso currency|wahrung",
    "once": "how often|frequency|per|paid|basis|how often paid|haufigkeit|turnus",
    "starts": "first day|first|first year|from|start|starts|start date|date|day|year|on|von|ab|beginn",
    "ends": "last day|last|last year|to|until|end|ends|end date|bis|ende",
    "reference": "reference|contract reference|contract|contract number|contract no|contract id|vertragsnummer",
    "partner": "partner|supplier|vendor|lieferant",
}
KINDS = {
    "licence": "licence|licences|license|licenses|subscription|subscriptions|software|lizenz|lizenzen",
    "service": "service|services|support|maintenance|dienstleistung|dienstleistungen|wartung",
    "effort": "effort|internal effort|internal|own effort|staff|own staff|interner aufwand|aufwand",
    "exit": "exit|leaving|exit cost|exit costs|termination|ausstieg",
}
OFTEN = {
    False: "a year|year|yearly|annual|annually|per year|per annum|p a|pa|each year|every year|jahrlich|pro jahr",
    True: "once|one off|oneoff|one time|onetime|single|einmalig|einmal",
}
Find = Callable[[str, str], Any]


@dataclass
class FileLine:
    """A row that can be used: its line in the file, the contract it is about, and a cost line's values."""

    line: int
    contract: Any
    values: dict[str, Any]

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells it from the other lines of all contracts."""
        return (self.contract.pk, *(self.values[name] for name in ("kind", "once", "starts", "note")))


def line_problems(contract: Any, line: dict[str, Any]) -> list[tuple[str, str]]:
    """What of a cost line does not go together, as (field, sentence)."""
    starts, ends, found = line["starts"], line["ends"], []
    if line["once"] and ends:
        found.append(("ends", "What is paid once has one day. Leave the last day empty."))
    elif starts and ends and ends < starts:
        found.append(("ends", "The last day lies before the first day."))
    if line["once"] and not starts and line["kind"] != EXIT:
        found.append(("starts", "On which day is it paid? Only leaving falls on the end of life by itself."))
    until = max((last for last in (contract.term_ends, contract.end_of_life) if last), default=None)
    if not line["once"] and starts and until and starts > until:
        found.append(
            ("starts", f"It begins after the end of life, {day(until)}, so nothing of it would count.")
        )
    return found


def as_row(line: Any) -> Sequence[Any]:
    """A cost line in these columns."""
    often = "once" if line.once else "a year"
    return [line.get_kind_display(), line.note, line.amount, line.currency, often, line.starts, line.ends]


def read_lines(table: Table, find: Find, *, needs_reference: bool) -> tuple[list[FileLine], list[Problem]]:
    """The rows of a table as cost lines, and why others cannot be used.

    `find(reference, partner)` returns the contract a row is about, or raises BadValue. Refused for a table that
    does not name its columns.
    """
    places = _places(table.headings)
    needed = ["kind", "amount", *(["reference"] if needs_reference else [])]
    if missing := [name for name in needed if name not in places]:
        raise Refused(f"The first line must name the columns; missing: {', '.join(missing)}.")
    if len(table.rows) > MOST_LINES:
        raise Refused(
            f"The file has {len(table.rows):,} rows; up to {MOST_LINES:,} cost lines are read at once."
        )
    reader = _Reader(table, places, find)
    lines, problems = [], [Problem(*problem) for problem in table.problems]
    seen: dict[tuple[Any, ...], int] = {}
    for row in table.rows:
        cells = {name: row.cells[place] for name, place in places.items()}
        try:
            line = FileLine(row.line, *reader.read(cells))
        except _Wrong as wrong:
            problems.append(
                Problem(
                    row.line, table.headings[places[wrong.name]] if wrong.name in places else "", str(wrong)
                )
            )
            continue
        for name, reason in line_problems(line.contract, line.values):
            problems.append(Problem(row.line, table.headings[places[name]] if name in places else "", reason))
        if line.key in seen:
            problems.append(
                Problem(
                    row.line, "",
                    f"is of the same kind, for the same and from the same day as line {seen[line.key]}; "
                    "say in “what for” what tells them apart",
                )
            )  # fmt: skip
        seen.setdefault(line.key, row.line)
        lines.append(line)
    return lines, problems


def _places(headings: Sequence[str]) -> dict[str, int]:
    """Which column holds what; the first of several that would do."""
    found: dict[str, int] = {}
    for place, heading in enumerate(headings):
        words = plain_words(heading)
        for name, known in HEADINGS.items():
            if words in known.split("|"):
                found.setdefault(name, place)
    return found


class _Wrong(ValueError):
    """A cell that cannot be used: the name of its column, and why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name


class _Reader:
    """Reads rows; how dates and amounts are written is judged by the whole column."""

    def __init__(self, table: Table, places: dict[str, int], find: Find) -> None:
        def column(name: str) -> list[Cell]:
            return table.column(places[name]) if name in places else []

        self.find = find
        self.amounts = MoneyReader(column("amount"))
        self.dates = {name: DateReader(column(name)) for name in ("starts", "ends")}

    def read(self, cells: dict[str, Cell]) -> tuple[Any, dict[str, Any]]:
        """(contract, values). _Wrong with the first thing that cannot be read."""

        def take(name: str, read: Callable[[Cell], Any], default: Any = None) -> Any:
            cell = cells.get(name)
            try:
                return default if is_blank(cell) else read(cell)
            except BadValue as wrong:
                raise _Wrong(name, str(wrong)) from None

        reference, partner = take("reference", clean_text, ""), take("partner", clean_text, "")
        try:
            contract = self.find(reference, partner)
        except BadValue as wrong:
            raise _Wrong("reference", str(wrong)) from None
        values = {
            "kind": take("kind", lambda cell: _one_of(KINDS, cell, "kind of cost (licences, services, internal effort, leaving)")),
            "note": take("note", lambda cell: clean_text(cell, 300), ""),
            "once": take("once", lambda cell: _one_of(OFTEN, cell, "frequency (a year or once)"), False),
            "starts": take("starts", lambda cell: self._day("starts", cell)),
            "ends": take("ends", lambda cell: self._day("ends", cell)),
        }  # fmt: skip
        if values["kind"] is None:
            raise _Wrong("kind", "says no kind of cost")
        stated = take("currency", currency_code, "")
        values["amount"], beside = take("amount", self._amount, (None, ""))
        if values["amount"] is None:
            raise _Wrong("amount", "says no amount")
        values["currency"] = _currency(stated, beside, contract.currency)
        return contract, values

    def _amount(self, cell: Cell) -> tuple[Decimal, str]:
        amount, beside = self.amounts.read(cell)
        if self.amounts.rounded:
            raise BadValue(f"{shown(cell)} has more than two decimals; nothing is rounded for you")
        return amount, beside

    def _day(self, name: str, cell: Cell) -> date | None:
        """A day; of a year alone its first day, or its last."""
        year = re.fullmatch(r"(19[5-9][0-9]|20[0-9]{2}|21[0-9]{2})(?:\.0)?", str(cell).strip())
        if year:
            return date(int(year[1]), *((1, 1) if name == "starts" else (12, 31)))
        found = self.dates[name].read(cell)
        if means_no_end(found):
            if name == "starts":
                raise BadValue(f"{shown(cell)} is no first day")
            return None
        return found


def _one_of(known: dict[Any, str], cell: Cell, what: str) -> Any:
    words = plain_words(clean_text(cell))
    for value, spellings in known.items():
        if words in spellings.split("|"):
            return value
    raise BadValue(f"{shown(cell)} is no {what}")


def _currency(stated: str, beside: str, own: str) -> str:
    """The currency a row states, in its column or beside the amount, else the contract's."""
    several = {"$": DOLLARS, "kr": KRONER}.get(beside)
    if several:
        if (stated or own) not in several:
            raise _Wrong(
                "amount", f"“{beside}” may be one of several currencies; name it by its code in a column"
            )
        return stated or own
    if stated and beside and stated != beside:
        raise _Wrong("amount", f"says {beside} beside the amount, and {stated} as its currency")
    return stated or beside or own
