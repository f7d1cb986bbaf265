"""Reads the sheets of an XLSX as a stream: values only, never formulas, macros or links, never more than asked.

A small reader of its own, because the file may be hostile and may be written by any program: memory does
not grow with what is declared, reading stops at the limits, and sloppy styles do not stop it.
"""

import itertools
import posixpath
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import IO
from xml.parsers import expat

from partners.register.safety import (
    CHUNK,
    MAX_CELL,
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_ROWS,
    MAX_TEXT,
    Refused,
    column_number,
    safe_parser,
)

Cell = str | Decimal | date | bool


class Moment(date):
    """A day that a cell states with a time of day: `minutes` since midnight."""

    minutes: int = 0

    @classmethod
    def at(cls, day: date, minutes: int) -> date:
        """The day with its time; just the day at midnight."""
        if not minutes:
            return day
        found = cls(day.year, day.month, day.day)
        found.minutes = minutes
        return found


LOOKED_AT = 40  # rows searched for the headings
GLANCE = 2  # chunks of a sheet that is only looked at
MAX_DEPTH = 40
LEAST = sys.getsizeof(Decimal(1))
MAX_MERGES = 20_000
SPARE_STRINGS = 50_000  # texts that no cell uses
MAX_IDLE = 200_000  # XML elements of a part that hold nothing: formatted empty cells and rows
TOO_IDLE = (
    f"A part of the workbook holds more than {MAX_IDLE:,} empty formatted cells. Delete the empty rows and columns around "
    "the register and save it again."
)
BUILT_IN_DATES = {14, 15, 16, 17, 22, *range(27, 32), *range(34, 37), *range(50, 59)}
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class CellError(str):
    """A spreadsheet error such as #REF!, or a formula that was never computed (empty)."""


@dataclass
class Sheet:
    """One sheet of a workbook and where it lies in the archive."""

    name: str
    part: str
    hidden: bool = False


@dataclass
class SheetRow:
    """A row as it stands: its number and its cells by column (0 is A)."""

    line: int
    cells: dict[int, Cell] = field(default_factory=dict)


