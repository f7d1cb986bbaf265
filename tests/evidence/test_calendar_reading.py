"""Calendar files as Outlook, Google and Apple write them, and as nobody should."""

import time
import tracemalloc
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar, Event, vCalAddress, vRecur

from evidence.calendars.addresses import Addresses
from evidence.calendars.reading import MOST_MEETINGS, read_calendar
from evidence.calendars.repeats import repeats
from evidence.calendars.zones import Start
from partners.models import Contact
from partners.register.safety import Refused
from tests.factories import make_partner, make_unit

FILES = Path(__file__).parent / "calendars"
BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 11, 23)


@pytest.fixture
def northgate(db):
    return make_partner("Northgate", email_domains=["northgate.example"])


@pytest.fixture
def fennick(db):
    return make_partner("Fennick", email_domains=["fennick.example", "gmail.com"])


@pytest.fixture
def read(procurement, northgate, fennick):
    """What a file says to a person who sees both partners."""

    def read(content: bytes | str, user=procurement, today=TODAY):
        content = content if isinstance(content, bytes) else content.encode()
        return read_calendar(content, Addresses(user), today=today, site=BERLIN)

    return read


def told(reading, partner=None):
    return [
        (meeting.day.isoformat(), meeting.subject, meeting.started_by)
        for meeting in sorted(reading.meetings, key=lambda meeting: (meeting.day, meeting.partner))
        if not meeting.cancelled and partner in (None, meeting.partner)
    ]


def event(*lines: str, start: str = "DTSTART:20260310T090000Z", uid: str = "a") -> str:
    who = "ORGANIZER:mailto:ann@northgate.example"
    parts = ["BEGIN:VEVENT", f"UID:{uid}", start, "SUMMARY:Talk", who, *lines, "END:VEVENT"]
    return "\r\n".join(filter(None, parts)) + "\r\n"


def calendar(*events: str, method: str = "") -> str:
    return "\r\n".join(
        ["BEGIN:VCALENDAR", "VERSION:2.0", method or "X-A:b", "".join(events) + "END:VCALENDAR", ""]
    )


def days(reading):
    return [meeting.day.isoformat() for meeting in reading.meetings if not meeting.cancelled]


def test_what_outlook_writes(read, northgate):
    reading = read((FILES / "outlook.ics").read_bytes())
    title = "Service Review Northgate: Störungen, Fristen und was sonst noch offen ist"
    assert told(reading) == [
        ("2026-01-05", title, "us"),
        ("2026-03-03", "Service Review Northgate (verschoben)", "us"),
        ("2026-04-06", title, "us"),
        ("2026-05-04", title, "us"),
        ("2026-06-01", title, "us"),
        ("2026-06-12", "Customer day, with lunch", "them"),
        ("2026-07-08", "Licence renewal: offer", "us"),  # 11 pm on the 7th, ten hours west of UTC
    ]
    assert {meeting.partner for meeting in reading.meetings} == {northgate.pk}
    assert reading.meetings[0].took_part == "Abbott, Lena (Northgate)"
    assert (reading.events, reading.with_partner) == (5, 4)
    assert reading.left_out == {"stranger": 1, "cancelled": 1}
    assert not reading.unknown_zones


def test_what_google_writes(read, northgate, fennick):
    Contact.objects.create(partner=northgate, name="Frieda", email="frieda@gmail.com")
    reading = read((FILES / "google.ics").read_bytes())
    planning = "Joint planning 2027 🗺️ with Fennick & Northgate"
    assert told(reading, fennick.pk) == [
        ("2026-03-10", planning, "them"),
        ("2026-05-05", "Migration stand-up", "us"),  # 7 pm in New York
        ("2026-05-26", "Migration stand-up", "us"),
        ("2026-06-01", "Storage offer", "them"),
    ]
    assert told(reading, northgate.pk) == [("2026-03-10", planning, "us"), ("2026-06-03", "Coffee", "us")]
    assert reading.left_out == {"stranger": 1, "cancelled": 1}


