"""A contract's terms on a line of time, as inline SVG: built on the server, without styles or scripts, that prints."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from accounts.templatetags.look import day
from partners.models import Contract, ContractTerm
from partners.models.terms import AMENDED, BACK

MOST = 6  # terms drawn; the table has all
_TOP, _BAR, _HEIGHT, _LETTER = 38, 12, 84, 6.2  # pixels


@dataclass(frozen=True)
class Stretch:
    """A term as it was run through: its days and its notice deadline."""

    starts: date
    ends: date
    deadline: date | None
    has_start: bool = True  # else it is drawn from today, and nowhere said to begin then

    def __str__(self) -> str:
        return f"{day(self.starts)} to {day(self.ends)}" if self.has_start else f"Until {day(self.ends)}"


def stretches(contract: Contract, terms: Iterable[ContractTerm]) -> list[Stretch]:
    """The terms one after the other, without those that were replaced or taken back."""
    found: list[Stretch] = []
    for term in terms:
        if term.how in (AMENDED, BACK):
            while found and (term.how == AMENDED or not term.ends or found[-1].ends >= term.ends):
                starts = found.pop().starts
                if term.how == AMENDED and (not term.ends or starts <= term.ends):
                    break
        if not term.ends:
            continue
        first = found[-1].ends + timedelta(days=1) if found and found[-1].ends < date.max else None
        known = first or contract.starts
        starts = known or min(contract.today, term.ends - timedelta(days=1))
        if starts <= term.ends:
            found.append(Stretch(starts, term.ends, term.notice_deadline, known is not None))
    return found


def timeline(
    contract: Contract, terms: Iterable[ContractTerm], could_end: date | None = None, width: int = 640
) -> SafeString:
    """Start, terms, notice deadlines, today and the end; `could_end`: the end one more extension would bring.

    Empty where the contract has no end. `width` in pixels; it also tells two drawings on one page apart.
    """
    runs = stretches(contract, terms)[-MOST:]
    if not runs:
        return mark_safe("")
    now, today = runs[-1], contract.today
    first, last = runs[0].starts, max(now.ends, could_end or now.ends)
    if first <= today:
        last = max(last, min(today, date.fromordinal(min(now.ends.toordinal() + 400, date.max.toordinal()))))
    else:
        first = today if (first - today).days < 800 else first
    days = max(1, (last - first).days)

    def x(when: date) -> float:
        return 1 + (width - 2) * (when - first).days / days

    parts = [_bar(run, x, is_now=run is now) for run in runs]
    if could_end and could_end > now.ends:
        wide = max(x(could_end) - x(now.ends), 1)
        parts.append(
            f'<rect class="perhaps" x="{x(now.ends):.1f}" y="{_TOP}" width="{wide:.1f}" height="{_BAR}"/>'
        )
    for run in runs:
        if run.deadline and first <= run.deadline <= last:
            at = x(run.deadline)
            parts.append(f'<path class="due" d="M{at:.1f} {_TOP - 7}l4 5-4 5-4-5z"/>')
    if now.deadline and first <= now.deadline <= last:
        parts.append(_label(x(now.deadline), 27, f"notice by {day(now.deadline)}", width))
    if first <= today <= last:
        at = x(today)
        due = (
            _room(x(now.deadline), f"notice by {day(now.deadline)}", width) if now.deadline else (-9.0, -9.0)
        )
        top = 31 if due[0] - 3 < at < due[1] + 3 else 15  # never through the other label
        parts.append(f'<path class="acc" d="M{at:.1f} {top}V{_TOP + _BAR + 6}"/>')
        parts.append(_label(at, 11, "today", width, "tt"))
    parts += _ends(contract, runs, x, width, could_end)
    begins = f"from {day(runs[0].starts)} to" if runs[0].has_start else "until"
    title = f"Terms of the contract {begins} {day(now.ends)}"
    return mark_safe(  # noqa: S308  (dates and our own words)
        f'<svg class="fluid line" viewBox="0 0 {width} {_HEIGHT}" role="img" aria-labelledby="tt{width} td{width}">'
        f'<title id="tt{width}">{escape(title)}</title><desc id="td{width}">{escape(_said(contract, runs, could_end))}</desc>'
        f"{''.join(parts)}</svg>"
    )


def _bar(run: Stretch, x: Callable[[date], float], *, is_now: bool) -> str:
    wide = max(x(run.ends) - x(run.starts) - 1.5, 1)
    return (
        f'<g><title>{run}</title><rect class="{"now" if is_now else "was"}" x="{x(run.starts):.1f}" y="{_TOP}" '
        f'width="{wide:.1f}" height="{_BAR}"/></g>'
    )


def _ends(
    contract: Contract, runs: list[Stretch], x: Callable[[date], float], width: int, could_end: date | None
) -> list[str]:
    """The labels under the line, from the current end to the left and right, as far as there is room."""
    now = runs[-1]
    final = contract.ends_for_good == now.ends
    parts: list[str] = []
    taken: list[tuple[float, float]] = []

    def put(when: date, text: str, look: str = "") -> None:
        left, right = _room(x(when), text, width)
        if all(right < start or left > end for start, end in taken):
            taken.append((left - 8, right + 8))
            parts.append(f'<path class="ax" d="M{x(when):.1f} {_TOP + _BAR}v6"/>')
            parts.append(_label(x(when), _TOP + _BAR + 19, text, width, look))

    put(now.ends, f"ends for good {day(now.ends)}" if final else day(now.ends), "t1")
    if final:
        parts.append(f'<path class="stop" d="M{x(now.ends):.1f} {_TOP - 4}v{_BAR + 8}"/>')
    if runs[0].has_start:
        put(runs[0].starts, day(runs[0].starts))
    if could_end:
        put(could_end, f"or {day(could_end)}", "t3")
    for run in reversed(runs[:-1]):
        put(run.ends, day(run.ends))
    return parts


def _room(at: float, text: str, width: int) -> tuple[float, float]:
    """From where to where a label goes that stands as near the middle of its day as the edges allow."""
    long = _LETTER * len(text)
    left = min(max(at - long / 2, 0), width - long)
    return left, left + long


def _label(at: float, y: int, text: str, width: int, look: str = "") -> str:
    left, right = _room(at, text, width)
    anchor, place = (
        ("start", 0.0) if left <= 0 else ("end", float(width)) if right >= width else ("middle", at)
    )
    return f'<text class="t11 {look}" x="{place:.1f}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _said(contract: Contract, runs: list[Stretch], could_end: date | None) -> str:
    """The drawing in words."""
    said = [f"{run}, notice by {day(run.deadline)}." for run in runs]
    said.append(f"Today is {day(contract.today)}.")
    if could_end:
        said.append(f"One more extension would end it on {day(could_end)}.")
    if contract.ends_for_good == runs[-1].ends:
        said.append("It was decided that it ends for good then.")
    return " ".join(said)
