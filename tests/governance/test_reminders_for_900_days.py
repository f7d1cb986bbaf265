"""900 days of deadlines with everything that goes wrong, against an account kept beside: nothing lost, nothing doubled.

The account knows only what people did and what stood in a contract when a scan ran. From that it works out, day by day,
which lead times had to be told; it asks the reminders and the mails that left whether they were.
"""

import random
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from accounts.models import OutgoingMail
from governance.decisions import decision_of
from governance.models import Reminder
from governance.services.decisions import record_decision
from governance.services.reminders import make_reminders
from partners.models import Contract
from partners.services.deadlines import recompute_deadlines, set_deadlines
from tests.factories import make_partner, make_unit, make_user

FIRST = date(2026, 11, 22)
DAYS, CONTRACTS, OUTAGES = 900, 500, 25
LEAD_TIMES = (180, 90, 60, 30, 14, 3)


@dataclass
class Account:
    """What was seen at each scan, and what the scans did. Days are numbers."""

    decisions: dict = field(default_factory=dict)  # (contract, last day of the term): outcome, deferred to
    seen: dict = field(
        default_factory=lambda: defaultdict(list)
    )  # contract: (day, deadline, term ends, open, rolls)
    edited: dict = field(
        default_factory=lambda: defaultdict(set)
    )  # contract: days on which its end was moved
    told: dict = field(
        default_factory=lambda: defaultdict(list)
    )  # key and recipient: [first day, last day, reminder]
    left: Counter = field(default_factory=Counter)  # key and recipient: mails that left
    mails: Counter = field(default_factory=Counter)  # contract, recipient and day: mails queued
    renewals: list = field(default_factory=list)
    counts: Counter = field(default_factory=Counter)
    wrong: list = field(default_factory=list)


def _key(reminder: Reminder) -> tuple:
    return (
        reminder.contract_id,
        reminder.deadline,
        reminder.kind,
        reminder.due,
        reminder.days,
        reminder.recipient_id,
    )