def test_what_apple_writes(read, northgate, fennick):
    reading = read((FILES / "apple.ics").read_bytes())
    assert told(reading, northgate.pk) == [
        ("2024-07-04", "Summer party", "them"),
        ("2026-07-04", "Summer party", "them"),
        ("2026-09-15", "Nachtumstellung", "us"),
        ("2026-10-01", "Steering committee", "us"),
        ("2026-10-16", "Steering committee: escalation", "us"),
        ("2026-10-20", "Steering committee", "us"),
        ("2026-10-29", "Steering committee", "us"),
        ("2026-11-12", "Steering committee", "us"),
    ]
    assert told(reading, fennick.pk) == [
        ("2026-04-20", "Dinner", "them"),  # half past eleven at night, wherever one is
        ("2026-04-20", "Call", "them"),  # half past one in the morning of the 21st in Tokyo
        ("2026-04-22", "Call", "them"),
    ]
    assert reading.left_out == {"future": 1, "old": 1, "cancelled": 1}
    assert len(reading.unknown_zones) == 1


@pytest.mark.parametrize("name", ["outlook", "google", "apple"])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
def test_line_ends_change_nothing(read, name, ends):
    content = (FILES / f"{name}.ics").read_bytes()
    assert read(content.replace(b"\r\n", b"\n").replace(b"\n", ends)).meetings == read(content).meetings


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_change_nothing(read, encoding):
    [meeting] = read(calendar(event("X-A:b")).replace("Talk", "Gespräch").encode(encoding)).meetings
    assert meeting.subject == "Gespräch"


def test_a_file_that_the_library_writes_is_understood(read):
    made = Calendar()
    one = Event()
    one.add("uid", "made")
    one.add("dtstart", datetime(2026, 3, 2, 9, tzinfo=BERLIN))
    one.add("rrule", {"freq": "weekly", "count": 3})
    one.add("exdate", [datetime(2026, 3, 9, 9, tzinfo=BERLIN)])
    one.add("summary", "Wöchentlich; mit, Zeichen")
    address = vCalAddress("MAILTO:lena@northgate.example")
    address.params["CN"] = 'Lena "the" Abbott; Northgate'
    one.add("attendee", address)
    made.add_component(one)
    reading = read(made.to_ical())
    assert told(reading) == [(d, "Wöchentlich; mit, Zeichen", "us") for d in ("2026-03-02", "2026-03-16")]
    assert reading.meetings[0].took_part.startswith("Lena")


def test_an_address_belongs_to_the_longest_domain(read, northgate):
    labs = make_partner("Labs", email_domains=["labs.northgate.example"])
    for address, partner in (
        ("a@labs.northgate.example", labs), ("a@x.labs.northgate.example", labs),
        ("a@emea.northgate.example", northgate), ("A@NORTHGATE.EXAMPLE", northgate),
    ):  # fmt: skip
        reading = read(calendar(event(f"ATTENDEE:mailto:{address}")).replace("ORGANIZER:mailto:ann@northgate.example\r\n", ""))  # fmt: skip
        assert [meeting.partner for meeting in reading.meetings] == [partner.pk], address
    assert not read(calendar(event()).replace("northgate", "eastnorthgate")).meetings


def test_our_own_people_are_nobodys_partner(read):
    make_partner("Ourselves", kind="own", email_domains=["our.northgate.example"])
    reading = read(calendar(event()).replace("@northgate", "@our.northgate"))
    assert reading.left_out == {"stranger": 1}


def test_only_partners_one_may_see_are_found(read, stranger, northgate):
    northgate.unit = make_unit("Elsewhere")
    northgate.save()
    assert read(calendar(event()), stranger).left_out == {"stranger": 1}
    assert len(read(calendar(event())).meetings) == 1


def test_an_address_in_a_name_an_alarm_or_a_text_is_nobody(read):
    lines = 'ATTENDEE;CN="x@northgate.example":mailto:a@else.example', "DESCRIPTION:x@northgate.example"
    alarm = "BEGIN:VALARM\r\nATTENDEE:mailto:x@northgate.example\r\nEND:VALARM"
    content = calendar(event(*lines, alarm)).replace("ORGANIZER:mailto:ann@northgate.example\r\n", "")
    assert read(content).left_out == {"stranger": 1}


def test_somebody_who_declined_did_not_come(read, fennick):
    content = calendar(event("ATTENDEE;PARTSTAT=DECLINED:mailto:bo@fennick.example"))
    assert not [meeting for meeting in read(content).meetings if meeting.partner == fennick.pk]
    content = content.replace("ORGANIZER:mailto:ann@northgate.example\r\n", "")
    assert read(content).left_out == {"declined": 1}


