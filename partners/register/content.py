"""What a column holds, judged by its values: the share of them that would do for a FIELD."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

from partners.register.dates import DateReader
from partners.register.money import MoneyReader, currency_code
from partners.register.values import (
    BadValue,
    clean_text,
    is_blank,
    read_boolean,
    read_country,
    read_kind,
    read_months,
    read_notice,
    read_term,
    read_time_zone,
)

ENOUGH_VALUES = 200


def fits(name: str, cells: list[Any]) -> float:
    """The share of a column's filled cells that can be read as this FIELD, 0 to 1."""
    cells = [cell for cell in cells[:ENOUGH_VALUES] if not is_blank(cell)]
    if not cells:
        return 0.0
    return sum(map(_test(name, cells), cells)) / len(cells)


def _test(name: str, cells: list[Any]) -> Any:
    if name in ("starts", "ends"):
        reader = DateReader(cells)
        reader.order = reader.order or "dmy"  # here only whether it is a date counts
        return lambda cell: reader.read_or_none(cell) is not None or is_blank(cell, for_end=True)
    if name in ("annual_value", "total_value"):
        amounts = MoneyReader(cells)
        return lambda cell: _reads(amounts.read, cell)
    simple = {
        "auto_renews": read_boolean,
        "kind": read_kind,
        "notice_days": read_notice,
        "currency": currency_code,
        "term": read_term,
        "renewal_months": read_months,
        "country": read_country,
        "time_zone": read_time_zone,
    }
    if name in simple:
        return lambda cell: _reads(simple[name], cell)
    if name == "link":
        return lambda cell: bool(re.match(r"(https?://|www\.)\S+$", str(cell).strip(), re.IGNORECASE))
    if name == "owner":
        return lambda cell: isinstance(cell, str) and len(cell) < 120 and not cell.strip().isdigit()
    if name == "reference":
        return lambda cell: not isinstance(cell, date | bool) and len(str(cell)) <= 100
    return _is_wording


def _is_wording(cell: Any) -> bool:
    """Names and titles: text with a letter in it that is no address of a page."""
    if isinstance(cell, date | Decimal | bool):
        return False
    return (
        any(sign.isalpha() for sign in cell) and "://" not in cell and not re.fullmatch(r"[0-9T:./ -]+", cell)
    )


def _reads(read: Any, cell: Any) -> bool:
    try:
        clean_text(cell)
        read(cell)
    except BadValue:
        return False
    return True
