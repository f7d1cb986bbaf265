-- Keep what was found of these figures: only rows that differ are written, those with nothing left to say go.
-- A share is hits of observations, with its Wilson interval; fewer observations than the figure needs have no value.
-- Rows that stay are compared before the INSERT, which would lock each of them.
kind AS (
    SELECT * FROM unnest(%(names)s::text[], %(minimums)s::integer[]) kind (name, minimum)
), judged AS MATERIALIZED (
    SELECT f.partner_id, f.name, f.observations, CASE WHEN f.observations = 0 THEN 'out of date' ELSE '' END AS word,
           CASE WHEN k.minimum <= f.observations
                THEN round(CASE WHEN f.hits IS NULL THEN f.value ELSE f.hits::numeric / f.observations END, 6) END AS value,
           CASE WHEN k.minimum <= f.observations AND f.hits IS NOT NULL THEN round(greatest(0, middle - half)::numeric, 6) END AS lower,
           CASE WHEN k.minimum <= f.observations AND f.hits IS NOT NULL THEN round(least(1, middle + half)::numeric, 6) END AS upper
    FROM found f JOIN kind k ON k.name = f.name,
    LATERAL (SELECT f.hits::float8 / nullif(f.observations, 0) AS share, 3.841458820694124 / nullif(f.observations, 0) AS z2) part,
    LATERAL (SELECT (share + z2 / 2) / (1 + z2) AS middle, sqrt(z2 * (share * (1 - share) + z2 / 4)) / (1 + z2) AS half) wilson
), stored AS MATERIALIZED (
    SELECT partner_id, name, value, lower, upper, observations, word FROM evidence_figure
    WHERE partner_id = ANY (%(partners)s) AND name = ANY (%(names)s)
), gone AS (
    DELETE FROM evidence_figure f
    USING (SELECT partner_id, name FROM stored EXCEPT SELECT partner_id, name FROM judged) none
    WHERE f.partner_id = none.partner_id AND f.name = none.name
)
INSERT INTO evidence_figure AS f (partner_id, name, value, lower, upper, observations, word)
SELECT partner_id, name, value, lower, upper, observations, word FROM judged
EXCEPT SELECT partner_id, name, value, lower, upper, observations, word FROM stored
ON CONFLICT (partner_id, name) DO UPDATE
SET value = excluded.value, lower = excluded.lower, upper = excluded.upper, observations = excluded.observations,
    word = excluded.word
