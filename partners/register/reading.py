"""Turns a checked file into a table: headings, rows with the line they begin in, and what was noticed."""

import codecs
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import IO, Any

from partners.names import plain
from partners.register.columns import has_legal_form, recognised
from partners.register.safety import (
    CHUNK,
    MAX_CELL,
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_ROWS,
    MAX_TEXT,
    MEGABYTE,
    Refused,
    check_file,
    is_utf16,
)
from partners.register.workbook import LOOKED_AT, Cell, CellError, Sheet, SheetRow, Workbook, weight

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass
class Row:
    """A row of the register and the line (or row number) of the file it begins in."""

    line: int
    cells: list[Cell]


@dataclass
class Table:
    """A register as it stands in the file."""

    headings: list[str]
    rows: list[Row]
    notes: list[str] = field(default_factory=list)
    problems: list[tuple[int, str, str]] = field(default_factory=list)  # line, column, reason
    sheets: list[str] = field(default_factory=list)
    sheet: str = ""
    filled: set[tuple[int, int]] = field(default_factory=set)  # (line, place) copied down from a merged cell

    def column(self, place: int) -> list[Cell]:
        """All cells of a column."""
        return [row.cells[place] for row in self.rows]


def read_table(file: IO[bytes], name: str, *, sheet: str = "") -> Table:
    """Check the file and read it. Raises Refused when it cannot be used at all."""
    table = _read_workbook(file, sheet) if check_file(file, name) == "xlsx" else _read_text(file)
    if not table.rows and not table.problems:
        raise Refused(
            "The file has headings, but no rows below them." if table.headings else "The file holds no rows."
        )
    return table


def glance(file: IO[bytes], name: str) -> None:
    """Refuse what shows without reading all of the file; the rest is left to `read_table`."""
    if check_file(file, name) == "xlsx":
        book = Workbook(file)
        book.refuse_overlong(_choose_sheet(book, "")[0])
    else:
        encoding = find_encoding(file)
        file.seek(0)
        with _decoded(file, encoding) as text:
            delimiter, skipped = _find_delimiter(text)
            list(itertools.islice(_records(_Lines(text, skipped), delimiter), LOOKED_AT))


# --- Text files ------------------------------------------------------------------------------------------
def _read_text(file: IO[bytes]) -> Table:
    encoding = find_encoding(file)
    file.seek(0)
    with _decoded(file, encoding) as text:
        delimiter, skipped = _find_delimiter(text)
        lines = _Lines(text, skipped)
        table = _arrange(_limited(_records(lines, delimiter)))
    if lines.unclosed:
        last = table.rows.pop() if table.rows and table.rows[-1].line == lines.unclosed else None
        if last or not table.rows:
            reason = "a quotation mark opened here is never closed, so nothing from here to the end of the file could be read"
            table.problems.append((lines.unclosed, "", reason))
    if encoding not in ("utf-8-sig", "utf-16"):
        table.notes.insert(
            0, f"The file is not in UTF-8; it was read as {encoding.replace('cp1252', 'Windows-1252')}."
        )
    return table


@contextmanager
def _decoded(file: IO[bytes], encoding: str) -> Iterator[io.TextIOWrapper]:
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        yield text
    except UnicodeError as broken:
        raise Refused("The file's text cannot be read. Save it as CSV in UTF-8 and try again.") from broken
    finally:
        text.detach()


def find_encoding(file: IO[bytes]) -> str:
    """UTF-8 if every byte agrees, UTF-16 by its mark or its zeros, else Windows-1252, else Latin-1."""
    file.seek(0)
    head = file.read(4096)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if is_utf16(head):
        return "utf-16-be" if head[0::2].count(0) > head[1::2].count(0) else "utf-16-le"
    for encoding in ("utf-8-sig", "cp1252"):
        file.seek(0)
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def _find_delimiter(text: io.TextIOWrapper) -> tuple[str, int]:
    """(delimiter, lines to skip): what splits the first rows most evenly into columns with known headings."""
    sample = [line for line, _ in zip(text, range(200), strict=False)]
    text.seek(0)
    told = re.fullmatch(r"\ufeff?sep=(.)[\r\n]*", sample[0]) if sample else None
    if told:
        return told[1], 1
    best, best_score = "\x1f", (0, 0.0, 0)
    for delimiter in DELIMITERS:
        try:
            rows = [
                row for row in csv.reader(sample, delimiter=delimiter) if any(cell.strip() for cell in row)
            ][:100]
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows)
        width, count = max(widths.items(), key=lambda item: (item[0] > 1, item[1])) if widths else (0, 0)
        if width > 1:
            known = max(
                (recognised(row[:MAX_COLUMNS]) for row in rows[:LOOKED_AT] if len(row) > 1), default=0
            )
            score = (known, count / len(rows), width)
            if score > best_score:
                best, best_score = delimiter, score
    return best, 0


