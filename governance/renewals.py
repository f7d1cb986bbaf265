"""Which contracts need a decision, and by when, as one person may see it.

Every notice deadline from those that passed undecided to the end of the line of twelve months is worked out once and
remembered (`governance.memory`) for everybody behind the same walls. Whatever is shown of scores comes from
`Scorecard.objects.scores_visible_to`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from heapq import nlargest
from typing import Any, NamedTuple, TypeVar

from django.conf import settings
from django.db.models import Min, Q, QuerySet
from django.utils import timezone

from accounts.models import BusinessUnit, User
from accounts.numbers import row_number
from evidence.facts import Facts, facts_of
from governance.decisions import Decided, decided_since
from governance.memory import changes, remembered
from governance.portfolio import blind_cycles
from governance.standing import before_of, latest_of
from partners.calendars import closed_days
from partners.dates import notice_deadline, plus_months, term_after, today_in
from partners.models import SEGMENTS, Contract, term_end
from partners.money import Rates, Sum, in_reporting
from partners.services.costs import current_rates
from scorecards.figures import Point, histories
from scorecards.models import Band, Scorecard
from scorecards.scoring import difference

OVERDUE, LATER = "overdue", "later"
WITHIN = (("30", 30), ("90", 90), ("180", 180))
GROUPS = {
    OVERDUE: "Overdue", "30": "Within 30 days", "90": "Within 90 days", "180": "Within 180 days",
    LATER: "Later in the twelve months",
}  # fmt: skip
SHOWN = {OVERDUE: 12, "30": 14, "90": 14, "180": 10, LATER: 0}  # rows of each group on the first page
ROWS_A_PAGE = 50
DRAWN = 40  # dots on the line: those with the largest value
NEWS_FOR = 90  # days for which it is shown that a term renewed itself undecided
SLOT = 15 * 60  # seconds: days begin at another time in other zones
Result = TypeVar("Result")
NOT_ANY = "none"  # in an address: no unit, no owner


@dataclass(frozen=True)
class Asked:
    """Filters, group and page as an address states them; what makes no sense in it is left out."""

    unit: int | str | None = None
    owner: int | str | None = None
    segment: str = ""
    group: str = ""
    page: int = 1

    @classmethod
    def of(cls, address: Mapping[str, str]) -> "Asked":
        numbers = {
            name: NOT_ANY if address.get(name) == NOT_ANY else row_number(address.get(name))
            for name in ("unit", "owner")
        }
        return cls(
            **numbers,  # type: ignore[arg-type]
            segment=address["segment"] if address.get("segment") in dict(SEGMENTS) else "",
            group=address["group"] if address.get("group") in GROUPS else "",
            page=max(1, row_number(address.get("page")) or 1),
        )

    @property
    def narrows(self) -> bool:
        return bool(self.unit or self.owner or self.segment)

    def narrowed(self, contracts: "QuerySet[Contract]") -> "QuerySet[Contract]":
        for name in ("unit", "owner"):
            if wanted := getattr(self, name):
                contracts = contracts.filter(**{name: None if wanted == NOT_ANY else wanted})
        return contracts.filter(partner__segment=self.segment) if self.segment else contracts


class Due(NamedTuple):
    """A notice deadline of a contract. `value`: a year, in its currency. `term_ends`: of the term it is about.

    `renewed_until`: it passed undecided, and the term renews itself until that day.
    """

    contract_id: int
    partner_id: int
    deadline: date
    days: int
    group: str
    term_ends: date
    currency: str
    value: Decimal | None
    decided: Decided | None
    renewed_until: date | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody has decided yet; deferred ones are open."""
        return self.decided is None or not self.decided.is_final

    @property
    def is_news(self) -> bool:
        """Whether all there is to say is that it went by: its term has renewed itself."""
        return self.renewed_until is not None


def line_bounds(today: date) -> tuple[date, date]:
    """First day and the day after the last of the line: whole months, twelve of them ahead."""
    first = (today - timedelta(days=20)).replace(day=1)
    return first, plus_months(today.replace(day=1), 13)