class Workbook:
    """An opened workbook: its sheets, and their rows one after the other."""

    def __init__(self, file: IO[bytes]) -> None:
        self.archive = zipfile.ZipFile(file)
        self.sheets, self.epoch = self._read_sheets()
        self.dates = self._read_date_styles()
        self._strings: list[str] | None = None

    def first_rows(self, sheet: Sheet, number: int) -> list[SheetRow]:
        """The first rows that hold something, as far as they stand near the beginning of the part."""
        reader = _SheetReader(self, [])
        feed = self._feed(sheet.part, reader.start, reader.end, reader.text, lambda: reader.found)
        rows: list[SheetRow] = []
        for _ in itertools.islice(feed, GLANCE):
            rows += reader.take()
            if len(rows) >= number:
                break
        return rows[:number]

    def rows(self, sheet: Sheet) -> Iterator[SheetRow]:
        """Yield the rows that hold something; `merges` of the last sheet read is complete at the end."""
        self.refuse_overlong(sheet)
        self.merges: list[tuple[int, int, int, int]] = []
        reader = _SheetReader(self, self.merges)
        for _ in self._feed(sheet.part, reader.start, reader.end, reader.text, lambda: reader.found):
            yield from reader.take()

    def refuse_overlong(self, sheet: Sheet) -> None:
        """Count before parsing: that is a hundred times quicker."""
        rows, cells = self._count(sheet.part, b"/row>", b":row>"), self._count(sheet.part, b"/c>", b":c>")
        elements = self._count(sheet.part, b"<") - self._count(sheet.part, b"</")
        if elements > MAX_IDLE + 20 * cells:
            raise Refused(TOO_IDLE)
        for what, most, found in (("rows", MAX_ROWS + LOOKED_AT, rows), ("cells", MAX_CELLS, cells)):
            if found > most:
                raise Refused(
                    f"The sheet has more than {most // 1000 * 1000:,} {what}: {found:,}, empty ones included. Delete those "
                    "around the register, or split it into several files."
                )

    def _refuse_unused_texts(self, part: str) -> None:
        texts = self._count(part, b"/si>", b":si>")
        if texts > SPARE_STRINGS:
            used = sum(
                self._count(sheet_part, b't="s"', b"t='s'") for sheet_part in {s.part for s in self.sheets}
            )
            if texts > used + SPARE_STRINGS:
                raise Refused(
                    f"The workbook holds {texts:,} texts, but only {used:,} cells that hold one. Save it again and retry."
                )

    def _count(self, part: str, *marks: bytes) -> int:
        """How often these marks, equally long, stand in a part."""
        found, rest = 0, b""
        with self._opened(part) as stream:
            while chunk := stream.read(CHUNK):
                text = rest + chunk
                found += sum(map(text.count, marks))
                rest = text[len(text) - len(marks[0]) + 1 :]
        return found

    @contextmanager
    def _opened(self, part: str) -> Iterator[IO[bytes]]:
        try:
            with self.archive.open(part) as stream:
                yield stream
        except (expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError, LookupError) as broken:
            raise Refused(
                f"A part of the workbook ({part[:60]}) is damaged. Save it again and retry."
            ) from broken

    @property
    def strings(self) -> list[str]:
        """The texts shared by the cells of all sheets."""
        if self._strings is None:
            self._strings = self._read_strings()
        return self._strings

    def _read_sheets(self) -> tuple[list[Sheet], date]:
        targets: dict[str, str] = {}
        found: list[tuple[str, str, bool]] = []
        epoch = [date(1899, 12, 30)]

        def relation(tag: str, attributes: dict[str, str]) -> None:
            if tag == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
                target = attributes.get("Target", "")
                path = target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
                targets[attributes.get("Id", "")] = posixpath.normpath(path)

        def entry(tag: str, attributes: dict[str, str]) -> None:
            if tag == "sheet":
                key = next((value for name, value in attributes.items() if name.endswith(":id")), "")
                found.append(
                    (attributes.get("name", ""), key, attributes.get("state", "visible") != "visible")
                )
            elif tag == "workbookPr" and attributes.get("date1904", "0") in ("1", "true"):
                epoch[0] = date(1904, 1, 1)

        if "xl/_rels/workbook.xml.rels" in self.archive.namelist():
            self._scan("xl/_rels/workbook.xml.rels", relation)
        self._scan("xl/workbook.xml", entry)
        parts = set(self.archive.namelist())
        sheets = [
            Sheet(name, targets[key], hidden) for name, key, hidden in found if targets.get(key) in parts
        ]
        if not sheets:
            raise Refused("The workbook has no sheet with cells.")
        return sheets, epoch[0]

    def _read_date_styles(self) -> set[int]:
        """Places in the list of cell styles that show a number as a date."""
        custom: dict[int, bool] = {}
        dates: set[int] = set()
        state = {"inside": False, "place": 0}

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == "numFmt":
                custom[_whole(attributes.get("numFmtId"))] = _shows_a_date(attributes.get("formatCode", ""))
            elif tag == "cellXfs":
                state["inside"] = True
            elif tag == "xf" and state["inside"]:
                number = _whole(attributes.get("numFmtId"))
                if custom.get(number, number in BUILT_IN_DATES):
                    dates.add(state["place"])
                state["place"] += 1

        def end(tag: str) -> None:
            if tag == "cellXfs":
                state["inside"] = False

        if "xl/styles.xml" in self.archive.namelist():
            self._scan("xl/styles.xml", start, end)
        return dates

    def _read_strings(self) -> list[str]:
        strings: list[str] = []
        pieces: list[str] = []
        state = {"text": False, "phonetic": False}
        length = size = 0

        def start(tag: str, _attributes: dict[str, str]) -> None:
            nonlocal length
            if tag == "si":
                length = 0
                pieces.clear()
            elif tag == "rPh":
                state["phonetic"] = True
            elif tag == "t":
                state["text"] = not state["phonetic"]

        def end(tag: str) -> None:
            nonlocal size
            if tag == "si":
                strings.append(_unescape("".join(pieces)))
                size += max(0, weight(strings[-1:]))
                if size > MAX_TEXT:
                    raise Refused("The workbook holds more text than a register can have.")
            elif tag == "rPh":
                state["phonetic"] = False
            elif tag == "t":
                state["text"] = False

        def text(data: str) -> None:
            nonlocal length
            if state["text"]:
                length += len(data)
                pieces.append(data)
                if length > MAX_CELL:
                    raise Refused(f"A cell holds more than {MAX_CELL:,} characters.")

        name = next((n for n in self.archive.namelist() if n.lower() == "xl/sharedstrings.xml"), None)
        if name:
            self._refuse_unused_texts(name)
            self._scan(name, start, end, text, lambda: len(strings))
        return strings

    def _scan(self, part: str, *handlers: Callable[..., None]) -> None:
        for _ in self._feed(part, *handlers):
            pass

    def _feed(
        self, part: str, start: Callable[..., None], end: Callable[..., None] | None = None,
        text: Callable[..., None] | None = None, found: Callable[[], int] = lambda: 0,
    ) -> Iterator[None]:  # fmt: skip
        """Push a part through the parser chunk by chunk; prefixes of names are dropped. `found` counts what was of use."""
        depth = elements = 0

        def opened(tag: str, attributes: dict[str, str]) -> None:
            nonlocal depth, elements
            depth += 1
            elements += 1
            if elements > MAX_IDLE and elements > MAX_IDLE + 20 * found():
                raise Refused(TOO_IDLE)
            if depth > MAX_DEPTH:
                raise Refused("The workbook is nested deeper than any honest one.")
            start(tag if ":" not in tag else tag.rpartition(":")[2], attributes)

        def closed(tag: str) -> None:
            nonlocal depth
            depth -= 1
            if end:
                end(tag if ":" not in tag else tag.rpartition(":")[2])

        parser = safe_parser()
        parser.StartElementHandler, parser.EndElementHandler = opened, closed
        if text:
            parser.CharacterDataHandler = text
        with self._opened(part) as stream:
            while chunk := stream.read(CHUNK):
                parser.Parse(chunk, False)
                yield
            parser.Parse(b"", True)
            yield