class _Lines:
    """Physical lines, remembered since the last whole record so that an unclosed quotation mark can be told."""

    def __init__(self, text: Iterable[str], skip: int) -> None:
        self.text, self.skip = iter(text), skip
        self.number = self.unclosed = 0
        self.record: list[str] = []

    def __iter__(self) -> Iterator[str]:
        for line in self.text:
            self.number += 1
            if self.number > self.skip:
                self.record.append(line)
                yield line


def _records(lines: _Lines, delimiter: str) -> Iterator[SheetRow]:
    """Records of a CSV with the line each begins in."""
    reader = csv.reader(lines, delimiter=delimiter)
    begins = lines.skip + 1
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as broken:
            raise Refused(
                f"A cell in line {begins:,} is longer than any cell of a register. A quotation mark may be missing there."
            ) from broken
        if len(record) > MAX_COLUMNS and any(record[MAX_COLUMNS:]):
            raise Refused(f"Line {begins:,} has {len(record):,} columns; up to {MAX_COLUMNS} can be read.")
        if max(map(len, record), default=0) > MAX_CELL:
            raise Refused(f"A cell in line {begins:,} holds more than {MAX_CELL:,} characters.")
        if len(lines.record) > 1 and _never_closed(lines.record, delimiter):
            lines.unclosed = begins
        cells = {
            place: cell
            for place, cell in enumerate(record[: MAX_COLUMNS + 1])
            if cell.strip(" \t\r\n\u00a0\ufeff")
        }
        lines.record.clear()
        if cells:
            yield SheetRow(begins, cells)  # type: ignore[arg-type]  # text is one kind of cell
        begins = lines.number + 1


def _never_closed(record: list[str], delimiter: str) -> bool:
    try:
        list(csv.reader(record, delimiter=delimiter, strict=True))
    except csv.Error as broken:
        return "unexpected end" in str(broken)
    return False


def _limited(rows: Iterable[SheetRow]) -> Iterator[SheetRow]:
    cells = size = 0
    for number, row in enumerate(rows):
        cells += len(row.cells)
        size += max(0, weight(row.cells.values()))
        much = (
            f"{MAX_ROWS:,} rows" if number > MAX_ROWS + LOOKED_AT
            else f"{MAX_CELLS:,} filled cells" if cells > MAX_CELLS
            else f"{MAX_TEXT // MEGABYTE} MB of text" if size > MAX_TEXT
            else ""
        )  # fmt: skip
        if much:
            raise Refused(f"The register has more than {much}. Split it into several files.")
        yield row


# --- Workbooks -------------------------------------------------------------------------------------------
def _read_workbook(file: IO[bytes], wanted: str) -> Table:
    book = Workbook(file)
    sheet, others = _choose_sheet(book, wanted)
    rows = list(_limited(book.rows(sheet)))
    filled = _fill_merged(rows, book.merges)
    table = _arrange(rows)
    table.filled = filled
    table.sheet, table.sheets = sheet.name, [s.name for s in book.sheets]
    if others or sheet.hidden:
        left = ", ".join(f"“{s.name}”{' (hidden)' if s.hidden else ''}" for s in others[:10])
        table.notes.insert(
            0,
            f"Sheet “{sheet.name}”{' (hidden)' if sheet.hidden else ''} was read"
            + (f"; not read: {left}{' …' if len(others) > 10 else ''}." if others else "."),
        )
    if filled:
        table.notes.append(
            "Cells merged over several rows count for each of those rows (amounts and references for the first only)."
        )
    return table


def _choose_sheet(book: Workbook, wanted: str) -> tuple[Sheet, list[Sheet]]:
    """The named sheet, or the visible one that looks most like a register."""
    if wanted:
        chosen = next((s for s in book.sheets if s.name.casefold() == wanted.casefold()), None)
        if not chosen:
            raise Refused(f"The workbook has no sheet “{wanted[:60]}”.")
        return chosen, [s for s in book.sheets if s is not chosen]
    scores = []
    for place, sheet in enumerate(book.sheets[:30]):
        first = book.first_rows(sheet, LOOKED_AT)
        known = max((recognised(list(row.cells.values())) for row in first), default=0)
        cells = sum(len(row.cells) for row in first)
        scores.append((bool(cells), not sheet.hidden, known, cells, -place, sheet))
    chosen = max(scores, key=lambda score: score[:5])[5]
    return chosen, [s for s in book.sheets if s is not chosen]


def _fill_merged(rows: list[SheetRow], merges: list[tuple[int, int, int, int]]) -> set[tuple[int, int]]:
    """Copy the value of a cell merged downwards into the rows it covers; returns what was filled."""
    by_line = {row.line: row for row in rows}
    filled: set[tuple[int, int]] = set()
    looked_at = 0
    for top, left, bottom, _right in merges:
        value = by_line[top].cells.get(left) if top in by_line else None
        if value is None or bottom - top > MAX_ROWS:
            continue
        looked_at += bottom - top
        if looked_at > MAX_CELLS // 4:
            raise Refused("The sheet merges more cells than a register can have. Unmerge them and try again.")
        for line in range(top + 1, bottom + 1):
            if line in by_line and left not in by_line[line].cells:
                by_line[line].cells[left] = value
                filled.add((line, left))
    return filled


