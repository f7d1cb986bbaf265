"""Cuts a calendar file into its events, keeping of each only the lines that matter, before anything parses it.

One pass over the lines. Alarms, attachments and descriptions are dropped here, so no library has to hold them, and
neither nesting nor a line of 20 MB costs more than reading past it.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from partners.register.safety import MAX_BYTES, MEGABYTE, Refused

MAX_LINES = 1_500_000
MAX_EVENT = 200_000  # bytes of an event's own lines, the people in it aside
MAX_PEOPLE = 1_000  # looked at in one event
MAX_ZONE = 16_000
MAX_ZONES = 100
_PEOPLE = (b"ATTENDEE", b"ORGANIZER")
_KEPT = {
    b"UID", b"SEQUENCE", b"DTSTART", b"RRULE", b"RDATE", b"EXDATE", b"RECURRENCE-ID", b"SUMMARY", b"STATUS", *_PEOPLE,
}  # fmt: skip
_NAME = re.compile(rb"\s*([A-Za-z0-9-]{1,40})(?=[;:])")
_LONGEST_SUMMARY = 4_000


@dataclass(slots=True)
class Block:
    """A VEVENT's own lines, unfolded, those of the people in it apart. `whole` is false where it broke off."""

    cancels: bool  # it stands in a calendar that says METHOD:CANCEL
    lines: list[bytes] = field(default_factory=list)
    people: list[bytes] = field(default_factory=list)
    size: int = 0
    whole: bool = False

    def value(self, name: bytes) -> bytes:
        """What stands behind the colon of the first line of that name; empty if there is none."""
        for line in self.lines:
            if line.startswith(name) and line[len(name) : len(name) + 1] in (b":", b";"):
                return line.partition(b":")[2].strip()
        return b""


@dataclass
class Cut:
    """A file in pieces: its events in order, and its time zones as they are defined (TZID as written → text)."""

    events: list[Block] = field(default_factory=list)
    zones: dict[str, str] = field(default_factory=dict)


def cut(content: bytes) -> Cut:
    """Cut a file. Refused, with a sentence, for what is no calendar at all."""
    if len(content) > MAX_BYTES:
        raise Refused(
            f"The file has more than {MAX_BYTES // MEGABYTE} MB. Export a shorter period, or fewer calendars at once."
        )
    found, calendars, zone = Cut(), 0, b""
    open_parts: list[bytes] = []  # below the calendar: an event or time zone and what is nested in it
    cancels = False
    for line in _lines(content):
        match = _NAME.match(line)
        if not match:
            continue
        name, rest = match[1].upper(), line[match.end() + 1 :]
        if name == b"BEGIN":
            part = rest.strip().upper()
            if part == b"VCALENDAR":
                calendars, cancels, open_parts = calendars + 1, False, []
                continue
            if not open_parts and part == b"VEVENT":
                found.events.append(Block(cancels))
            elif not open_parts:
                zone = b""
            if len(open_parts) < 100:  # deeper than any calendar is; what lies there is nobody's
                open_parts.append(part)
        elif name == b"END":
            part = rest.strip().upper()
            if open_parts and part in open_parts:
                while open_parts.pop() != part:
                    pass
                if not open_parts and part == b"VEVENT":
                    found.events[-1].whole = True
                elif not open_parts and part == b"VTIMEZONE":
                    _keep_zone(found, zone)
        elif not open_parts:
            cancels = cancels or (name == b"METHOD" and rest.strip().upper() == b"CANCEL")
            continue
        elif open_parts[0] == b"VEVENT":
            if len(open_parts) == 1 and name in _KEPT:
                _keep(found.events[-1], name, name + line[match.end() :])
            continue
        if open_parts and open_parts[0] == b"VTIMEZONE" and len(zone) < MAX_ZONE:
            zone += line[:MAX_ZONE].strip() + b"\r\n"
    if not calendars:
        raise Refused(
            "This is no calendar file: it has no line BEGIN:VCALENDAR. Export it as iCalendar (.ics)."
        )
    return found


def _lines(content: bytes) -> Iterator[bytes]:
    """The lines as they were before they were folded, in whatever encoding and line ends."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = content.decode("utf-16", errors="replace").encode()
    content = content.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"")
    content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if content.count(b"\n") > MAX_LINES:
        raise Refused(f"The file has more than {MAX_LINES:,} lines. Export a shorter period.")
    return io.BytesIO(content.replace(b"\n ", b"").replace(b"\n\t", b""))


def _keep(event: Block, name: bytes, line: bytes) -> None:
    if name == b"SUMMARY":
        line = line[:_LONGEST_SUMMARY]
    if name in _PEOPLE:
        if len(event.people) < MAX_PEOPLE:
            event.people.append(line[:_LONGEST_SUMMARY].strip())
    else:
        event.size += len(line)
        if event.size <= MAX_EVENT:
            event.lines.append(line.strip())


def _keep_zone(found: Cut, zone: bytes) -> None:
    text = text_of(zone + b"END:VTIMEZONE\r\n")
    tzid = re.search(r"(?im)^TZID[^:\r\n]*:(.+?)\s*$", text)
    if tzid and len(zone) < MAX_ZONE and len(found.zones) < MAX_ZONES:
        found.zones.setdefault(tzid[1], text)


def text_of(line: bytes) -> str:
    """Text as UTF-8, or as Windows writes western languages where it is not that."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")
