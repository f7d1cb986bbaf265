"""Drawings of the portfolio, made on the server: the scatter of spend against score, the heat map's rows."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.urls import reverse
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

from accounts.templatetags.look import band, money, score
from scorecards.scoring import band_of, rounded

TOP, HEIGHT = 8.0, 420
RADIUS, LABEL_HEIGHT, LETTER_WIDTH, LONGEST_LABEL = 8, 15, 6.5, 32
LEADS = (28, 40, 54, 70, 90, 112)  # pixels to a name that moved off
LEAD_TURNS = (-30, 30, -150, 150, -60, 60, -120, 120, -80, 80, -100, 100)  # degrees from the right
STRIP = 8  # pixels
STEPS = [value * 10.0**power for power in range(-3, 24) for value in (1, 2, 5)]  # where an axis begins, ends

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Dot:
    """One partner: spend a year (above 0), score 0 to 100, its standing's letter, and its score a year ago."""

    name: str
    spend: float
    score: float
    letter: str
    before: float | None = None


@dataclass(frozen=True)
class _Plot:
    """Where a spend and a score are on the drawing."""

    low: float
    high: float
    floor: float
    left: float
    right: float
    bottom: float = HEIGHT - 40.0

    def across(self, spend: float) -> float:
        return self.left + (self.right - self.left) * math.log(spend / self.low) / math.log(
            self.high / self.low
        )

    def down(self, score: float) -> float:
        return self.bottom - (self.bottom - TOP) * (score - self.floor) / (100 - self.floor)


def spend_and_score(dots: Sequence[Dot], bands: Sequence[Any], currency: str, width: int = 840) -> SafeString:
    """Draw partners by spend (logarithmic) and score, over the bands (rows with letter, name, lower).

    A tail leads from last year's score. A name that would cover a dot, a tail or a name flips to the left, then
    above or below, then moves off with a line to its dot. Where nothing is free it is left out: its dot says it when
    pointed at, and the table below has them all. `width` in pixels.
    """
    if not dots:
        return mark_safe("")
    scores = [d.score for d in dots] + [d.before for d in dots if d.before is not None]
    low = max(step for step in STEPS if step <= min(d.spend for d in dots))
    high = min(step for step in STEPS if step > max(low, max(d.spend for d in dots)))
    wide = width >= 600
    plot = _Plot(
        low, high, max(0, min(30, 10 * math.floor((min(scores) - 3) / 10))), 32, width - (80 if wide else 16)
    )
    marks = [
        *_stripes(bands, plot, wide),
        *_axis(plot, currency, wide, any(d.before is not None for d in dots)),
    ]
    taken = _Ground()
    for dot in dots:
        taken.cover(_boxes(dot, plot))
    names = []
    for dot in sorted(dots, key=lambda d: -d.spend):
        x, y = plot.across(dot.spend), plot.down(dot.score)
        marks.append(_mark(dot, plot, currency))
        name = Truncator(dot.name).chars(LONGEST_LABEL)
        if spot := _label_spot(name, x, y, plot, taken):
            taken.cover(spot.covers)
            names.append(
                f'{spot.line}<text class="t0 {spot.anchor}" x="{spot.x:.1f}" y="{spot.y + 4:.1f}">'
                f"{conditional_escape(name)}</text>"
            )
    title = f"Spend a year and score of {len(dots)} partners; the table below holds the same figures"
    return mark_safe(  # noqa: S308  (names are escaped, the rest is ours)
        f'<svg class="fluid" viewBox="0 0 {width} {HEIGHT}" role="img"><title>{title}</title>'
        f"{''.join(marks)}{''.join(names)}</svg>"
    )


def _mark(dot: Dot, plot: _Plot, currency: str) -> str:
    x, y, letter = plot.across(dot.spend), plot.down(dot.score), dot.letter if dot.letter in "ABCDE" else ""
    said, tail = (
        f"{dot.name}: {currency} {money(Decimal(dot.spend))} a year, score {score(Decimal(dot.score))}",
        "",
    )
    if dot.before is not None:
        said += f", a year ago {score(Decimal(dot.before))}"
        tail = f'<path class="tail" d="M{x:.1f} {plot.down(dot.before):.1f}V{y:.1f}"/>'
    return (
        f"<g><title>{conditional_escape(said)}</title>{tail}"
        f'<circle class="f{letter or "P"}" cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS}"/>'
        f'<text class="in i{letter}" x="{x:.1f}" y="{y + 0.5:.1f}">{conditional_escape(dot.letter) or "–"}</text></g>'
    )