class World:
    def __init__(self, seed: int) -> None:
        self.random, self.account, self.back = random.Random(seed), Account(), []
        unit = make_unit()
        self.executive = make_user("executive", unit)
        owners = [make_user("procurement", all_units=True) for _ in range(5)]
        partners = [make_partner(unit=unit if n % 10 == 0 else None, segment="tactical") for n in range(40)]
        rows = [self._contract(partners[n % 40], owners[n % 5], n) for n in range(CONTRACTS)]
        set_deadlines(rows)
        Contract.objects.bulk_create(rows)
        self.ids = [row.pk for row in rows]
        self.down = self._outages()

    def _contract(self, partner, owner, number: int) -> Contract:
        """Fixed, with options, renewing itself by some months, without an end; with and without a notice period."""
        draw, kind = self.random, number % 10
        notice, unit = (
            (None, "days")
            if number % 7 == 0
            else draw.choice([(30, "days"), (90, "days"), (3, "months"), (6, "weeks"), (0, "days")])
        )
        if kind == 9:
            return Contract(
                partner=partner, owner=owner, title=f"C{number}", term="evergreen", notice_period=notice
            )
        return Contract(
            partner=partner, owner=owner, title=f"C{number}", ends=FIRST + timedelta(days=draw.randint(-60, 1300)),
            notice_period=notice, notice_unit=unit, term="option" if kind == 8 else "fixed",
            auto_renews=kind < 3, renewal_months=draw.choice([6, 12, 12, 24]) if kind < 3 else None,
            country=draw.choice(["", "DE", "US"]),
        )  # fmt: skip

    def _outages(self) -> set[int]:
        down: set[int] = set()
        for start in self.random.sample(range(5, DAYS - 10, 9), OUTAGES):
            down |= set(range(start, start + self.random.randint(1, 7)))
        return down

    def live(self, number: int) -> None:
        """A day: people act, and unless everything is down, terms roll on, reminders are made and mails leave."""
        today = FIRST + timedelta(days=number)
        self._act(today, number)
        if number in self.down:
            return
        if self._rolls(today):
            recompute_deadlines()  # on other days it would find nothing to do
        rows = self._look(today)
        for _ in range(2 if self.random.random() < 0.1 else 1):
            scan = make_reminders()
            self._note(scan, today, rows)
        if self.random.random() < 0.8:
            self._leave()

    def _rolls(self, today: date) -> bool:
        """Whether some term was to renew itself when it was looked at last, and its deadline has passed."""
        looks = [looks[-1] for looks in self.account.seen.values()]
        return not looks or any(
            rolls and deadline < today for _, deadline, _, is_open, rolls in looks if is_open
        )

    def _some(self) -> int:
        """A contract; now and then one of which a mail is waiting."""
        waiting = (
            list(Reminder.objects.not_left().values_list("contract", flat=True))
            if self.random.random() < 0.4
            else []
        )
        return self.random.choice(waiting or self.ids)

    def _act(self, today: date, number: int) -> None:
        for pk, ends in [found for day, *found in self.back if day == number]:
            self._move(pk, ends, today)
        if self.random.random() < 0.4:
            pk = self._some()
            ends = Contract.objects.get(pk=pk).ends
            if ends:
                self._move(pk, ends + timedelta(days=self.random.randint(-90, 90)), today)
                if self.random.random() < 0.6:
                    self.back.append((number + self.random.randint(1, 20), pk, ends))
        if self.random.random() < 0.4:
            contract = Contract.objects.get(pk=self._some())
            outcome = self.random.choice(["renew", "leave", "renegotiate", "defer", "defer", "defer"])
            until = today + timedelta(days=self.random.randint(1, 40)) if outcome == "defer" else None
            record_decision(
                contract,
                outcome=outcome,
                reasons="So.",
                deferred_to=until,
                snapshot={},
                by=self.executive,
                instead_of=getattr(decision_of(contract), "pk", None),
            )
            self.account.decisions[contract.pk, contract.term_ends] = outcome

    def _move(self, pk: int, ends: date, today: date) -> None:
        contract = Contract.objects.get(pk=pk)
        contract.ends, contract.ends_for_good = ends, None
        set_deadlines([contract])
        contract.save()
        self.account.edited[pk].add(today)

    def _look(self, today: date) -> dict[int, tuple]:
        """What stands in the contracts as a scan begins."""
        fields = ("pk", "notice_deadline", "ends", "renewed_until", "auto_renews", "renewal_months")
        found = {}
        for pk, deadline, ends, renewed, auto, months in Contract.objects.values_list(*fields):
            term = renewed or ends
            is_open = self.account.decisions.get((pk, term), "defer") == "defer"
            found[pk] = (today, deadline or term, term, is_open, bool(auto and months))
            self._note_renewal(pk, found[pk])
            self.account.seen[pk].append(found[pk])
        return found

    def _note_renewal(self, pk: int, now: tuple) -> None:
        """A term that has rolled on since the last look, undecided, not because its end was moved, and not long ago."""
        if not self.account.seen[pk]:
            return
        then = self.account.seen[pk][-1]
        moved = any(then[0] <= day <= now[0] for day in self.account.edited[pk])
        if (
            now[2] != then[2]
            and not moved
            and now[3]
            and (now[0] - then[1]).days <= 90
            and self.account.decisions.get((pk, then[2]), "defer") == "defer"
        ):
            self.account.renewals.append((pk, then[1], now[0]))

    def _note(self, scan, today: date, rows: dict[int, tuple]) -> None:
        account = self.account
        for reminder in scan.cancelled:
            for row in [reminder, *reminder.names.all()]:
                _last(account, row)[1] = today - timedelta(days=1)
                account.counts["cancelled"] += 1
                if not row.note:
                    account.wrong.append(f"no reason: {row!r}")
        for reminder in scan.made:
            account.told[_key(reminder)].append([today, date.max, reminder])
            account.counts[reminder.state] += 1
            if reminder.state == Reminder.SENT:
                account.mails[reminder.contract_id, reminder.recipient_id, today] += 1
                account.counts[reminder.kind] += 1
                self._check_sent(reminder, today, rows[reminder.contract_id])
            elif not (reminder.superseded_by and reminder.superseded_by in scan.sent):
                account.wrong.append(f"named in nothing: {reminder!r}")

    def _check_sent(self, reminder: Reminder, today: date, row: tuple) -> None:
        """A lead time is told of the deadline as it stands, of an undecided contract, and is the last one reached."""
        _, deadline, _, is_open, _ = row
        if not is_open:
            self.account.wrong.append(f"decided: {reminder!r} on {today}")
        if reminder.kind == "lead":
            reached = min(
                (n for n in LEAD_TIMES if deadline - timedelta(days=n) <= today <= deadline), default=None
            )
            if (reminder.deadline, reminder.days) != (deadline, reached):
                self.account.wrong.append(f"not this one: {reminder!r} {reminder.days} on {today}")

    def _leave(self) -> None:
        """What waits in the outbox leaves."""
        waiting = list(Reminder.objects.not_left())
        for reminder in waiting:
            self.account.left[_key(reminder)] += 1
        OutgoingMail.objects.filter(state=OutgoingMail.QUEUED).update(state=OutgoingMail.SENT)


