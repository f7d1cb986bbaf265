"""Charts as inline SVG: strings built on the server, without styles or scripts, that print and are read aloud.

Every function returns a SafeString with role="img" and a <title> that says the same in words. Colours are
classes of site.css. Scores are 0 to 100.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from accounts.templatetags.look import change, plain, score
from scorecards.scoring import rounded


@dataclass(frozen=True)
class TrendPoint:
    """One cycle of a trend; `score` is None where there was none, `letter` empty where it is provisional.

    `like_for_like`: with the point before it.
    """

    label: str
    score: Decimal | None
    letter: str = ""
    like_for_like: bool = True


def trend_chart(
    points: Sequence[TrendPoint], bands: Sequence[tuple[str, str, Any]], width: int = 780, height: int = 268
) -> SafeString:
    """Overall scores by cycle over the bands (letter, name, lower edge), best band first; sizes in pixels.

    A gap where a cycle has no score; a dashed line where two points are not like for like. The figure of a low
    point stands under it, clear of the lines that come down to it.
    """
    left, right, top, bottom = 26.0, width - 66.0, 6.0, height - 22.0
    scores = [float(p.score) for p in points if p.score is not None]
    edges = [float(lower) for _, _, lower in bands]
    floor = max(0.0, min([s - 8 for s in scores] + [edge - 10 for edge in edges if edge > 0] + [90.0]))
    step = (right - left - 36) / max(len(points) - 1, 1)

    def down(value: float) -> float:
        return bottom - (value - floor) / (100 - floor) * (bottom - top)

    body, upper = [], 100.0
    for letter, name, lower in bands:
        low = max(float(lower), floor)
        if low < upper:
            y, tall = down(upper), down(low) - down(upper)
            wash = f"w{letter}" if letter in "ABCDE" else "bar2"
            body.append(
                f'<rect class="w {wash}" x="{left:g}" y="{y:.1f}" width="{right - left:g}" height="{tall:.1f}"/>'
            )
            if tall >= 12:
                label = conditional_escape(f"{letter} {name}")
                body.append(f'<text class="t11" x="{right + 8:g}" y="{y + tall / 2 + 4:.1f}">{label}</text>')
            body.append(f'<text class="t3 t11 r" x="20" y="{y + 4:.1f}">{plain(str(upper))}</text>')
        upper = min(upper, low)
    placed = [
        (left + 18 + step * place, down(float(p.score)), p) if p.score is not None else None
        for place, p in enumerate(points)
    ]
    for before, after in pairwise(placed):
        if before and after:
            css = 'class="ln"' if after[2].like_for_like else 'class="ln2" stroke-dasharray="3 4"'
            body.append(f'<path {css} d="M{before[0]:.1f} {before[1]:.1f}L{after[0]:.1f} {after[1]:.1f}"/>')
    every = max(1, -(-len(points) * 57 // int(right - left)))  # a label needs 57 pixels
    for place, point in enumerate(points):
        x, last = left + 18 + step * place, place == len(points) - 1
        labelled = last or (len(points) - 1 - place) % every == 0
        if labelled:
            anchor = "r" if last and len(points) > 1 else "m"
            label_x = right + 8 if anchor == "r" else x
            body.append(
                f'<text class="t3 t11 {anchor}" x="{label_x:.1f}" y="{height - 6}">{conditional_escape(point.label)}</text>'
            )
        if found := placed[place]:
            y, css = found[1], f"f{point.letter}" if last else "dot"
            css = css if point.letter else "fP"
            body.append(
                f'<circle class="{css}" cx="{x:.1f}" cy="{y:.1f}" r="{5 if last else 2.5 if point.letter else 3.5}"/>'
            )
            if labelled:
                weight = "t1" if last else ""
                beside = [other[1] for other in placed[max(place - 1, 0) : place + 2] if other]
                label_y = y + 20 if y - min(beside) > 8 and y == max(beside) and y < bottom - 24 else y - 12
                body.append(
                    f'<text class="m {weight}" x="{x:.1f}" y="{label_y:.1f}">{score(point.score)}</text>'
                )
    said = ", ".join(
        f"{p.label} {score(p.score) if p.score is not None else 'no score'}"
        f"{' (provisional)' if p.score is not None and not p.letter else ''}"
        f"{'' if p.like_for_like else ' (not like for like)'}"
        for p in points
    )
    return _svg(width, height, f"Overall score by cycle: {said}", "".join(body), fluid=True)


def sparkline(values: Sequence[Decimal | None], letter: str = "") -> SafeString:
    """A trend small enough for a table row, the last point in the colour of its band."""
    numbers = [float(value) for value in values if value is not None]
    if not numbers:
        return _svg(72, 20, "No score yet", "")
    middle, reach = (max(numbers) + min(numbers)) / 2, max(max(numbers) - min(numbers), 20)
    step = 62 / max(len(values) - 1, 1)
    runs: list[list[str]] = [[]]
    last = (0.0, 0.0)
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
            continue
        last = (4 + step * place, 10 - (float(value) - middle) / reach * 14)
        runs[-1].append(f"{last[0]:.1f},{last[1]:.1f}")
    lines = "".join(f'<polyline class="ln2" points="{" ".join(run)}"/>' for run in runs if len(run) > 1)
    dot = f'<circle class="f{letter or "P"}" cx="{last[0]:.1f}" cy="{last[1]:.1f}" r="3"/>'
    said = ", ".join(score(value) if value is not None else "no score" for value in values)
    return _svg(72, 20, f"Trend: {said}", lines + dot)


def mark_dots(counts: Mapping[int, int], lowest: int, highest: int, mean: Any) -> SafeString:
    """One dot a mark over the scale, the mean as a line; callers say below five marks how many there are.

    More marks than fit as dots are drawn as bars.
    """
    number = sum(counts.values())
    span = highest - lowest
    unit = 124 / span
    across = max(1, min(3, int(unit // 6)))  # the dots of one mark stand apart from those of the next
    most = max(counts.values())
    body = ['<path class="ax" d="M6 23H142"/>']
    for value in range(lowest, highest + 1):
        x, count = 12 + (value - lowest) * unit, counts.get(value, 0)
        if span <= 30:
            body.append(f'<path class="ax" d="M{x:.1f} 23v3"/>')
        if most > 3 * across:
            tall = 18 * count / most
            body.append(
                f'<rect class="bar1" x="{x - 3:.1f}" y="{23 - tall:.1f}" width="6" height="{tall:.1f}"/>'
            )
            continue
        for dot in range(count):
            row, place = divmod(dot, across)
            in_row = min(across, count - row * across)
            at = x + (place - (in_row - 1) / 2) * 6
            body.append(f'<circle class="bar1" cx="{at:.1f}" cy="{18.5 - row * 6:.1f}" r="2.4"/>')
    body.append(f'<path class="acc" d="M{12 + (float(mean) - lowest) * unit:.1f} 20v8"/>')
    said = ", ".join(f"{counts[value]} gave {value}" for value in sorted(counts) if counts[value])
    return _svg(150, 28, f"{number} marks, mean {float(mean):.1f}: {said}", "".join(body))


def mark_scale(lowest: int, highest: int) -> SafeString:
    """The marks over a column of `mark_dots`; only the ends of a long scale."""
    span = highest - lowest
    values = range(lowest, highest + 1) if span <= 10 else (lowest, highest)
    body = "".join(
        f'<text class="m t3 t11" x="{12 + (value - lowest) * 124 / span:.1f}" y="10">{value}</text>'
        for value in values
    )
    return _svg(150, 12, f"Marks from {lowest} to {highest}", body)


def moved_bar(moved: Fraction, longest: Any) -> SafeString:
    """To the right of the middle for a rise, to the left for a fall; `longest` is the longest of the column."""
    long = float(moved) / float(longest or 1) * 88
    body = (
        f'<rect class="bar1" x="{min(90, 90 + long):.1f}" y="3" width="{abs(long):.1f}" height="10"/>'
        '<path class="ax" d="M90 0v16"/>'
    )
    return _svg(180, 16, f"Moved the score by {change(rounded(moved, 2), 2)} points", body)


def weight_bar(points: Any, possible: Any, longest: Any, *, thin: bool = False) -> SafeString:
    """As long as the points possible, dark for the points scored; `longest` is the length of the whole column."""
    scale = 276 / float(longest or 1)
    full, dark = float(possible) * scale, float(points) * scale
    y, tall = (5, 6) if thin else (2, 12)
    title = f"{float(points):.2f} of {float(possible):.2f} points"
    body = (
        f'<rect class="bar2" x="0" y="{y}" width="{full:.1f}" height="{tall}"/>'
        f'<rect class="bar1" x="0" y="{y}" width="{dark:.1f}" height="{tall}"/>'
    )
    return _svg(280, 16, title, body, css="wbar")


def whisker(lower: Any, upper: Any, adjusted: Any, raw: Any, width: int = 120) -> SafeString:
    """A score without severity as a dot on the line of its 95 % interval, the raw one as a tick; 0 to 100 wide."""

    def across(value: Any) -> float:
        return 4 + (width - 8) * min(max(float(value), 0), 100) / 100

    body = [
        f'<path class="ax" d="M4 14H{width - 4}"/>',
        f'<path class="ln2" d="M{across(lower):.1f} 8H{across(upper):.1f}M{across(lower):.1f} 5v6M{across(upper):.1f} 5v6"/>',
        f'<path class="acc" d="M{across(raw):.1f} 3v10"/>',
        f'<circle class="dot" cx="{across(adjusted):.1f}" cy="8" r="3"/>',
    ]
    title = f"{score(adjusted)} without severity, between {score(lower)} and {score(upper)}; {score(raw)} as marked"
    return _svg(width, 16, title, "".join(body))


def progress_bar(done: int, total: int) -> SafeString:
    """One piece a criterion, the first `done` in the accent."""
    pieces = "".join(
        f'<rect class="{"acc" if place < done else "bar2"}" x="{place * 10}" y="0" width="8.6" height="6"/>'
        for place in range(total)
    )
    return _svg(max(total, 1) * 10, 6, f"{done} of {total} criteria done", pieces, css="steps", stretch=True)


def _svg(
    width: int,
    height: int,
    title: str,
    body: str,
    *,
    css: str = "",
    fluid: bool = False,
    stretch: bool = False,
) -> SafeString:
    size = (
        ' preserveAspectRatio="none"' if stretch else "" if fluid else f' width="{width}" height="{height}"'
    )
    classes = " ".join(filter(None, ["fluid" if fluid else "", css]))
    # The title is escaped here; the body holds numbers and labels escaped above.
    return mark_safe(  # noqa: S308
        f'<svg{f" class={chr(34)}{classes}{chr(34)}" if classes else ""}{size} viewBox="0 0 {width} {height}" '
        f'role="img"><title>{conditional_escape(title)}</title>{body}</svg>'
    )
