"""Which contracts have something due that nobody was told: found by the database, so that looking costs little."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from governance.decisions import undecided
from governance.models import DEFER, Decision, LeadTimes
from governance.reminders import DEFERRAL, LEAD, NEWS_FOR, OVERDUE, RENEWED, Position, Stage, stages
from partners.dates import today_in
from partners.models import SEGMENTS, Contract, term_end
from partners.services.deadlines import numbered

CLOSED_FOR = 15  # days by which closed days may move a deadline, generously


def days_now(today: date | None = None) -> Iterator[tuple[date, list[str] | None]]:
    """The days it is by now, each with the time zones of contracts in which it is. A given day is that everywhere."""
    if today:
        yield today, None
        return
    zones = Contract.objects.order_by().values_list("time_zone", flat=True).distinct()
    where: dict[date, list[str]] = {}
    for zone in zones:
        where.setdefault(today_in(zone or settings.TIME_ZONE, timezone.now()), []).append(zone)
    yield from sorted(where.items())


def open_contracts(contracts: QuerySet[Contract]) -> QuerySet[Contract]:
    """Contracts nobody has decided about, with `counts_to`: the notice deadline, else the end of the term."""
    return undecided(contracts).annotate(counts_to=Coalesce("notice_deadline", term_end()))


# Which decision counts is the rule of `governance.decisions`. `told` are reminders that stand, `owner` one who can be told.
_DUE = """
WITH lead_times AS (
    SELECT * FROM unnest(%(segments)s::text[], %(days)s::int[]) AS l (segment, days)
), contracts AS (
    SELECT c.id, t.ends, t.counts_to, c.renewed_until, d.deferred_to, owner.id AS owner_id,
           coalesce(c.auto_renews AND c.renewal_months > 0 AND c.extended = 0, false) AS rolls,
           t.counts_to - make_interval(months => c.renewal_months) AS before,
           (SELECT min(days) FROM lead_times l WHERE l.segment = p.segment AND l.days >= t.counts_to - %(today)s) AS reached
    FROM partners_contract c JOIN partners_partner p ON p.id = c.partner_id
    LEFT JOIN accounts_user owner ON owner.id = c.owner_id AND owner.is_active AND owner.email IS NOT NULL
    CROSS JOIN LATERAL (
        SELECT coalesce(c.renewed_until, c.ends) AS ends, coalesce(c.notice_deadline, c.renewed_until, c.ends) AS counts_to
    ) t
    LEFT JOIN LATERAL (
        SELECT outcome, deferred_to FROM governance_decision
        WHERE contract_id = c.id AND (term_ends = t.ends OR term_ends IS NULL AND c.ends IS NULL)
        ORDER BY at DESC, id DESC LIMIT 1
    ) d ON true
    WHERE (%(zones)s::text[] IS NULL OR c.time_zone = ANY (%(zones)s)) AND (%(only)s::bigint[] IS NULL OR c.id = ANY (%(only)s))
          AND coalesce(d.outcome, 'defer') = 'defer'
), told AS NOT MATERIALIZED (
    SELECT contract_id, deadline, kind, due, days, term_ends, recipient_id FROM governance_reminder WHERE state <> 'cancelled'
)
SELECT c.id FROM contracts c WHERE
    c.counts_to >= %(today)s AND c.reached IS NOT NULL AND NOT EXISTS (
        SELECT FROM told r WHERE r.contract_id = c.id AND r.kind = %(lead)s AND r.deadline = c.counts_to
        AND r.days = c.reached AND r.recipient_id = coalesce(c.owner_id, r.recipient_id)
    )
    OR c.counts_to < %(today)s AND NOT c.rolls AND greatest(c.ends, c.counts_to + %(news)s) >= %(today)s AND NOT EXISTS (
        SELECT FROM told r WHERE r.contract_id = c.id AND r.kind = %(overdue)s AND r.deadline = c.counts_to
        AND r.recipient_id = coalesce(c.owner_id, r.recipient_id)
    )
    OR c.deferred_to <= %(today)s AND NOT EXISTS (
        SELECT FROM told r WHERE r.contract_id = c.id AND r.kind = %(deferral)s AND r.due = c.deferred_to
    )
    OR c.rolls AND c.renewed_until IS NOT NULL
    AND c.before BETWEEN %(today)s - %(news)s - %(closed)s AND %(today)s + %(closed)s AND NOT EXISTS (
        SELECT FROM told r WHERE r.contract_id = c.id AND r.kind = %(renewed)s AND r.term_ends = c.renewed_until
    )
ORDER BY c.counts_to, c.id
"""


def due_contracts(
    lead_times: LeadTimes,
    today: date,
    *,
    zones: Sequence[str] | None = None,
    only: Sequence[int] | None = None,
) -> list[int]:
    """Ids of undecided contracts of which a stage has come that was not told, or not to an owner who came later.

    Perhaps a few more than that: what is due exactly, `untold` says. `zones`: those in these time zones, `only`: of these.
    """
    pairs = [(segment, days) for segment, _ in SEGMENTS for days in lead_times.of(segment)]
    values: dict[str, Any] = {
        "today": today, "zones": zones, "only": only, "segments": [segment for segment, _ in pairs],
        "days": [days for _, days in pairs], "news": NEWS_FOR, "closed": CLOSED_FOR,
        "lead": LEAD, "overdue": OVERDUE, "deferral": DEFERRAL, "renewed": RENEWED,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_DUE, values)
        return [pk for (pk,) in cursor.fetchall()]


def stages_of(contracts: Iterable[Contract], lead_times: LeadTimes, today: date) -> dict[int, list[Stage]]:
    """The stages that have come of each of these `open_contracts` (with their partners), by contract id."""
    contracts = list(contracts)
    before = _terms_before(contracts)
    found = {}
    for contract in contracts:
        known: Any = contract
        at = Position(
            deadline=known.counts_to, ends=known.term_end, lead_times=lead_times.of(contract.partner.segment),
            deferred_to=known.deferred_to if known.outcome == DEFER else None,
            rolls=_rolls(contract),
            renewed_from=before.get(contract.pk),
        )  # fmt: skip
        found[contract.pk] = stages(at, today)
    return found


def _terms_before(contracts: list[Contract]) -> dict[int, date]:
    """The deadline before the current term of those that renewed themselves while nobody had decided."""
    last = {contract.pk: term for contract in contracts if (term := _term_before(contract))}
    if not last:
        return {}
    decisions = Decision.objects.filter(contract__in=last, term_ends__isnull=False).order_by("at", "pk")
    outcomes = {
        (pk, ends): outcome for pk, ends, outcome in decisions.values_list("contract", "term_ends", "outcome")
    }
    return {pk: deadline for pk, (ends, deadline) in last.items() if outcomes.get((pk, ends), DEFER) == DEFER}


def _term_before(contract: Contract) -> tuple[date, date] | None:
    """Last day and deadline of the term before the current one, if the contract has renewed itself."""
    until, ends, months = contract.renewed_until, contract.ends, contract.renewal_months
    if not (until and ends and months and _rolls(contract)):
        return None
    renewals = ((until.year - ends.year) * 12 + until.month - ends.month) // months
    term = numbered(contract, renewals - 1)
    return term.ends, term.deadline or term.ends


def _rolls(contract: Contract) -> bool:
    """Whether it renews itself: extensions at our option are taken by somebody."""
    return bool(contract.auto_renews and contract.renewal_months and contract.ends and not contract.extended)
