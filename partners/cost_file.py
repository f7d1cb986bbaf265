"""Cost lines as files hold them: the columns, and what a row of a file means."""

from collections.abc import Sequence
from typing import Any

COLUMNS = ["kind", "what for", "amount", "currency", "how often", "first day", "last day"]


def as_row(line: Any) -> Sequence[Any]:
    """A cost line in these columns."""
    often = "once" if line.once else "a year"
    return [line.get_kind_display(), line.note, line.amount, line.currency, often, line.starts, line.ends]
