"""The kinds of entry people enter: their words, their form, and how an entry reads on one line."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import DateField, F, Func, Q, Value
from django.db.models.expressions import Case, Combinable, When
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils import timezone

from accounts.templatetags.look import day, money
from accounts.words import counted
from evidence import forms
from evidence.figures import words, working_days
from evidence.models import (
    THEM,
    US,
    Benchmark,
    Commitment,
    Disclosure,
    Engagement,
    Entry,
    Incident,
    Programme,
    Promise,
    Request,
    ValueStatement,
)
from evidence.models.contacts import DELIVERED, IGNORED
from evidence.models.promises import NOTHING
from evidence.models.service import CUSTOMER, PRAISE
from evidence.owed import is_owing
from partners.dates import quarter_number


@dataclass(frozen=True)
class Kind:
    """A kind of entry. `side` and `day` are expressions over its rows; `reads` says what became of one, on a line."""

    model: type[Entry]
    one: str
    many: str
    question: str
    reads: Callable[[Any], str]
    side: Any
    day: Any
    text: str  # the column a quick line of text goes to
    form: type[forms.EntryForm] | None = None
    parts: tuple[str, ...] = ()  # related rows that `reads` looks at

    @property
    def slug(self) -> str:
        return self.model.SLUG


def _days(number: int, word: str) -> str:
    return f"{counted(abs(number), 'day')} {word}"


def _engagement(entry: Engagement) -> str:
    said = f"{entry.get_purpose_display()}, {entry.get_channel_display().lower()}"
    return f"{said}; called off by {entry.get_cancelled_by_display().lower()}" if entry.cancelled_by else said


def _request(entry: Request) -> str:
    if entry.answered_on:
        outcome = "Delivered" if entry.outcome == DELIVERED else entry.get_outcome_display()
        waited = working_days(entry.asked_on, entry.answered_on)
        when = f"after {counted(waited, 'working day')}" if waited else "the same day"
        return f"{outcome}, {when}"
    if entry.outcome == IGNORED:
        return "Ignored"
    return f"Open for {counted(working_days(entry.asked_on, timezone.localdate()), 'working day')}"


def _promise(entry: Promise) -> str:
    if entry.withdrawn_on:
        return f"Withdrawn on {day(entry.withdrawn_on)}"
    if entry.due_on is None:
        return "We asked; not promised yet"
    moves = list(entry.moves.all())
    moved = f", moved {'once' if len(moves) == 1 else f'{len(moves)} times'}" if moves else ""
    slip = entry.slip(timezone.localdate())
    if entry.delivered_on:
        return f"Delivered {_days(slip, 'late' if slip > 0 else 'early') if slip else 'on the day'}{moved}"
    if slip > 0:
        now = f", now for {day(moves[-1].due_on)}" if moves else ""
        return f"Open, {_days(slip, 'past the first day')}{moved}{now}"
    return f"Open, for {day(entry.due_on)}{moved}"


def _hours(later: Any, earlier: Any) -> str:
    hours = Decimal((later - earlier).total_seconds()) / 3600
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"


def _incident(entry: Incident) -> str:
    if entry.kind == PRAISE:
        return (
            f"Praise; thanked on {day(entry.conversation_on)}"
            if entry.conversation_on
            else "Praise; thanks due"
        )
    said = entry.get_severity_display()
    if entry.fixed_at:
        said += f", fixed in {_hours(entry.fixed_at, entry.opened_at)}"
        if entry.fix_within is not None:
            said += f" (limit {entry.fix_within.normalize():f} h)"
    else:
        said += ", not fixed yet"
    return f"{said}; {entry.get_ownership_display().lower()}" if entry.ownership else said


def _commitment(entry: Commitment) -> str:
    today = timezone.localdate()
    if entry.met_on:
        slip = (entry.met_on - entry.due_on).days
        said = f"Met {_days(slip, 'late')}" if slip > 0 else "Met on time"
    else:
        said = "Missed" if entry.due_on < today else f"Due {day(entry.due_on)}"
    if entry.consequence == NOTHING:
        return said
    amount = f"{entry.consequence} of {entry.currency} {money(entry.amount)}"
    if entry.settled_on:
        return f"{said}; {amount} settled {day(entry.settled_on)}"
    if is_owing(entry, today):
        return f"{said}; {amount} outstanding"
    return f"{said}; {amount} at stake" if entry.met_on is None and entry.due_on >= today else said


def _programme(entry: Programme) -> str:
    received = sum((row.received for row in entry.benefits.all()), Decimal(0))
    promised = sum((row.promised for row in entry.benefits.all()), Decimal(0))
    cost = sum((row.cost for row in entry.obligations.all()), Decimal(0))
    return f"{entry.currency} {money(received)} received of {money(promised)} promised; it cost {money(cost)}"


def _value(entry: ValueStatement) -> str:
    word = ", on their word" if entry.on_their_word else ""
    return f"{entry.get_felt_return_display()} came back than was put in{word}".replace(
        "As much came back than", "As much came back as"
    )


def _benchmark(entry: Benchmark) -> str:
    prices = f"{entry.currency} {entry.our_price.normalize():f} against {entry.median.normalize():f}"
    return f"{words('benchmark_position', entry.position, 1)}: {prices}"


def _disclosure(entry: Disclosure) -> str:
    said = entry.get_kind_display()
    if entry.effect_on:
        ahead = (entry.effect_on - entry.shared_on).days
        said += f", {_days(ahead, 'ahead' if ahead >= 0 else 'afterwards')}"
    if entry.chance_to_act is not None:
        said += ", with a chance to act" if entry.chance_to_act else ", without a chance to act"
    return said


def _first_of_year() -> Combinable:
    return Func(F("year"), Value(1), Value(1), function="make_date", output_field=DateField())


_THEIRS = Value(THEM)
KINDS: dict[str, Kind] = {
    kind.slug: kind
    for kind in (
        Kind(Engagement, "contact", "Contacts", "Who came to whom, and what for?", _engagement, F("started_by"), F("day"),
             "subject", forms.EngagementForm),
        Kind(Request, "request", "Requests", "What was asked, and how did it end?", _request,
             Case(When(asked_by=US, then=Value(THEM)), default=Value(US)), F("asked_on"), "what", forms.RequestForm),
        Kind(Promise, "promise", "Promises", "What did they promise, and for when?", _promise, _THEIRS, F("promised_on"),
             "what", forms.PromiseForm, ("moves",)),
        Kind(Incident, "incident or praise", "Incidents and praise", "What happened, and how was it dealt with?", _incident,
             _THEIRS, TruncDate("opened_at"), "what", forms.IncidentForm),
        Kind(Commitment, "commitment", "Commitments", "What was committed, and what hangs on it?", _commitment,
             F("made_by"), F("due_on"), "what", forms.CommitmentForm),
        Kind(Programme, "programme year", "Programme", "What did the partner status bring and take?", _programme, _THEIRS,
             _first_of_year(), "", forms.ProgrammeForm, ("benefits", "obligations")),
        Kind(ValueStatement, "value statement", "Value statements", "", _value,
             Case(When(Q(party=CUSTOMER), then=Value(US)), default=Value(THEM)), F("quarter"), ""),
        Kind(Benchmark, "benchmark", "Benchmarks", "How does our price stand in the market?", _benchmark, _THEIRS,
             F("as_of"), "item", forms.BenchmarkForm),
        Kind(Disclosure, "disclosure", "Plans shared", "Who told whom of what, and how long before?", _disclosure,
             F("shared_by"), F("shared_on"), "what", forms.DisclosureForm),
    )
}  # fmt: skip
ENTERED = {slug: kind for slug, kind in KINDS.items() if kind.form}


def address_of(entry: Entry) -> str:
    """Where an entry is read and changed: its own page, or the page of its quarter."""
    if isinstance(entry, ValueStatement):
        quarter = entry.quarter.year, quarter_number(entry.quarter)
        return reverse("value_quarter", args=[entry.partner_id, entry.provider_id or 0, *quarter])
    return entry.get_absolute_url()