@pytest.mark.parametrize(
    ("lines", "start", "found"),
    [
        (["RRULE:FREQ=DAILY;COUNT=3"], "DTSTART:20260310T090000Z", ["10", "11", "12"]),
        (["RRULE:FREQ=DAILY;UNTIL=20260311"], "DTSTART:20260310T090000Z", ["10", "11"]),
        (["RRULE:FREQ=DAILY;UNTIL=20260311T085959Z"], "DTSTART:20260310T090000Z", ["10"]),
        (["RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20260311"], "DTSTART:20260310T090000Z", ["10", "12"]),
        (["RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260311T090000Z,20260312T090000Z"],
         "DTSTART;TZID=Europe/Berlin:20260310T100000", ["10"]),
        (["RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260311T100000"],
         "DTSTART;TZID=Europe/Berlin:20260310T100000", ["10", "12"]),
        (["RRULE:FREQ=DAILY;COUNT=2", "RDATE;VALUE=PERIOD:20260320T090000Z/PT1H"], "DTSTART:20260310T090000Z",
         ["10", "11", "20"]),
        (["RRULE:FREQ=DAILY;COUNT=2", "EXDATE:20260311T000000Z"], "DTSTART;VALUE=DATE:20260310", ["10"]),
        (["RRULE:FREQ=WEEKLY;BYDAY=TU,TH;COUNT=3", "RRULE:FREQ=DAILY;COUNT=2"], "DTSTART:20260310T090000Z",
         ["10", "11", "12", "17"]),
        (["RDATE:20260312T090000Z", "RDATE:20260312T090000Z"], "DTSTART:20260310T090000Z", ["10", "12"]),
        (["RRULE:FREQ=DAILY;COUNT=2"], "DTSTART:20260309T233000Z", ["10", "11"]),
        (["RRULE:FREQ=WEEKLY;UNTIL=99991231T235959Z;COUNT=2"], "DTSTART:20260310T090000Z", ["10", "17"]),
        (["RRULE:FREQ=DAILY;COUNT=2", "RDATE:99991231T235959Z,00010101T000000Z"], "DTSTART:20260310T090000Z", ["10", "11"]),
    ],
)  # fmt: skip
def test_a_series_is_written_out(read, lines, start, found):
    assert sorted(days(read(calendar(event(*lines, start=start))))) == [f"2026-03-{day}" for day in found]


def test_the_clock_change_moves_no_meeting_to_another_day(read):
    start = "DTSTART;TZID=Europe/Berlin:20260328T003000"
    assert days(read(calendar(event("RRULE:FREQ=DAILY;COUNT=3", start=start)))) == [
        "2026-03-28", "2026-03-29", "2026-03-30",
    ]  # fmt: skip


def test_one_of_a_series_can_be_moved_renamed_or_called_off(read, fennick):
    series = event("RRULE:FREQ=DAILY;COUNT=4")
    moved = event("RECURRENCE-ID:20260311T090000Z", start="DTSTART:20260401T090000Z").replace("Talk", "Moved")
    off = event(
        "RECURRENCE-ID;TZID=Europe/Berlin:20260312T100000",
        "STATUS:CANCELLED",
        start="DTSTART:20260312T090000Z",
    )
    other = event("RECURRENCE-ID;VALUE=DATE:20260313", "ATTENDEE:mailto:bo@fennick.example", start="DTSTART:20260313T090000Z")  # fmt: skip
    reading = read(calendar(moved, series, off, other))
    assert told(reading) == [
        ("2026-03-10", "Talk", "them"), ("2026-03-13", "Talk", "them"), ("2026-03-13", "Talk", "us"),
        ("2026-04-01", "Moved", "them"),
    ]  # fmt: skip
    names = [meeting.recurrence for meeting in reading.meetings if meeting.partner != fennick.pk]
    assert sorted(names) == [f"202603{day}T090000Z" for day in (10, 11, 12, 13)]


def test_a_change_of_one_and_all_later_ones_holds_for_all_later_ones(read):
    series = event("RRULE:FREQ=DAILY;COUNT=4")
    later = event("RECURRENCE-ID;RANGE=THISANDFUTURE:20260311T090000Z", start="DTSTART:20260313T100000Z")
    assert told(read(calendar(series, later.replace("Talk", "Moved")))) == [
        ("2026-03-10", "Talk", "them"), *((f"2026-03-{day}", "Moved", "them") for day in (13, 14, 15)),
    ]  # fmt: skip
    assert days(read(calendar(series, later.replace("SUMMARY", "STATUS:CANCELLED\r\nSUMMARY")))) == [
        "2026-03-10"
    ]