# --- Headings and rows -----------------------------------------------------------------------------------
def _arrange(source: Iterable[SheetRow]) -> Table:
    """Find the headings among the first rows, name the columns, and make all rows equally long."""
    rows = list(source)
    if not rows:
        raise Refused("The file holds nothing but empty cells.")
    at = _find_headings(rows[:LOOKED_AT])
    body = rows[at + 1 :] if at is not None else rows
    last = max(rows[at].cells) if at is not None else -1
    width = max([last, *(max(row.cells) for row in body)]) + 1 if body else last + 1
    notes: list[str] = []
    headings = _name_columns(_with_groups(rows, at) if at is not None else {}, width, notes)
    if at:
        notes.append(
            f"The headings stand in line {rows[at].line}; {at} line{'s' * (at > 1)} of titles above {'were' if at > 1 else 'was'} left out."
        )
    if at is None:
        notes.append("The file has no headings; its columns are called Column A, Column B and so on.")
    table = Table(headings, [], notes)
    named = {place for place in range(width) if at is not None and place in rows[at].cells}
    repeated = 0
    again = _as_text(rows[at].cells) if at is not None else {}
    first = min(again, default=0)
    for row in body:
        if (
            again
            and str(row.cells.get(first, "")).strip().casefold() == again[first]
            and _as_text(row.cells) == again
        ):
            repeated += 1
            continue
        beyond = [place for place in row.cells if place > last] if at is not None else []
        if beyond and len(body) > 1 and not _usual(beyond, body):
            table.problems.append(
                (
                    row.line,
                    "",
                    f"has more cells than there are headings ({max(row.cells) + 1} for {last + 1}); a quotation mark may be missing",
                )
            )
            continue
        table.rows.append(Row(row.line, [row.cells.get(place, "") for place in range(width)]))
    if repeated:
        notes.append(
            f"The headings are repeated {repeated} time{'s' * (repeated > 1)} further down; those lines were left out."
        )
    unnamed = [
        place
        for place in range(width)
        if place not in named and any(row.cells[place] != "" for row in table.rows)
    ]
    if unnamed and at is not None:
        notes.append(
            f"{len(unnamed)} column{'s' * (len(unnamed) > 1)} without a heading {'are' if len(unnamed) > 1 else 'is'} called {', '.join(headings[p] for p in unnamed[:5])}."
        )
    return table


def _usual(beyond: list[int], body: list[SheetRow]) -> bool:
    """Whether many rows fill these columns without a heading, so that it is a column and not a slip."""
    return sum(max(row.cells) >= max(beyond) for row in body) > len(body) / 2


def _find_headings(rows: list[SheetRow]) -> int | None:
    """The place of the headings: the row that names most FIELDs, else the first full row of mere words."""
    scores = [recognised(list(row.cells.values())) for row in rows]
    width = Counter(len(row.cells) for row in rows).most_common(1)[0][0]
    best = max(range(len(rows)), key=lambda i: (scores[i], -i))
    if scores[best] >= 2 or (scores[best] == 1 and (len(rows[best].cells) >= 0.6 * width)):
        return best
    for place, row in enumerate(rows[:10]):
        if len(row.cells) >= max(2, 0.6 * width):
            return place if all(map(_mere_words, row.cells.values())) else None
    return None


def _with_groups(rows: list[SheetRow], at: int) -> dict[int, Cell]:
    """The headings; below a heading over several columns ("Contract": "Number", "Start") with it in front."""
    headings = rows[at].cells
    groups = rows[at - 1].cells if at and len(rows[at - 1].cells) > 1 else {}
    combined = dict(headings)
    group = ""
    for place in range(max(headings) + 1):
        group = str(groups.get(place, group))
        own = str(headings.get(place, ""))
        if recognised([group]) and own.casefold() != group.casefold() and (own or place in groups):
            combined[place] = f"{group} {own}".strip()
    return combined


def _mere_words(cell: Cell) -> bool:
    if not isinstance(cell, str) or isinstance(cell, CellError) or len(cell) > 60:
        return False
    return not re.search(r"[0-9]{3}|://|@|^[0-9]", cell) and not has_legal_form(cell)


def _name_columns(cells: dict[int, Cell], width: int, notes: list[str]) -> list[str]:
    seen: Counter[str] = Counter()
    headings = []
    for place in range(width):
        cell = cells.get(place, "")
        text = " ".join(str(cell).split())[:100] if isinstance(cell, str | Decimal | date) else ""
        text = "".join(sign for sign in text if sign.isprintable()) or f"Column {_letters(place)}"
        seen[plain(text)] += 1
        if seen[plain(text)] > 1:
            notes.append(
                f"Two columns are called “{text}”; the second is called “{text} ({seen[plain(text)]})” here."
            )
            text = f"{text} ({seen[plain(text)]})"
        headings.append(text)
    return headings


def _letters(place: int) -> str:
    return (_letters(place // 26 - 1) if place >= 26 else "") + chr(65 + place % 26)


def _as_text(cells: dict[int, Any]) -> dict[int, str]:
    return {place: " ".join(str(cell).split()).casefold() for place, cell in cells.items()}
