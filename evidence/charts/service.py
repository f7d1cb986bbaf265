"""Incidents against the limits that were agreed, programmes against their cost, prices against the market."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from math import ceil, log2
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from accounts.templatetags.look import day, money, plain
from accounts.words import counted
from evidence.charts.svg import Table, circle, drawing, entry, label, long, mark, path, rect
from evidence.figures import words
from evidence.models import Benchmark, Incident, Programme
from partners.dates import plus_months

LISTED = 12  # rows of the table under the incidents
_LEAST, _MOST = -3, 4  # powers of two of a limit, drawn at most


@dataclass(frozen=True)
class Taken:
    """How long one step of an incident took: hours, of so many agreed; `is_over`: it has ended."""

    hours: Decimal
    limit: Decimal | None
    is_over: bool

    @property
    def is_outside(self) -> bool:
        return self.limit is not None and self.hours > self.limit

    @property
    def part(self) -> float:
        """Of the limit; of none at all, as much as is drawn."""
        if self.limit:
            return max(float(self.hours / self.limit), 2.0**_LEAST)
        return 2.0**_MOST if self.hours else 1.0

    def __str__(self) -> str:
        said = f"{_hours(self.hours)}{'' if self.is_over else ' so far'}"
        return (
            said
            if self.limit is None
            else f"{said} of {_hours(self.limit)}{', outside' if self.is_outside else ''}"
        )


STEPS = (("acknowledged_at", "acknowledge_within", "Acknowledged"), ("fixed_at", "fix_within", "Fixed"))


class Incidents:
    """Incidents (no praise), each step against the hours agreed for it; `now` a moment."""

    def __init__(self, incidents: Sequence[Incident], now: datetime) -> None:
        self.incidents, self.now = incidents, now

    def taken(self, row: Incident, ended: str, within: str) -> Taken:
        seconds = ((getattr(row, ended) or self.now) - row.opened_at).total_seconds()
        return Taken(Decimal(max(seconds, 0)) / 3600, getattr(row, within), getattr(row, ended) is not None)

    @cached_property
    def outside(self) -> list[Incident]:
        return [row for row in self.incidents if any(self.taken(row, *step[:2]).is_outside for step in STEPS)]

    @cached_property
    def most(self) -> int:
        """The power of two of a limit that the drawing reaches to."""
        outside = [self.taken(row, *step[:2]) for row in self.outside for step in STEPS]
        parts = [taken.part for taken in outside if taken.is_outside]
        return min(max(1, ceil(log2(max(parts, default=1)))), _MOST)

    def notes(self) -> list[str]:
        without = sum(
            1 for row in self.incidents if row.acknowledge_within is None and row.fix_within is None
        )
        running = sum(1 for row in self.incidents if row.fixed_at is None)
        return [
            f"{counted(len(self.outside), 'incident')} of {len(self.incidents)} in a year outside a limit.",
            *([f"{running} not fixed yet."] if running else []),
            *(
                [f"{without} had no limit and {'is' if without == 1 else 'are'} not drawn."]
                if without
                else []
            ),
        ]

    def table(self) -> Table:
        """Those outside a limit first, then the latest."""
        columns = [("Incident", ""), ("Opened", "n"), ("Acknowledged", "any"), ("Fixed", "any")]
        late = {row.pk for row in self.outside}
        rows = sorted(self.incidents, key=lambda row: row.pk not in late)[:LISTED]
        return Table(
            columns,
            [
                (
                    entry(row), day(row.opened_at),
                    *(self.taken(row, *step[:2]) for step in STEPS),
                )
                for row in rows
            ],
        )  # fmt: skip

    def drawing(self, width: int) -> SafeString:
        left, lane, top = 86.0, 58, 20
        most = self.most
        scale = (width - left - 12) / (most - _LEAST)
        at_limit = left - _LEAST * scale
        body = [rect("range", left, top - 2, at_limit - left, lane * 2 + 2)]
        for power in range(_LEAST, most + 1):
            name = {-3: "⅛", -2: "¼", -1: "½", 0: "limit"}.get(power, f"{2**power}×")
            x = left + (power - _LEAST) * scale
            body.append(label(x, top + 2 * lane + 14, name, "t11 m" if power == 0 else "t3 t11 m"))
        body.append(path("ln2", f"M{at_limit:.1f} {top - 4}V{top + 2 * lane + 3}"))
        body.append(
            label(at_limit - 6, 11, "inside", "t3 t11 r") + label(at_limit + 6, 11, "outside", "t3 t11")
        )
        for place, (ended, within, name) in enumerate(STEPS):
            body.append(label(0, top + place * lane + lane / 2 + 4, name))
            body += self._lane(ended, within, top + place * lane + lane / 2, left, scale)
        title = "Hours that incidents took, as parts of the limit agreed for each: inside to the left, outside to the right"
        return drawing("incidents", width, top + 2 * lane + 20, title, " ".join(self.notes()), "".join(body))

    def _lane(self, ended: str, within: str, middle: float, left: float, scale: float) -> list[str]:
        """A dot for each, put above or below where another stands already."""
        placed: list[tuple[float, float]] = []
        marks = []
        for row in self.incidents:
            taken = self.taken(row, ended, within)
            if taken.limit is None or (not taken.is_over and not taken.is_outside):
                continue
            x = left + (min(log2(taken.part), self.most) - _LEAST) * scale
            offsets = [0.0, -10, 10, -20, 20]
            y = next(
                (
                    middle + off
                    for off in offsets
                    if all(abs(x - a) > 9.5 or abs(middle + off - b) > 9 for a, b in placed)
                ),
                middle,
            )
            placed.append((x, y))
            css = "dot" if taken.is_outside else "ring"
            marks.append(
                mark(
                    f"{Truncator(row.what).chars(60)}, {day(row.opened_at)}: {taken}", circle(css, x, y, 4.5)
                )
            )
        return marks


def _hours(hours: Decimal) -> str:
    if hours >= 48:
        return f"{hours / 24:.1f} days"
    return f"{hours:.1f} h" if hours != hours.to_integral() else f"{hours:.0f} h"


class Balance:
    """Programmes year by year: what came back beside what it cost; promised and not received as an outline."""

    def __init__(self, programmes: Sequence[Programme]) -> None:
        self.years = sorted(programmes, key=lambda row: row.year)

    @staticmethod
    def sums(row: Programme) -> tuple[Decimal, Decimal, Decimal]:
        """Received; promised and not received; cost."""
        benefits = row.benefits.all()
        received = sum((one.received for one in benefits), Decimal(0))
        missing = sum((max(one.promised - one.received, Decimal(0)) for one in benefits), Decimal(0))
        return received, missing, sum((one.cost for one in row.obligations.all()), Decimal(0))

    def table(self) -> Table:
        columns = [
            ("Year and level", ""), ("Currency", ""), ("Promised, not received", "n"), ("Received", "n"), ("Cost", "n"),
        ]  # fmt: skip
        rows = []
        for row in reversed(self.years):
            received, missing, cost = self.sums(row)
            name = format_html(
                '<a href="{}">{}</a>', row.get_absolute_url(), f"{row.year} {row.get_level_display()}"
            )
            rows.append((name, row.currency, money(missing), money(received), money(cost)))
        return Table(columns, rows)

    def drawing(self, width: int) -> SafeString:
        left, row_height, figure = 108.0, 46, 0.0
        most: dict[str, Decimal] = {}
        for row in self.years:
            received, missing, cost = self.sums(row)
            most[row.currency] = max(most.get(row.currency, Decimal(0)), received + missing, cost)
            figure = max(
                figure,
                long(f"{money(received)} of {money(received + missing)}") + 8,
                long(f"{money(cost)} cost") + 8,
            )
        body, said = [], []
        for place, row in enumerate(self.years):
            y = place * row_height + 2
            received, missing, cost = self.sums(row)
            scale = (width - left - figure) / float(most[row.currency] or 1)
            got, lost, paid = (float(amount) * scale for amount in (received, missing, cost))
            words = (
                f"{row.year}: {row.currency} {money(received)} received, {money(missing)} promised and not received, "
                f"{money(cost)} cost"
            )
            said.append(words)
            body.append(label(0, y + 13, f"{row.year} {row.get_level_display()}", "t1"))
            body.append(label(0, y + 29, row.currency, "t3 t11"))
            body.append(
                mark(
                    words,
                    rect("inside", left, y, got, 15),
                    rect("missing", left + got + 0.5, y + 0.5, lost - 1, 14) if missing else "",
                )
            )
            body.append(
                label(
                    left + got + lost + 6, y + 12, f"{money(received)} of {money(received + missing)}", "t11"
                )
            )
            body.append(rect("outside", left, y + 18, paid, 15))
            body.append(label(left + paid + 6, y + 30, f"{money(cost)} cost", "t11"))
        title = "What the programme brought and what it cost, by year"
        return drawing(
            "programme", width, len(self.years) * row_height, title, "; ".join(said) + ".", "".join(body)
        )


class Prices:
    """Benchmarks, the latest of each item: our price in the market's range. Out of date after twelve months."""

    def __init__(self, benchmarks: Sequence[Benchmark], today: date) -> None:
        self.items, self.today = benchmarks, today

    def is_stale(self, row: Benchmark) -> bool:
        return row.as_of < plus_months(self.today, -12)

    def table(self) -> Table:
        columns = [
            ("Item", ""), ("Ours", "n"), ("Market low, median, high", "n"), ("Against the median", "any"), ("As of", "any"),
        ]  # fmt: skip
        rows = [
            (
                entry(row),
                f"{row.currency} {plain(row.our_price)}",
                " · ".join(plain(value) for value in (row.low, row.median, row.high)),
                position(row),
                f"{day(row.as_of)}{', out of date' if self.is_stale(row) else ''}, {row.source}"
                f"{', shared with them' if row.shared else ''}",
            )
            for row in self.items
        ]
        return Table(columns, rows)

    def drawing(self, width: int) -> SafeString:
        low = min(min(_part(row.low, row), _part(row.our_price, row)) for row in self.items)
        high = max(max(_part(row.high, row), _part(row.our_price, row)) for row in self.items)
        low, high = max(min(low, 0.9), 0.0), max(high, 1.1)
        margin, row_height = 34.0, 72

        def across(part: float) -> float:
            return margin + (width - 2 * margin) * (part - low) / (high - low)

        body, said = [], []
        for place, row in enumerate(self.items):
            y = place * row_height
            whole = f"{row.item}: {position(row)}{', out of date' if self.is_stale(row) else ''}"
            said.append(whole)
            body.append(
                f'<g class="{"stale" if self.is_stale(row) else "fresh"}">{self._row(row, y, across, width)}</g>'
            )
        title = "Our prices in the range of the market, one line an item"
        return drawing(
            "prices", width, len(self.items) * row_height, title, "; ".join(said) + ".", "".join(body)
        )

    def _row(self, row: Benchmark, y: float, across: Any, width: int) -> str:
        line, median, ours = y + 36, across(1.0), across(_part(row.our_price, row))
        said = f"{position(row)}{f', as of {day(row.as_of)}: out of date' if self.is_stale(row) else ''}"
        room = int((width - long(said) - 24) / 6.6)
        parts = [
            label(0, y + 12, row.item if len(row.item) <= room else f"{row.item[: max(room - 1, 1)]}…", "t1"),
            label(width, y + 12, said, "t11 r"),
            path("ln2", f"M{across(_part(row.low, row)):.1f} {line}H{across(_part(row.high, row)):.1f}"),
            path("median", f"M{median:.1f} {line - 7}v14"),
        ]
        taken = [
            (
                median - long(f"median {plain(row.median)}") / 2,
                median + long(f"median {plain(row.median)}") / 2,
            )
        ]
        parts.append(label(median, line + 20, f"median {plain(row.median)}", "t3 t11 m"))
        for value, name in ((row.low, "low"), (row.high, "high")):
            if value is None:
                continue
            x, words = across(_part(value, row)), f"{name} {plain(value)}"
            half = long(words) / 2
            parts.append(path("ln2", f"M{x:.1f} {line - 4}v8"))
            if all(x + half + 4 < start or x - half - 4 > end for start, end in taken):
                parts.append(label(min(max(x, half), width - half), line + 20, words, "t3 t11 m"))
        half = 0.6 * long(f"ours {plain(row.our_price)}")  # in bold
        at = min(max(ours, half), width - half)
        said = f"Ours {plain(row.our_price)} {row.currency}, {position(row)}"
        parts.append(
            mark(said, circle("our-price", ours, line, 5))
            + label(at, line - 10, f"ours {plain(row.our_price)}", "t11 m t1")
        )
        return "".join(parts)


def _part(value: Decimal | None, row: Benchmark) -> float:
    return 1.0 if value is None else float(value / row.median)


def position(row: Benchmark) -> str:
    """Our price against the median: 12 % above."""
    return words("benchmark_position", row.position, 1).replace("market ", "")
