"""What everything that reads an uploaded table shares."""

from pathlib import Path
from typing import IO, NamedTuple


class Problem(NamedTuple):
    """Why a row, or a part of it, is not used: line of the file, heading of the column, a sentence."""

    line: int
    column: str
    reason: str


def separator(heading: str) -> str:
    """What separates the cells of a CSV with this first line: a semicolon where the comma is the decimal sign."""
    return max(",;\t", key=heading.count)


def opened(path: Path) -> IO[bytes]:
    """The file a command was given. Raises OSError, also for a device or pipe: it may never end."""
    if path.exists() and not path.is_file():
        raise OSError(0, "it is no file" if not path.is_dir() else "it is a folder")
    return path.open("rb")
