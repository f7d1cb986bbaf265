"""What the facts about one partner come to, as a page shows it: figures of both sides and the drawings below them.

As many statements for a partner with thousands of entries as for one with none.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import Case, Count, F, Q, When, Window
from django.db.models.functions import TruncQuarter
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts.templatetags.look import day
from accounts.words import counted
from evidence.charts.contacts import MONTHS, QUARTERS, Disclosures, Presence, Stretch, Waiting
from evidence.charts.owed import Owed
from evidence.charts.promises import Ledger
from evidence.charts.service import Balance, Incidents, Prices
from evidence.charts.svg import Panel, Table, entry
from evidence.facts import Facts, between
from evidence.figures import OUT_OF_DATE, working_days
from evidence.kinds import KINDS
from evidence.models import (
    THEM,
    US,
    Benchmark,
    Commitment,
    Disclosure,
    Engagement,
    Figure,
    FigureRequest,
    Incident,
    Programme,
    Promise,
    Request,
)
from evidence.models.contacts import IGNORED
from evidence.models.service import INCIDENT
from evidence.owed import is_owed
from evidence.services.figures import SEASONS
from partners.dates import plus_months
from partners.models import Contract, Partner

PROMISES, PROGRAMMES, ITEMS, INCIDENTS = 12, 6, 6, 120  # drawn at most
HALF, NARROW, BROAD, MIDDLE = 596, 358, 1240, 860  # pixels
PLANS = ("short", "long", "forecast", "roadmap")


@dataclass
class Summary:
    """The facts about a partner as one person may see them, on a day."""

    partner: Partner
    user: Any
    today: date

    @cached_property
    def facts(self) -> Facts:
        """Its figures."""
        return Facts(self._of(Figure))

    @cached_property
    def is_behind(self) -> bool:
        """Whether entries have changed since the figures were worked out."""
        return FigureRequest.objects.filter(partner=self.partner).exists()

    @cached_property
    def panels(self) -> list[Panel]:
        """What has something to say."""
        return [panel for panel in self._all if panel.says]

    @cached_property
    def empty(self) -> list[Panel]:
        """What would be here."""
        return [panel for panel in self._all if not panel.says]

    @property
    def says(self) -> bool:
        return bool(self.panels or self.facts.figures)

    @cached_property
    def _heading(self) -> list[Panel]:
        return [panel for panel in self.panels if panel.brief][:2]

    @property
    def answer(self) -> str:
        """What actually happened, in a sentence of two findings; empty where nothing can be said."""
        said = "; ".join(panel.brief for panel in self._heading)
        return said[:1].upper() + said[1:]

    @property
    def findings(self) -> str:
        """The rest of the page in a few sentences."""
        rest = [panel for panel in self.panels if panel.is_finding and panel not in self._heading]
        return " ".join(f"{panel.heading}." for panel in rest)

    @cached_property
    def owed(self) -> Owed:
        """Money outstanding each way."""
        rows = self._of(Commitment).filter(is_owed(self.today)).order_by("due_on", "pk")
        return Owed(list(rows), self.today)

    @property
    def they_owe(self) -> str:
        return self.owed.words(THEM)

    @property
    def we_owe(self) -> str:
        return self.owed.words(US)

    @cached_property
    def _all(self) -> list[Panel]:
        return [
            self._presence(), self._promises(), self._waiting(), self._owed(), self._incidents(), self._shared(),
            self._programme(), self._prices(),
        ]  # fmt: skip

    def _of(self, model: Any) -> Any:
        return model.objects.visible_to(self.user).filter(partner=self.partner)

    def _start(self, model: Any) -> tuple[str, str]:
        return reverse("entry_new", args=[self.partner.pk, model.SLUG]), KINDS[model.SLUG].one

    def _presence(self) -> Panel:
        since = plus_months(self.today.replace(day=1), 1 - MONTHS)
        rows = self._of(Engagement).taken_place().filter(day__range=(since, self.today))
        counts = rows.order_by().values("day", "started_by").annotate(number=Count("pk"))
        contacts = {(row["day"], row["started_by"]): row["number"] for row in counts}
        strip = Presence(contacts, seasons_of(self.partner, self.user), self.today)
        figure, notes = self.facts.figures.get("presence_ratio"), [strip.said()]
        if figure and (interval := between(figure)):
            notes.append(f"95 % interval {interval}.")
            if (
                not self.user.sees_all_units
            ):  # says so whether there are others or not: that is theirs to know
                notes.append(
                    "It counts the seasons of every contract with them; drawn are those of contracts you see."
                )
        if focus := self.facts.said("focus"):
            notes.append(f"{focus} of their contacts in a year serve what we already run.")
        return Panel(
            "presence", self._presence_heading(), "When they come to us and when we go to them, month by month, and whether "
            "it is mostly when a contract is to be renewed.", *self._start(Engagement), bool(contacts),
            [("wide", strip.drawing(BROAD)), ("middle", strip.drawing(MIDDLE)), ("narrow", strip.drawing(NARROW))]
            if contacts else [], notes, strip.table(), is_broad=True, brief=self.facts.coming,
            is_finding=bool(self.facts.said("presence_ratio") or (figure and figure.word)),
        )  # fmt: skip

    def _presence_heading(self) -> str:
        if self.facts.coming:
            return self.facts.coming
        if self.facts.said("presence_ratio"):
            return "When they come: no difference shown between decision seasons and other days"
        return "When they come, and when we do"

    def _promises(self) -> Panel:
        rows = self._of(Promise).filter(promised_on__lte=self.today)
        rows = rows.annotate(
            all=Window(Count("pk")), ended=Q(delivered_on__isnull=False) | Q(withdrawn_on__isnull=False)
        )
        of_open = Case(When(ended=False, then=F("due_on"))).asc(nulls_last=True)  # the longest overdue first
        rows = rows.order_by("ended", of_open, F("due_on").desc(nulls_last=True), "pk")
        shown = list(rows.prefetch_related("moves")[:PROMISES])
        ledger = Ledger(sorted(shown, key=lambda row: (row.promised_on, row.pk)), self.today)
        kept = self.facts.said("promises_kept")
        still = sum(1 for row in shown if not row.ended)
        heading = (
            f"Promises: {kept} kept by the first day" if kept else f"{counted(still, 'promise')} still open"
        )
        notes = [
            "Ring: promised. Tall stroke: the first day. Short stroke: a later day it was moved to. Dot: delivered. "
            "Cross: withdrawn. Thick: after the first day. Coloured: today.", ledger.reach,
        ]  # fmt: skip
        if shown and shown[0].all > PROMISES:
            notes.append(f"{PROMISES} of {shown[0].all} are drawn, the open ones first.")
        return Panel(
            "promises", heading, "What they promised and for when, each time the day moved, and what became of it.",
            *self._start(Promise), bool(shown), [], notes, ledger.table() if shown else None, is_broad=True,
            brief=f"{kept} promises kept" if kept else "",
        )  # fmt: skip

    def _waiting(self) -> Panel:
        recent = Q(outcome=IGNORED, asked_on__gte=plus_months(self.today, -12))
        rows = (
            self._of(Request)
            .filter(Q(outcome="") | recent, asked_on__lte=self.today)
            .order_by("asked_on", "pk")
        )
        rows = list(rows)
        waiting = Waiting([(_other(row.asked_by), row.asked_on) for row in rows], self.today)
        ignored = sum(1 for row in rows if row.outcome == IGNORED)
        notes = (
            [f"{ignored} of them {'was' if ignored == 1 else 'were'} ignored outright."] if ignored else []
        )
        oldest = [
            (row, self._asked(row))
            for side in (US, THEM)
            for row in [one for one in rows if one.asked_by == side][:3]
        ]
        table = Table(
            [("The oldest", ""), ("Asked by", ""), ("Asked", "n"), ("Working days", "n")],
            [cells for _, cells in oldest],
            is_open=True,
        )
        return Panel(
            "waiting", waiting.heading, "Requests that wait for an answer, theirs and ours, by how long they have waited.",
            *self._start(Request), bool(rows), _both(waiting) if rows else [], notes, table, brief=waiting.brief,
        )  # fmt: skip

    def _asked(self, row: Request) -> tuple:
        return (
            entry(row), "us" if row.asked_by == US else "them", day(row.asked_on),
            working_days(row.asked_on, self.today),
        )  # fmt: skip

    def _owed(self) -> Panel:
        says = bool(self.owed.rows)
        return Panel(
            "owed", self.owed.heading, "Rewards and penalties that have come due and are not settled, each way.",
            *self._start(Commitment), says, _both(self.owed) if says else [], self.owed.notes, self.owed.table(),
            brief=self.owed.heading.replace("They", "they").replace(";", ","),
        )  # fmt: skip

    def _incidents(self) -> Panel:
        since = timezone.make_aware(datetime.combine(plus_months(self.today, -12), time.min))
        rows = list(
            self._of(Incident).filter(opened_at__gte=since, opened_at__lte=timezone.now())[: INCIDENTS + 1]
        )
        incidents = Incidents([row for row in rows if row.kind == INCIDENT][:INCIDENTS], timezone.now())
        notes = incidents.notes()
        if praised := sum(1 for row in rows if row.kind != INCIDENT):
            notes.append(f"Praised {counted(praised, 'time')}.")
        if len(rows) > INCIDENTS:
            notes.append(f"The latest {INCIDENTS} are drawn.")
        said = self.facts.said("incidents_in_limits")
        heading = (
            f"Incidents within the agreed limits: {said}" if said else "Incidents against the agreed limits"
        )
        says = bool(incidents.incidents)
        return Panel(
            "incidents", heading, "How long incidents took to be acknowledged and fixed, against the hours agreed for each.",
            *self._start(Incident), says, _both(incidents) if says else [], notes, incidents.table(), is_finding=bool(said),
            brief=f"{said} incidents within the agreed limits" if said else "",
        )  # fmt: skip

    def _shared(self) -> Panel:
        since = plus_months(self.today.replace(day=1), -3 * QUARTERS)
        rows = self._of(Disclosure).filter(shared_on__range=(since, self.today)).order_by()
        grouped = rows.annotate(quarter=TruncQuarter("shared_on"), plan=Q(kind__in=PLANS))
        counts = grouped.values_list("quarter", "shared_by", "plan").annotate(number=Count("pk"))
        shared = Disclosures(
            {(quarter, side, plan): number for quarter, side, plan, number in counts}, self.today
        )
        says = any(any(shared.of(quarter, side)) for quarter in shared.quarters for side in (THEM, US))
        return Panel(
            "shared", shared.heading, "Plans, forecasts and events that each side told the other of, quarter by quarter.",
            *self._start(Disclosure), says, _both(shared) if says else [], ["Pale: news that is no plan."] if says else [],
            shared.table(),
        )  # fmt: skip

    def _programme(self) -> Panel:
        rows = self._of(Programme).prefetch_related("benefits", "obligations").order_by("-year")[:PROGRAMMES]
        balance = Balance(list(rows))
        said = self.facts.said("programme_return")
        heading = (
            f"The programme returned {said} what it cost" if said else "What the programme brought and cost"
        )
        return Panel(
            "programme", heading, "What their partner programme brought us and what it cost, year by year, and what was "
            "promised and never came.", *self._start(Programme), bool(balance.years), _both(balance) if balance.years else [],
            ["First bar: what was received, dashed what was promised and never came. Second bar: what it cost."], balance.table(),
            is_finding=bool(said),
        )  # fmt: skip

    def _prices(self) -> Panel:
        latest = (
            self._of(Benchmark)
            .filter(as_of__lte=self.today)
            .order_by("item", "-as_of", "-pk")
            .distinct("item")
        )
        rows = sorted(latest, key=lambda row: (row.as_of, row.pk), reverse=True)[:ITEMS]
        prices = Prices(rows, self.today)
        said = self.facts.said("benchmark_position")
        heading = f"Price: {said}" if said else "Our price in the market"
        if rows and all(prices.is_stale(row) for row in rows):
            heading = f"Price: {OUT_OF_DATE}, the last comparison is from {day(rows[0].as_of)}"
        notes = ["Grey: older than twelve months."] if any(prices.is_stale(row) for row in rows) else []
        return Panel(
            "prices", heading, "What we pay beside the low, the median and the high of the market, item by item.",
            *self._start(Benchmark), bool(rows), _both(prices) if rows else [], notes, prices.table(), is_finding=bool(said),
            brief=f"our price is {said}" if said else "",
        )  # fmt: skip


def seasons_of(partner: Partner, user: Any) -> list[Stretch]:
    """The decision seasons of its contracts that the user sees: first and last day of each, in their order."""
    contracts = list(Contract.objects.of_units_of(user).filter(partner=partner).values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {SEASONS} SELECT lower(part), upper(part) - 1 FROM season, unnest(season.days) part ORDER BY 1",  # noqa: S608
            {"partners": [partner.pk], "contracts": contracts},
        )
        return cursor.fetchall()


def _both(chart: Any) -> list[tuple[str, SafeString]]:
    return [("wide", chart.drawing(HALF)), ("narrow", chart.drawing(NARROW))]


def _other(side: str) -> str:
    return THEM if side == US else US
