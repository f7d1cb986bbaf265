"""Calendars of what is due, as iCalendar text (RFC 5545) that clients subscribe to.

An entry keeps its UID as long as it is about the same term, and its SEQUENCE only grows: it counts what the history
knows of the contract and its partner, so a client updates in place. An end that was moved is told as cancelled for
ninety days. A feed holds neither money nor scores: whoever has the address can read it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db.models import Count, Max, Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.templatetags.look import day
from governance.brief.head import if_nobody_acts
from governance.decisions import Decided, decided_since
from governance.invitations import summary_of, uid_of
from governance.models import CalendarFeed, Decision, Meeting, Member
from governance.models.meetings import SKIPPED
from partners.models import Contract, ContractTerm, term_end
from partners.models.terms import RENEWED
from vendorhub.roles import may

PAST, AHEAD = timedelta(days=90), timedelta(days=3 * 366)  # of what a feed holds
LINE = 75  # bytes a line may have; longer ones are folded
# Of a long line: neither breaks a character of several bytes, nor a sign from the backslash before it.
_PIECE = re.compile(rb"(?s).{0,73}[^\\^](?![\x80-\xbf])|[\\^]{1,74}")
NAMES = {
    CalendarFeed.OWN: "VendorHub: my contracts and meetings", CalendarFeed.PORTFOLIO: "VendorHub: contracts and meetings",
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One entry, all-day or (`begins`, `ends` in UTC) of some hours.

    `sequence` grows with every change; `modified`: when it changed last.
    """

    uid: str
    day: date
    summary: str
    description: str
    address: str
    sequence: int
    modified: datetime
    cancelled: bool = False
    begins: datetime | None = None
    ends: datetime | None = None


@dataclass
class Feed:
    """What the sources of a feed draw from: contracts (partner read), what is decided, and their history."""

    user: Any
    kind: str
    site: str  # https://host of the addresses in it
    today: date = field(default_factory=timezone.localdate)
    known: dict[int, tuple[int, datetime, str, str]] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return self.site.partition("://")[2].partition(":")[0]

    def __post_init__(self) -> None:
        first, last = self.today - PAST, self.today + AHEAD
        page = "brief" if may(self.user, "see_renewals") else "contract_detail"
        self.page = self.site + reverse(page, args=[0])
        seen = Contract.objects.visible_to(self.user).filter(partner__archived_at=None, ends__isnull=False)
        if self.kind == CalendarFeed.OWN:
            seen = seen.filter(Q(owner=self.user) | Q(partner__owner=self.user))
        seen = seen.alias(end=term_end()).filter(
            Q(end__range=(first, last)) | Q(notice_deadline__range=(first, last))
        )
        self.contracts = list(seen.select_related("partner").order_by("notice_deadline", "pk"))
        tells = may(self.user, "see_renewals")
        self.decided: Mapping[tuple[int, date], Decided] = decided_since(first) if tells else {}
        self.changed = _changes(
            [contract.pk for contract in self.contracts], {c.partner_id for c in self.contracts}
        )

    def entry(
        self, contract: Contract, what: str, term: date, on: date, summary: str, *, cancelled: bool = False
    ) -> Entry:
        """An entry about a contract's term; its UID is made of the contract, the end of the term and what it is."""
        number, modified, address, said = self._known(contract)
        uid = f"contract-{contract.pk}-{term:%Y%m%d}-{what}@{self.host}"
        return Entry(uid, on, summary, said, address, number, modified, cancelled)

    def _known(self, contract: Contract) -> tuple[int, datetime, str, str]:
        """How often a contract changed, when last, its address and what is said about it."""
        if contract.pk not in self.known:
            about = (
                ("partners_contract", contract.pk),
                ("partners_partner", contract.partner_id),
                ("", contract.pk),
            )
            changes = [self.changed[key] for key in about if key in self.changed]
            address = self.page.replace("/0/", f"/{contract.pk}/")
            by_itself = "" if contract.has_ended else f" If nobody acts, it {if_nobody_acts(contract, None)}."
            lines = [
                f"{contract.partner}: {contract}", *([f"Reference {contract.reference}"] if contract.reference else []),
                f"Term to {day(contract.term_ends)}.{by_itself}", address,
            ]  # fmt: skip
            self.known[contract.pk] = (
                sum(many for many, _ in changes),
                max((at for _, at in changes), default=datetime(2000, 1, 1, tzinfo=UTC)),
                address,
                "\n".join(lines),
            )
        return self.known[contract.pk]


