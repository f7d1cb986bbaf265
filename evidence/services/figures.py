"""Figures follow what happened: requests to work them out, the batches that answer them, and the check of what is stored.

Each group of figures is one statement over all partners asked for (evidence/sql/figures); evidence/figures.py says
what they are.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from evidence.figures import FIGURES, presence
from evidence.models import Agreement, Figure, FigureRequest
from partners.models import Partner


def _quoted(sql: str) -> set[str]:
    return set(re.findall(r"'[a-z_]+'", sql))


SQL = Path(__file__).resolve().parent.parent / "sql"
GROUPS = {path.stem: path.read_text() for path in sorted((SQL / "figures").glob("*.sql"))}
SEASONS = (SQL / "seasons.sql").read_text()
_STORE, _PRESENCE = (
    (SQL / "store.sql").read_text(),
    (SQL / "presence.sql").read_text().replace("{seasons}", SEASONS),
)
NAMES: dict[str, list[str]] = {}


def add_group(group: str, sql: str) -> None:
    """Let one more statement find figures: of the floors above, which say so when they are ready.

    It gives (partner_id, name, value, hits, observations); "our_" mirrors a figure that it finds for both sides.
    """
    GROUPS[group] = sql
    NAMES[group] = [
        name for name in FIGURES if {f"'{name}'", f"'{name.removeprefix('our_')}'"} & _quoted(sql)
    ]


for _group, _sql in list(GROUPS.items()):
    add_group(_group, _sql)
AT_ONCE = 1_000  # partners a statement
BATCH = 200  # partners of a worker's transaction
SHARERS = 4  # workers that find something to do in one backlog at the same moment
PRESENCE = "presence_ratio"
_LOCK = 7_402  # the class of advisory locks that say a partner's figures are being worked out; 0: everybody's


@dataclass(frozen=True)
class Difference:
    """A stored figure that is not what the entries come to."""

    partner_id: int
    name: str
    stored: Any
    computed: Any

    def __str__(self) -> str:
        return f"partner {self.partner_id}: {self.name} is {self.stored}, the entries give {self.computed}"


def refresh_requested(limit: int = BATCH) -> int:
    """Work out the figures of one batch of partners whose evidence changed; how many. Workers share the backlog."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            WITH waiting AS MATERIALIZED (
                SELECT partner_id, min(id) AS first FROM evidence_figurerequest
                WHERE pg_try_advisory_xact_lock_shared(%s, 0) GROUP BY 1 ORDER BY 2 LIMIT %s
            )
            SELECT partner_id FROM waiting WHERE pg_try_advisory_xact_lock(%s, partner_id::integer) LIMIT %s
            """,
            [_LOCK, limit * SHARERS, _LOCK, limit],
        )
        partners = [row[0] for row in cursor.fetchall()]
        if partners:
            requests = list(FigureRequest.objects.filter(partner__in=partners).values_list("pk", flat=True))
            refresh(partners)
            FigureRequest.objects.filter(pk__in=requests).delete()
    return len(partners)


def refresh_all(today: date | None = None) -> int:
    """Work out everybody's figures, because days have passed; how many partners."""
    asked = list(FigureRequest.objects.values_list("pk", flat=True))
    ids = list(Partner.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), AT_ONCE):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [_LOCK])  # workers wait for the next second
            refresh(ids[start : start + AT_ONCE], today)
    if today in (None, timezone.localdate()):
        FigureRequest.objects.filter(pk__in=asked).delete()
    return len(ids)


@transaction.atomic
def refresh(partner_ids: Iterable[int], today: date | None = None) -> None:
    """Work out all figures of these partners as of a day (today). Writes only what differs."""
    values = _values(sorted(set(partner_ids)), today)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")  # compiling a statement takes longer than running it
        for group, sql in GROUPS.items():
            cursor.execute(f"WITH found AS (\n{sql}\n), {_STORE}", values | _kinds(NAMES[group]))
        cursor.execute(_KEEP_PRESENCE, values | _presences(cursor, values))


def differences(partner_ids: Iterable[int]) -> Iterator[Difference]:
    """Compare what is stored of these partners with what their entries come to; leaves everything as it is."""
    ids = sorted(set(partner_ids))
    before = _stored(ids)
    with transaction.atomic():
        refresh(ids)
        after = _stored(ids)
        transaction.set_rollback(True)
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            yield Difference(*key, before.get(key), after.get(key))


def _stored(ids: list[int]) -> dict[tuple[int, str], tuple]:
    fields = ("value", "lower", "upper", "observations", "word", "starts")
    rows = Figure.objects.filter(partner__in=ids).values_list("partner_id", "name", *fields)
    return {row[:2]: row[2:] for row in rows}


def _values(ids: list[int], today: date | None) -> dict[str, Any]:
    agreed, now = Agreement.current(), timezone.now()
    if today is not None and today != timezone.localdate():
        now = timezone.make_aware(datetime.combine(today, datetime.max.time()))
    return {
        "partners": ids, "contracts": None, "today": today or timezone.localdate(), "now": now, "zone": settings.TIME_ZONE,
        "answer_days": agreed.answer_days, "customer_weight": agreed.customer_weight,
        "vendor_weight": agreed.vendor_weight, "provider_weight": agreed.provider_weight,
    }  # fmt: skip


def _kinds(names: list[str]) -> dict[str, list]:
    return {"names": names, "minimums": [FIGURES[name].minimum for name in names]}


def _presences(cursor: Any, values: Mapping[str, Any]) -> dict[str, list]:
    """The presence ratios as columns to store, from counts of contacts and days."""
    cursor.execute(_PRESENCE, values)
    columns: dict[str, list] = {
        name: [] for name in ("ids", "starts", "ratios", "lowers", "uppers", "seen", "said")
    }
    for partner, starts, days_in, days_out, a, b in cursor.fetchall():
        if a + b == 0:
            continue
        enough = a + b >= FIGURES[PRESENCE].minimum
        found = presence(a, days_in if enough else 0, b, days_out)
        row = (partner, starts, found.ratio, found.lower, found.upper, a + b, found.word)
        for column, value in zip(columns.values(), row, strict=True):
            column.append(value)
    return columns


_KEEP_PRESENCE = """
WITH found AS MATERIALIZED (
    SELECT * FROM unnest(%(ids)s::bigint[], %(starts)s::date[], %(ratios)s::numeric[], %(lowers)s::numeric[],
        %(uppers)s::numeric[], %(seen)s::integer[], %(said)s::text[])
        found (partner_id, starts, value, lower, upper, observations, word)
), gone AS (
    DELETE FROM evidence_figure f WHERE f.partner_id = ANY (%(partners)s) AND f.name = 'presence_ratio'
        AND NOT EXISTS (SELECT FROM found WHERE found.partner_id = f.partner_id)
)
INSERT INTO evidence_figure AS f (partner_id, name, value, lower, upper, observations, word, starts)
SELECT partner_id, 'presence_ratio', value, lower, upper, observations, word,
       CASE WHEN starts > (%(today)s - interval '36 months')::date THEN starts END FROM found
EXCEPT SELECT partner_id, name, value, lower, upper, observations, word, starts FROM evidence_figure
WHERE partner_id = ANY (%(partners)s) AND name = 'presence_ratio'
ON CONFLICT (partner_id, name) DO UPDATE
SET value = excluded.value, lower = excluded.lower, upper = excluded.upper, observations = excluded.observations,
    word = excluded.word, starts = excluded.starts
"""
