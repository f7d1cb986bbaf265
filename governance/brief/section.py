"""What every section of a brief has. Plain values only: a brief is kept as JSON with the decision taken on it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

LONGEST_NAME = 60  # signs of a name of somebody's: a brief is one sheet


def short(name: str, most: int = LONGEST_NAME) -> str:
    """A name cut to what there is room for."""
    return name if len(name) <= most else f"{name[: most - 1].rstrip()}…"


@dataclass(frozen=True)
class Source:
    """Where a section's numbers come from, in words, and the address to look at."""

    words: str
    href: str = ""


@dataclass(frozen=True)
class Question:
    """What to ask the partner, and why: the lower the `rank`, the sooner it is asked."""

    words: str
    why: str
    rank: int


@dataclass(frozen=True)
class Section:
    """Something a brief has to say: `title` is the finding, `templates/governance/brief/<key>.html` draws `data`.

    `span`: columns of six it takes on a wide screen; `cards`: the scorecards whose scores it tells.
    """

    key: str
    title: str
    data: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    span: int = 3
    sources: Sequence[Source] = ()
    questions: Sequence[Question] = ()
    cards: Sequence[int] = ()