_LIGHT = (
    "pk", "partner_id", "currency", "yearly", "notice_deadline", "ends", "renewed_until", "ends_for_good", "notice_period",
    "notice_unit", "extended", "renewal_months", "country", "time_zone",
)  # fmt: skip


def work_out(contracts: "QuerySet[Contract]", today: date) -> list[Due]:
    """The deadlines of these contracts (visible ones), in groups and by day. Two statements, however many there are."""
    until = line_bounds(today)[1]
    decided = decided_since(today - timedelta(days=3 * 366))
    now = timezone.now()
    today_there = lru_cache(lambda zone: today_in(zone or settings.TIME_ZONE, now))
    gone = Q(renewed_until__isnull=False, notice_period__isnull=False)
    rows = contracts.with_yearly().filter(Q(notice_deadline__lt=until) | gone).order_by().values_list(*_LIGHT)
    found = [due for row in rows for due in _dues(*row, until, decided, today_there)]  # type: ignore[call-arg]
    order = list(GROUPS)
    return sorted(
        found,
        key=lambda due: (
            order.index(due.group), due.is_news, due.term_ends if due.group == OVERDUE else due.deadline,
            -(due.value or 0), due.contract_id,
        ),
    )  # fmt: skip


def _dues(
    pk: int, partner: int, currency: str, value: Decimal | None, deadline: date | None, ends: date,
    renewed: date | None, for_good: date | None, number: int | None, unit: str, extended: int, months: int | None,
    country: str, zone: str, until: date, decided: Mapping[tuple[int, date], Decided],
    today_there: Callable[[str], date],
) -> Iterator[Due]:  # fmt: skip
    """The deadline of a contract's term, and the one before it where that passed undecided not long ago.

    The one before is history once the next is near, or decided.
    """
    today, term = today_there(zone), renewed or ends
    says = decided.get((pk, term))
    if deadline and deadline < until:
        days = (deadline - today).days
        is_open = (says is None or not says.is_final) and for_good != term
        if days >= 0 or (is_open and term >= today):  # of what has ended nothing is left to decide
            yield Due(pk, partner, deadline, days, _group(days), term, currency, value, says)
    is_soon = deadline is not None and (deadline - today).days <= 90
    if not (renewed and number is not None and months) or extended or is_soon or (says and says.is_final):
        return
    before = term_after(ends, months, _renewals(ends, renewed, months) - 1)
    told = decided.get((pk, before))
    if (before - today).days - number * {"days": 1, "weeks": 7, "months": 28}[unit] < -NEWS_FOR - 1:
        return
    passed = notice_deadline(before, number, unit, closed_days(country))
    days = (passed - today).days
    if -NEWS_FOR <= days < 0 and (told is None or not told.is_final):
        yield Due(pk, partner, passed, days, OVERDUE, before, currency, value, told, renewed)


def _renewals(ends: date, renewed: date, months: int) -> int:
    return ((renewed.year - ends.year) * 12 + renewed.month - ends.month) // months


def _group(days: int) -> str:
    if days < 0:
        return OVERDUE
    return next((name for name, most in WITHIN if days <= most), LATER)


@dataclass(frozen=True)
class Group:
    """Deadlines of the same urgency: how many, what they are worth, and the rows shown of them."""

    name: str
    count: int
    open: int
    worth: Sum
    unknown: int
    rows: list["Row"] = field(default_factory=list)

    @property
    def title(self) -> str:
        return GROUPS[self.name]

    @property
    def more(self) -> int:
        return self.count - len(self.rows)


@dataclass(frozen=True)
class Row:
    """A deadline with its contract (partner, unit and owner read) and what its partner's scores say."""

    due: Due
    contract: Contract
    history: Sequence[Point]
    latest: Point | None
    before: Point | None
    band: str
    worth: Decimal | None  # in the reporting currency; None without a rate or a value
    facts: Facts  # of the partner: promises kept, presence around renewals

    @property
    def change(self) -> Decimal | None:
        return difference(getattr(self.latest, "overall", None), getattr(self.before, "overall", None))

    @property
    def letter(self) -> str:
        return self.latest.standing if self.latest else ""


