"""The promise ledger: one line a promise, from the day it was made by every move of its date to what became of it."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cached_property

from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.templatetags.look import day
from accounts.words import counted
from evidence.charts.svg import Table, circle, drawing, entry, label, mark, path, rect
from evidence.kinds import KINDS
from evidence.models import Promise
from partners.dates import plus_months

WIDTH, NARROW, HEIGHT = 460, 340, 24
BACK, AHEAD = 6, 4  # years
became = KINDS[Promise.SLUG].reads


class Ledger:
    """Promises with their `moves`, on one scale of time."""

    def __init__(self, promises: Sequence[Promise], today: date) -> None:
        self.promises, self.today = promises, today

    @cached_property
    def span(self) -> tuple[date, date]:
        """From the first promise to the last day that is drawn, six years back and four ahead at most."""
        days = [row.promised_on for row in self.promises]
        for row in self.promises:
            days += [when for when in (row.due_on, row.delivered_on, row.withdrawn_on) if when]
            days += [move.due_on for move in row.moves.all()]
        first = max(min([self.today - timedelta(days=90), *days]), plus_months(self.today, -12 * BACK))
        return first, min(max([self.today, *days]), plus_months(self.today, 12 * AHEAD))

    @property
    def reach(self) -> str:
        """Which days the lines reach over."""
        first, last = self.span
        return f"The lines reach from {first:%b %Y} to {last:%b %Y}."

    def across(self, when: date, width: int) -> float:
        first, last = self.span
        return 6 + (width - 12) * (min(max(when, first), last) - first).days / (last - first).days

    def table(self) -> Table:
        columns = [
            ("Promise", ""), (_both(self.scale(WIDTH), self.scale(NARROW)), "track"), ("First promised for", "n"), ("What became of it", "any"),
        ]  # fmt: skip
        rows = [
            (
                entry(row),
                _both(self.track(row, WIDTH), self.track(row, NARROW)),
                day(row.due_on),
                became(row),
            )
            for row in self.promises
        ]
        return Table(columns, rows, is_open=True)

    def scale(self, width: int) -> SafeString:
        """The years over the lines."""
        first, last = self.span
        body = []
        year = date(first.year, 1, 1)
        while year <= last:
            if year >= first:
                x = self.across(year, width)
                body.append(path("ax", f"M{x:.1f} 4V16"))
                if width - x > 30:
                    body.append(label(x + 4, 13, year.year, "t3 t11"))
            year = plus_months(year, 12)
        title = f"Years from {first.year} to {last.year}"
        return drawing("years", width, 18, title, "The scale of the lines below.", "".join(body))

    def track(self, row: Promise, width: int) -> SafeString:
        """Promised (ring), first day (stroke), each move (short stroke), delivered (dot), withdrawn (cross), open (ring)."""
        middle = HEIGHT / 2
        x = lambda when: self.across(when, width)  # noqa: E731
        moves = list(row.moves.all())
        ended = row.delivered_on or row.withdrawn_on
        last = ended or max(
            [self.today, *([row.due_on] if row.due_on else []), *(move.due_on for move in moves)]
        )
        body = [
            path("today", f"M{x(self.today):.1f} 0V{HEIGHT}"),
            path("way", f"M{x(row.promised_on):.1f} {middle}H{x(last):.1f}"),
        ]
        until = row.delivered_on or row.withdrawn_on or self.today
        if row.due_on and until > row.due_on:
            said = f"{counted((until - row.due_on).days, 'day')} after the first day"
            body.append(mark(said, rect("inside", x(row.due_on), middle - 2.5, x(until) - x(row.due_on), 5)))
        body.append(mark(f"Promised {day(row.promised_on)}" if row.due_on else f"Asked {day(row.promised_on)}",
                         circle("ring", x(row.promised_on), middle, 3)))  # fmt: skip
        if row.due_on:
            body.append(
                mark(
                    f"First promised for {day(row.due_on)}",
                    path("first", f"M{x(row.due_on):.1f} {middle - 8}v16"),
                )
            )
        for move in moves:
            said = f"Moved on {day(move.moved_on)} to {day(move.due_on)}"
            body.append(mark(said, path("moved", f"M{x(move.due_on):.1f} {middle - 5}v10")))
        if row.delivered_on:
            body.append(
                mark(f"Delivered {day(row.delivered_on)}", circle("dot", x(row.delivered_on), middle, 4.5))
            )
        elif row.withdrawn_on:
            at = x(row.withdrawn_on)
            cross = path("ln", f"M{at - 4:.1f} {middle - 4}l8 8m0 -8l-8 8")
            body.append(mark(f"Withdrawn {day(row.withdrawn_on)}", cross))
        return drawing(f"promise{row.pk}w", width, HEIGHT, row.what, became(row), "".join(body))


def _both(wide: SafeString, narrow: SafeString) -> SafeString:
    return format_html('<span class="broad">{}</span><span class="slim">{}</span>', wide, narrow)