def _stripes(bands: Sequence[Any], plot: _Plot, wide: bool) -> list[str]:
    parts, upper = [], 100.0
    for row in bands:
        lower = max(float(row.lower), plot.floor)
        if lower >= upper:
            continue
        y, tall = plot.down(upper), plot.down(lower) - plot.down(upper)
        wash = f"w{row.letter}" if row.letter in "ABCDE" else "bar2"
        parts.append(
            f'<rect class="w {wash}" x="{plot.left:g}" y="{y:.1f}" width="{plot.right - plot.left:g}" '
            f'height="{tall:.1f}"/><text class="t3 t11 r" x="{plot.left - 8:g}" y="{y + 4:.1f}">{upper:g}</text>'
        )
        if tall >= 12:
            label = conditional_escape(row if wide else row.letter)
            parts.append(
                f'<text class="t11" x="{plot.right + 8:g}" y="{y + tall / 2 + 4:.1f}">{label}</text>'
            )
        upper = lower
    return parts


def _axis(plot: _Plot, currency: str, wide: bool, tails: bool) -> list[str]:
    ticks = [step for step in STEPS if plot.low <= step <= plot.high]
    if len(ticks) > (9 if wide else 6):
        ticks = [tick for tick in ticks if math.log10(tick) % 1 == 0 or tick == plot.high]
    unit = max((size for size in _SIZES if size[0] <= plot.high / 2), default=_SIZES[-1])
    parts = [f'<path class="ax" d="M{plot.left:g} {plot.bottom:g}H{plot.right:g}"/>']
    for tick in ticks:
        x = plot.across(tick)
        parts.append(
            f'<path class="ax" d="M{x:.1f} {plot.bottom:g}v4"/>'
            f'<text class="t3 t11 m" x="{x:.1f}" y="{plot.bottom + 17:g}">{tick / unit[0]:,.10g}</text>'
        )
    tail = ("Line: where it stood a year ago" if wide else "Line: a year ago") if tails else ""
    said = f"Spend a year, {currency}{unit[1]}{' (log scale)' if wide else ''}"
    below = plot.bottom + 35
    parts.append(f'<text class="t3 t11" x="{plot.left:g}" y="{below:g}">{tail}</text>')
    parts.append(f'<text class="t3 t11 r" x="{plot.right:g}" y="{below:g}">{conditional_escape(said)}</text>')
    return parts


_SIZES = [(1e9, " bn"), (1e6, " m"), (1e3, " thousand"), (1.0, "")]


def _boxes(dot: Dot, plot: _Plot) -> Iterator[Box]:
    """The ground a dot and its tail cover."""
    x, y = plot.across(dot.spend), plot.down(dot.score)
    yield x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS
    if dot.before is not None:
        end = plot.down(dot.before)
        yield x - 2, min(y, end), x + 2, max(y, end)


