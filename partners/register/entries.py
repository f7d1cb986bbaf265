"""Reads the rows of a table into entries of the register; a row with anything unreadable is a problem, not a guess."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from accounts.uploads import Problem
from partners.names import plain
from partners.register.columns import AMOUNTS, DATES, FIELDS, Columns
from partners.register.dates import make_readers, means_no_end
from partners.register.money import DOLLARS, KRONER, MoneyReader, currency_code, currency_in_heading
from partners.register.reading import Row, Table
from partners.register.spellings import Supplier, split_suppliers
from partners.register.values import (
    BadValue,
    clean_text,
    contradiction,
    is_blank,
    read_boolean,
    read_country,
    read_kind,
    read_link,
    read_months,
    read_notice,
    read_term,
    read_time_zone,
    shown,
)

TOTALS = re.compile(r"(grand |sub ?)?(total|totals|sum|summe|gesamt|gesamtsumme|zwischensumme|insgesamt|totaal|totale|total general|suma|summa|razem)\b.{0,30}")  # fmt: skip
REMARKS = re.compile(r"(\*|(source|notes?|remarks?|as (of|at)|generated|exported|printed|page|quelle|stand|hinweis|anmerkung|erstellt|seite|remarques?|nota|fuente|bron|opmerking)\b.*[:0-9]).*", re.DOTALL)  # fmt: skip
LIMITS = {"reference": 100, "title": 500, "unit": 200, "owner": 254, "delivered_by": 300}


@dataclass
class Entry:
    """One row of the register, read. `values` holds only what the row says; blank cells say nothing."""

    line: int
    suppliers: list[Supplier]
    values: dict[str, Any] = field(default_factory=dict)
    fingerprint: str = ""

    @property
    def is_contract(self) -> bool:
        """Whether the row says anything of a contract, or only names a partner."""
        return any(name in self.values for name in CONTRACT_FIELDS)


CONTRACT_FIELDS = (
    "reference",
    "title",
    "starts",
    "ends",
    "notice",
    "auto_renews",
    "annual_value",
    "total_value",
    "link",
)


@dataclass
class Reading:
    """All entries of a table, the rows that cannot be used, and what was decided on the way."""

    entries: list[Entry]
    problems: list[Problem]
    notes: list[str]
    read: int
    rejected: int
    headings: dict[str, str] = field(default_factory=dict)  # FIELD → heading
    assumed: list[str] = field(default_factory=list)  # what a person should look at


class RowReader:
    """Reads rows of one table by its matched columns.

    `whole_names`: of partners there are, which look like several and are one.
    """

    def __init__(
        self, table: Table, columns: Columns, *, currency: str = "EUR", order: str = "",
        whole_names: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self.table, self.columns, self.default_currency = table, columns, currency
        self.whole_names = whole_names
        self.notes: list[str] = []
        self.lines: dict[str, list[int]] = defaultdict(list)  # what happened → where
        self.totals_in = 0  # the last line of totals
        places = columns.places
        cells = {name: table.column(places[name]) for name in (*DATES, *AMOUNTS) if name in places}
        dates, notes, self.assumed = make_readers({FIELDS[n]: cells[n] for n in DATES if n in cells}, order)
        self.notes += notes
        self.money = {name: MoneyReader(cells[name]) for name in AMOUNTS if name in cells}
        self.heading_currency = {n: currency_in_heading(table.headings[places[n]]) for n in self.money}
        self.notice_unit = self._notice_unit()
        self.dates = {name: dates[FIELDS[name]] for name in DATES if FIELDS[name] in dates}
        self.readers: dict[str, Callable[[Any], Any]] = {
            "kind": read_kind, "auto_renews": read_boolean, "currency": currency_code, "link": read_link,
            "term": read_term, "renewal_months": read_months, "country": read_country, "time_zone": read_time_zone,
            "notice_days": lambda cell: read_notice(cell, self.notice_unit),
            **{name: self._text_reader(limit) for name, limit in LIMITS.items()},
        }  # fmt: skip

        self.simple = [name for name in self.readers if name in places or name in columns.constants]

    def read_all(self) -> Reading:
        """Read every row. Nothing is dropped without a problem or a note."""
        problems = [Problem(*problem) for problem in self.table.problems]
        rejected = len(problems)
        entries: list[Entry] = []
        seen: dict[str, int] = {}
        for row in self.table.rows:
            fingerprint = hashlib.sha256(
                "\x1f".join(map(str, row.cells)).encode(errors="surrogatepass")
            ).hexdigest()[:32]
            entry, found = self.read(row)
            if not found and fingerprint in seen:
                found = [
                    Problem(row.line, "", f"repeats line {seen[fingerprint]} word for word; it counts once")
                ]
            problems += found
            rejected += bool(found)
            if entry and not found:
                seen[fingerprint] = row.line
                entry.fingerprint = fingerprint
                entries.append(entry)
        read = len(self.table.rows) + len(self.table.problems)
        headings = {name: self._heading(name) for name in FIELDS}
        return Reading(
            entries,
            sorted(problems, key=lambda p: p.line),
            self._all_notes(),
            read,
            rejected,
            headings,
            self.assumed,
        )

    def read(self, row: Row) -> tuple[Entry | None, list[Problem]]:
        """One row as an entry, or everything that is wrong with it."""
        problems: list[Problem] = []
        if self._is_total(row):
            self.totals_in = row.line
            return None, [Problem(row.line, "", "looks like a line of totals, so it was left out")]
        if self._is_remark(row):
            return None, [
                Problem(row.line, "", "looks like a remark, not like a contract, so it was left out")
            ]
        values: dict[str, Any] = {}
        for name in self.simple:
            value = self._cell(row, name)
            if not is_blank(value):
                self._try(
                    problems, row, name, lambda n=name, v=value: values.__setitem__(n, self.readers[n](v))
                )
        for name in self.dates:
            self._try(problems, row, name, lambda n=name: self._read_date(row, n, values))
        for name in self.money:
            self._try(problems, row, name, lambda n=name: self._read_money(row, n, values))
        if values.get("starts") and values.get("ends") and values["ends"] < values["starts"]:
            reason = f"ends on {values['ends']}, before it starts on {values['starts']}"
            problems.append(Problem(row.line, self._heading("ends"), reason))
        elif wrong := contradiction(
            values.get("starts"), values.get("ends"), values.get("notice_days"), values.get("term", ""),
            renews=values.get("auto_renews", False),
        ):  # fmt: skip
            problems.append(Problem(row.line, self._heading(wrong[0]), wrong[1]))
        self._settle_currency(row, values, problems)
        suppliers: list[Supplier] = []
        self._try(problems, row, "partner", lambda: suppliers.extend(self._read_suppliers(row, values)))
        if problems:
            return None, problems
        if "notice_days" in values:
            values["notice"] = values.pop("notice_days")
        return Entry(row.line, suppliers, values), []

    def _try(self, problems: list[Problem], row: Row, name: str, read: Callable[[], Any]) -> None:
        try:
            read()
        except BadValue as bad:
            problems.append(Problem(row.line, self._heading(name), str(bad)))

    def _heading(self, name: str) -> str:
        place = self.columns.places.get(name)
        return name if place is None else self.table.headings[place]

    def _cell(self, row: Row, name: str) -> Any:
        place = self.columns.places.get(name)
        if place is None:
            return self.columns.constants.get(name, "")
        if (row.line, place) in self.table.filled and name in (*AMOUNTS, "reference"):
            return ""
        return row.cells[place]

    def _text_reader(self, limit: int) -> Callable[[Any], str]:
        return lambda cell: clean_text(cell, limit)

    def _read_suppliers(self, row: Row, values: dict[str, Any]) -> list[Supplier]:
        cell = self._cell(row, "partner")
        if is_blank(cell):
            raise BadValue("names no partner")
        whole = clean_text(cell)  # refuses what must not be stored
        if whole in self.whole_names:
            return [Supplier(whole)]
        text = cell if isinstance(cell, str) else whole
        suppliers, decided = split_suppliers(text, values.get("reference", ""))
        suppliers = [Supplier(clean_text(s.name, 300), s.reference) for s in suppliers]
        if not all(any(sign.isalnum() for sign in s.name) for s in suppliers):
            raise BadValue(f"{shown(text)} is no name")
        if decided:
            self.lines[decided].append(row.line)
        elif suppliers[0].reference:
            self.lines["reference"].append(row.line)
        elif suppliers[0].name != clean_text(text):
            self.lines["tidied"].append(row.line)
        return suppliers

    def _read_date(self, row: Row, name: str, values: dict[str, Any]) -> None:
        cell = self._cell(row, name)
        if is_blank(cell):
            return
        if is_blank(cell, for_end=name == "ends"):
            self.lines["no end"].append(row.line)
            return
        day: date = self.dates[name].read(cell)
        if not means_no_end(day):
            values[name] = day
        elif name == "ends":
            self.lines["no end"].append(row.line)
        else:
            raise BadValue(f"{shown(cell)} is no day on which a contract starts")

    def _read_money(self, row: Row, name: str, values: dict[str, Any]) -> None:
        cell = self._cell(row, name)
        if is_blank(cell):
            return
        amount, beside = self.money[name].read(cell)
        if self.money[name].rounded:
            self.lines["rounded"].append(row.line)
        values[name] = amount
        if beside:
            values.setdefault("beside", {})[name] = beside

    def _settle_currency(self, row: Row, values: dict[str, Any], problems: list[Problem]) -> None:
        """Its own column, else the sign beside the amount, else the heading, else what the import says."""
        beside: dict[str, str] = values.pop("beside", {})
        constant = values.get("currency") if "currency" in self.columns.constants else None
        stated = None if constant else values.get("currency")
        codes = set()
        for name in self.money:
            if name not in values:
                continue
            code = beside.get(name) or self.heading_currency[name]
            if code == "$":
                code = self._dollar(stated or constant or self.default_currency)
            elif code == "kr":
                code = stated or constant or self.default_currency
                if code not in KRONER:
                    reason = "“kr” may be Swedish, Norwegian, Danish or Icelandic; give the currency a column of its own"
                    problems.append(Problem(row.line, self._heading(name), reason))
            if stated and code and code != stated:
                reason = f"the amount says {code}, the currency column {stated}"
                problems.append(Problem(row.line, self._heading(name), reason))
            codes.add(code or stated or constant or "")
        codes.discard("")
        if len(codes) > 1:
            reason = f"its amounts are in different currencies ({', '.join(sorted(codes))})"
            problems.append(Problem(row.line, self._heading("total_value"), reason))
        elif codes:
            values["currency"] = codes.pop()
        elif "currency" not in values and any(name in values for name in AMOUNTS):
            self.lines["default currency"].append(row.line)

    def _dollar(self, expected: str) -> str:
        """Which dollar a bare $ is: the one that is expected anyway, else the US dollar, and it is said."""
        if expected not in DOLLARS:
            self.lines["dollar"].append(len(self.lines["dollar"]))
        return expected if expected in DOLLARS else "USD"

    def _notice_unit(self) -> str:
        place = self.columns.places.get("notice_days")
        words = plain(self.table.headings[place]) if place is not None else ""
        if re.search(r"month|monat|mois|meses|mesi|maand", words):
            return "months"
        return "weeks" if re.search(r"week|woche|semaine|semana|settiman|weken", words) else "days"

    def _is_total(self, row: Row) -> bool:
        filled = [cell for cell in row.cells if cell != ""]
        if len(filled) > max(3, len(row.cells) // 2):
            return False
        partner = self._cell(row, "partner")
        if not is_blank(partner) and not _says_total(partner):
            return False
        return any(map(_says_total, filled))

    def _is_remark(self, row: Row) -> bool:
        """A single cell in a table of several columns, if it stands below the totals or begins as remarks do."""
        filled = [cell for cell in row.cells if cell != ""]
        if len(filled) > 1 or len(self.columns.places) < 2:
            return False
        return bool(self.totals_in) or (
            isinstance(filled[0], str) and bool(REMARKS.fullmatch(plain(filled[0]).strip()))
        )

    def _all_notes(self) -> list[str]:
        said = {
            "split": "{n} supplier cell{s} held several suppliers: a contract was made for each, the value counted once, "
            "with the first ({lines}).",
            "joined": "{n} supplier name{s} held line breaks that part no suppliers: read as one name ({lines}).",
            "kept": "{n} supplier cell{s} may hold several suppliers, but not for sure: kept as one name ({lines}).",
            "reference": "{n} supplier name{s} had a reference in brackets behind; it was taken off the name and kept "
            "with the contract ({lines}).",
            "tidied": "{n} supplier name{s} ended in an open bracket; it was dropped ({lines}).",
            "no end": "{n} row{s} {say} that there is no end: the contract has no end date ({lines}).",
            "rounded": "{n} amount{s} had more than two decimals: rounded to cents, half up ({lines}).",
            "dollar": "“$” alone may be any dollar: read as USD ({n} amount{s}).",
        }  # fmt: skip
        notes = [*self.notes]
        for what, text in said.items():
            where = self.lines.get(what)
            if where:
                one = len(where) == 1
                notes.append(text.format(
                    n=f"{len(where):,}", s="" if one else "s",
                    say="says" if one else "say", name="names" if one else "name", lines=name_lines(where),
                ))  # fmt: skip
        if rows := len(self.lines.get("default currency", [])):
            self.assumed.append(
                f"{rows:,} row{'s' * (rows > 1)} with an amount name{'s' * (rows == 1)} no currency: "
                f"{self.default_currency} is assumed."
            )
        if any(reader.serials for reader in self.dates.values()):
            notes.append("Some dates were plain numbers: read as the days a spreadsheet counts.")
        return notes


def _says_total(cell: Any) -> bool:
    return isinstance(cell, str) and len(cell) <= 60 and bool(TOTALS.fullmatch(plain(cell).strip(" :")))


def name_lines(lines: list[int]) -> str:
    """ "line 3" or "lines 3, 5, 9 and 12 more"."""
    distinct = sorted(set(lines))
    first = ", ".join(f"{line}" for line in distinct[:12])
    more = f" and {len(distinct) - 12:,} more" if len(distinct) > 12 else ""
    return f"line{'s' if len(distinct) > 1 else ''} {first}{more}"


def unused_columns(table: Table, columns: Columns) -> list[str]:
    """Headings that no FIELD is read from."""
    used = set(columns.places.values())
    return [heading for place, heading in enumerate(table.headings) if place not in used]


def count_names(entries: list[Entry]) -> Counter[str]:
    """How many rows each spelling of a partner stands in, delivering partners included."""
    names: Counter[str] = Counter()
    for entry in entries:
        names.update(supplier.name for supplier in entry.suppliers)
        if "delivered_by" in entry.values:
            names[entry.values["delivered_by"]] += 1
    return names