def test_an_exception_that_names_nobody_is_with_those_of_its_series(read):
    moved = event("RECURRENCE-ID:20260311T090000Z", start="DTSTART:20260401T090000Z")
    content = calendar(
        event("RRULE:FREQ=DAILY;COUNT=2"), moved.replace("ORGANIZER:mailto:ann@northgate.example\r\n", "")
    )
    assert days(read(content)) == ["2026-03-10", "2026-04-01"]


@pytest.mark.parametrize(
    "zone", ["Asia/Tokyo", '"Tokyo Standard Time"', "/mozilla.org/20050126_1/Asia/Tokyo"]
)
def test_a_time_zone_is_known_by_its_name_alone(read, zone):
    reading = read(calendar(event(start=f"DTSTART;TZID={zone}:20260421T013000")))
    assert days(reading) == ["2026-04-20"]
    assert not reading.unknown_zones


def test_the_newest_of_two_copies_counts(read):
    old, new = event("SEQUENCE:1"), event("SEQUENCE:2").replace("Talk", "Newer")
    assert [m.subject for m in read(calendar(new, old)).meetings] == ["Newer"]


def test_a_series_called_off_as_a_whole_has_no_meetings(read):
    for content in (
        calendar(event("RRULE:FREQ=DAILY;COUNT=2", "STATUS:CANCELLED")),
        calendar(event("RRULE:FREQ=DAILY;COUNT=2"), method="METHOD:CANCEL"),
    ):
        reading = read(content)
        assert days(reading) == []
        assert reading.left_out == {"cancelled": 2}


def test_only_37_months_up_to_today_are_read(read):
    reading = read(calendar(event("RRULE:FREQ=MONTHLY", start="DTSTART:20150123T090000Z")))
    assert (days(reading)[0], days(reading)[-1], len(days(reading))) == ("2023-10-23", "2026-11-23", 38)


RULES = [
    "FREQ=DAILY", "FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;BYDAY=MO,WE;WKST=SU;INTERVAL=2", "FREQ=MONTHLY;BYDAY=-1FR",
    "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "FREQ=YEARLY;BYYEARDAY=200", "FREQ=DAILY;COUNT=40", "FREQ=WEEKLY;COUNT=150",
]  # fmt: skip


@given(st.sampled_from(RULES), st.dates(date(1999, 1, 1), date(2026, 11, 23)))
def test_a_rule_gives_the_days_an_independent_expansion_gives(rule, begins):
    wall = datetime(begins.year, begins.month, begins.day, 9)  # noqa: DTZ001
    first, last = date(2024, 2, 1), TODAY
    found, is_all = repeats(vRecur.from_ical(rule), Start(wall, BERLIN), first, last)
    late = datetime.combine(last + timedelta(days=1), datetime.min.time())
    slowly = [at.date() for at in rrulestr(rule, dtstart=wall).between(wall - timedelta(days=1), late)]
    assert is_all
    assert [at.date() for at in found if first <= at.date() <= last] == [
        d for d in slowly if first <= d <= last
    ]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["RRULE:FREQ=SECONDLY"], "often"),
        (["RRULE:FREQ=HOURLY;COUNT=3"], "often"),
        (["RRULE:FREQ=DAILY;BYMINUTE=" + ",".join(map(str, range(60)))], "often"),
        (["RRULE:FREQ=DAILY;INTERVAL=0"], "unreadable"),
        (["RRULE:FREQ=SOMETIMES"], "unreadable"),
        (["RRULE:FREQ=DAILY;COUNT=many"], "unreadable"),
        (["RRULE:"], "unreadable"),
        (["RRULE:FREQ=DAILY;BYSETPOS=0"], "unreadable"),
        (["EXDATE:yesterday"], "unreadable"),
        (["RECURRENCE-ID:20261332T250000Z"], "unreadable"),
        (["RDATE:" + ",".join(["20260310T090000Z"] * 20_000)], "long"),
    ],
)
def test_a_rule_that_makes_no_sense_is_left_out_in_words(read, lines, reason):
    reading = read(calendar(event(*lines), event(uid="good")))
    assert days(reading) == ["2026-03-10"]
    assert reading.left_out == {reason: 1}