@dataclass(frozen=True)
class Found:
    """What the page shows of the deadlines an address asks for.

    `dots`: those on the line, `drawn_of` so many. `first`: the open one that comes first. `passed`: rows of the open
    ones that are overdue, at most three. `due`: the open ones until the day `by`. `beyond`: the next deadline after the
    line; `without`: running contracts that end but have no deadline. `worth`: units of each currency for one of `currency`.
    """

    groups: list[Group]
    dots: list[Row]
    drawn_of: int
    first: Row | None
    passed: list[Row]
    passed_count: int
    by: date
    due_count: int
    due: Sum
    beyond: date | None
    without: int
    currency: str
    worth: Mapping[str, Decimal | None]


class Waiting(NamedTuple):
    """Open decisions: how many deadlines `passed`, how many are `due`, and the first of both with their contracts."""

    passed: int
    due: int
    first: list[tuple[Due, Contract]]


def horizon(today: date) -> date:
    """The day the headline looks to: the end of the year where that is one to four months off, else 90 days ahead."""
    year_end = date(today.year, 12, 31)
    return year_end if 30 <= (year_end - today).days <= 120 else today + timedelta(days=90)


class Renewals:
    """What one person may see of renewals, narrowed by what an address asks."""

    def __init__(self, user: Any, asked: Asked | None = None) -> None:
        walls = None if user.sees_all_units else tuple(user.units.order_by("pk").values_list("pk", flat=True))
        self.user, self.asked, self.today = user, asked or Asked(), timezone.localdate()
        self.blind = blind_cycles(user)
        waiting = tuple(blind.cycle_id for blind in self.blind)
        slot = int(timezone.now().timestamp()) // SLOT
        self._seen_as = ("renewals", changes(), self.today, slot, user.role, walls, waiting)
        self.visible = Contract.objects.visible_to(user).filter(partner__archived_at=None)
        self.contracts = self.asked.narrowed(self.visible)

    def once(self, what: str, work: Callable[[], Result]) -> Result:
        """What is worked out for this reader and this address, remembered until something changes."""
        return remembered((*self._seen_as, self.asked, what), work)

    def waiting(self, days: int, most: int) -> "Waiting":
        """The open decisions that were due or are within so many days, those that passed first."""
        return self.once(f"waiting {days} {most}", lambda: self._waiting(days, most))

    def _waiting(self, days: int, most: int) -> "Waiting":
        due = [one for one in self.dues() if one.is_open and one.days <= days]
        contracts = Contract.objects.select_related("partner").in_bulk(
            {one.contract_id for one in due[:most]}
        )
        passed = sum(one.days < 0 for one in due)
        return Waiting(passed, len(due) - passed, [(one, contracts[one.contract_id]) for one in due[:most]])

    def dues(self) -> list[Due]:
        """Every deadline, in groups and by day."""
        return work_out(self.contracts, self.today)

    def units(self) -> list[BusinessUnit]:
        return list(BusinessUnit.objects.visible_to(self.user))

    def owners(self) -> list[User]:
        """Who owns a contract here."""
        numbers = remembered(
            (*self._seen_as, "owners"),
            lambda: list(self.visible.order_by().values_list("owner", flat=True).distinct()),
        )
        return list(User.objects.filter(pk__in=numbers))

    def found(self) -> Found:
        """The groups, the line and what the headline says."""
        dues, rates = self.dues(), current_rates()
        first, until = line_bounds(self.today)
        on_line = [due for due in dues if due.deadline >= first]
        worth = {currency: rates.on(currency, self.today) for currency in {due.currency for due in dues}}
        drawn = nlargest(DRAWN, on_line, key=lambda due: (due.value or 0) / (worth[due.currency] or 10**9))
        passed = [due for due in dues if due.group == OVERDUE and due.is_open]
        ahead = sorted((due for due in dues if due.is_open and due.days >= 0), key=lambda due: due.deadline)
        by = horizon(self.today)
        due = [one for one in ahead if one.deadline <= by]
        shown = {name: self._shown(name, [one for one in dues if one.group == name]) for name in GROUPS}
        needed = [*drawn, *passed[:3], *ahead[:1], *(one for rows in shown.values() for one in rows)]
        rows = self.rows(needed, rates)
        groups = [self._group(name, dues, rates, [rows[one] for one in shown[name]]) for name in GROUPS]
        return Found(
            groups=[group for group in groups if group.count],
            dots=sorted((rows[one] for one in drawn), key=lambda row: row.due.deadline),
            drawn_of=len(on_line), first=rows[ahead[0]] if ahead else None,
            passed=[rows[one] for one in passed[:3]], passed_count=len(passed),
            by=by, due_count=len(due), due=_sum(due, rates, self.today),
            worth=worth, beyond=self.contracts.aggregate(next=Min("notice_deadline", filter=Q(notice_deadline__gte=until)))["next"],
            without=self._without(), currency=rates.currency,
        )  # fmt: skip

    def _shown(self, name: str, dues: list[Due]) -> list[Due]:
        """The rows of a group: the first ones, or a page of those of the one that was asked for."""
        if not self.asked.group:
            return dues[: SHOWN[name]]
        page = min(self.asked.page, -(-len(dues) // ROWS_A_PAGE) or 1)
        return dues[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE] if name == self.asked.group else []

    def _group(self, name: str, dues: list[Due], rates: Rates, rows: list[Row]) -> Group:
        inside = [due for due in dues if due.group == name]
        unknown = sum(due.value is None for due in inside)
        return Group(
            name,
            len(inside),
            sum(due.is_open for due in inside),
            _sum(inside, rates, self.today),
            unknown,
            rows,
        )

    def _without(self) -> int:
        """Running contracts that end, of which nobody entered by when notice must be given."""
        ends = self.contracts.filter(notice_deadline=None, notice_period=None).alias(end=term_end())
        return ends.filter(end__gte=self.today).count()

    def rows(self, dues: Iterable[Due], rates: Rates | None = None) -> dict[Due, Row]:
        """Deadlines with their contracts, scores and facts: four statements, however many."""
        dues, rates = list(dues), rates or current_rates()
        contracts = Contract.objects.select_related("partner", "owner", "unit").in_bulk(
            {due.contract_id for due in dues}
        )
        partners = {due.partner_id for due in dues}
        scored, facts = scores_of(partners, self.user), facts_of(partners, QUOTED)
        return {
            due: Row(
                due,
                contracts[due.contract_id],
                *scored[due.partner_id],
                _in(rates, due, self.today),
                facts[due.partner_id],
            )
            for due in dues
            if due.contract_id in contracts
        }


QUOTED = ("promises_kept", "presence_ratio")
Scored = tuple[Sequence[Point], Point | None, Point | None, str]


def scores_of(partners: Iterable[int], user: Any) -> dict[int, Scored]:
    """Of each partner the cycles the user sees, the last that counts, the one before, and its standing's name."""
    partners = list(partners)
    seen = Scorecard.objects.scores_visible_to(user).filter(partner__in=partners)
    past = histories(seen) if partners else {}
    names = dict(_band_names(point.template_id for points in past.values() for point in points))
    found: dict[int, Scored] = {}
    for partner in partners:
        points = past.get(partner, [])
        latest = latest_of(points)
        before = before_of(points, latest) if latest else None
        upto = points[: points.index(latest) + 1] if latest else points
        name = names.get((latest.template_id, latest.standing), "") if latest else ""
        found[partner] = (upto, latest, before, name)
    return found


def _band_names(templates: Iterable[int]) -> Iterator[tuple[tuple[int, str], str]]:
    for template, letter, name in Band.objects.filter(template__in=set(templates)).values_list(
        "template", "letter", "name"
    ):
        yield (template, letter), name


def _sum(dues: Iterable[Due], rates: Rates, today: date) -> Sum:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for due in dues:
        if due.value is not None:
            sums[due.currency] += due.value
    return in_reporting(sums, rates, today)


def _in(rates: Rates, due: Due, today: date) -> Decimal | None:
    rate = rates.on(due.currency, today)
    return due.value / rate if rate and due.value is not None else None