def _changes(contracts: list[int], partners: Iterable[int]) -> dict[tuple[str, int], tuple[int, datetime]]:
    """How often each contract and partner changed, and ("") how often was decided about it; when last. Two statements."""
    entries = AuditEntry.objects.filter(
        Q(table_name="partners_contract", row_id__in=contracts)
        | Q(table_name="partners_partner", row_id__in=list(partners))
    )
    rows = entries.order_by().values_list("table_name", "row_id").annotate(Count("pk"), Max("at"))
    found: dict[tuple[str, int], tuple[int, datetime]] = {
        (table, row): (many, at) for table, row, many, at in rows
    }
    decisions = Decision.objects.filter(contract__in=contracts).order_by().values_list("contract")
    for contract, many, at in decisions.annotate(Count("pk"), Max("at")):
        found["", contract] = many, at
    return found


def notice_deadlines(feed: Feed) -> Iterator[Entry]:
    """By when notice must be given, or what was decided."""
    for contract in feed.contracts:
        if contract.notice_deadline and contract.term_ends:
            decided = feed.decided.get((contract.pk, contract.term_ends))
            what = f"{contract.partner}, {contract}"
            summary = f"Notice deadline: {what}"
            if decided and decided.is_final:
                summary = f"Decided: {decided.outcome}. {what} (notice deadline)"
            elif decided:
                summary = f"Notice deadline: {what} (deferred to {day(decided.deferred_to)})"
            yield feed.entry(contract, "deadline", contract.term_ends, contract.notice_deadline, summary)


def term_ends(feed: Feed) -> Iterator[Entry]:
    """When a term ends, or renews itself."""
    for contract in feed.contracts:
        if last := contract.term_ends:
            goes_on = contract.auto_renews and contract.ends_for_good != last
            what = "Renews itself" if goes_on else "Term ends"
            decided = feed.decided.get((contract.pk, last))
            said = f" (decided: {decided.outcome})" if decided and decided.is_final else ""
            yield feed.entry(contract, "end", last, last, f"{what}: {contract.partner}, {contract}{said}")


def former(feed: Feed) -> Iterator[Entry]:
    """Terms before the current one: what renewed itself stays, what was moved or extended is told as cancelled."""
    by_number = {contract.pk: contract for contract in feed.contracts}
    kept = ContractTerm.objects.filter(contract__in=list(by_number)).order_by("contract", "pk")
    terms: Any = kept.values_list("contract", "how", "ends", "notice_deadline", "noted_at", "counted_from")
    found = {}
    for (number, _, ends, deadline, _, original), (following, how, _, _, noted_at, _) in pairwise(terms):
        if number == following and ends:
            found[number, ends] = (deadline, how, noted_at, original)
    for (number, ends), (deadline, how, noted_at, original) in found.items():
        contract = by_number[number]
        was_moved = ends >= contract.today and original != contract.ends  # before it could renew itself
        off = how != RENEWED or was_moved
        if ends == contract.term_ends or (off and noted_at < timezone.now() - PAST):
            continue
        what = f"{contract.partner}, {contract}"
        yield feed.entry(
            contract, "end", ends, ends, f"{'Moved' if off else 'Renews itself'}: {what}", cancelled=off
        )
        if deadline:
            said = f"Moved: {what}" if off else f"Notice deadline: {what} (passed, it renews itself)"
            yield feed.entry(contract, "deadline", ends, deadline, said, cancelled=off)


