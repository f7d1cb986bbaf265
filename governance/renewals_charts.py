"""The line of notice deadlines, drawn on the server: a dot for each contract, its area the value a year."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from heapq import nlargest

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

LARGEST, SMALLEST = 20.5, 7.0  # radius in pixels
LEVELS_ABOVE, LEVELS_BELOW = (16, 48, 80), (186, 218)  # where a label's name stands
AXIS, TICKS, HEIGHT = 128, 236, 256
NAME_WIDTH, SUB_WIDTH = 7.0, 6.2  # pixels to a letter
LONGEST = 26
NAMED_FIRST = 14  # the largest, while there is room
APART = (0, -14, 14, -26, 26)  # how far a dot moves off the axis where it would cover another

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Dot:
    """One deadline: `name` and `sub` are its label, `said` everything; `worth` 0 is drawn as small as can be."""

    day: date
    name: str
    sub: str
    said: str
    worth: float
    letter: str
    decided: bool = False


@dataclass
class _Scale:
    first: date
    until: date
    width: int

    def across(self, day: date) -> float:
        return self.width * (day - self.first).days / (self.until - self.first).days


def deadline_line(
    dots: Sequence[Dot], first: date, until: date, today: date, by: date, width: int = 1240
) -> SafeString:
    """Draw deadlines from `first` until before `until` in the order of their days; up to `by` is shaded.

    The largest are named first, of these the earliest highest. A label that would cover another stands left of its
    line, in a lower row or under the axis, and is left out where nothing is free: the dot says it when pointed at, and
    the table holds them all.
    """
    scale = _Scale(first, until, width)
    largest = max((dot.worth for dot in dots), default=0) or 1
    size = {id(dot): max(SMALLEST, LARGEST * math.sqrt(dot.worth / largest)) for dot in dots}
    body = _ground(scale, today, by)
    placed: list[tuple[float, float, float]] = []
    marks: dict[int, tuple[float, float]] = {}
    for dot in sorted(dots, key=lambda one: -size[id(one)]):
        x, radius = scale.across(dot.day), size[id(dot)]
        y = max((AXIS + off for off in APART), key=lambda at: _room(x, at, radius, placed))
        if _room(x, AXIS, radius, placed) >= 0:
            y = AXIS
        placed.append((x, y, radius))
        marks[id(dot)] = x, y
    word, line = _today_boxes(scale, today)
    taken = [word]
    first_named = {id(dot) for dot in nlargest(NAMED_FIRST, dots, key=lambda one: one.worth)}
    apart = [line, *(_box(x, y, radius) for x, y, radius in placed if y != AXIS)]
    lines, labels = [], []
    for dot in sorted(dots, key=lambda one: (id(one) not in first_named, one.day)):
        x = marks[id(dot)][0]
        if spot := _spot(dot, x, scale.width, taken, apart):
            name, right, boxes = spot
            taken += boxes
            at, css = (x - 6, " r") if right else (x + 6, "")
            top = name - 11 if name < AXIS else name + 15
            lines.append(f'<path class="ld" d="M{x:.1f} {AXIS}V{top}"/>')
            labels.append(
                f'<text class="t1{css}" x="{at:.1f}" y="{name}">{_escape(_cut(dot.name))}</text>'
                f'<text class="t3{css}" x="{at:.1f}" y="{name + 15}">{_escape(dot.sub)}</text>'
            )
    circles = [
        _circle(dot, *marks[id(dot)], size[id(dot)]) for dot in sorted(dots, key=lambda one: -size[id(one)])
    ]
    title = f"Notice deadlines, {first:%B %Y} to {until - timedelta(days=1):%B %Y}"
    said = "One dot for each contract; its area is the value a year. The table below holds the same figures."
    return mark_safe(  # noqa: S308  (names are escaped, the rest is ours)
        f'<svg class="fluid" viewBox="0 0 {width} {HEIGHT}" role="img" aria-labelledby="line{width} said{width}">'
        f'<title id="line{width}">{title}</title><desc id="said{width}">{said}</desc>'
        f"{''.join([*body, *lines, *circles, *labels])}</svg>"
    )


def _ground(scale: _Scale, today: date, by: date) -> list[str]:
    """The shaded part, the months, the axis and today."""
    now, end = scale.across(today), min(scale.across(by + timedelta(days=1)), scale.width)
    body = [f'<rect class="zone" x="{now:.1f}" y="0" width="{max(0, end - now):.1f}" height="{TICKS}"/>']
    month = scale.first
    while month < scale.until:
        x = scale.across(month)
        label = f"{month:%b %Y}" if month == scale.first or month.month == 1 else f"{month:%b}"
        body.append(
            f'<path class="hl" d="M{x:.1f} {AXIS - 4}V{TICKS}"/><text class="t3" x="{x + 6:.1f}" y="{TICKS + 15}">{label}</text>'
        )
        month = (month + timedelta(days=32)).replace(day=1)
    body.append(f'<path class="ax" d="M0 {AXIS}H{scale.width}"/>')
    side = f' class="tt r" x="{now - 6:.1f}"' if now > 44 else f' class="tt" x="{now + 6:.1f}"'
    body.append(f'<path class="today" d="M{now:.1f} 0V{AXIS + 30}"/><text{side} y="11">Today</text>')
    return body


def _today_boxes(scale: _Scale, today: date) -> list[Box]:
    now = scale.across(today)
    word = (now - 46, 0, now, 16) if now > 44 else (now, 0, now + 46, 16)
    return [word, (now - 2, 0, now + 2, AXIS + 30)]


def _box(x: float, y: float, radius: float) -> Box:
    return x - radius, y - radius, x + radius, y + radius


def _room(x: float, y: float, radius: float, placed: Sequence[tuple[float, float, float]]) -> float:
    """How far a dot there would be from the nearest one; negative where they overlap."""
    return min((math.hypot(x - a, y - b) - radius - r * 0.9 for a, b, r in placed), default=1.0)


def _spot(
    dot: Dot, x: float, width: int, taken: Sequence[Box], apart: Sequence[Box]
) -> tuple[int, bool, list[Box]] | None:
    """Where the label fits: its height, whether it stands left of its line, and the ground both cover.

    `apart`: ground that its line may cross, being drawn under it: today, dots that have moved off the axis.
    """
    wide = max(NAME_WIDTH * len(_cut(dot.name)), SUB_WIDTH * len(dot.sub)) + 10
    for right in (False, True):
        for name in (*LEVELS_ABOVE, *LEVELS_BELOW):
            left = x - wide if right else x
            label = (left + 3, name - 12, left + wide - 3, name + 18)
            line = (
                (x - 1, name - 11, x + 1, AXIS - 22) if name < AXIS else (x - 1, AXIS + 22, x + 1, name + 15)
            )
            inside = left >= 0 and left + wide <= width and not any(_overlap(label, other) for other in apart)
            if inside and not any(_overlap(box, other) for box in (label, line) for other in taken):
                return name, right, [label, line]
    return None


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _circle(dot: Dot, x: float, y: float, radius: float) -> str:
    letter = dot.letter if dot.letter in tuple("ABCDE") else ""
    said = f"<title>{_escape(dot.said)}</title>"
    if dot.decided:
        tick = f'<path class="ln" d="M{x - 4:.1f} {y:.1f}l3 3 5-6"/>'
        return f'<g>{said}<circle class="hollow" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>{tick}</g>'
    return (
        f'<g>{said}<circle class="f{letter or "P"}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>'
        f'<text class="in i{letter or "P"}" x="{x:.1f}" y="{y + 0.5:.1f}">{_escape(dot.letter) or "–"}</text></g>'
    )


def _cut(name: str) -> str:
    return Truncator(name).chars(LONGEST)


def _escape(text: str) -> str:
    return conditional_escape(text)
