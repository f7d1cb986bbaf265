"""Pieces that the drawings of evidence are put together from, and the panel a drawing stands in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

LETTER = 6.0  # pixels to a letter of a label
LONGEST = 80  # letters of a name


@dataclass(frozen=True)
class Table:
    """The figures of a drawing: columns (label, class), rows of cells. `is_open`: shown, not folded away."""

    columns: Sequence[tuple[Any, str]]
    rows: Sequence[Sequence[Any]]
    is_open: bool = False

    @property
    def cells(self) -> list[list[tuple[Any, Any, str]]]:
        """Each row as (cell, label of its column, class)."""
        return [
            [(cell, label, css) for cell, (label, css) in zip(row, self.columns, strict=True)]
            for row in self.rows
        ]


@dataclass(frozen=True)
class Panel:
    """A finding, what shows it, and the figures as a table. Without `says` only what would be here, and how to start it."""

    slug: str
    heading: str
    empty: str
    start: str  # the address where its first entry is made
    entry: str  # what that is called
    says: bool = False
    drawings: Sequence[tuple[str, SafeString]] = ()  # (for which widths: wide, middle, narrow; the drawing)
    notes: Sequence[str] = field(default_factory=list)
    table: Table | None = None
    is_broad: bool = False
    brief: str = ""  # the finding as half a sentence, where it can head the page
    is_finding: bool = True  # the heading says what the facts come to, not only what they are about


def drawing(name: str, width: float, height: float, title: str, said: str, body: str) -> SafeString:
    """An SVG that scales with its place and is read aloud. `body` is markup whose words are escaped already."""
    ids = f"{name}{width:.0f}"
    return mark_safe(  # noqa: S308  (title and words are escaped here, those of the body by `label` and `mark`)
        f'<svg class="fluid" viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-labelledby="{ids}t {ids}d">'
        f'<title id="{ids}t">{conditional_escape(title)}</title><desc id="{ids}d">{conditional_escape(said)}</desc>{body}</svg>'
    )


def label(x: float, y: float, words: Any, css: str = "t11") -> str:
    """A text; class `m` stands it on its middle, `r` on its end."""
    return f'<text class="{css}" x="{x:.1f}" y="{y:.1f}">{conditional_escape(words)}</text>'


def mark(said: str, *shapes: str) -> str:
    """Shapes that say something when pointed at."""
    return f"<g><title>{conditional_escape(said)}</title>{''.join(shapes)}</g>"


def rect(css: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{css}" x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}"/>'


def path(css: str, d: str) -> str:
    return f'<path class="{css}" d="{d}"/>'


def circle(css: str, x: float, y: float, radius: float) -> str:
    return f'<circle class="{css}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"/>'


def entry(row: Any) -> SafeString:
    """The name of an entry, short enough for a line, leading to it."""
    return format_html('<a href="{}">{}</a>', row.get_absolute_url(), Truncator(str(row)).chars(LONGEST))


def long(words: str) -> float:
    """About how many pixels a label takes."""
    return LETTER * len(words)
