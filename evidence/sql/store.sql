-- Keep what was found of these figures: only rows that differ are written, those with nothing left to say go.
-- A share is hits of observations, with its Wilson interval; fewer observations than the figure needs have no value.
kind AS (
    SELECT * FROM unnest(%(names)s::text[], %(minimums)s::integer[]) kind (name, minimum)
), judged AS MATERIALIZED (
    SELECT f.partner_id, f.name, f.observations, k.minimum <= f.observations AS enough, f.hits,
           CASE WHEN f.hits IS NULL THEN f.value ELSE f.hits::numeric / f.observations END AS value,
           f.hits::float8 / f.observations AS share, 3.841458820694124 / f.observations AS z2
    FROM found f JOIN kind k ON k.name = f.name
), gone AS (
    DELETE FROM evidence_figure f
    WHERE f.partner_id = ANY (%(partners)s) AND f.name = ANY (%(names)s)
          AND NOT EXISTS (SELECT FROM judged j WHERE j.partner_id = f.partner_id AND j.name = f.name)
)
INSERT INTO evidence_figure AS f (partner_id, name, value, lower, upper, observations, word)
SELECT j.partner_id, j.name, CASE WHEN j.enough THEN round(j.value, 6) END,
       CASE WHEN j.enough AND j.hits IS NOT NULL THEN round(greatest(0, middle - half)::numeric, 6) END,
       CASE WHEN j.enough AND j.hits IS NOT NULL THEN round(least(1, middle + half)::numeric, 6) END, j.observations, ''
FROM judged j,
LATERAL (SELECT (j.share + j.z2 / 2) / (1 + j.z2) AS middle,
                sqrt(j.z2 * (j.share * (1 - j.share) + j.z2 / 4)) / (1 + j.z2) AS half) wilson
ON CONFLICT (partner_id, name) DO UPDATE
SET value = excluded.value, lower = excluded.lower, upper = excluded.upper, observations = excluded.observations
WHERE (f.value, f.lower, f.upper, f.observations) IS DISTINCT FROM
      (excluded.value, excluded.lower, excluded.upper, excluded.observations)
