"""Figures of 2,000 partners with 300 entries each: a refresh of everybody beside reading the rows, and of one."""

import time
from collections.abc import Callable, Iterator

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from bench.context import RUNS, Context, Row
from evidence.models import Figure
from evidence.services.figures import AT_ONCE, refresh, refresh_all
from partners.models import Partner

PARTNERS = 2_000
TABLES = ("engagement", "request", "promise", "incident", "commitment", "benchmark", "disclosure")
# 300 entries a partner over three years: half of them contacts.
_ENTRIES = """
SET LOCAL session_replication_role = replica;
INSERT INTO partners_partner (name, name_key, kind, segment, supplies, email_domains, notes, admission, is_demo, created_at, version)
SELECT 'B ' || n, 'b ' || n, 'vendor', 'tactical', '', '{}', '', 'admitted', false, now(), 1 FROM generate_series(1, %(partners)s) n;
CREATE TEMP TABLE b ON COMMIT DROP AS
    SELECT p.id, n, current_date - (n * 7 + p.id %% 7)::integer %% 1095 AS day, ((p.id * 31 + n * 17) %% 10)::integer AS dice
    FROM partners_partner p, generate_series(1, 150) n WHERE p.name LIKE 'B %%';
INSERT INTO partners_contract (partner_id, reference, reference_suffix, title, starts, ends, notice_deadline, notice_unit,
                               auto_renews, currency, link, version)
SELECT id, 'B', '', 'Contract', current_date - 700, current_date + 60 - dice * 30, current_date - dice * 30, 'days', false,
       'EUR', '', 1 FROM b WHERE n = 1;
INSERT INTO evidence_engagement (partner_id, reference, note, link, created_at, version, day, started_by, purpose, channel, subject,
                                 took_part, cancelled_by, is_draft, is_discarded, calendar_uid, recurrence, calendar_state)
SELECT id, '', '', '', now(), 1, day, CASE WHEN dice > 3 THEN 'them' ELSE 'us' END, CASE WHEN dice > 5 THEN 'serves' ELSE 'sells' END,
       'meeting', '', '', CASE WHEN dice = 9 THEN 'us' ELSE '' END, false, false, '', '', '{}' FROM b;
INSERT INTO evidence_request (partner_id, reference, note, link, created_at, version, asked_by, asked_on, kind, what, answered_on, outcome)
SELECT id, '', '', '', now(), 1, CASE WHEN dice > 7 THEN 'them' ELSE 'us' END, day, 'fix', 'It',
       CASE WHEN dice > 1 THEN day + dice END, CASE WHEN dice > 1 THEN 'delivered' ELSE '' END FROM b WHERE n <= 60;
INSERT INTO evidence_promise (partner_id, reference, note, link, created_at, version, what, promised_on, due_on, delivered_on, asked_by_us, matters)
SELECT id, '', '', '', now(), 1, 'It', day, day + 100, CASE WHEN dice > 4 THEN day + 90 + 4 * dice END, dice > 6, 2
FROM b WHERE n <= 15;
INSERT INTO evidence_incident (partner_id, reference, note, link, created_at, version, kind, what, opened_at, severity, acknowledged_at,
                               fixed_at, acknowledge_within, fix_within, ownership, cause_shared)
SELECT id, '', '', '', now(), 1, 'incident', 'It', day, 'major', day + interval '1 hour', day + dice * interval '2 hours', 2, 8,
       CASE WHEN dice > 4 THEN 'owned' ELSE 'disputed' END, false FROM b WHERE n <= 40;
INSERT INTO evidence_commitment (partner_id, reference, note, link, created_at, version, made_by, what, target, due_on, met_on, consequence, currency)
SELECT id, '', '', '', now(), 1, CASE WHEN dice > 5 THEN 'them' ELSE 'us' END, 'It', '', day, day + dice - 5, '', '' FROM b WHERE n <= 10;
INSERT INTO evidence_benchmark (partner_id, reference, note, link, created_at, version, item, our_price, median, currency, source, as_of, shared)
SELECT id, '', '', '', now(), 1, 'Item ' || n, 100 + dice, 100, 'EUR', 'x', day, false FROM b WHERE n <= 5;
INSERT INTO evidence_disclosure (partner_id, reference, note, link, created_at, version, shared_by, kind, what, shared_on, effect_on, chance_to_act)
SELECT id, '', '', '', now(), 1, CASE WHEN dice > 5 THEN 'them' ELSE 'us' END, 'short', 'It', day, day + 30, dice > 2 FROM b WHERE n <= 20;
SET LOCAL session_replication_role = origin;
"""


def measures(context: Context) -> Iterator[Row]:
    context.use(purpose="evidence")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_ENTRIES, {"partners": PARTNERS})
            for table in TABLES:
                cursor.execute(f"ANALYZE evidence_{table}")
        ids = list(Partner.objects.filter(name__startswith="B ").values_list("pk", flat=True))
        scan = _fastest(_scan)
        with CaptureQueriesContext(connection) as asked:
            empty = _once(refresh_all)
        same = _fastest(refresh_all)
        one = _fastest(lambda: refresh(ids[:1]))
        figures = Figure.objects.count()
        transaction.set_rollback(True)
    entries = f"{PARTNERS * 300:,} entries"
    slices = -(-len(ids) // AT_ONCE)
    yield Row(
        f"figures of {entries}, none stored yet",
        f"{empty:.2f} s",
        f"scan of their tables: {scan:.3f} s",
        empty / scan,
        100,
    )
    yield Row(
        f"figures of {entries}, nothing changed",
        f"{same:.2f} s",
        f"scan of their tables: {scan:.3f} s",
        same / scan,
        4,
    )
    yield Row(
        "statements for all of them",
        f"{len(asked)}",
        f"{figures:,} figures",
        len(asked) / slices,
        30,
        unit="",
    )
    yield Row(
        "figures of one partner after an entry", f"{one * 1000:.0f} ms", f"all: {same:.2f} s", one / same, 0.1
    )


def _scan() -> None:
    """Read each of the tables in order and add up something of every row."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT count(*), sum(partner_id), max(created_at) FROM evidence_{table}")
            cursor.fetchone()


def _once(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _fastest(work: Callable[[], object]) -> float:
    """Seconds of the fastest run."""
    return min(_once(work) for _ in range(RUNS))
