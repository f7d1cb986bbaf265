-- Write the outcomes of these scorecards: only rows that differ, whatever was there before.
-- Whoever calls holds the scorecards' row locks, so that nobody else writes the same ones from older marks.
CREATE OR REPLACE FUNCTION scorecards_store(ids bigint[]) RETURNS void
LANGUAGE plpgsql
SET jit = off
SET plan_cache_mode = force_generic_plan
SET enable_nestloop = off
SET enable_mergejoin = off
SET enable_seqscan = off
AS $$
BEGIN
    MERGE INTO scorecards_score s USING scorecards_outcomes(ids) o
        ON s.scorecard_id = o.scorecard_id AND s.scorecard_id = ANY (ids)
    WHEN MATCHED AND
        (s.overall, s.coverage, s.lower, s.upper, s.status, s.standing, s.capped_by_id, s.raters, s.category_ids,
         s.category_scores)
        IS DISTINCT FROM
        (o.overall, o.coverage, o.lower, o.upper, o.status, o.standing, o.capped_by_id, o.raters, o.category_ids,
         o.category_scores) THEN
        UPDATE SET
            overall = o.overall, coverage = o.coverage, lower = o.lower, upper = o.upper, status = o.status,
            standing = o.standing, capped_by_id = o.capped_by_id, raters = o.raters, category_ids = o.category_ids,
            category_scores = o.category_scores
    WHEN NOT MATCHED THEN
        INSERT (scorecard_id, overall, coverage, lower, upper, status, standing, capped_by_id, raters, category_ids,
                category_scores)
        VALUES (o.scorecard_id, o.overall, o.coverage, o.lower, o.upper, o.status, o.standing, o.capped_by_id, o.raters,
                o.category_ids, o.category_scores);
END
$$;

-- Compute up to `batch` requested scorecards, oldest request first; how many were taken.
--
-- The scorecards are locked, not their requests: a save that renews a request never waits for a worker. Each
-- statement here sees what was committed before it began, so the marks read are at least as new as the
-- tokens; a request renewed meanwhile has another token, stays, and is computed again.
CREATE OR REPLACE FUNCTION scorecards_recompute_requested(batch integer) RETURNS integer
LANGUAGE plpgsql
AS $$
DECLARE
    ids bigint[];
    tokens uuid[];
BEGIN
    SELECT array_agg(scorecard_id), array_agg(token) INTO ids, tokens
    FROM (SELECT q.scorecard_id, q.token
          FROM scorecards_recomputerequest q JOIN scorecards_scorecard s ON s.id = q.scorecard_id
          ORDER BY q.requested_at, q.scorecard_id LIMIT batch
          FOR NO KEY UPDATE OF s SKIP LOCKED) claimed;
    IF ids IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM scorecards_store(ids);
    DELETE FROM scorecards_recomputerequest WHERE scorecard_id IN (
        SELECT q.scorecard_id
        FROM unnest(ids, tokens) claimed (id, token)
        JOIN scorecards_recomputerequest q ON q.scorecard_id = claimed.id AND q.token = claimed.token
        FOR UPDATE OF q SKIP LOCKED);
    RETURN cardinality(ids);
END
$$;

-- Compute these scorecards now, whether or not anybody asked.
CREATE OR REPLACE FUNCTION scorecards_recompute_now(wanted bigint[]) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM FROM scorecards_scorecard WHERE id = ANY (wanted) ORDER BY id FOR NO KEY UPDATE;
    PERFORM scorecards_store(wanted);
END
$$;
