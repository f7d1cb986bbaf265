"""What everything that reads an uploaded table shares."""

from typing import NamedTuple


class Problem(NamedTuple):
    """Why a row, or a part of it, is not used: line of the file, heading of the column, a sentence."""

    line: int
    column: str
    reason: str


def separator(heading: str) -> str:
    """What separates the cells of a CSV with this first line: a semicolon where the comma is the decimal sign."""
    return max(",;\t", key=heading.count)
