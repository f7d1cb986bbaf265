"""What everything that reads an uploaded table shares."""

from pathlib import Path
from typing import IO, NamedTuple

MOST_COLUMNS = 200


class Problem(NamedTuple):
    """Why a row, or a part of it, is not used: line of the file, heading of the column, a sentence."""

    line: int
    column: str
    reason: str


def separator(heading: str) -> str:
    """What separates the cells of a CSV with this first line: a semicolon where the comma is the decimal sign."""
    return max(",;\t", key=heading.count)


def heading_problem(names: list[str], needed: list[str], known: list[str] | None = None) -> Problem | None:
    """Why a table with these headings cannot be read. Only `known` headings (None: all) may not stand twice."""
    if len(names) > MOST_COLUMNS:
        return Problem(1, "", f"The first line has {len(names):,} columns; up to {MOST_COLUMNS} are read.")
    if missing := [name for name in needed if name not in names]:
        return Problem(1, missing[0], f"The first line must name the columns; missing: {', '.join(missing)}.")
    for name in names:
        if name and names.count(name) > 1 and (known is None or name in known):
            return Problem(1, name, f"The column {name} stands twice.")
    return None


def opened(path: Path) -> IO[bytes]:
    """The file a command was given. Raises OSError, also for a device or pipe: it may never end."""
    if path.exists() and not path.is_file():
        raise OSError(0, "it is no file" if not path.is_dir() else "it is a folder")
    return path.open("rb")
