"""Reads a column of amounts. Whether 1.234 is a thousand or a unit is decided for the column, by its evidence."""

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from partners.names import plain
from partners.register.values import BadValue, ascii_digits, clean_text, shown
from partners.register.workbook import Cell, CellError

CURRENCIES = {"AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BHD", "BIF", "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLP", "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VED", "VES", "VND", "VUV", "WST", "XAF", "XCD", "XOF", "XPF", "YER", "ZAR", "ZMW", "ZWG"}  # fmt: skip
SIGNS = {"€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "zł": "PLN", "₺": "TRY", "₽": "RUB", "₩": "KRW", "kč": "CZK", "₪": "ILS", "us$": "USD", "a$": "AUD", "au$": "AUD", "c$": "CAD", "ca$": "CAD", "nz$": "NZD", "s$": "SGD", "hk$": "HKD", "r$": "BRL", "fr.": "CHF", "sfr.": "CHF", "sfr": "CHF", "fr": "CHF", "rs": "INR", "rs.": "INR", "ft": "HUF", "lei": "RON"}  # fmt: skip
WORDS = {"euro": "EUR", "euros": "EUR", "us dollar": "USD", "us dollars": "USD", "pound": "GBP", "pounds": "GBP", "pound sterling": "GBP", "sterling": "GBP", "swiss franc": "CHF", "swiss francs": "CHF", "schweizer franken": "CHF", "australian dollar": "AUD", "australian dollars": "AUD", "yen": "JPY"}  # fmt: skip
DOLLARS = {
    "USD",
    "AUD",
    "CAD",
    "NZD",
    "SGD",
    "HKD",
    "MXN",
    "BBD",
    "BMD",
    "BSD",
    "BZD",
    "FJD",
    "JMD",
    "TTD",
    "TWD",
    "NAD",
}
KRONER = {"SEK", "NOK", "DKK", "ISK"}
LIMIT = Decimal(10) ** 14
_SPACES = str.maketrans("", "", " \u00a0\u202f\u2009'’")
_SHAPE = re.compile(r"(?P<before>[^0-9.,()+\-−–]*)(?P<number>[0-9][0-9.,]*|[.,][0-9]+)(?P<after>[^0-9.,()]*)")


def currency_code(cell: Cell) -> str:
    """The ISO 4217 code a cell names by code, sign or word. A bare $ is none: it may be any dollar."""
    text = clean_text(cell)
    code = text.upper()
    code = code if code in CURRENCIES else SIGNS.get(text.lower()) or WORDS.get(plain(text)) or ""
    if not code:
        raise BadValue(f"{shown(cell)} is no ISO 4217 currency code such as EUR")
    return code


def currency_in_heading(heading: str) -> str:
    """The currency an amount's heading names: "amount (AUD)", "Value in EUR", "Betrag €"; "" if none."""
    for word in re.findall(r"[A-Z]{3}\b|[A-Z]{0,2}\$|[€£¥]", heading):
        if word in CURRENCIES:
            return word
        if word.lower() in SIGNS:
            return SIGNS[word.lower()]
    return ""


class MoneyReader:
    """Reads the cells of one column of amounts."""

    def __init__(self, cells: Iterable[Any]) -> None:
        self.point = ""  # the decimal sign the column shows, "" if nothing tells
        signs = {sign for cell in cells if isinstance(cell, str) for sign in [_tells(cell)] if sign}
        if len(signs) == 1:
            self.point = signs.pop()
        self.rounded = False

    def read(self, cell: Cell) -> tuple[Decimal, str]:
        """(amount, currency beside it: a code, "$", "kr" or ""). BadValue for anything unclear, negative or endless."""
        if isinstance(cell, Decimal):
            return self._checked(cell, cell), ""
        if isinstance(cell, bool) or not isinstance(cell, str) or isinstance(cell, CellError):
            raise BadValue(f"{shown(clean_text(cell))} is no amount")
        text = ascii_digits(clean_text(cell))
        bare = re.sub(r"(?<=[0-9])[.,/][-–—=]{1,2}", "", text.translate(_SPACES))  # 5.000,- is 5.000
        bare = re.sub(r"^([^\W0-9]{1,4})\.(?=[0-9])", r"\1", bare)  # Fr.5000 is Fr5000
        bare = re.sub(r"(?<=[^\W0-9])\.$", "", bare)
        if re.search(r"^\(.*\)$|^[^0-9]{0,4}[-−–][^0-9]{0,3}[0-9.,]|[0-9][-−–]$", bare):
            raise BadValue(f"{shown(cell)} is negative; an amount cannot be")
        found = _SHAPE.fullmatch(bare)
        if not found:
            raise BadValue(f"{shown(cell)} is no amount")
        code = _currency_beside(found["before"], found["after"], cell)
        return self._checked(Decimal(self._plain_number(found["number"], cell)), cell), code

    def _plain_number(self, number: str, cell: Cell) -> str:
        signs = set(number) & {".", ","}
        if not signs:
            return number
        last = max(number.rfind("."), number.rfind(","))
        point = number[last]
        other = "," if point == "." else "."
        if len(signs) == 2:
            thousands, decimals = number[:last], number[last + 1 :]
            if point in thousands or not _grouped(thousands, other):
                raise BadValue(f"{shown(cell)} is not written like an amount")
            return f"{thousands.replace(other, '')}.{decimals or 0}"
        if number.count(point) > 1:
            if not _grouped(number, point):
                raise BadValue(f"{shown(cell)} is not written like an amount")
            return number.replace(point, "")
        before, after = number.split(point)
        if len(after) == 3 and 1 <= len(before) <= 3 and before != "0" and point != self.point:
            return before + after  # 1.234 without a sign that the point is decimal: a thousand
        return f"{before or 0}.{after or 0}"

    def _checked(self, amount: Decimal, cell: Cell) -> Decimal:
        if not amount.is_finite():
            raise BadValue(f"{shown(cell)} is no amount")
        if amount < 0:
            raise BadValue(f"{shown(clean_text(cell))} is negative; an amount cannot be")
        if amount >= LIMIT:
            raise BadValue(f"{shown(clean_text(cell))} is larger than any contract")
        cents = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
        noise = (
            Decimal("0.000001") if isinstance(cell, Decimal) else 0
        )  # a spreadsheet's number is never quite exact
        self.rounded = abs(cents - amount) > noise
        return cents


def _grouped(text: str, sign: str) -> bool:
    """Whether digits stand in threes between the signs (or as in 12,34,567)."""
    groups = text.split(sign)
    return (
        len(groups[-1]) == 3 and all(len(g) in (2, 3) for g in groups[1:-1]) and 1 <= len(groups[0]) <= 3
        if len(groups) > 1
        else True
    )


def _tells(cell: str) -> str:
    """The decimal sign that an amount shows beyond doubt."""
    number = re.sub(r"[^0-9.,]", "", cell.translate(_SPACES)).strip(".,")
    if "." in number and "," in number:
        return max(".", ",", key=number.rfind)
    for sign, other in ((".", ","), (",", ".")):
        if number.count(sign) > 1:
            return other
        if sign in number and len(number) - number.rfind(sign) - 1 != 3:
            return sign
    return ""


def _currency_beside(before: str, after: str, cell: Cell) -> str:
    beside = [part.strip() for part in (before, after) if part.strip()]
    if not beside:
        return ""
    if len(beside) > 1 and len(set(beside)) > 1:
        raise BadValue(f"{shown(cell)} is not a plain amount; write the number in full")
    if (sign := beside[0].lower().rstrip(".:")) in ("$", "kr"):
        return sign
    try:
        return currency_code(beside[0])
    except BadValue as unknown:
        raise BadValue(f"{shown(cell)} is not a plain amount; write the number in full") from unknown