@pytest.mark.parametrize(
    "start",
    ["", "DTSTART:", "DTSTART:today", "DTSTART:00000000", "DTSTART:20260230T100000Z", "DTSTART:99991231T235959Z",
     "DTSTART:00010101T000000Z", "DTSTART;TZID=:20260310T090000", f"DTSTART;TZID={'x' * 3000}:20260310T090000",
     "DTSTART;TZID=../../etc/passwd:20260310T090000", "DTSTART;VALUE=TEXT:soon", "DTSTART;=:\x01\x02"],
)  # fmt: skip
def test_a_start_that_makes_no_sense_stops_nothing(read, start):
    reading = read(calendar(event(start=start), event(uid="good")))
    assert "2026-03-10" in days(reading)
    assert len(days(reading)) + reading.left_out.total() == 2


def test_zero_bytes_and_hidden_signs_reach_nobody(read):
    [meeting] = read(calendar(event()).replace("Talk", "T\0al\u202ek\x07 ü\\nb")).meetings
    assert meeting.subject.isprintable()
    assert "\0" not in meeting.subject


def test_a_file_that_breaks_off_keeps_what_was_whole(read):
    reading = read(calendar(event(), event(uid="b"))[:-20])
    assert (len(reading.meetings), reading.left_out["unreadable"]) == (1, 1)


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7", b"\xff\xfe\x00\xd8", b"a,b\n1,2\n", b"BEGIN:VCARD\nEND:VCARD\n"]
)
def test_what_is_no_calendar_is_refused_in_a_sentence(read, content):
    with pytest.raises(Refused, match="no calendar file"):
        read(content)


def test_a_calendar_without_events_is_one(read):
    assert read(calendar()).events == 0


ZONE = (
    "BEGIN:VTIMEZONE\r\nTZID:Z\r\n"
    + "BEGIN:STANDARD\r\nDTSTART:00010101T000000\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=SECONDLY\r\n"
    "END:STANDARD\r\nEND:VTIMEZONE\r\n"
)
HOSTILE = {
    "100,000 recurrences": lambda: calendar(event("RRULE:FREQ=DAILY;COUNT=100000", start="DTSTART:19500101T090000Z")),
    "100,000 recurrences in 100 series": lambda: calendar(*(
        event("RRULE:FREQ=DAILY;COUNT=1000", start="DTSTART:20240101T090000Z", uid=str(n)) for n in range(100))),
    "a day there never is": lambda: calendar(*(
        event("RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", start="DTSTART:19500101T090000Z", uid=str(n)) for n in range(500))),
    "20 MB of strangers": lambda: calendar(*(
        event("DESCRIPTION:" + "x" * 1_500, uid=str(n)).replace("northgate", "else") for n in range(12_500))),
    "20 MB in a line": lambda: calendar(event("X-A:" + "x" * 20_000_000)),
    "20 MB in a title": lambda: calendar(event("SUMMARY:" + "x" * 20_000_000)),
    "a million beginnings": lambda: "BEGIN:VCALENDAR\r\n" + "BEGIN:VEVENT\r\n" * 1_000_000,
    "alarms in alarms": lambda: calendar(event("BEGIN:VALARM\r\n" * 500_000)),
    "half a million guests": lambda: calendar(event("ATTENDEE:mailto:a@northgate.example\r\n" * 500_000)),
    "a time zone that never ends": lambda: calendar(ZONE, event(start="DTSTART;TZID=Z:20260310T090000")),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_seconds_and_bounded_memory(read, name):
    content = HOSTILE[name]().encode()
    begun = time.process_time()
    reading = read(content)
    assert time.process_time() - begun < 12  # three to five times what it takes
    assert len(reading.meetings) <= MOST_MEETINGS


def test_two_million_lines_are_refused(read):
    with pytest.raises(Refused, match="1,500,000 lines"):
        read(b"BEGIN:VCALENDAR\n" + b"a:b\n" * 2_000_000)


def test_more_than_20_mb_is_refused(read):
    with pytest.raises(Refused, match="20 MB"):
        read(b"BEGIN:VCALENDAR\n" + b"x" * 21 * 1024 * 1024)


def test_a_full_file_takes_memory_in_proportion(read):
    content = HOSTILE["20 MB of strangers"]().encode()
    tracemalloc.start()
    read(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * len(content)


def test_more_meetings_than_a_file_may_bring_are_counted(read):
    begins = date(2024, 1, 1)
    events = [
        event(
            "RRULE:FREQ=DAILY;COUNT=900",
            start=f"DTSTART:{begins + timedelta(days=n):%Y%m%d}T090000Z",
            uid=str(n),
        )
        for n in range(7)
    ]
    reading = read(calendar(*events))
    assert len(reading.meetings) == MOST_MEETINGS
    assert reading.left_out["many"] > 0
    assert len(reading.told) == 5