class _SheetReader:
    """Collects the cells of a sheet as the parser meets them."""

    def __init__(self, book: Workbook, merges: list[tuple[int, int, int, int]]) -> None:
        self.book, self.merges = book, merges
        self.ready: list[SheetRow] = []
        self.row = SheetRow(0)
        self.line, self.column = 0, -1
        self.kind = ""
        self.style = 0
        self.formula = self.reading = self.phonetic = False
        self.pieces: list[str] = []
        self.length = self.found = 0

    def take(self) -> list[SheetRow]:
        ready, self.ready = self.ready, []
        return ready

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self._open_cell(attributes)
        elif tag in ("v", "t"):
            self.reading = not self.phonetic
        elif tag == "f":
            self.formula = True
        elif tag == "rPh":
            self.phonetic = True
        elif tag == "row":
            self.line = _whole(attributes.get("r")) or self.line + 1
            self.row, self.column = SheetRow(self.line), -1
        elif tag == "mergeCell" and len(self.merges) < MAX_MERGES:
            self._note_merge(attributes.get("ref", ""))

    def _open_cell(self, attributes: dict[str, str]) -> None:
        letters = attributes.get("r", "").rstrip("0123456789")
        self.column = column_number(letters[:4]) - 1 if letters else self.column + 1
        self.kind, self.style = attributes.get("t", "n"), _whole(attributes.get("s"))
        self.formula, self.length = False, 0
        self.pieces.clear()

    def text(self, data: str) -> None:
        if self.reading:
            self.length += len(data)
            if self.length > MAX_CELL:
                raise Refused(f"A cell in row {self.line:,} holds more than {MAX_CELL:,} characters.")
            self.pieces.append(data)

    def end(self, tag: str) -> None:
        if tag in ("v", "t"):
            self.reading = False
        elif tag == "rPh":
            self.phonetic = False
        elif tag == "c":
            value = self._value("".join(self.pieces))
            if value != "" or self.formula:
                if self.column >= MAX_COLUMNS:
                    raise Refused(
                        f"Row {self.line:,} has a value in column {self.column + 1:,}; up to {MAX_COLUMNS} can be read."
                    )
                self.found += 1
                self.row.cells[self.column] = value if value != "" else CellError("")
        elif tag == "row" and self.row.cells:
            self.ready.append(self.row)

    def _value(self, raw: str) -> Cell:
        if self.kind == "s":
            place = _whole(raw) if raw else -1
            return self.book.strings[place] if 0 <= place < len(self.book.strings) else ""
        if self.kind in ("str", "inlineStr"):
            return _unescape(raw)
        if self.kind == "b":
            return raw.strip() == "1"
        if self.kind == "e":
            return CellError(raw)
        if self.kind == "d":
            try:
                stated = datetime.fromisoformat(raw.strip())
                return Moment.at(stated.date(), stated.hour * 60 + stated.minute)
            except ValueError:
                return raw
        return self._number(raw.strip())

    def _number(self, raw: str) -> Cell:
        if not raw:
            return ""
        try:
            number = Decimal(repr(float(raw))) if raw.isascii() and "_" not in raw else Decimal("NaN")
        except (ValueError, InvalidOperation):
            return raw
        if not number.is_finite():
            return raw
        if self.style in self.book.dates:
            try:
                days, rest = divmod(
                    round(number * 1440), 1440
                )  # minutes: a serial has no more digits than seconds
                return Moment.at(self.book.epoch + timedelta(days=days), rest)
            except OverflowError:
                return number
        return number

    def _note_merge(self, reference: str) -> None:
        corners = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})", reference)
        if corners:
            left, top, right, bottom = corners.groups()
            self.merges.append((int(top), column_number(left) - 1, int(bottom), column_number(right) - 1))


def weight(cells: Collection[Cell]) -> int:
    """About how many bytes of memory cells take beyond the least: one wide letter makes all of a text wide."""
    return sum(map(sys.getsizeof, cells)) - LEAST * len(cells)


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def _unescape(text: str) -> str:
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _shows_a_date(code: str) -> bool:
    """Whether a number format holds a day or a year outside quotes and brackets."""
    bare = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", code).lower()
    return "general" not in bare and any(letter in bare for letter in "dy")
