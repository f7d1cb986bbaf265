"""Reads a column of dates. Whether 03/04/2026 is in March or in April is decided for the column, by its evidence."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from accounts.numbers import YEARS
from partners.names import plain
from partners.register.values import BadValue, ascii_digits, clean_text, shown
from partners.register.workbook import Cell

EPOCH = date(1899, 12, 30)
SERIALS = range(18_264, 109_575)  # 1950 to 2199 as a spreadsheet counts days
_MONTHS = [
    "jan januar january janvier enero gennaio januari jan. ene gen jaenner janner",
    "feb februar february fevrier febrero febbraio februari fev",
    "mar marz maerz march mars marzo maart marts mrz mrt",
    "apr april avril abril aprile avr abr",
    "may mai mayo maggio mei mag maj",
    "jun juni june juin junio giugno giu",
    "jul juli july juillet julio luglio lug juil",
    "aug august aout agosto augustus augusti ago",
    "sep sept september septembre septiembre settembre set",
    "oct okt october oktober octobre octubre ottobre ott",
    "nov november novembre noviembre",
    "dec dez december dezember decembre diciembre dicembre dic",
]
MONTHS = {word.strip("."): number for number, words in enumerate(_MONTHS, 1) for word in words.split()}
_TIME = r"(?:[T ]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?: ?[AaPp][Mm])?(?: ?(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2}))?)?"
_YEAR_FIRST = re.compile(rf"([0-9]{{4}})([-/.])([0-9]{{1,2}})\2([0-9]{{1,2}}){_TIME}")
_PACKED = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_NUMBERS = re.compile(rf"([0-9]{{1,2}})([-/.])\s?([0-9]{{1,2}})\2\s?([0-9]{{4}}|[0-9]{{2}}){_TIME}")
_DAY_MONTH = re.compile(
    rf"([0-9]{{1,2}})(?:st|nd|rd|th|er|\.|º|°)?[ -]*(?:de )?([a-z]+)\.?,?[ -]*(?:de )?([0-9]{{4}}|[0-9]{{2}}){_TIME.lower()}"
)
_MONTH_DAY = re.compile(rf"([a-z]+)\.?[ -]*([0-9]{{1,2}})(?:st|nd|rd|th)?,?[ -]+([0-9]{{4}}){_TIME.lower()}")
_WEEKDAY = re.compile(
    r"^(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim)[a-z]{0,7}\.?,? +(?=[0-9a-z])"
)


class DateReader:
    """Reads the cells of one column. `order` is dmy, mdy or "" (nothing in the column tells)."""

    def __init__(self, cells: Iterable[Any], order: str = "") -> None:
        self.first_over_12 = self.second_over_12 = self.unclear = False
        self.serials = 0
        if not order:
            for cell in cells:
                self._weigh(cell)
        self.order = order or self._decide()

    @property
    def contradicts_itself(self) -> bool:
        """Both 31/12 and 12/31 stand in the column."""
        return self.first_over_12 and self.second_over_12

    def read_or_none(self, cell: Any) -> date | None:
        """The date, or None where there is none."""
        try:
            return self.read(cell)
        except BadValue:
            return None

    def read(self, cell: Cell) -> date:
        """The date a cell holds. BadValue with the reason if it holds none, or none for sure."""
        if isinstance(cell, bool):
            raise BadValue(f"{shown(clean_text(cell))} is no date")
        if isinstance(cell, date):
            return _sane(cell, cell)
        if isinstance(cell, Decimal):
            return self._from_serial(cell, cell)
        text = ascii_digits(clean_text(cell))
        if found := _YEAR_FIRST.fullmatch(text):
            return _make(found[1], found[3], found[4], cell)
        if found := _NUMBERS.fullmatch(text):
            return self._from_numbers(found, cell)
        if found := _PACKED.fullmatch(text):
            return _make(found[1], found[2], found[3], cell)
        if re.fullmatch(r"[0-9]{5,6}(?:\.[0-9]+)?", text):
            return self._from_serial(Decimal(text), cell)
        return self._from_words(text, cell)

    def _from_words(self, text: str, cell: Cell) -> date:
        words = plain(text)
        if words.split(" ")[0].strip(".,") not in MONTHS:
            words = _WEEKDAY.sub("", words)
        if (found := _DAY_MONTH.fullmatch(words)) and found[2] in MONTHS:
            return _make(found[3], str(MONTHS[found[2]]), found[1], cell)
        if (found := _MONTH_DAY.fullmatch(words)) and found[1] in MONTHS:
            return _make(found[3], str(MONTHS[found[1]]), found[2], cell)
        found = re.fullmatch(r"([a-z]*)\.? ?[0-9]{4}", words)
        if found and found[1] in ("", *MONTHS):
            raise BadValue(f"{shown(cell)} names no day; write it as 2026-12-31")
        raise BadValue(f"{shown(cell)} is no date; write it as 2026-12-31")

    def _from_numbers(self, found: re.Match[str], cell: Cell) -> date:
        first, separator, second, year = int(found[1]), found[2], int(found[3]), found[4]
        if separator == "." or first > 12:
            return _make(year, str(second), str(first), cell)
        if second > 12:
            return _make(year, str(first), str(second), cell)
        if not self.order and first != second:
            raise BadValue(
                f"{shown(cell)} may be either of two days, and the column holds both ways; write it as 2026-12-31"
            )
        day, month = (second, first) if self.order == "mdy" else (first, second)
        return _make(year, str(month), str(day), cell)

    def _from_serial(self, number: Decimal, cell: Cell) -> date:
        if int(number) not in SERIALS:
            raise BadValue(f"{shown(clean_text(cell))} is no date; write it as 2026-12-31")
        self.serials += 1
        return EPOCH + timedelta(days=int(number))

    def _weigh(self, cell: Any) -> None:
        if not isinstance(cell, str):
            return
        found = _NUMBERS.fullmatch(cell.strip())
        if found and found[2] != ".":
            first, second = int(found[1]), int(found[3])
            if first > 12 >= second:
                self.first_over_12 = True
            elif second > 12 >= first:
                self.second_over_12 = True
            elif first != second:
                self.unclear = True

    def _decide(self) -> str:
        if self.first_over_12 == self.second_over_12:
            return ""
        return "dmy" if self.first_over_12 else "mdy"


def make_readers(
    columns: dict[str, list[Any]], order: str = ""
) -> tuple[dict[str, DateReader], list[str], list[str]]:
    """(a reader for each date column, notes, assumptions).

    A column that does not tell day from month follows the others; if none tells, the day comes first.
    """
    readers = {name: DateReader(cells, order) for name, cells in columns.items()}
    notes, assumed = [], []
    told = {reader.order for reader in readers.values() if reader.order}
    for name, reader in readers.items():
        if reader.contradicts_itself:
            notes.append(
                f"{name}: both 31/12 and 12/31 stand in this column; days that could be either are refused."
            )
        elif reader.unclear and not reader.order:
            reader.order = next(iter(told)) if len(told) == 1 else "dmy"
            meant = f"03/04/2026 is read as {'3 April' if reader.order == 'dmy' else '4 March'}"
            if len(told) == 1:
                notes.append(f"{name}: {meant}, as in the other date column.")
            else:
                assumed.append(f"{name}: nothing in the file tells the day from the month; {meant}.")
    return readers, notes, assumed


def _make(year: str, month: str, day: str, cell: Cell) -> date:
    whole = int(year) if len(year) == 4 else 2000 + int(year) if int(year) < 80 else 1900 + int(year)
    try:
        return _sane(date(whole, int(month), int(day)), cell)
    except ValueError as impossible:
        if isinstance(impossible, BadValue):
            raise
        raise BadValue(f"{shown(cell)} is a day that does not exist") from impossible


def _sane(day: date, cell: Any) -> date:
    day = date(day.year, day.month, day.day)
    if day.year in (2999, 9999) or day.year in YEARS:
        return day
    raise BadValue(f"{shown(cell)} is not between {YEARS.start} and {YEARS.stop - 1}")


def means_no_end(day: date) -> bool:
    """31 December 9999 and 2999 are how systems write "no end"."""
    return day.year in (2999, 9999)