def meetings(feed: Feed) -> Iterator[Entry]:
    """Meetings of forums: those one is expected at, or all one may see. The same events as the invitations."""
    first, last = feed.today - PAST, feed.today + AHEAD
    seen = Meeting.objects.visible_to(feed.user).filter(day__range=(first, last))
    if feed.kind == CalendarFeed.OWN:
        expected = Member.objects.filter(user=feed.user, left_on=None)
        seen = seen.filter(Q(forum__chair=feed.user) | Q(forum__in=expected.values("forum")))
    rows = list(seen.select_related("forum__partner").order_by("day", "pk"))
    changes = AuditEntry.objects.filter(table_name="governance_meeting", row_id__in=[row.pk for row in rows])
    changed = dict(changes.order_by().values_list("row_id").annotate(Max("at")))
    for row in rows:
        off = row.state == SKIPPED
        if off and not row.invited_at:
            continue
        said = f"{row.forum.purpose}{f' {row.reason}' if row.reason else ''}"
        yield Entry(
            uid_of(row), row.day, summary_of(row), said, f"{feed.site}{row.get_absolute_url()}", row.sequence,
            changed.get(row.pk, datetime(2000, 1, 1, tzinfo=UTC)), off, row.begins, row.ends,
        )  # fmt: skip


# What a feed is made of: whatever else has a day is added here.
SOURCES: list[Callable[[Feed], Iterable[Entry]]] = [notice_deadlines, term_ends, former, meetings]


def calendar_of(user: Any, kind: str, site: str) -> bytes:
    """The feed as text. The statements it takes do not depend on how much it holds."""
    feed = Feed(user, kind, site)
    first, last = feed.today - PAST, feed.today + AHEAD
    entries = [entry for source in SOURCES for entry in source(feed) if first <= entry.day <= last]
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//VendorHub//Renewals//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
        *_text("NAME", NAMES[kind]), *_text("X-WR-CALNAME", NAMES[kind]), "REFRESH-INTERVAL;VALUE=DURATION:PT6H",
        "X-PUBLISHED-TTL:PT6H", *(line for entry in entries for line in _event(entry)), "END:VCALENDAR",
    ]  # fmt: skip
    return "\r\n".join([*lines, ""]).encode()


def _event(entry: Entry) -> Iterator[str]:
    stamp = f"{entry.modified.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield "BEGIN:VEVENT"
    yield from _text("UID", entry.uid)
    yield f"DTSTAMP:{stamp}"
    yield f"LAST-MODIFIED:{stamp}"
    yield f"SEQUENCE:{entry.sequence}"
    if entry.begins and entry.ends:
        yield f"DTSTART:{entry.begins:%Y%m%dT%H%M%SZ}"
        yield f"DTEND:{entry.ends:%Y%m%dT%H%M%SZ}"
    else:
        yield f"DTSTART;VALUE=DATE:{entry.day:%Y%m%d}"
        yield f"DTEND;VALUE=DATE:{entry.day + timedelta(days=1):%Y%m%d}"
        yield "TRANSP:TRANSPARENT"
    yield f"STATUS:{'CANCELLED' if entry.cancelled else 'CONFIRMED'}"
    yield from _text("SUMMARY", entry.summary)
    yield from _text("DESCRIPTION", entry.description)
    yield from _folded(f"URL:{entry.address}")
    yield "END:VEVENT"


def _text(name: str, value: str) -> Iterable[str]:
    plain = value if value.replace("\n", "").isprintable() else "".join(filter(_is_shown, value))
    escaped = plain.replace("\\", r"\\").replace(";", r"\;").replace(",", r"\,").replace("\n", r"\n")
    return _folded(f"{name}:{escaped}")


def _is_shown(sign: str) -> bool:
    return sign.isprintable() or sign == "\n"


def _folded(line: str) -> Iterable[str]:
    whole = line.encode()
    return [line] if len(whole) <= LINE else [b"\r\n ".join(_PIECE.findall(whole)).decode()]
