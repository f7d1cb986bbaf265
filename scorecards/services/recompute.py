"""Scores follow their marks: requests to recompute, the batches that answer them, and the check that nothing drifted.

The work itself is set-based and lives in the database (scorecards/sql); scorecards/scoring.py is its definition.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from scorecards.models import RecomputeRequest, Scorecard

SLICE = 200  # scorecards a statement: enough to stream, few enough to hold no lock for long
PATIENCE = 30  # seconds `drain` waits for scorecards that somebody else is working on


@dataclass(frozen=True)
class Difference:
    """A stored number that is not what the marks come to."""

    scorecard_id: int
    what: str
    stored: Any
    computed: Any

    def __str__(self) -> str:
        return f"scorecard {self.scorecard_id}: {self.what} is {self.stored}, the marks give {self.computed}"


def request_recompute(scorecards: "QuerySet[Scorecard] | Iterable[int]") -> None:
    """Ask for these scorecards to be recomputed, in the caller's transaction; asking again renews the request."""
    ids = list(scorecards.values_list("pk", flat=True) if isinstance(scorecards, QuerySet) else scorecards)
    with connection.cursor() as cursor:
        # In one order, so that two who ask for the same scorecards wait for each other instead of deadlocking.
        cursor.execute(
            """
            INSERT INTO scorecards_recomputerequest (scorecard_id, token, requested_at)
            SELECT id, gen_random_uuid(), clock_timestamp() FROM unnest(%s::bigint[]) id GROUP BY id ORDER BY id
            ON CONFLICT (scorecard_id) DO UPDATE SET token = excluded.token
            """,
            [ids],
        )


def recompute_requested(limit: int = SLICE) -> int:
    """Compute one batch of requested scorecards and return how many it held; workers share the backlog."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT scorecards_recompute_requested(%s)", [limit])
        return cursor.fetchone()[0]


def recompute_now(scorecard_ids: Iterable[int]) -> None:
    """Compute these scorecards in the caller's transaction, requested or not."""
    with connection.cursor() as cursor:
        for ids in _slices(scorecard_ids):
            cursor.execute("SELECT scorecards_recompute_now(%s::bigint[])", [ids])


def expected_statuses(scorecard_ids: Iterable[int]) -> Counter[str]:
    """How many of these scorecards would be final, provisional or without a score now; changes nothing."""
    found: Counter[str] = Counter()
    with connection.cursor() as cursor:
        for ids in _slices(scorecard_ids):
            cursor.execute("SELECT status, count(*) FROM scorecards_outcomes(%s::bigint[]) GROUP BY 1", [ids])
            found.update(dict(cursor.fetchall()))
    return found


def drain() -> int:
    """Compute until no request is left, and return how many scorecards that took.

    Raises TimeoutError when others hold requested scorecards for longer than half a minute.
    """
    done, give_up = 0, time.monotonic() + PATIENCE
    while True:
        batch = recompute_requested()
        if batch:
            done, give_up = done + batch, time.monotonic() + PATIENCE
        elif not RecomputeRequest.objects.exists():
            return done
        elif time.monotonic() > give_up:
            raise TimeoutError("Somebody else keeps scorecards locked that were to be recomputed.")
        else:
            time.sleep(0.05)


def differences(scorecards: "QuerySet[Scorecard] | Iterable[int]") -> list[Difference]:
    """Compare what is stored of these scorecards with what their marks come to; changes nothing."""
    ids = scorecards.values_list("pk", flat=True) if isinstance(scorecards, QuerySet) else scorecards
    found: list[Difference] = []
    with connection.cursor() as cursor:
        for part in _slices(ids):
            cursor.execute(_DIFFERENCES, {"ids": part})
            found += [Difference(*row) for row in cursor.fetchall()]
    return found


def _slices(ids: Iterable[int]) -> Iterator[list[int]]:
    ordered = sorted(set(ids))
    return (ordered[start : start + SLICE] for start in range(0, len(ordered), SLICE))


# One statement, so that marks and scores are read as of the same moment.
_DIFFERENCES = """
WITH computed AS MATERIALIZED (
    SELECT * FROM scorecards_outcomes(%(ids)s::bigint[])
), category AS (
    SELECT c.scorecard_id, p.category_id, p.score
    FROM computed c, LATERAL unnest(c.category_ids, c.category_scores) p (category_id, score)
), stored AS (
    SELECT * FROM scorecards_categoryscore WHERE scorecard_id = ANY (%(ids)s)
)
SELECT c.scorecard_id, field.name, field.stored, field.computed
FROM computed c LEFT JOIN scorecards_score s ON s.scorecard_id = c.scorecard_id,
LATERAL (VALUES ('overall', trim_scale(s.overall)::text, trim_scale(c.overall)::text),
                ('coverage', trim_scale(s.coverage)::text, trim_scale(c.coverage)::text),
                ('lower', trim_scale(s.lower)::text, trim_scale(c.lower)::text),
                ('upper', trim_scale(s.upper)::text, trim_scale(c.upper)::text),
                ('status', s.status, c.status), ('standing', s.standing, c.standing),
                ('capped_by', s.capped_by_id::text, c.capped_by_id::text),
                ('raters', s.raters::text, c.raters::text)) field (name, stored, computed)
WHERE field.stored IS DISTINCT FROM field.computed AND (s.scorecard_id IS NOT NULL OR c.status <> 'no score')
UNION ALL
SELECT coalesce(c.scorecard_id, s.scorecard_id), 'category ' || coalesce(c.category_id, s.category_id),
       trim_scale(s.score)::text, trim_scale(c.score)::text
FROM category c FULL JOIN stored s ON s.scorecard_id = c.scorecard_id AND s.category_id = c.category_id
WHERE s.score IS DISTINCT FROM c.score
UNION ALL
SELECT s.id, 'what “' || c.name || '” measures', trim_scale(m.value)::text || ' of ' || m.observations,
       trim_scale(f.value)::text || ' of ' || coalesce(f.observations, 0)
FROM scorecards_scorecard s JOIN scorecards_cycle y ON y.id = s.cycle_id AND y.state = 'open'
JOIN scorecards_category g ON g.template_id = s.template_id
JOIN scorecards_criterion c ON c.category_id = g.id AND c.kind = 'measured'
LEFT JOIN scorecards_measurement m ON m.scorecard_id = s.id AND m.criterion_id = c.id
LEFT JOIN evidence_figure f ON f.partner_id = s.partner_id AND f.name = c.metric
WHERE s.id = ANY (%(ids)s::bigint[])
      AND (m.value, coalesce(m.observations, 0)) IS DISTINCT FROM (f.value, coalesce(f.observations, 0))
ORDER BY 1, 2
"""
