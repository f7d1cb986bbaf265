"""Time zones as calendars name them: of the database, of Windows, or defined in the file; else that of this site."""

import re
from datetime import date, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Timezone
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

MAX_DEFINED = 5  # own definitions in use; each takes a while to work out
_MAX_PARTS = 10
_PLACE = re.compile(
    r"(?:.*/)?([A-Z][A-Za-z_-]+/[A-Za-z_+-]+(?:/[A-Za-z_-]+)?)|(UTC|GMT|CET|EET|WET|EST|MST|HST)"
)
# What a definition may repeat by: a day in one month of the year. Anything else could go on for ever.
_CHANGE = re.compile(
    r"RRULE:FREQ=YEARLY(?=.*;BYMONTH=\d)(;BYMONTH=\d\d?|;(BYDAY|BYMONTHDAY|UNTIL|INTERVAL|COUNT|WKST)=[^;]*)*",
    re.I,
)


class Zones:
    """The zones of one file. `unknown`: names nobody knows, read as the site's zone."""

    def __init__(self, definitions: dict[str, str], site: tzinfo) -> None:
        self.definitions, self.site = definitions, site
        self.unknown: set[str] = set()
        self._found: dict[str, tzinfo] = {}
        self._defined = 0

    def named(self, name: str) -> tzinfo:
        """The zone of that name. A name of the database goes before a definition: it also knows the past."""
        if name not in self._found:
            zone = _by_name(name) or self._by_definition(name)
            if zone is None:
                self.unknown.add(name)
            self._found[name] = zone or self.site
        return self._found[name]

    def _by_definition(self, name: str) -> tzinfo | None:
        text = self.definitions.get(name, "")
        rules = re.findall(r"(?im)^(RRULE[^\r\n]*)", text)
        if (
            not text
            or self._defined >= MAX_DEFINED
            or text.upper().count("BEGIN:") > _MAX_PARTS
            or not all(_CHANGE.fullmatch(rule.strip()) for rule in rules)
        ):
            return None
        self._defined += 1
        try:
            zone = Timezone.from_ical(text).to_tz(lookup_tzid=False)
            datetime(2026, 1, 1, tzinfo=zone).utcoffset()
        except Exception:  # whatever a definition made it stumble over: it then defines nothing
            return None
        return zone


def _by_name(name: str) -> tzinfo | None:
    name = WINDOWS_TO_OLSON.get(name.strip(), name.strip())
    place = _PLACE.fullmatch(name) if len(name) <= 100 else None
    if not place:
        return None
    try:
        return ZoneInfo(place[1] or place[2])
    except (OSError, ValueError, KeyError):
        return None


class Start:
    """When something starts: a day, or a time of day in a zone. `wall` is what a clock there shows."""

    __slots__ = ("is_day", "wall", "zone")

    def __init__(self, wall: datetime, zone: tzinfo, *, is_day: bool = False) -> None:
        self.wall, self.zone, self.is_day = wall, zone, is_day

    @classmethod
    def read(cls, value: Any, params: Any, zones: Zones, floating: tzinfo | None = None) -> "Start":
        """From a value as icalendar reads it; of a period, its beginning. `floating`: the zone if it names none."""
        value = value[0] if isinstance(value, tuple) else value
        if not isinstance(value, datetime):
            return cls(datetime(value.year, value.month, value.day), zones.site, is_day=True)  # noqa: DTZ001
        if value.tzinfo:
            return cls(value.replace(tzinfo=None), value.tzinfo)
        name = params.get("X-TZID")
        return cls(value, zones.named(str(name)) if name else floating or zones.site)

    def at(self, wall: datetime) -> "Start":
        """Another one of the same kind."""
        return Start(wall, self.zone, is_day=self.is_day)

    def in_zone(self, zone: tzinfo) -> datetime:
        """What a clock in another zone shows then; a day is the same day everywhere."""
        return (
            self.wall
            if self.is_day
            else self.wall.replace(tzinfo=self.zone).astimezone(zone).replace(tzinfo=None)
        )

    def day(self, site: tzinfo) -> date:
        """On which day that is here."""
        return self.in_zone(site).date()

    @property
    def key(self) -> str:
        """Names one of a series: the day, or the time in UTC."""
        return f"{self.wall:%Y%m%d}" if self.is_day else f"{self.in_zone(ZoneInfo('UTC')):%Y%m%dT%H%M%SZ}"
