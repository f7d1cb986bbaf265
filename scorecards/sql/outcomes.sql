-- What each of these scorecards comes to: scorecards/scoring.py, for many at once and to the same last digit.
--
-- Marks are summed and counted as whole numbers in index order (rating_cell_unique); a mean is kept exact by
-- bringing the criteria of a category to the common denominator 27720 (every count up to 12 divides it, and
-- many above). Other counts, and the categories above them, divide with 60 decimals: a quotient of such
-- numbers that is no tie at the fifth decimal lies much further from one than that.
CREATE OR REPLACE FUNCTION scorecards_outcomes(ids bigint[])
RETURNS TABLE (scorecard_id bigint, overall numeric, coverage numeric, lower numeric, upper numeric, status text,
               standing text, capped_by_id bigint, raters integer, category_ids bigint[], category_scores numeric[])
LANGUAGE plpgsql STABLE ROWS 200
SET jit = off
SET plan_cache_mode = force_generic_plan
-- How many rows an array brings is a guess to the planner: hash what must be matched, stream what is in order.
SET enable_nestloop = off
SET enable_mergejoin = off
SET enable_sort = off
AS $$
#variable_conflict use_column
BEGIN
RETURN QUERY
WITH wanted AS MATERIALIZED (
    SELECT id, template_id FROM scorecards_scorecard WHERE id = ANY (ids)
), rules AS MATERIALIZED (  -- one row a template; bands worst first, level 1 being the worst
    SELECT t.id, t.scale_min, t.scale_max::bigint - t.scale_min AS span, t.minimum_coverage, t.minimum_raters,
           t.role_weights, coalesce(b.letters, ARRAY['E', 'D', 'C', 'B', 'A']) AS letters,
           coalesce(b.edges, ARRAY[0, 40, 55, 70, 85]::numeric[]) AS edges,
           EXISTS (SELECT FROM scorecards_criterion c JOIN scorecards_category g ON g.id = c.category_id
                   WHERE g.template_id = t.id AND c.roles <> '{}') AS asks_some,
           (SELECT 10 ^ coalesce(max(scale(value::numeric)), 0) FROM jsonb_each_text(t.role_weights)) AS unit
    FROM scorecards_template t
    LEFT JOIN (SELECT template_id, array_agg(letter::text ORDER BY lower) AS letters, array_agg(lower ORDER BY lower) AS edges
               FROM scorecards_band GROUP BY template_id) b ON b.template_id = t.id
    WHERE t.id IN (SELECT template_id FROM wanted)
), category AS MATERIALIZED (
    SELECT g.id, g.template_id, g.weight, sum((c.weight * 10000)::integer) AS criteria_weight, r.span
    FROM scorecards_category g JOIN rules r ON r.id = g.template_id
    JOIN scorecards_criterion c ON c.category_id = g.id
    GROUP BY g.id, g.template_id, g.weight, r.span
), criterion AS MATERIALIZED (
    -- cap: the level it holds a standing to, then its place in the template, so that the least of several
    -- caps is the lowest band and, within it, the criterion shown first.
    SELECT c.id, c.category_id, g.template_id, r.scale_min, r.span, (c.weight * 10000)::integer AS weight, c.roles,
           c.critical_minimum,
           coalesce(array_position(r.letters, c.critical_cap::text), least(2, cardinality(r.letters))) * 100000
           + row_number() OVER (PARTITION BY g.template_id ORDER BY g.position, g.id, c.position, c.id) AS cap
    FROM scorecards_criterion c JOIN scorecards_category g ON g.id = c.category_id JOIN rules r ON r.id = g.template_id
    WHERE c.kind = 'rated'
), assessment AS MATERIALIZED (  -- factor: the role's weight as a whole number; 0 where it does not count
    SELECT a.id, a.scorecard_id, CASE WHEN r.asks_some THEN a.rater_role END AS rater_role,
           CASE WHEN a.submitted_at IS NULL THEN 0 WHEN r.role_weights = '{}' THEN 1
                ELSE (coalesce((r.role_weights ->> a.rater_role)::numeric, 1) * r.unit)::bigint END AS factor
    FROM scorecards_assessment a JOIN wanted w ON w.id = a.scorecard_id JOIN rules r ON r.id = w.template_id
    WHERE a.scorecard_id = ANY (ids)
), present AS MATERIALIZED (  -- alike: every assessment of the scorecard counts once
    SELECT scorecard_id, count(*) FILTER (WHERE factor > 0) AS raters, min(factor) = 1 AND max(factor) = 1 AS alike,
           array_agg(rater_role) FILTER (WHERE factor > 0 AND rater_role IS NOT NULL) AS roles
    FROM assessment GROUP BY scorecard_id
), cell AS (
    SELECT scorecard_id, criterion_id, count(*) FILTER (WHERE not_applicable) AS not_applicable,
           count(value) AS weight, sum(value) AS total
    FROM scorecards_rating
    WHERE scorecard_id = ANY (ARRAY(SELECT scorecard_id FROM present WHERE alike))
    GROUP BY scorecard_id, criterion_id
    UNION ALL
    SELECT r.scorecard_id, r.criterion_id, count(*) FILTER (WHERE r.not_applicable),
           coalesce(sum(a.factor) FILTER (WHERE r.value IS NOT NULL), 0)::bigint, sum(a.factor * r.value)::bigint
    FROM scorecards_rating r JOIN assessment a ON a.id = r.assessment_id
    WHERE r.scorecard_id = ANY (ARRAY(SELECT scorecard_id FROM present WHERE NOT alike)) AND a.factor > 0
    GROUP BY r.scorecard_id, r.criterion_id
), part AS (
    SELECT x.scorecard_id, c.category_id,
           sum(CASE WHEN x.weight > 0 AND 27720 % x.weight = 0 THEN
               c.weight * (x.total - c.scale_min * x.weight) * (27720 / x.weight) END) AS narrow,
           sum(CASE WHEN x.weight > 12 AND 27720 % x.weight > 0 THEN
               round(c.weight::numeric * (x.total - c.scale_min * x.weight) * 27720, 60) / x.weight END) AS wide,
           sum(CASE WHEN x.weight > 0 THEN c.weight END) AS scored,
           sum(CASE WHEN x.weight = 0 AND x.not_applicable > 0 AND x.not_applicable = (
               SELECT CASE WHEN c.roles = '{}' THEN p.raters
                           ELSE (SELECT count(*) FROM unnest(p.roles) role WHERE role = ANY (c.roles)) END
               FROM present p WHERE p.scorecard_id = x.scorecard_id) THEN c.weight END) AS not_applicable,
           min(CASE WHEN c.critical_minimum IS NOT NULL AND x.weight > 0 AND round(round(round(
               round((x.total - c.scale_min * x.weight) * 100, 60) / (c.span * x.weight), 50), 4), 1)
               < c.critical_minimum THEN c.cap END) AS cap
    FROM cell x JOIN criterion c ON c.id = x.criterion_id
    GROUP BY x.scorecard_id, c.category_id
), subtotal AS MATERIALIZED (  -- gap: the part of the category's applicable weight that has no score; NULL for none
    SELECT w.id AS scorecard_id, g.id AS category_id, p.cap, g.weight,
           CASE WHEN p.scored > 0 THEN round(coalesce(p.narrow, 0) + coalesce(p.wide, 0), 60) * 100
               / (27720 * g.span * p.scored) END AS score,
           CASE WHEN a.applicable > 0 THEN g.weight END AS applicable,
           CASE WHEN a.applicable > coalesce(p.scored, 0) THEN
               round((a.applicable - coalesce(p.scored, 0))::numeric, 60) / a.applicable END AS gap
    FROM wanted w JOIN category g ON g.template_id = w.template_id
    LEFT JOIN part p ON p.scorecard_id = w.id AND p.category_id = g.id,
    LATERAL (SELECT g.criteria_weight - coalesce(p.not_applicable, 0) AS applicable) a
), total AS MATERIALIZED (
    SELECT scorecard_id, min(cap) AS cap, sum(weight * score) AS points,
           sum(weight) FILTER (WHERE score IS NOT NULL) AS scored, nullif(sum(applicable), 0) AS applicable,
           coalesce(sum(weight * gap), 0) AS missing, coalesce(sum(weight * gap * score), 0) AS missing_points,
           array_agg(category_id) FILTER (WHERE score IS NOT NULL) AS category_ids,
           array_agg(round(round(score, 50), 4)) FILTER (WHERE score IS NOT NULL) AS category_scores
    FROM subtotal GROUP BY scorecard_id
), exact AS MATERIALIZED (
    SELECT w.id AS scorecard_id, w.template_id, t.cap, t.category_ids, t.category_scores,
           coalesce(p.raters, 0)::integer AS raters,
           round(round(t.points / nullif(t.scored, 0), 50), 4) AS overall,
           coalesce(round(round(100 - 100 * t.missing / t.applicable, 50), 4), 0) AS coverage,
           (coalesce(t.points, 0) - t.missing_points) / t.applicable AS lower, 100 * t.missing / t.applicable AS width
    FROM wanted w LEFT JOIN total t ON t.scorecard_id = w.id LEFT JOIN present p ON p.scorecard_id = w.id
), judged AS MATERIALIZED (
    SELECT e.*, r.letters,
           CASE WHEN e.overall IS NULL THEN 'no score'
                WHEN e.coverage >= r.minimum_coverage AND e.raters >= r.minimum_raters THEN 'final'
                ELSE 'provisional' END AS status,
           greatest(1, width_bucket(round(e.overall, 1), r.edges)) AS level
    FROM exact e JOIN rules r ON r.id = e.template_id
)
SELECT j.scorecard_id, j.overall, j.coverage, round(round(j.lower, 50), 4), round(round(j.lower + j.width, 50), 4),
       j.status, CASE WHEN j.status = 'final' THEN j.letters[least(j.level, j.cap / 100000)] ELSE '' END,
       CASE WHEN j.status = 'final' AND j.cap / 100000 < j.level THEN
           (SELECT c.id FROM criterion c WHERE c.template_id = j.template_id AND c.cap = j.cap) END,
       j.raters, j.category_ids, j.category_scores
FROM judged j;
END
$$;
