"""Numbers as people type them in plain digits: no 1_000, NaN, 1e5 or other alphabets' digits. And which years are."""

import re
from decimal import Decimal

_PLAIN = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,20})?", re.ASCII)
YEARS = range(1950, 2200)  # of a day that somebody types or a file holds


class NotANumber(ValueError):
    """What was typed is no number in range; the message is a sentence."""


def parse_decimal(
    text: str, *, least: int | None = None, most: int | None = None, places: int = 4
) -> Decimal:
    """Return the number, or raise NotANumber with what is wrong. Never rounds."""
    typed = text.strip()
    if not _PLAIN.fullmatch(typed):
        shown = f"“{typed[:20]}” is" if typed and typed.isprintable() else "This is"
        raise NotANumber(f"{shown} not a number. Use plain digits with a point, for example 12.5.")
    value = Decimal(typed)
    if least is not None and value < least:
        raise NotANumber(f"{typed} is too small; the least is {least}.")
    if most is not None and value > most:
        raise NotANumber(f"{typed} is too large; the most is {most}.")
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > places:
        raise NotANumber(f"{typed} has more than {places} decimals; nothing is rounded silently.")
    return value


def row_number(text: str | None) -> int | None:
    """A row's number as an address or a hidden field holds it; None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else None
