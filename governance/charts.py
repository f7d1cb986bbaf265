"""The portfolio's scatter of spend against score, as inline SVG made on the server."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

LEFT, RIGHT, TOP, BOTTOM = 34, 760, 8, 380
LABEL_HEIGHT, LETTER_WIDTH = 13, 6.4


@dataclass(frozen=True)
class Dot:
    """One partner: spend a year, score 0 to 100, its standing's letter, and its score a year ago."""

    name: str
    spend: float
    score: float
    letter: str
    before: float | None = None


def spend_and_score(dots: Sequence[Dot], bands: Sequence[Any], currency: str) -> SafeString:
    """Draw partners by spend (logarithmic) and score, over the bands (rows with letter, name, lower).

    A tail leads from last year's score. A name that would cover another dot or name flips to the left, and is
    left out where neither side is free: the table below has them all.
    """
    if not dots:
        return mark_safe("")
    floor = max(0, min(30, 10 * math.floor(min(min(d.score, d.before or d.score) for d in dots) / 10)))
    low = max(step for step in _steps() if step <= min(d.spend for d in dots))
    high = min(step for step in _steps() if step > max(low, max(d.spend for d in dots)))

    def across(spend: float) -> float:
        return LEFT + (RIGHT - LEFT) * math.log(spend / low) / math.log(high / low)

    def down(score: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (score - floor) / (100 - floor)

    parts = [*_stripes(bands, floor, down), *_axis(low, high, across, currency)]
    placed = [(across(d.spend) - 9, down(d.score) - 9, across(d.spend) + 9, down(d.score) + 9) for d in dots]
    for dot in sorted(dots, key=lambda d: -d.spend):
        x, y = across(dot.spend), down(dot.score)
        tail = (
            ""
            if dot.before is None
            else f'<line class="ci" x1="{x:.1f}" x2="{x:.1f}" y1="{down(dot.before):.1f}" y2="{y:.1f}"/>'
        )
        letter = dot.letter or "P"
        said = f"{dot.name}: {dot.score:.1f}, {currency} {dot.spend:,.0f} a year"
        parts.append(
            f"<g><title>{conditional_escape(said)}</title>{tail}"
            f'<circle class="f{letter}" cx="{x:.1f}" cy="{y:.1f}" r="8"/>'
            f'<text class="in i{letter}" x="{x:.1f}" y="{y:.1f}">{dot.letter or "–"}</text></g>'
        )
        if spot := _label_spot(dot.name, x, y, placed):
            anchor, label_x, box = spot
            placed.append(box)
            parts.append(
                f'<text class="{anchor}" x="{label_x:.1f}" y="{y + 4:.1f}">{conditional_escape(dot.name)}</text>'
            )
    title = f"Spend a year and score of {len(dots)} partners; the table below holds the same figures"
    return mark_safe(  # noqa: S308  (names are escaped, the rest is ours)
        f'<svg class="fluid" viewBox="0 0 840 420" role="img"><title>{title}</title>{"".join(parts)}</svg>'
    )


def _stripes(bands: Sequence[Any], floor: float, down: Any) -> list[str]:
    parts, upper = [], 100.0
    for band in bands:
        lower = max(float(band.lower), floor)
        if lower < upper:
            y, tall = down(upper), down(lower) - down(upper)
            parts.append(
                f'<rect class="w w{band.letter}" x="{LEFT}" y="{y:.1f}" width="{RIGHT - LEFT}" height="{tall:.1f}"/>'
                f'<text class="t11" x="{RIGHT + 8}" y="{y + tall / 2 + 4:.1f}">{conditional_escape(band)}</text>'
                f'<text class="t3 t11 r" x="{LEFT - 8}" y="{y + 4:.1f}">{upper:g}</text>'
            )
            upper = lower
    return parts


def _axis(low: float, high: float, across: Any, currency: str) -> list[str]:
    ticks = [step for step in _steps() if low <= step <= high]
    ticks = ticks if len(ticks) <= 8 else [tick for tick in ticks if math.log10(tick) % 1 == 0]
    parts = [f'<line class="ax" x1="{LEFT}" x2="{RIGHT}" y1="{BOTTOM}" y2="{BOTTOM}"/>']
    parts += [
        f'<text class="t3 t11 m" x="{across(tick):.1f}" y="{BOTTOM + 16}">{_short(tick)}</text>'
        for tick in ticks
    ]
    parts.append(f'<text class="t3 t11" x="{LEFT}" y="{BOTTOM + 34}">Line: where it stood a year ago</text>')
    parts.append(
        f'<text class="t3 t11 r" x="{RIGHT}" y="{BOTTOM + 34}">Spend a year, {conditional_escape(currency)} (log scale)</text>'
    )
    return parts


def _steps() -> list[float]:
    """1, 2, 5, 10, 20, 50 … : where the axis may begin, end and be marked."""
    return [value * 10.0**power for power in range(-3, 15) for value in (1, 2, 5)]


def _short(amount: float) -> str:
    for size, unit in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if amount >= size:
            return f"{amount / size:g} {unit}"
    return f"{amount:g}"


def _label_spot(name: str, x: float, y: float, placed: list[tuple]) -> tuple[str, float, tuple] | None:
    """Where the name fits: right of the dot, else left, else nowhere."""
    width = LETTER_WIDTH * len(name)
    right = (x + 12, y - LABEL_HEIGHT / 2, x + 12 + width, y + LABEL_HEIGHT / 2)
    left = (x - 12 - width, right[1], x - 12, right[3])
    for anchor, label_x, box in (("", x + 12, right), ("r", x - 12, left)):
        inside = box[0] >= LEFT and box[2] <= RIGHT + 2
        if inside and not any(_overlap(box, other) for other in placed):
            return anchor, label_x, box
    return None


def _overlap(one: tuple, other: tuple) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
