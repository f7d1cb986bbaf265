"""Every figure once more, as docs/evidence.md words it: one partner, one row after the other, in plain Python.

Slow on purpose and written without a look at evidence/sql: where the two disagree the document decides.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from evidence.figures import OUT_OF_DATE, presence
from partners.dates import plus_months

DAY = timedelta(days=1)
PLANS = {"short", "long", "forecast", "roadmap"}
WEIGHTS = {"customer": 50, "vendor": 25, "provider": 25}
SIDES = (("them", ""), ("us", "our_"))


@dataclass(frozen=True)
class Found:
    """What a figure comes to: its value, on how many observations; of a share, how many of them."""

    value: Any
    observations: int
    hits: int | None = None
    word: str = ""
    starts: date | None = None
    ends: tuple[Any, Any] | None = None  # an interval that is not Wilson's


def share(hits: Iterable[Any], among: Iterable[Any]) -> Found | None:
    number, of = sum(1 for _ in hits), sum(1 for _ in among)
    return Found(Fraction(number, of), of, number) if of else None


def number(value: Any, observations: int) -> Found | None:
    return Found(value, observations) if observations else None


def weekdays(begin: date, end: date) -> int:
    while begin.weekday() > 4:
        begin += DAY
    return sum((begin + DAY * n).weekday() < 5 for n in range(1, (end - begin).days + 1))


def by(day: date | None, today: date) -> date | None:
    """A day once it has come."""
    return day if day is not None and day <= today else None


def requests(rows: Sequence[Any], today: date, zone: str) -> dict[str, Found | None]:
    found, year = {}, plus_months(today, -12)
    for asked_by, prefix in (("us", ""), ("them", "our_")):
        known = [row for row in rows if row.asked_by == asked_by and row.asked_on <= today]
        answered = [row for row in known if by(row.answered_on, today)]
        ignored = [row for row in known if row.outcome == "ignored"]
        still = [row for row in known if row not in answered and row not in ignored]
        answered = [row for row in answered if row.asked_on >= year]
        ignored = [row for row in ignored if row.asked_on >= year]
        agreed = {id(row): 5 if row.agreed_days is None else row.agreed_days for row in known}
        days = [weekdays(row.asked_on, row.answered_on) for row in answered]
        late = [
            row for row in still if row.asked_on >= year and weekdays(row.asked_on, today) > agreed[id(row)]
        ]
        timely = [row for row in answered if weekdays(row.asked_on, row.answered_on) <= agreed[id(row)]]
        found[f"{prefix}answer_days"] = number(median(days) if days else None, len(days))
        found[f"{prefix}answered_in_time"] = share(timely, answered + ignored + late)
        found[f"{prefix}open_requests"] = number(
            len(still) + len(ignored), len(still) + len(ignored) + len(answered)
        )
        helped = [row for row in answered if row.outcome in ("delivered", "pointed")]
        if not prefix:
            found["helpful_share"] = share(helped, answered + ignored)
    return found


def promises(rows: Sequence[Any], today: date, zone: str) -> dict[str, Found | None]:
    since, year = plus_months(today, -36), plus_months(today, -12)
    rows = [row for row in rows if row.promised_on <= today]
    delivered = {id(row): by(row.delivered_on, today) for row in rows}
    withdrawn = {id(row): by(row.withdrawn_on, today) for row in rows}
    dated = [row for row in rows if row.due_on]
    still = [row for row in dated if not delivered[id(row)] and not withdrawn[id(row)]]
    in_year = [row for row in rows if (delivered[id(row)] or date.min) >= year]
    due = [row for row in dated if since <= row.due_on < today]
    due = [row for row in due if not (withdrawn[id(row)] and withdrawn[id(row)] < row.due_on)]
    slips = [
        ((delivered[id(row)] or today) - row.due_on).days
        for row in dated
        if row.due_on >= since and not withdrawn[id(row)] and (delivered[id(row)] or row.due_on < today)
    ]
    asks = [row for row in rows if row.asked_by_us and row.promised_on >= since]
    return {
        "promises_kept": share([r for r in due if delivered[id(r)] and delivered[id(r)] <= r.due_on], due),
        "promise_slip": number(Fraction(sum(slips), len(slips)) if slips else None, len(slips)),
        "futures_share": share(still, still + in_year),
        "oldest_promise": number(max(((today - r.promised_on).days for r in still), default=0), len(still)),
        "asks_taken_up": share([row for row in asks if row.due_on and not withdrawn[id(row)]], asks),
    }


def incidents(rows: Sequence[Any], today: date, zone: str) -> dict[str, Found | None]:
    here = ZoneInfo(zone)
    now = datetime.combine(today, time.max, here)
    year = plus_months(today, -12)
    rows = [row for row in rows if year <= row.opened_at.astimezone(here).date() <= today]
    judged, good = [], []
    for row in (row for row in rows if row.kind == "incident"):
        steps = [(row.acknowledged_at, row.acknowledge_within), (row.fixed_at, row.fix_within)]
        agreed = [
            (done if done and done <= now else None, row.opened_at + timedelta(hours=float(hours)))
            for done, hours in steps
            if hours is not None
        ]
        is_past = any((done or now) > limit for done, limit in agreed)
        if agreed and (is_past or all(done for done, _ in agreed)):
            judged.append(row)
            good += [] if is_past else [row]
    said = [row for row in rows if row.ownership]
    talks = [
        row
        for row in rows
        if row.kind == "praise" or (row.severity == "severe" and row.fixed_at and row.fixed_at <= now)
    ]
    return {
        "incidents_in_limits": share(good, judged),
        "incidents_owned": share([row for row in said if row.ownership == "owned"], said),
        "conversations_due": number(
            sum(1 for row in talks if not by(row.conversation_on, today)), len(talks)
        ),
    }


def commitments(rows: Sequence[Any], today: date, zone: str) -> dict[str, Found | None]:
    found = {}
    for side, prefix in SIDES:
        due = [r for r in rows if r.made_by == side and plus_months(today, -12) <= r.due_on < today]
        found[f"{prefix}commitments_kept"] = share([r for r in due if r.met_on and r.met_on <= r.due_on], due)
    return found


def programmes(rows: Sequence[Any], today: date, zone: str) -> dict[str, Found | None]:
    """Each row a programme, its benefits and its obligations."""
    rows = [row for row in rows if today.year - 2 <= row[0].year <= today.year]
    if len({programme.currency for programme, _, _ in rows}) != 1:
        return {}
    benefits = [benefit for _, some, _ in rows for benefit in some]
    cost = sum(Fraction(part.cost) for _, _, parts in rows for part in parts)
    promised = sum(Fraction(benefit.promised) for benefit in benefits)
    missing = sum(Fraction(max(benefit.promised - benefit.received, 0)) for benefit in benefits)
    received = sum(Fraction(benefit.received) for benefit in benefits)
    return {
        "programme_return": Found(received / cost, len(rows)) if cost else None,
        "programme_missing": Found(missing / promised, len(rows)) if promised else None,
    }


def value(rows: Sequence[Any], today: date, zone: str) -> dict[str, Found | None]:
    ago = plus_months(today, -12)
    first = date(ago.year, (ago.month - 1) // 3 * 3 + 1, 1)
    quarters: dict[Any, dict[date, dict[str, int]]] = {}
    for row in rows:
        if first <= row.quarter <= today:
            said = quarters.setdefault(row.provider_id, {}).setdefault(row.quarter, {})
            said[row.party] = row.felt_return
    worst, number_of = [], []
    for provider, spoken in quarters.items():
        parties = {"customer", "vendor"} | ({"provider"} if provider else set())
        whole = {quarter: said for quarter, said in spoken.items() if set(said) == parties}
        if whole:
            said = whole[max(whole)]
            sum_ = sum(WEIGHTS[party] * felt for party, felt in said.items())
            worst.append(Fraction(sum_, sum(WEIGHTS[party] for party in said)))
            number_of.append(len(whole))
    return {"value_index": number(min(worst, default=None), max(number_of, default=0))}


def benchmarks(rows: Sequence[Any], today: date, zone: str) -> dict[str, Found | None]:
    rows = [row for row in rows if row.as_of <= today]
    latest = {row.item: row for row in sorted(rows, key=lambda row: row.as_of)}
    recent = [row for row in latest.values() if row.as_of >= plus_months(today, -12)]
    if rows and not recent:
        return {"benchmark_position": Found(None, 0, word=OUT_OF_DATE)}
    parts = [Fraction(row.our_price) / Fraction(row.median) - 1 for row in recent]
    return {"benchmark_position": number(sum(parts) / len(parts) if parts else None, len(parts))}


def disclosures(rows: Sequence[Any], today: date, zone: str) -> dict[str, Found | None]:
    found: dict[str, Found | None] = {}
    rows = [row for row in rows if row.shared_on <= today]
    this = today.year * 4 + (today.month - 1) // 3
    for side, prefix in SIDES:
        year = [r for r in rows if r.shared_by == side and r.shared_on >= plus_months(today, -12)]
        days = [(row.effect_on - row.shared_on).days for row in year if row.effect_on]
        said = [row for row in year if row.chance_to_act is not None]
        plans = [row.shared_on for row in rows if row.shared_by == side and row.kind in PLANS]
        quarters = {this - (day.year * 4 + (day.month - 1) // 3) for day in plans}
        found[f"{prefix}notice_days"] = number(median(days) if days else None, len(days))
        found[f"{prefix}chance_to_act"] = share([row for row in said if row.chance_to_act], said)
        found[f"{prefix}plan_quarters"] = Found(len(quarters & {0, 1, 2, 3}), 4) if rows else None
    return found


def contacts(rows: Sequence[Any], today: date, zone: str) -> dict[str, Found | None]:
    known = [row for row in rows if "account" in row.role.lower() and (row.since or today) <= today]
    left = [row for row in known if row.until and plus_months(today, -24) <= row.until <= today]
    ours = [row for row in known if row.since and not by(row.until, today)]
    return {
        "manager_changes": number(len(left), len(known)),
        "manager_tenure": number(max(((today - row.since).days for row in ours), default=0), len(ours)),
    }


def engagements(rows: Sequence[Any], today: date, zone: str) -> dict[str, Found | None]:
    """Each row a contact, or a contract with the terms it had."""
    contracts = [row for row in rows if isinstance(row, tuple)]
    rows = [row for row in rows if not isinstance(row, tuple) and not row.is_draft and row.day <= today]
    year, since = plus_months(today, -12), plus_months(today, -36)
    held = [row for row in rows if not row.cancelled_by]
    in_year = [row for row in rows if row.day >= year]
    held_in_year = [row for row in held if row.day >= year]
    theirs = [row for row in held_in_year if row.started_by == "them"]
    first = max(min((row.day for row in held), default=year), year)
    days = max((today - first).days + 1, 91)
    called_off = [row.cancelled_by for row in in_year]
    return {
        "focus": share([row for row in theirs if row.purpose == "serves"], theirs),
        "contacts_a_quarter": number(len(theirs) * Fraction("91.3125") / days, len(held_in_year)),
        "meetings_cancelled": number(called_off.count("them"), len(in_year)),
        "our_meetings_cancelled": number(called_off.count("us"), len(in_year)),
        "presence_ratio": _presence(held, contracts, today, since),
    }


def _presence(held: Sequence[Any], contracts: Sequence[Any], today: date, since: date) -> Found | None:
    if not held:
        return None
    starts = max(min(row.day for row in held), since)
    days = {starts + DAY * n for n in range((today - starts).days + 1)}
    inside = days & {day for contract, terms in contracts for day in _season(contract, terms)}
    theirs = [row.day for row in held if row.started_by == "them" and row.day in days]
    a = sum(day in inside for day in theirs)
    if not theirs:
        return None
    later = starts if starts > since else None
    if len(theirs) < 5:
        return Found(None, len(theirs), starts=later)
    said = presence(a, len(inside), len(theirs) - a, len(days) - len(inside))
    return Found(said.ratio, len(theirs), None, said.word, later, (said.lower, said.upper))


def _season(contract: Any, terms: Sequence[Any]) -> set[date]:
    spans = [(contract.notice_deadline, contract.renewed_until or contract.ends)]
    for term, after in zip(terms, [*terms[1:], None], strict=False):
        ends = term.ends
        if after and after.how in ("amended", "back"):
            changed_on = after.since or after.noted_at.date()
            ends = min(ends or changed_on, changed_on)
        spans.append((term.notice_deadline, ends))
    return {
        deadline - 90 * DAY + DAY * n
        for deadline, ends in spans
        if deadline and ends
        for n in range((ends - deadline).days + 91)
    }
