"""Reminders: made when they are due, each with its mail in the outbox, and taken back while that has not left.

A scan finds whatever has come due and was not told, however long ago, so nothing is lost by a day without one; contracts
are locked while theirs are made and what was told is read under the lock, so two scans at once make nothing twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import Heartbeat, OutgoingMail
from governance.due import days_now, due_contracts, open_contracts, stages_of
from governance.letters import Letters
from governance.models import LeadTimes, Reminder
from governance.recipients import OWNER, Audience, Recipient, audiences
from governance.reminders import ALERTS, LEAD, OVERDUE, Stage, untold
from partners.dates import supposing
from partners.models import Contract
from partners.services.deadlines import recompute_deadlines

BATCH = 200  # contracts of one transaction
KIND = "renewal reminder"
SCANNED, SCANNED_WITHIN = (
    "reminders",
    timedelta(hours=2),
)  # the heartbeat a scan leaves; the timer runs one every hour


@dataclass
class Scan:
    """What a scan did: reminders made and cancelled, and contracts with something due that nobody could be told."""

    made: list[Reminder] = field(default_factory=list)
    cancelled: list[Reminder] = field(default_factory=list)
    nobody: list[Contract] = field(default_factory=list)

    @property
    def sent(self) -> list[Reminder]:
        return [reminder for reminder in self.made if reminder.state == Reminder.SENT]

    @property
    def superseded(self) -> list[Reminder]:
        return [reminder for reminder in self.made if reminder.state == Reminder.SUPERSEDED]


def make_reminders(today: date | None = None, *, only: Iterable[int] | None = None) -> Scan:
    """Make every reminder that is due by now (or by `today`) and queue its mail; cancel what no longer holds.

    `only`: contracts by id. May run at any time, and several times at once.
    """
    scan, lead_times = Scan(), LeadTimes.current()
    chosen = None if only is None else list(only)
    # Of a contract that was deleted since.
    OutgoingMail.objects.filter(kind=KIND, state__in=OutgoingMail.NOT_LEFT, reminders=None).delete()
    for day, zones in days_now(today):
        _cancel(lead_times, day, zones, chosen, scan)
        due = due_contracts(lead_times, day, zones=zones, only=chosen)
        for start in range(0, len(due), BATCH):
            _make(due[start : start + BATCH], lead_times, day, scan)
    if today is None and only is None:
        Heartbeat.objects.update_or_create(name=SCANNED, defaults={"at": timezone.now()})
    return scan


@transaction.atomic
def make_reminders_as_if(today: date) -> Scan:
    """Make what will be due by a day ahead, if nobody decides until then: what renews itself by then has done so.

    The contracts are as before afterwards; no term is noted.
    """
    with supposing(today):
        recompute_deadlines(note_terms=False)
        scan = make_reminders(today)
    recompute_deadlines(note_terms=False)
    return scan


def not_made() -> int:
    """How many contracts have had something due since yesterday because no scan ran for hours; 0 where one did."""
    if Heartbeat.objects.filter(name=SCANNED, at__gt=timezone.now() - SCANNED_WITHIN).exists():
        return 0
    return len(due_contracts(LeadTimes.current(), timezone.localdate() - timedelta(days=1)))


def unreachable(today: date | None = None) -> list[Contract]:
    """Contracts, up to a batch of them, with something due of which nobody at all can be told; with `counts_to`."""
    lead_times, found = LeadTimes.current(), []
    for day, zones in days_now(today):
        due = due_contracts(lead_times, day, zones=zones)
        rows = (
            open_contracts(Contract.objects.filter(pk__in=due))
            .select_related("partner")
            .order_by("counts_to", "pk")
        )
        contracts = list(rows[:BATCH])
        people = audiences(contracts)
        found += [contract for contract in contracts if not people[contract.pk].people]
    return found


def save_lead_times(form: Any) -> LeadTimes:
    """Save the form, or raise StaleSave. What was told for a lead time that is gone stays told."""
    return form.save()


@transaction.atomic
def _make(ids: Sequence[int], lead_times: LeadTimes, today: date, scan: Scan) -> None:
    """Make what is due of some contracts, those aside that somebody else is writing or scanning."""
    rows = Contract.objects.filter(pk__in=ids).order_by("pk").only("pk")
    locked = [contract.pk for contract in rows.select_for_update(no_key=True, skip_locked=True)]
    due = due_contracts(lead_times, today, only=locked)
    found = open_contracts(Contract.objects.filter(pk__in=due)).with_yearly().select_related("partner")
    contracts = sorted(found, key=lambda contract: due.index(contract.pk))
    told, passed, people = _told(contracts), stages_of(contracts, lead_times, today), audiences(contracts)
    plans = []
    for contract in contracts:
        audience = people[contract.pk]
        plan = _plan(passed[contract.pk], told[contract.pk], audience)
        plans += [(contract, person, left) for person, left in plan]
        if not audience.people and untold(passed[contract.pk], set(told[contract.pk])):
            scan.nobody.append(contract)
    if plans:
        scan.made += _write(plans, people, today)


def _told(contracts: Sequence[Contract]) -> dict[int, dict[Stage, set[int]]]:
    """Who was told of which stage, by contract id."""
    found: dict[int, dict[Stage, set[int]]] = defaultdict(lambda: defaultdict(set))
    rows = Reminder.objects.standing().filter(contract__in=contracts)
    for pk, kind, deadline, due, days, person in rows.values_list(
        "contract", "kind", "deadline", "due", "days", "recipient"
    ):
        found[pk][Stage(kind, deadline, due, days)].add(person)
    return found


def _plan(
    passed: Sequence[Stage], told: dict[Stage, set[int]], audience: Audience
) -> list[tuple[Recipient, list[Stage]]]:
    """What each person is to be told. Who comes to a contract later starts with the next stage; its owner at once."""
    found = []
    for person in audience.people:
        known = {
            stage
            for stage, people in told.items()
            if person.role != OWNER or stage.kind not in (LEAD, OVERDUE) or person.user.pk in people
        }
        if left := untold(passed, known):
            found.append((person, left))
    return found


def _write(
    plans: Sequence[tuple[Contract, Recipient, list[Stage]]], people: dict[int, Audience], today: date
) -> list[Reminder]:
    """The rows and the mails: the most urgent stage is sent, the others are named in it."""
    letters = Letters([(contract, person.user) for contract, person, _ in plans], today)
    sent = []
    for contract, person, (stage, *others) in plans:
        gap = people[contract.pk].gap
        mail = letters.queue(contract, person, stage, others, gap=gap, kind=KIND)
        sent.append(_reminder(contract, person, stage, mail=mail))
    Reminder.objects.bulk_create(sent, ignore_conflicts=True)
    made = dict(Reminder.objects.filter(mail__in=[r.mail_id for r in sent]).values_list("mail", "pk"))
    if doubled := [reminder.mail_id for reminder in sent if reminder.mail_id not in made]:
        OutgoingMail.objects.filter(pk__in=doubled).delete()
    named = []
    for reminder, (contract, person, (_, *others)) in zip(sent, plans, strict=True):
        reminder.pk = made.get(reminder.mail_id)
        if reminder.pk:
            more = {"state": Reminder.SUPERSEDED, "superseded_by": reminder}
            named += [_reminder(contract, person, stage, **more) for stage in others]
    Reminder.objects.bulk_create(named, ignore_conflicts=True)
    sent = [reminder for reminder in sent if reminder.pk]
    _supersede_what_waits(sent)
    return [*sent, *named]


def _reminder(contract: Contract, person: Recipient, stage: Stage, **more: Any) -> Reminder:
    return Reminder(
        contract=contract, recipient=person.user, deadline=stage.deadline, kind=stage.kind, due=stage.due,
        days=stage.days, term_ends=contract.term_ends, **more,
    )  # fmt: skip


def _supersede_what_waits(made: Sequence[Reminder]) -> None:
    """A mail that has not left when a more urgent one about the same contract is queued for the same person, need not."""
    by = {(reminder.contract_id, reminder.recipient_id): reminder for reminder in made}
    waits = Reminder.objects.not_left().exclude(kind__in=ALERTS).exclude(pk__in=[r.pk for r in made])
    rows = waits.filter(contract__in={pk for pk, _ in by}, recipient__in={pk for _, pk in by})
    older = [reminder for reminder in rows if (reminder.contract_id, reminder.recipient_id) in by]
    for reminder in _withdrawn(older) if older else []:
        reminder.state = Reminder.SUPERSEDED
        reminder.superseded_by = by[reminder.contract_id, reminder.recipient_id]
        reminder.save(update_fields=["state", "superseded_by"])
        reminder.names.update(superseded_by=reminder.superseded_by)


@transaction.atomic
def _cancel(
    lead_times: LeadTimes, today: date, zones: list[str] | None, only: list[int] | None, scan: Scan
) -> None:
    """Take back what waits in the outbox and no longer holds: decided, moved, or somebody who cannot be told any more."""
    rows = Reminder.objects.not_left().select_related("contract", "recipient")
    if zones is not None:
        rows = rows.filter(contract__time_zone__in=zones)
    waiting = list(rows if only is None else rows.filter(contract__in=only))
    if not waiting:
        return
    about = {reminder.contract_id for reminder in waiting}
    undecided = open_contracts(Contract.objects.filter(pk__in=about)).select_related("partner")
    passed = stages_of(undecided, lead_times, today)
    people = audiences(list(Contract.objects.filter(pk__in=about).select_related("partner")))
    for reminder in waiting:
        if reminder.contract_id not in passed:
            reminder.note = "It was decided before this left."
        elif reminder.stage not in passed[reminder.contract_id]:
            reminder.note = "The deadline moved before this left."
        elif reminder.recipient_id not in {person.user.pk for person in people[reminder.contract_id].people}:
            reminder.note = f"{reminder.recipient} was no longer to be told when it was to leave."
    cancelled = _withdrawn([reminder for reminder in waiting if reminder.note])
    for reminder in cancelled:
        reminder.state = Reminder.CANCELLED
        reminder.save(update_fields=["state", "note"])
        reminder.names.update(state=Reminder.CANCELLED, note=reminder.note)
    scan.cancelled += cancelled


def _withdrawn(reminders: Sequence[Reminder]) -> list[Reminder]:
    """Take the mails of these out of the outbox; return those whose mail had not left."""
    mails = OutgoingMail.objects.filter(
        pk__in=[r.mail_id for r in reminders], state__in=OutgoingMail.NOT_LEFT
    )
    kept = {mail.pk for mail in mails.select_for_update(skip_locked=True)}
    OutgoingMail.objects.filter(pk__in=kept).delete()
    found = [reminder for reminder in reminders if reminder.mail_id in kept]
    for reminder in found:
        reminder.mail = None
    return found
