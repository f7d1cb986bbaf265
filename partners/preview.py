"""What a file would do, shown before it is confirmed; and its rows that cannot come in, to be taken along."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.core import signing

from accounts.uploads import Problem
from partners.register.reading import Table
from partners.register.safety import Refused
from partners.register.workbook import Cell, Moment

MAX_AGE = 24 * 3600  # seconds a preview may be confirmed
MOST = 2_000_000  # characters that travel with a page
_GONE = "The preview is too old or not yours. Choose the file once more."


@dataclass
class Preview:
    """What every file of rows is answered with: `sealed` confirms it, `left_out` are its bad rows, sealed as well."""

    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sealed: str = ""
    left_out: str = ""


def seal(value: Any, salt: str) -> str:
    """What travels with a page and comes back as it was."""
    return signing.dumps(value, salt=salt, compress=True)


def unseal(sealed: str, salt: str) -> Any:
    """What was sealed for the same use. Refused for another one's, or one that is too old."""
    try:
        return signing.loads(sealed, salt=salt, max_age=MAX_AGE)
    except signing.BadSignature:
        raise Refused(_GONE) from None


def left_out(table: Table, problems: Iterable[Problem], salt: str) -> str:
    """The rows with a problem as the file has them, line and reasons first; sealed for `salt`.

    Of very many long ones only line and reasons.
    """
    why: dict[int, list[str]] = {}
    for problem in sorted(problems):
        reason = problem.reason.rstrip(".")
        why.setdefault(problem.line, []).append(f"{problem.column}: {reason}" if problem.column else reason)
    cells = {row.line: [_text(cell) for cell in row.cells] for row in table.rows if row.line in why}
    rows = [[line, "; ".join(reasons), *cells.get(line, [])] for line, reasons in why.items()]
    sealed = seal([["line", "why", *table.headings], rows], _bad(salt))
    return sealed if len(sealed) <= MOST else seal([["line", "why"], [row[:2] for row in rows]], _bad(salt))


def rows_left_out(sealed: str, salt: str) -> Any:
    """Headings and rows out of `left_out`."""
    return unseal(sealed, _bad(salt))


def _bad(salt: str) -> str:
    return f"left out of {salt}"


def _text(cell: Cell) -> str:
    if isinstance(cell, Moment):
        return f"{cell.isoformat()} {cell.minutes // 60:02}:{cell.minutes % 60:02}"
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return f"{cell:f}" if isinstance(cell, Decimal) else str(cell)