class _Ground:
    """What is covered, in strips across the drawing: a name is held against what its strips hold, not against all."""

    def __init__(self) -> None:
        self._strips: dict[int, list[Box]] = defaultdict(list)

    def cover(self, boxes: Iterable[Box]) -> None:
        for box in boxes:
            for strip in self._across(box):
                self._strips[strip].append(box)

    def is_free(self, box: Box) -> bool:
        return not any(_overlap(box, other) for strip in self._across(box) for other in self._strips[strip])

    @staticmethod
    def _across(box: Box) -> range:
        return range(int(box[1] // STRIP), int(box[3] // STRIP) + 1)


@dataclass(frozen=True)
class _Spot:
    """Where a name stands, the ground it covers, and the line that leads to it."""

    anchor: str
    x: float
    y: float
    covers: list[Box]
    line: str = ""


def _label_spot(name: str, x: float, y: float, plot: _Plot, taken: _Ground) -> _Spot | None:
    """Where the name fits: right of the dot, else left, above, below, at a corner, further off, else nowhere."""
    width, tall = LETTER_WIDTH * len(name), LABEL_HEIGHT / 2

    def free(box: Box) -> bool:
        inside = plot.left <= box[0] and box[2] <= plot.right and box[1] >= TOP and box[3] <= plot.bottom
        return inside and taken.is_free(box)

    def box_of(anchor: str, at: float, height: float) -> Box:
        start = at - {"": 0, "r": width, "m": width / 2}[anchor]
        return start - 1, height - tall, start + width + 1, height + tall

    above, below = y - 17, y + 17
    for anchor, at, height in (
        ("", x + 12, y), ("r", x - 12, y), ("m", x, above), ("m", x, below),
        ("", x - 8, below), ("", x + 6, above), ("r", x + 8, below), ("r", x - 6, above),
    ):  # fmt: skip
        if free(box := box_of(anchor, at, height)):
            return _Spot(anchor, at, height, [box])
    for reach in LEADS:
        for turn in LEAD_TURNS:
            right, down = math.cos(math.radians(turn)), math.sin(math.radians(turn))
            end_x, end_y = x + right * reach, y + down * reach
            anchor = "" if right > 0 else "r"
            at = end_x + math.copysign(3, right)
            if not free(box := box_of(anchor, at, end_y)):
                continue
            steps = [RADIUS + 3 + 3 * step for step in range(int((reach - RADIUS) / 3))]
            along = [(x + right * step, y + down * step) for step in steps]
            line = [(px - 1.5, py - 1.5, px + 1.5, py + 1.5) for px, py in along]
            if all(map(free, line)):
                drawn = f"M{x + right * RADIUS:.1f} {y + down * RADIUS:.1f}L{end_x:.1f} {end_y:.1f}"
                return _Spot(anchor, at, end_y, [box, *line], f'<path class="to" d="{drawn}"/>')
    return None


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def heat_rows(
    lines: Sequence[Any],
    categories: Sequence[Any],
    cells: Mapping[tuple[int, int], Decimal],
    bands: Sequence[Any],
) -> SafeString:
    """The heat map's rows as one string: the template language takes ten times as long over so many cells.

    `lines`: portfolio lines; `cells`: scores by (scorecard id, category id).
    """
    edges = [(row.letter, row.lower) for row in bands]
    rows = []
    for line in lines:
        tds = []
        for category in categories:
            value = cells.get((line.id, category.pk))
            letter = "" if value is None else escape(band_of(edges, value))
            tds.append(f'<td class="h {letter}"><span>{score(value)}<i>{letter}</i></span></td>')
        partner, scorecard = (
            reverse("partner_detail", args=[line.partner_id]),
            reverse("scorecard_detail", args=[line.id]),
        )
        stands = band(line.standing, line.standing_name or "", line.status)
        rows.append(
            f'<tr><th scope="row"><a href="{partner}">{escape(line.name)}</a></th>{"".join(tds)}'
            f'<td class="s"><span><a href="{scorecard}"><b>{score(line.overall)}</b></a>{stands}'
            f'</span></td><td class="n">{money(line.spend)}</td></tr>'
        )
    return mark_safe("".join(rows))  # noqa: S308  (names are escaped above)


def weight_line(today: Fraction, below: Fraction | None, above: Fraction | None) -> SafeString:
    """One weight from 0 to 100 %: a mark at today's, dark where somebody else is ahead. All three are shares of 1."""
    width, said = 160, [f"Today {rounded(100 * today, 1)} %"]
    lost = []
    if below is not None:
        lost.append((0.0, float(below)))
        said.append(f"behind under {rounded(100 * below, 1)} %")
    if above is not None:
        lost.append((float(above), 1.0))
        said.append(f"behind above {rounded(100 * above, 1)} %")
    dark = "".join(
        f'<rect class="bar1" x="{low * width:.1f}" y="5" width="{(high - low) * width:.1f}" height="6"/>'
        for low, high in lost
    )
    at = float(today) * width
    return mark_safe(  # noqa: S308  (numbers only)
        f'<svg class="wline" viewBox="-1 0 {width + 2} 16" width="{width + 2}" height="16" role="img"><title>{", ".join(said)}</title>'
        f'<rect class="bar2" x="0" y="5" width="{width}" height="6"/>{dark}<path class="acc" d="M{at:.1f} 1V15"/></svg>'
    )
