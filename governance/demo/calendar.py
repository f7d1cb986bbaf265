"""Meetings out of Petra's calendar that wait for her to confirm them: what the last upload brought."""

from datetime import timedelta

from evidence.services.calendar import import_calendar
from governance.demo.quarters import Demo

# Days ago, title, who invited (None: Petra), the partner and who was there.
_MEETINGS = [
    (4, "Service review", None, "Northgate Cloud", "Lena Abbott"),
    (11, "Renewal: the new bundle", "them", "Northgate Cloud", "Dev Kapoor"),
    (13, "Lunch", "them", "Northgate Cloud", "Lena Abbott"),
    (18, "Roadmap preview 2027", "them", "Tessera Data", "Ulrike Stein"),
    (25, "Steering committee", None, "Tessera Data", "Yuki Tanabe"),
    (33, "Latency of the archive: what we found", None, "Fennick Storage", "Olga Petrenko"),
    (40, "Joint planning", None, "Halden Software", "Marco Silva"),
]


def load_calendar(demo: Demo) -> None:
    """Through the import itself, as a file that Outlook might have written."""
    petra = demo.people[0]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    for number, (ago, title, side, partner, name) in enumerate(_MEETINGS):
        domain = f"{partner.lower().replace(' ', '')}.example"
        other = f'CN="{name}":mailto:{name.lower().replace(" ", ".")}@{domain}'
        lines += [
            "BEGIN:VEVENT", f"UID:demo-{number}", f"SUMMARY:{title}",
            f"DTSTART;TZID=Europe/Berlin:{demo.today - timedelta(days=ago):%Y%m%d}T100000",
            f"ORGANIZER;{other}" if side else f'ORGANIZER;CN="{petra.name}":mailto:{petra.email}',
            f"ATTENDEE;{other}", "END:VEVENT",
        ]  # fmt: skip
    content = "\r\n".join([*lines, "END:VCALENDAR", ""])
    import_calendar(content.encode(), by=petra, today=demo.today)
