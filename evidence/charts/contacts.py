"""Who came to whom and when; what each side told the other; what each left unanswered. Theirs above or left, ours opposite."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from django.utils.safestring import SafeString

from accounts.templatetags.look import day
from accounts.words import counted
from evidence.charts.svg import Table, drawing, label, long, mark, path, rect
from evidence.models import THEM
from partners.dates import plus_months, quarter_name, quarter_number

MONTHS, QUARTERS = 36, 8
Stretch = tuple[date, date]  # first and last day
SIDES = ((THEM, "theirs"), ("us", "ours"))


@dataclass(frozen=True)
class Presence:
    """Contacts of 36 months: (day, side that started them) and how many; the decision seasons they fall into."""

    contacts: Mapping[tuple[date, str], int]
    seasons: Sequence[Stretch]
    today: date

    @cached_property
    def first(self) -> date:
        return plus_months(self.today.replace(day=1), 1 - MONTHS)

    @cached_property
    def months(self) -> list[date]:
        return [plus_months(self.first, place) for place in range(MONTHS)]

    def is_season(self, when: date) -> bool:
        return any(first <= when <= last for first, last in self.seasons)

    @cached_property
    def counts(self) -> Counter[tuple[date, str, bool]]:
        """How many by month, side, and whether in a season."""
        found: Counter[tuple[date, str, bool]] = Counter()
        for (when, side), number in self.contacts.items():
            if self.first <= when <= self.today:
                found[when.replace(day=1), side, self.is_season(when)] += number
        return found

    def of(self, month: date, side: str) -> int:
        return self.counts[month, side, True] + self.counts[month, side, False]

    def said(self) -> str:
        """The strip in a sentence."""
        inside, outside = (
            sum(
                number
                for (_, side, season), number in self.counts.items()
                if side == THEM and season is which
            )
            for which in (True, False)
        )
        ours = sum(number for (_, side, _), number in self.counts.items() if side != THEM)
        if not any(last >= self.first and start <= self.today for start, last in self.seasons):
            return (
                f"In 36 months they came {counted(inside + outside, 'time')}, we {counted(ours, 'time')}. "
                "No decision season falls into them."
            )
        return (
            f"In 36 months they came {counted(inside, 'time')} inside decision seasons and {counted(outside, 'time')} "
            f"outside them; we came {counted(ours, 'time')}."
        )

    def table(self) -> Table:
        rows = []
        for start in range(MONTHS - 3, -1, -3):
            months = self.months[start : start + 3]
            inside = sum(self.counts[month, THEM, True] for month in months)
            outside = sum(self.counts[month, THEM, False] for month in months)
            ours = sum(self.of(month, "us") for month in months)
            rows.append((f"{months[0]:%b} to {months[-1]:%b %Y}", inside, outside, ours))
        columns = [
            ("Months", ""),
            ("They came, in season", "n"),
            ("They came, outside", "n"),
            ("We came", "n"),
        ]
        return Table(columns, rows)

    def drawing(self, width: int) -> SafeString:
        most = max((self.of(month, THEM) for month in self.months), default=0)
        ours = max((self.of(month, "us") for month in self.months), default=0)
        unit = min(14.0, 150 / max(most + ours, 1))
        top, step = 34.0, width / MONTHS
        axis = top + max(unit * most, 14)
        bottom = axis + max(unit * ours, 14) + 16
        wide, gap = max(step - (4 if step > 14 else 2), 2), 2 if step > 14 else 1
        end = plus_months(self.first, MONTHS)
        days = (end - self.first).days

        def across(when: date) -> float:
            return width * min(max((when - self.first).days, 0), days) / days

        body = []
        for start, last in self.seasons:
            x, until = across(start), across(min(last, end) + timedelta(days=1))
            body.append(
                mark(
                    f"Decision season, {day(start)} to {day(last)}",
                    rect("zone", x, 16, until - x, bottom - 16),
                )
            )
            if until - x > long("decision season") + 4:
                body.append(label((x + until) / 2, 12, "decision season", "t3 t11 m"))
        for place, month in enumerate(self.months):
            x = place * step + gap
            inside, outside, own = (
                self.counts[month, THEM, True],
                self.counts[month, THEM, False],
                self.of(month, "us"),
            )
            shapes = []
            if outside:
                shapes.append(rect("outside", x, axis - unit * outside, wide, unit * outside))
            if inside:
                shapes.append(rect("inside", x, axis - unit * (outside + inside), wide, unit * inside))
            if own:
                shapes.append(rect("ours", x + 0.5, axis + 0.5, wide - 1, unit * own - 0.5))
            if shapes:
                body.append(mark(f"{month:%B %Y}: they came {inside + outside}, we came {own}", *shapes))
            if inside + outside and (step > 14 or inside + outside == most):
                body.append(
                    label(x + wide / 2, axis - unit * (inside + outside) - 4, inside + outside, "t11 m")
                )
            if own and (step > 14 or own == ours):
                body.append(label(x + wide / 2, axis + unit * own + 11, own, "t11 m"))
            if month.month == 1 or not place:
                body.append(path("ax", f"M{place * step:.1f} {axis:.1f}V{bottom + 4:.1f}"))
                if place < MONTHS - 3 and (month.month == 1 or 13 - self.first.month > 3 + 300 // width):
                    body.append(label(place * step + 4, bottom + 12, f"{month:%b %Y}", "t3 t11"))
        body.append(path("ax", f"M0 {axis:.1f}H{width}"))
        title = (
            f"Contacts by month, {self.first:%B %Y} to {self.today:%B %Y}: theirs above the line, ours below"
        )
        return drawing("presence", width, bottom + 16, title, self.said(), "".join(body))


@dataclass(frozen=True)
class Disclosures:
    """How many plans and other news each side told the other: by (first day of a quarter, side, whether a plan)."""

    counts: Mapping[tuple[date, str, bool], int]
    today: date

    @cached_property
    def quarters(self) -> list[date]:
        this = date(self.today.year, self.today.month - (self.today.month - 1) % 3, 1)
        return [plus_months(this, -3 * back) for back in range(QUARTERS - 1, -1, -1)]

    def of(self, quarter: date, side: str) -> tuple[int, int]:
        """Plans, other news."""
        return self.counts.get((quarter, side, True), 0), self.counts.get((quarter, side, False), 0)

    def with_a_plan(self, side: str) -> int:
        """In how many of the last four quarters it shared a plan."""
        return sum(1 for quarter in self.quarters[-4:] if self.of(quarter, side)[0])

    @property
    def heading(self) -> str:
        theirs, ours = (_quarters(self.with_a_plan(side)) for side in (THEM, "us"))
        if theirs == ours:
            return f"Of the last four quarters, each side shared a plan in {theirs}"
        return f"Of the last four quarters, they shared a plan in {theirs}, we in {ours}"

    def table(self) -> Table:
        rows = [
            (quarter_name(quarter), *self.of(quarter, THEM), *self.of(quarter, "us"))
            for quarter in reversed(self.quarters)
        ]
        columns = [
            ("Quarter", ""), ("Their plans", "n"), ("Their other news", "n"), ("Our plans", "n"), ("Our other news", "n"),
        ]  # fmt: skip
        return Table(columns, rows)

    def drawing(self, width: int) -> SafeString:
        most, ours = (max(sum(self.of(quarter, side)) for quarter in self.quarters) for side in (THEM, "us"))
        unit = min(14.0, 110 / max(most + ours, 1))
        step = width / QUARTERS
        axis = 18 + max(unit * most, 14)
        bottom = axis + max(unit * ours, 14) + 16
        wide = min(step - 8, 40)
        body = []
        for place, quarter in enumerate(self.quarters):
            x = place * step + (step - wide) / 2
            said, shapes = [], []
            for side, direction in ((THEM, -1), ("us", 1)):
                plans, others = self.of(quarter, side)
                tall = unit * (plans + others)
                if plans + others:
                    whole = axis - tall if direction < 0 else axis
                    solid = axis - unit * plans if direction < 0 else axis
                    other = whole if direction < 0 else axis + unit * plans
                    shapes.append(rect("faint", x + 0.5, other, wide - 1, unit * others) if others else "")
                    css = "inside" if direction < 0 else "ours"
                    shapes.append(rect(css, x + 0.5, solid, wide - 1, unit * plans) if plans else "")
                    y = whole - 4 if direction < 0 else axis + tall + 12
                    shapes.append(label(x + wide / 2, y, plans + others, "t11 m"))
                said.append(
                    f"{'they' if side == THEM else 'we'} shared {counted(plans, 'plan')} and {others} other"
                )
            body.append(mark(f"{quarter_name(quarter)}: {'; '.join(said)}", *shapes))
            name = quarter_name(quarter) if step > 60 else f"Q{quarter_number(quarter)}"
            body.append(label(place * step + step / 2, bottom + 12, name, "t3 t11 m"))
        body.append(path("ax", f"M0 {axis:.1f}H{width}"))
        if step <= 60:
            body += [
                label(place * step + step / 2, bottom + 25, quarter.year, "t3 t11 m")
                for place, quarter in enumerate(self.quarters)
                if quarter.month == 1 or not place
            ]
        title = f"Plans and other news shared, {quarter_name(self.quarters[0])} to {quarter_name(self.quarters[-1])}: theirs above the line, ours below"
        return drawing(
            "shared", width, bottom + (30 if step <= 60 else 16), title, self.heading + ".", "".join(body)
        )


AGES = ((7, "a week"), (30, "a month"), (91, "3 months"), (183, "half a year"), (None, "longer"))


@dataclass(frozen=True)
class Waiting:
    """Requests that nobody answered: the side that owes the answer, and when they were asked."""

    asked: Iterable[tuple[str, date]]
    today: date

    @cached_property
    def counts(self) -> Counter[tuple[str, str]]:
        """By side and age."""
        return Counter((side, _age((self.today - when).days)) for side, when in self.asked)

    def of(self, side: str) -> int:
        return sum(number for (whose, _), number in self.counts.items() if whose == side)

    @property
    def heading(self) -> str:
        theirs, ours = (self.of(side) or "none" for side in (THEM, "us"))
        return f"Requests left unanswered: {theirs} by them, {ours} by us"

    @property
    def brief(self) -> str:
        """The same as half a sentence."""
        theirs, ours = self.of(THEM) or "no", self.of("us") or "none"
        return f"{theirs} request{'s' * (theirs != 1)} unanswered by them, {ours} by us"

    def drawing(self, width: int) -> SafeString:
        middle, row, top = 96.0, 24, 20
        reach = (width - middle) / 2 - 34
        most = max(self.counts.values(), default=1)
        left, right = (width - middle) / 2, (width + middle) / 2
        body = [
            label(left, 11, "they owe us an answer", "t3 t11 r"),
            label(right, 11, "we owe them one", "t3 t11"),
        ]
        for place, (limit, name) in enumerate(AGES):
            y = top + place * row
            words = f"up to {name}" if limit else name
            theirs, ours = self.counts[THEM, name], self.counts["us", name]
            body.append(label(width / 2, y + 13, words, "t11 m"))
            long_theirs, long_ours = reach * theirs / most, reach * ours / most
            if theirs:
                body.append(
                    mark(f"{words}: {theirs} theirs", rect("inside", left - long_theirs, y, long_theirs, 17))
                )
            if ours:
                body.append(
                    mark(
                        f"{words}: {ours} ours", rect("ours", right + 0.5, y + 0.5, max(long_ours - 1, 1), 16)
                    )
                )
            body.append(label(left - long_theirs - 6, y + 13, theirs, "t1 r" if theirs else "t3 r"))
            body.append(label(right + long_ours + 6, y + 13, ours, "t1" if ours else "t3"))
        height = top + len(AGES) * row
        body += [path("ax", f"M{x:.1f} {top - 3}V{height - 4}") for x in (left, right)]
        title = "Requests without an answer by how long ago they were asked: theirs to the left, ours to the right"
        said = "; ".join(
            f"{f'up to {name}' if limit else name}: {self.counts[THEM, name]} by them, {self.counts['us', name]} by us"
            for limit, name in AGES
        )
        return drawing("waiting", width, height, title, f"{said}.", "".join(body))


def _age(days: int) -> str:
    return next(name for limit, name in AGES if limit is None or days <= limit)


def _quarters(number: int) -> str:
    return "none" if not number else "all" if number == 4 else str(number)