def _last(account: Account, reminder: Reminder) -> list:
    """The one that stands; there is at most one."""
    return next(entry for entry in account.told[_key(reminder)] if entry[1] == date.max)


def lost(account: Account, owners: dict[int, int]) -> list[str]:
    """What had to be told and was not: on the scan that first could have, and on any later one."""
    alive: dict = defaultdict(list)  # contract, deadline, recipient: (due, first day, last day, kind, days)
    for (pk, deadline, kind, due, days, recipient), entries in account.told.items():
        for first, last, _ in entries:
            alive[pk, deadline, recipient].append((due, first, last, kind, days))
    found = []
    for pk, looks in account.seen.items():
        begun: set = set()
        for today, deadline, ends, is_open, rolls in looks:
            if not (deadline and is_open):
                continue
            rows = alive[pk, deadline, owners[pk]]
            if today > deadline:
                news = max(ends, deadline + timedelta(days=90)) >= today and not rolls
                if news and not any(r[3] == "overdue" and r[1] <= today <= r[2] for r in rows):
                    found.append(f"contract {pk}: nobody heard on {today} that {deadline} had passed")
                continue
            for n in LEAD_TIMES:
                due = deadline - timedelta(days=n)
                if due > today:
                    continue
                account.counts["lead times due"] += (deadline, n) not in begun
                stands = [r for r in rows if r[1] <= today <= r[2] and r[0] >= due]
                own = [r for r in stands if r[3:] == ("lead", n)]
                later = [r for r in stands if r[0] > due and (r[1] < today or (deadline, n) in begun)]
                begun.add((deadline, n))
                if not own and not later:
                    found.append(f"contract {pk}: {n} days before {deadline}, on {today}")
    for pk, deadline, today in account.renewals:
        account.counts["renewals"] += 1
        told = account.told[pk, deadline, "renewed", deadline + timedelta(days=1), None, owners[pk]]
        if not any(first == today for first, _, _ in told):
            found.append(f"contract {pk}: renewed itself after {deadline}, seen on {today}")
    return found


def doubled(account: Account) -> list[str]:
    """What left twice, and people who were written to twice about a contract on a day."""
    return [f"left {n} times: {key}" for key, n in account.left.items() if n > 1] + [
        f"{n} mails on a day: {key}" for key, n in account.mails.items() if n > 1
    ]


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_in_900_days_nothing_is_lost_and_nothing_is_doubled(capsys):
    world, started = World(7), time.monotonic()
    with time_machine.travel(datetime(2026, 11, 22, 11, tzinfo=UTC), tick=False) as clock:
        for number in range(DAYS):
            clock.move_to(datetime(2026, 11, 22, 11, tzinfo=UTC) + timedelta(days=number))
            world.live(number)
    account = world.account
    owners = dict(Contract.objects.values_list("pk", "owner"))
    missing, twice, counts = lost(account, owners), doubled(account), account.counts
    with capsys.disabled():
        print(
            f"\n{DAYS} days, {CONTRACTS} contracts, {OUTAGES} outages ({len(world.down)} days): {counts['lead times due']} lead"
            f" times due, {counts['renewals']} renewals, {counts['overdue']} told overdue, {counts['deferral']} deferrals;"
            f" {counts['sent']} sent, {counts['superseded']} named, {counts['cancelled']} cancelled;"
            f" lost {len(missing)}, doubled {len(twice)}; {time.monotonic() - started:.0f} s"
        )
    assert counts["lead times due"] > 2_500
    assert (
        min(counts[kind] for kind in ("lead", "overdue", "renewed", "deferral", "superseded", "cancelled"))
        > 20
    )
    assert not account.wrong[:5]
    assert not missing[:5]
    assert not twice[:5]
