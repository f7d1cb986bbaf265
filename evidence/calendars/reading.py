"""From a calendar file to meetings with partners: series written out, exceptions applied, the rest left out and counted.

Nothing is kept, logged or quoted of an event without a partner.
"""

import hashlib
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta, tzinfo
from typing import Any

from icalendar import Event

from evidence.calendars.addresses import Addresses
from evidence.calendars.blocks import MAX_EVENT, Block, cut, text_of
from evidence.calendars.repeats import MOST, TooOften, dates, repeats
from evidence.calendars.zones import Start, Zones
from evidence.models import THEM, US
from partners.dates import plus_months
from partners.register.values import printable

MONTHS = 37
MOST_MEETINGS = 5_000
SECONDS = 5.0  # for the events with a partner, after which the rest is left out
# What is left out and why, in the order in which it is said. One word each where the file is counted.
REASONS = {
    "stranger": "without a partner’s address in it; nothing of it was kept",
    "cancelled": "called off",
    "declined": "declined by everybody of the partner",
    "discarded": "discarded by you before",
    "future": "not yet taken place",
    "old": f"more than {MONTHS} months ago",
    "often": "repeated by the hour, minute or second: no meeting is",
    "endless": f"a series of more than {MOST:,} in {MONTHS} months; its first {MOST:,} were read",
    "long": f"with more than {MAX_EVENT // 1000:,} kB of dates and rules",
    "unreadable": "not written as the standard (RFC 5545) says: it could not be read",
    "many": f"beyond the first {MOST_MEETINGS:,} meetings of a file; export a shorter period",
    "slow": f"not looked at, since the file took more than {SECONDS:.0f} seconds; export a shorter period",
}
_DATES = {"DTSTART", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"}
_DATED = re.compile(rb"(?i)^(DTSTART|RDATE|EXDATE|RECURRENCE-ID)([^:]*?);TZID=")
_DAY = re.compile(rb"\d{8}")
# How mail programs mark a meeting that was called off in the calendars of those who were invited.
_CALLED_OFF = re.compile(r"\s*(cancell?ed|abgesagt|annulé|annullato|cancelado|geannuleerd)\s*:", re.I)


@dataclass(frozen=True)
class Meeting:
    """One meeting with one partner. `recurrence` tells those of a series apart: the original start of each."""

    uid: str
    recurrence: str
    partner: int
    day: date
    subject: str
    started_by: str
    took_part: str
    cancelled: bool

    @property
    def state(self) -> str:
        """Equal while the calendar says the same of it."""
        said = f"{self.day}|{self.cancelled}|{self.subject}"
        return hashlib.blake2b(said.encode(), digest_size=8).hexdigest()


@dataclass
class Reading:
    """What a file says. `told`: the UIDs of which it tells all there is, so that what it does not hold is gone."""

    first: date
    last: date
    events: int = 0
    with_partner: int = 0
    meetings: list[Meeting] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    left_out: Counter[str] = field(default_factory=Counter)
    unknown_zones: set[str] = field(default_factory=set)


class _Unreadable(ValueError):
    pass


class _TooLong(ValueError):
    pass


@dataclass
class _Person:
    """Of one partner: the names in an event, whether one of them invited, whether anybody meant to come."""

    names: dict[str, None] = field(default_factory=dict)
    invited: bool = False
    came: bool = False


@dataclass
class _Parsed:
    start: Start
    original: tuple[Any, Any] | None
    sequence: int
    subject: str
    cancelled: bool
    people: dict[int, _Person] | None
    rules: list[Any]
    extra: list[tuple[Any, Any]]
    without: list[tuple[Any, Any]]
    onwards: timedelta | None  # by how much all later ones move, too (RANGE=THISANDFUTURE)


def read_calendar(content: bytes, addresses: Addresses, *, today: date, site: tzinfo) -> Reading:
    """Read a file as far as it is about partners. Refused for what is no calendar; never raises for what is in one."""
    pieces = cut(content)
    result = Reading(plus_months(today, -MONTHS), today)
    reader = _Reader(result, addresses, Zones(pieces.zones, site))
    groups: dict[str, list[Block]] = {}
    for block in pieces.events:
        groups.setdefault(_uid(block), []).append(block)
    result.events = len(groups)
    deadline = time.monotonic() + SECONDS
    for uid, blocks in groups.items():
        if not any(addresses.may_belong(line) for block in blocks for line in block.people):
            result.left_out["stranger"] += 1
        elif time.monotonic() > deadline:
            result.left_out["slow"] += 1
        elif len(result.meetings) >= MOST_MEETINGS:
            result.left_out["many"] += 1
        else:
            reader.read(uid, blocks)
    result.unknown_zones = reader.zones.unknown
    return result


def _uid(block: Block) -> str:
    uid = text_of(block.value(b"UID"))
    if uid and len(uid) <= 255 and uid.isprintable():
        return uid
    said = uid.encode() or block.value(b"DTSTART") + block.value(b"SUMMARY")
    return f"sha256:{hashlib.sha256(said).hexdigest()}"


class _Reader:
    def __init__(self, result: Reading, addresses: Addresses, zones: Zones) -> None:
        self.result, self.addresses, self.zones = result, addresses, zones

    def read(self, uid: str, blocks: list[Block]) -> None:
        """Read one event with all its exceptions; one reason is counted if nothing comes of it."""
        if self._is_outside(uid, blocks):
            return
        before = len(self.result.meetings)
        try:
            parsed = [self._parse(block) for block in blocks]
            if not any(event.people for event in parsed):
                self.result.left_out["stranger"] += 1
                return
            self.result.with_partner += 1
            self._write_out(uid, parsed)
        except TooOften:
            self._leave_out("often", uid, before)
        except _TooLong:
            self._leave_out("long", uid, before)
        except (
            ValueError,
            TypeError,
            AttributeError,
            LookupError,
            ArithmeticError,
        ):  # dates that are none, in time
            self._leave_out("unreadable", uid, before)

    def _leave_out(self, reason: str, uid: str, before: int) -> None:
        """Nothing of an event, rather than a part of it."""
        del self.result.meetings[before:]
        self.result.told.discard(uid)
        self.result.left_out[reason] += 1

    def _is_outside(self, uid: str, blocks: list[Block]) -> bool:
        """Whether a single event plainly lies outside the period: most of a long calendar does, and is not parsed."""
        day = _DAY.search(blocks[0].value(b"DTSTART"))
        if (
            len(blocks) > 1
            or not day
            or any(blocks[0].value(n) for n in (b"RRULE", b"RDATE", b"RECURRENCE-ID"))
        ):
            return False
        is_old = day[0] < f"{self.result.first - timedelta(days=2):%Y%m%d}".encode()
        if is_old or day[0] > f"{self.result.last + timedelta(days=2):%Y%m%d}".encode():
            self.result.with_partner += 1
            self.result.told.add(uid)
            self.result.left_out["old" if is_old else "future"] += 1
            return True
        return False

    def _parse(self, block: Block) -> _Parsed:
        if block.size > MAX_EVENT:
            raise _TooLong
        if not block.whole:
            raise _Unreadable
        people = [line for line in block.people if self.addresses.may_belong(line)]
        lines = [
            _DATED.sub(rb"\1\2;X-TZID=", line) for line in block.lines
        ]  # Zones knows more, and logs none
        text = "\r\n".join(["BEGIN:VEVENT", *map(text_of, lines + people), "END:VEVENT", ""])
        try:
            return self._understood(block, Event.from_ical(text))
        except Exception as error:  # whatever a stranger's bytes make a parser stumble over
            raise _Unreadable from error

    def _understood(self, block: Block, event: Any) -> _Parsed:
        if "DTSTART" not in event or any(name in _DATES for name, _ in event.errors):
            raise _Unreadable
        start, original = _all(event, "DTSTART")[0], _all(event, "RECURRENCE-ID")
        subject = printable(_all(event, "SUMMARY")[0] if "SUMMARY" in event else "", 299)
        status = str(_all(event, "STATUS")[0]).strip().upper() if "STATUS" in event else ""
        sequence = str(_all(event, "SEQUENCE")[0]) if "SEQUENCE" in event else ""
        begins, onwards = Start.read(start.dt, start.params, self.zones), None
        if original and str(original[0].params.get("RANGE", "")).upper() == "THISANDFUTURE":
            stood = Start.read(original[0].dt, original[0].params, self.zones, begins.zone)
            onwards = begins.wall - stood.in_zone(begins.zone)
        return _Parsed(
            start=begins, onwards=onwards,
            original=(original[0].dt, original[0].params) if original else None,
            sequence=int(sequence) if re.fullmatch("[0-9]{1,9}", sequence) else 0,
            subject=subject,
            cancelled=block.cancels or status == "CANCELLED" or bool(_CALLED_OFF.match(subject)),
            people=self._people(event) if block.people else None,
            rules=_all(event, "RRULE"), extra=dates(_all(event, "RDATE")), without=dates(_all(event, "EXDATE")),
        )  # fmt: skip

    def _people(self, event: Any) -> dict[int, _Person]:
        found: dict[int, _Person] = {}
        for name in ("ORGANIZER", "ATTENDEE"):
            for person in _all(event, name):
                address = str(person)
                address = (
                    address[7:] if address[:7].lower() == "mailto:" else str(person.params.get("EMAIL", ""))
                )
                for partner in self.addresses.partners_of(address):
                    of = found.setdefault(partner, _Person())
                    of.names[printable(person.params.get("CN") or address, 100)] = None
                    of.invited |= name == "ORGANIZER"
                    of.came |= str(person.params.get("PARTSTAT", "")).upper() != "DECLINED"
        return found

    def _write_out(self, uid: str, parsed: list[_Parsed]) -> None:
        """Take the event apart into single meetings."""
        master, exceptions = None, []
        for event in parsed:
            if event.original:
                exceptions.append(event)
            elif master is None or event.sequence >= master.sequence:
                master = event
        origin = master.start if master else None
        instead: dict[str, _Parsed] = {}
        for event in sorted(exceptions, key=lambda event: event.sequence):
            instead[self._key(event.original, origin or event.start)] = event
        before = len(self.result.meetings), self.result.left_out.total()
        if master:
            self.result.told.add(uid)
            if not (master.rules or master.extra or instead):
                self._meet(uid, "", master.start, master, master)
                return
            self._series(uid, master, instead)
        for key, event in instead.items():
            self._meet(uid, key, event.start, event, master)
        if master and before == (len(self.result.meetings), self.result.left_out.total()):
            self.result.left_out["future" if master.start.wall.date() > self.result.last else "old"] += 1

    def _series(self, uid: str, master: _Parsed, instead: dict[str, _Parsed]) -> None:
        """The meetings of a series by its rule; one that an exception stands for gives that its name."""
        without = {self._key(pair, master.start) for pair in master.without}
        changes = sorted(instead.items(), key=lambda pair: pair[0])
        onwards = [(since, change) for since, change in changes if change.onwards is not None]
        for wall in self._walls(uid, master):
            start = master.start.at(wall)
            key, day = start.key, f"{wall:%Y%m%d}"
            if day in instead and key != day:  # an exception that names the day only
                instead[key] = instead.pop(day)
            if key in instead or not without.isdisjoint((key, day)):
                continue
            event = master
            for since, change in onwards:
                if since < key:
                    event, start = change, master.start.at(wall + change.onwards)
            if self.result.first <= start.day(self.zones.site) <= self.result.last:
                self._meet(uid, key, start, event, master)

    def _walls(self, uid: str, master: _Parsed) -> Iterator[Any]:
        start, result = master.start, self.result
        walls = {start.wall}
        for pair in master.extra:
            extra = Start.read(*pair, self.zones, start.zone)
            if result.first.year - 1 <= extra.wall.year <= result.last.year + 1:
                walls.add(extra.in_zone(start.zone))
        for rule in master.rules:
            if start.wall.date() <= result.last:
                found, is_all = repeats(rule, start, result.first, result.last)
                walls.update(found)
                if not is_all:
                    result.left_out["endless"] += 1
                    result.told.discard(uid)
        yield from sorted(walls)

    def _key(self, pair: tuple[Any, Any], origin: Start) -> str:
        """Which of a series is meant: by its original start, or by the day where only that is said or counts."""
        start = Start.read(*pair, self.zones, origin.zone)
        return f"{start.wall:%Y%m%d}" if origin.is_day else start.key

    def _meet(self, uid: str, key: str, start: Start, event: _Parsed, master: _Parsed | None) -> None:
        """Note one meeting, with each partner in it, or why not."""
        result, day = self.result, start.day(self.zones.site)
        people = event.people if event.people is not None or master is None else master.people
        cancelled = event.cancelled or bool(master and master.cancelled)
        if not result.first <= day <= result.last:
            result.left_out["future" if day > result.last else "old"] += 1
        elif not people:
            result.left_out["stranger"] += 1
        elif len(result.meetings) >= MOST_MEETINGS:
            result.left_out["many"] += 1
            result.told.discard(uid)
        elif not cancelled and not any(person.came for person in people.values()):
            result.left_out["declined"] += 1
        else:
            if cancelled:
                result.left_out["cancelled"] += 1
            for partner, person in people.items():
                if person.came or cancelled:
                    side, names = THEM if person.invited else US, ", ".join(person.names)[:1_000]
                    meeting = Meeting(uid, key, partner, day, event.subject, side, names, cancelled)
                    result.meetings.append(meeting)


def _all(event: Any, name: str) -> list[Any]:
    """Every property of that name, however often it stands there."""
    found = event.get(name, [])
    return found if isinstance(found, list) else [found]
