"""Figures of generated histories against a slow reading of the same rows (slow_figures.py).

The examples are drawn first and worked out together: a refresh for each subject and day, whatever their number.
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from evidence.figures import FIGURES, SHARE, wilson
from evidence.models import (
    Benchmark,
    Benefit,
    Commitment,
    Disclosure,
    Engagement,
    Figure,
    Incident,
    Obligation,
    Programme,
    Promise,
    Request,
    ValueStatement,
)
from evidence.services.figures import GROUPS, NAMES, PRESENCE, refresh
from partners.dates import plus_months
from partners.models import Contact, Contract, ContractTerm
from tests.evidence import slow_figures
from tests.factories import make_partner

# A Friday; the last day of a leap February; a Sunday at the end of a long month, where the day begins earlier.
DAYS = [
    (date(2026, 11, 20), "Europe/Berlin"),
    (date(2028, 2, 29), "America/Los_Angeles"),
    (date(2026, 5, 31), "Pacific/Auckland"),
]
EXAMPLES = 30
SIDES = ["them", "us"]
# Each of these draws a row from a generator of random numbers that hypothesis seeds: a history is too long a thing to
# draw step by step.


def some_day(dice, today):
    """A day around the edge of a period, lately, or any within four years."""
    edges = [plus_months(today, -months) for months in (0, 12, 24, 36)]
    edges += [date(today.year, month, 1) for month in (1, 4, 7, 10)] + [
        plus_months(today, -13).replace(day=1)
    ]
    return (
        dice.choice(edges) + timedelta(dice.randint(-1, 1))
        if dice.random() < 0.4
        else (today + timedelta(dice.randint(-30, 5) if dice.random() < 0.4 else dice.randint(-1_400, 60)))
    )


def later(dice, day, today):
    """No day, the same, one soon, or any later one."""
    return dice.choice([None, day, day + timedelta(dice.randint(0, 12)), max(day, some_day(dice, today))])


def days_off(dice, day, least, most):
    """No day, or one so many days from another."""
    return dice.choice(
        [None, day + timedelta(dice.randint(least, most)), day + timedelta(dice.randint(least, most))]
    )


def requests(dice, today, zone):
    asked_on = some_day(dice, today)
    answered_on = later(dice, asked_on, today)
    outcomes = ["delivered", "pointed", "declined"] if answered_on else ["", "ignored"]
    return Request(
        asked_by=dice.choice(SIDES), asked_on=asked_on, answered_on=answered_on, kind="fix", what="It",
        outcome=dice.choice(outcomes), agreed_days=dice.choice([None, None, dice.randint(0, 9)]),
    )  # fmt: skip


def promises(dice, today, zone):
    promised_on = some_day(dice, today)
    due_on = later(dice, promised_on, today)
    ended = {dice.choice(["delivered_on", "withdrawn_on"]): later(dice, promised_on, today)}
    asked = due_on is None or dice.random() < 0.5
    return Promise(promised_on=promised_on, due_on=due_on, asked_by_us=asked, what="It", **ended)


def incidents(dice, today, zone):
    minute = dice.choice([time(0, 0), time(0, 30), time(9, 0), time(23, 30)])
    opened_at = datetime.combine(some_day(dice, today), minute, ZoneInfo(zone)).astimezone(UTC)
    conversation_on = later(dice, opened_at.date(), today)
    if dice.random() < 0.2:
        return Incident(kind="praise", what="It", opened_at=opened_at, conversation_on=conversation_on)
    hours = [dice.choice([None, 0, 1, 2, 8, 9, 400, 9_000]) for _ in range(2)]
    done = [None if n is None else opened_at + timedelta(hours=n) for n in hours]
    agreed = [dice.choice([None, Decimal("0.5"), Decimal(2), Decimal(8)]) for _ in range(2)]
    return Incident(
        what="It", opened_at=opened_at, acknowledged_at=done[0], fixed_at=done[1], acknowledge_within=agreed[0],
        fix_within=agreed[1], ownership=dice.choice(["", "owned", "disputed"]), conversation_on=conversation_on,
        severity=dice.choice(["severe", "minor"]),
    )  # fmt: skip


def commitments(dice, today, zone):
    due_on = some_day(dice, today)
    return Commitment(
        made_by=dice.choice(SIDES), what="It", due_on=due_on, met_on=days_off(dice, due_on, -3, 3)
    )


def programmes(dice, today, zone):
    """A year with its benefits and obligations."""

    def money():
        return dice.choice([Decimal(0), Decimal("12.50"), Decimal(700)])

    year = today.year + dice.randint(-3, 1)
    programme = Programme(year=year, level="gold", currency=dice.choice(["EUR"] * 9 + ["USD"]))
    kinds = dice.sample(["demos", "beta", "seminars"], dice.randint(0, 3))
    benefits = [Benefit(kind=kind, promised=money(), received=money()) for kind in kinds]
    return (
        programme,
        benefits,
        [Obligation(kind=kind, cost=money()) for kind in dice.choice([[], ["fee"], ["fee", "other"]])],
    )


def value(dice, today, zone):
    first = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    party = dice.choice(["customer", "customer", "vendor", "vendor", "provider"])
    row = ValueStatement(
        quarter=plus_months(first, 3 * dice.randint(-5, 1)), party=party, felt_return=dice.randint(-2, 2)
    )
    row.provider_id = dice.choice([0, 1] if party == "provider" else [None, None, 0, 1])
    return row


def benchmarks(dice, today, zone):
    ours, median = (dice.choice([Decimal(90), Decimal(100), Decimal("133.3333")]) for _ in range(2))
    return Benchmark(
        item=dice.choice("ABC"),
        our_price=ours,
        median=median,
        currency="EUR",
        source="x",
        as_of=some_day(dice, today),
    )


def disclosures(dice, today, zone):
    shared_on = some_day(dice, today)
    return Disclosure(
        shared_by=dice.choice(SIDES), kind=dice.choice(["short", "forecast", "event"]), what="It",
        shared_on=shared_on, effect_on=days_off(dice, shared_on, -9, 90), chance_to_act=dice.choice([None, True, False]),
    )  # fmt: skip


def contacts(dice, today, zone):
    since = dice.choice([None, some_day(dice, today)])
    until = later(dice, since or some_day(dice, today), today)
    role = dice.choice(["Key ACCOUNT manager", "Account executive", "Engineer"])
    return Contact(name="A", role=role, since=since, until=until)


def engagements(dice, today, zone):
    """Mostly contacts; now and then a contract, with the terms it had."""

    def maybe():
        return dice.choice([None, some_day(dice, today)])

    day = some_day(dice, today)
    if dice.random() < 0.15:
        contract = Contract(title="C", ends=day, notice_deadline=days_off(dice, day, -200, 10))
        contract.renewed_until = dice.choice([None, day + timedelta(40)])
        terms = [
            ContractTerm(
                how=dice.choice(["original", "renewed", "amended", "back"]), ends=maybe(), notice_deadline=maybe(),
                since=maybe(), noted_at=datetime.combine(some_day(dice, today), time(12), UTC),
            )
            for _ in range(dice.randint(0, 3))
        ]  # fmt: skip
        return contract, terms
    return Engagement(
        day=day, started_by=dice.choice(["them", "them", "them", "us"]), purpose=dice.choice(["serves", "sells"]),
        is_draft=dice.random() < 0.1, cancelled_by=dice.choice([""] * 6 + SIDES),
    )  # fmt: skip


# What two rows of one partner do not share.
UNIQUE = {
    "programmes": lambda row: row[0].year,
    "value": lambda row: (row.provider_id, row.quarter, row.party),
    "benchmarks": lambda row: (row.item, row.as_of),
}
DRAWN = {
    "requests": requests, "promises": promises, "incidents": incidents, "commitments": commitments, "programmes": programmes,
    "value": value, "benchmarks": benchmarks, "disclosures": disclosures, "contacts": contacts, "engagements": engagements,
}  # fmt: skip


def histories(subject, today, zone):
    """Lists of rows, the same in every run."""
    found = []

    @settings(max_examples=EXAMPLES, derandomize=True, phases=[Phase.generate])
    @given(st.randoms(use_true_random=True))
    def collect(dice):
        rows = [DRAWN[subject](dice, today, zone) for _ in range(dice.randint(0, 25))]
        key = UNIQUE.get(subject, id)
        found.append(list({key(row): row for row in rows}.values()))

    collect()
    return found


def store(histories):
    """Partners with these histories, a statement a table."""
    partners = [make_partner() for _ in histories]
    providers = [make_partner(kind="provider").pk for _ in range(2)]
    plain, parts = {}, []
    for partner, rows in zip(partners, histories, strict=True):
        for row in rows:
            head, *lists = row if isinstance(row, tuple) else (row,)
            head.partner = partner
            if isinstance(head, ValueStatement) and head.provider_id is not None:
                head.provider_id = providers[head.provider_id]
            plain.setdefault(type(head), []).append(head)
            parts += [(head, part) for some in lists for part in some]
    for model, rows in plain.items():
        model.objects.bulk_create(rows)
    of_kind = {}
    for head, part in parts:
        setattr(part, "contract" if isinstance(head, Contract) else "programme", head)
        of_kind.setdefault(type(part), []).append(part)
    for model, rows in of_kind.items():
        model.objects.bulk_create(rows)
    return partners


@pytest.mark.parametrize(("today", "zone"), DAYS, ids=[zone for _, zone in DAYS])
@pytest.mark.parametrize("subject", DRAWN)
@pytest.mark.django_db
def test_figures_of_generated_histories_are_those_of_a_slow_reading(settings, subject, today, zone):
    settings.TIME_ZONE = zone
    examples = histories(subject, today, zone)
    partners = store(examples)
    refresh([partner.pk for partner in partners], today)
    stored = {}
    for row in Figure.objects.all():
        stored.setdefault(row.partner_id, {})[row.name] = row
    with_value = set()
    for partner, rows in zip(partners, examples, strict=True):
        slowly = getattr(slow_figures, subject)(rows, today, zone)
        expected = {name: found for name, found in slowly.items() if found is not None}
        found = stored.get(partner.pk, {})
        told = [row.__dict__ if not isinstance(row, tuple) else list(row) for row in rows]
        assert sorted(found) == sorted(expected), told
        for name, one in expected.items():
            assert as_read(found[name]) == as_worked_out(name, one), (name, told)
            with_value |= {name} if found[name].value is not None else set()
    meant = {*NAMES[subject], *([PRESENCE] if subject == "engagements" else [])}
    assert with_value == meant, "the examples are rich enough to say something of each figure"


def as_read(row):
    return row.value, row.lower, row.upper, row.observations, row.word, row.starts


def as_worked_out(name, one):
    """What is stored of a figure: none of it with too few observations, a share with its interval."""
    kind = FIGURES[name]
    if one.observations < kind.minimum:
        return None, None, None, one.observations, one.word, one.starts
    ends = one.ends or (None, None)
    if one.hits is not None:
        assert kind.unit == SHARE
        ends = wilson(one.hits, one.observations)
    return *map(near, (one.value, *ends)), one.observations, one.word, one.starts


def near(number):
    """Six decimals, as the database holds them."""
    if number is None or isinstance(number, Decimal):
        return number
    if isinstance(number, float):
        return pytest.approx(Decimal(number), abs=Decimal("0.0000011"))
    exact = Decimal(number.numerator) / Decimal(number.denominator)
    return pytest.approx(exact, abs=Decimal("0.0000011"))


@pytest.mark.django_db
def test_a_refresh_asks_as_often_for_many_partners_with_many_entries_as_for_one_without_any():
    today = DAYS[0][0]

    def statements(ids):
        with CaptureQueriesContext(connection) as asked:
            refresh(ids, today)
        return len(asked)

    none = statements([make_partner().pk])
    for subject in DRAWN:
        partners = store(histories(subject, *DAYS[0])[:20])
        assert statements([partner.pk for partner in partners]) == none
    assert none <= len(GROUPS) + 6, (
        "one a group of figures, presence in two, the settings, how it runs, the transaction"
    )
