-- What each of these scorecards comes to: scorecards/scoring.py, for many at once and to the same last digit.
--
-- Marks are summed and counted as whole numbers in index order (rating_cell_unique). With up to twelve of them and
-- no weights of roles a mean is kept exact by the common denominator 27720, which all counts up to 12 divide.
-- Other means, and the categories above them, divide with 60 decimals: a quotient of such numbers that is no tie
-- at the fifth decimal lies much further from one than that. A measured criterion counts like one with a single mark
-- that lies as far between the lowest and the highest as its value does between floor and target.
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
    SELECT t.id, t.scale_min, t.scale_max::bigint - t.scale_min AS span, t.minimum_coverage, t.role_weights, k.measures,
           CASE WHEN k.rates THEN t.minimum_raters ELSE 0 END AS minimum_raters,  -- none where everything is measured
           coalesce(b.letters, ARRAY['E', 'D', 'C', 'B', 'A']) AS letters,
           coalesce(b.edges, ARRAY[0, 40, 55, 70, 85]::numeric[]) AS edges,
           (SELECT 10::numeric ^ coalesce(max(scale(value::numeric)), 0) FROM jsonb_each_text(t.role_weights)) AS unit
    FROM scorecards_template t
    LEFT JOIN (SELECT template_id, array_agg(letter::text ORDER BY lower) AS letters, array_agg(lower ORDER BY lower) AS edges
               FROM scorecards_band GROUP BY template_id) b ON b.template_id = t.id,
    LATERAL (SELECT coalesce(bool_or(c.kind = 'measured'), false) AS measures, coalesce(bool_or(c.kind = 'rated'), true) AS rates
             FROM scorecards_category g JOIN scorecards_criterion c ON c.category_id = g.id WHERE g.template_id = t.id) k
    WHERE t.id IN (SELECT template_id FROM wanted)
), category AS MATERIALIZED (  -- weight: 0 where no criterion weighs anything. unit: points of a mark of 1 per cent
    SELECT g.id, g.template_id, sum((c.weight * 10000)::integer) AS criteria_weight,
           round(27720 * r.span / 100.0, 60) AS unit,
           CASE WHEN sum(c.weight) > 0 THEN (g.weight * 10000)::integer ELSE 0 END AS weight
    FROM scorecards_category g JOIN rules r ON r.id = g.template_id
    JOIN scorecards_criterion c ON c.category_id = g.id
    GROUP BY g.id, r.span
), criterion AS MATERIALIZED (
    -- lowest: what a mark must come to, in 100,000ths of a per cent times the scale, to be shown as no less than
    -- the critical minimum. cap: the level below it holds a standing to, then the criterion's place in the
    -- template, so that the least of several caps is the lowest band and, within it, the criterion shown first.
    -- Read for every criterion of every scorecard: columns of fixed width that are never NULL stand first.
    SELECT c.id, c.category_id, g.template_id, (c.weight * 10000)::integer AS weight, r.scale_min,
           c.roles = '{}' AS for_all,
           coalesce(array_position(r.letters, c.critical_cap::text), least(2, cardinality(r.letters))) * 100000
           + row_number() OVER (PARTITION BY g.template_id ORDER BY g.position, g.id, c.position, c.id) AS cap,
           (ceil(c.critical_minimum * 10) * 10000 - 5005)::bigint * r.span AS lowest, c.roles, r.role_weights, r.span,
           c.kind = 'measured' AS measured, c.floor, c.target, c.min_observations
    FROM scorecards_criterion c JOIN scorecards_category g ON g.id = c.category_id JOIN rules r ON r.id = g.template_id
), present AS (
    SELECT scorecard_id, count(*) AS asked, count(submitted_at) AS submitted
    FROM scorecards_assessment WHERE scorecard_id = ANY (ids) GROUP BY scorecard_id
), card AS MATERIALIZED (
    -- plain: all is rated, every assessment counts once, and 27720 divides by every number of marks
    SELECT w.id, w.template_id, p.submitted, r.role_weights, r.unit, r.measures,
           NOT r.measures AND r.role_weights = '{}' AND p.asked = p.submitted AND p.asked <= 12 AS plain
    FROM wanted w JOIN rules r ON r.id = w.template_id LEFT JOIN present p ON p.scorecard_id = w.id
), counting AS MATERIALIZED (  -- of the others, the assessments that count, and for how much: as a whole number
    SELECT a.id, a.scorecard_id, f.factor
    FROM scorecards_assessment a JOIN card ON card.id = a.scorecard_id,
    LATERAL (SELECT CASE WHEN card.role_weights = '{}' THEN 1 ELSE
                 coalesce((card.role_weights ->> a.rater_role)::numeric, 1) * card.unit END AS factor) f
    WHERE a.scorecard_id = ANY (ARRAY(SELECT id FROM card WHERE NOT plain)) AND a.submitted_at IS NOT NULL
          AND f.factor > 0
), rater AS MATERIALIZED (
    SELECT scorecard_id, count(*) AS raters FROM counting GROUP BY scorecard_id
), asked AS MATERIALIZED (  -- how many, of criteria that not every role is asked
    SELECT a.scorecard_id, c.id, count(*)
    FROM scorecards_assessment a JOIN wanted w ON w.id = a.scorecard_id JOIN criterion c ON c.template_id = w.template_id
    WHERE a.scorecard_id = ANY (ids) AND a.submitted_at IS NOT NULL AND a.rater_role = ANY (c.roles)
          AND coalesce((c.role_weights ->> a.rater_role)::numeric, 1) > 0
    GROUP BY a.scorecard_id, c.id
), part AS (
    -- points: the marks above the lowest, times the weight, times 27720. spared: the weight of what does not apply,
    -- where nobody gave a mark and everybody who was asked says so.
    SELECT x.scorecard_id, c.category_id,
           sum(c.weight * ((x.total - c.scale_min * x.marks) * 27720 / x.marks)) AS points,
           sum(c.weight) FILTER (WHERE x.marks > 0) AS scored,
           sum(c.weight) FILTER (WHERE x.marks = 0 AND CASE WHEN c.for_all THEN
                   (x.scorecard_id, x.spared) IN (SELECT id, submitted FROM card)
                   ELSE (x.scorecard_id, c.id, x.spared) IN (SELECT * FROM asked) END) AS spared,
           min(c.cap) FILTER (WHERE c.lowest IS NOT NULL AND (x.total - c.scale_min * x.marks) * 10000000 < c.lowest * x.marks) AS cap
    FROM (SELECT scorecard_id, criterion_id, count(value) AS marks, sum(value) AS total,
                 count(*) FILTER (WHERE not_applicable) AS spared
          FROM scorecards_rating WHERE scorecard_id = ANY (ARRAY(SELECT id FROM card WHERE plain))
          GROUP BY scorecard_id, criterion_id) x JOIN criterion c ON c.id = x.criterion_id
    GROUP BY x.scorecard_id, c.category_id
    UNION ALL
    SELECT x.scorecard_id, c.category_id, sum(round(c.weight * (x.total - c.scale_min * x.marks) * 27720, 60) / x.marks),
           sum(c.weight) FILTER (WHERE x.marks > 0),
           sum(c.weight) FILTER (WHERE x.marks = 0 AND CASE WHEN c.for_all THEN
                   (x.scorecard_id, x.spared) IN (SELECT * FROM rater)
                   ELSE (x.scorecard_id, c.id, x.spared) IN (SELECT * FROM asked) END),
           min(c.cap) FILTER (WHERE c.lowest IS NOT NULL AND (x.total - c.scale_min * x.marks) * 10000000 < c.lowest * x.marks)
    FROM (SELECT r.scorecard_id, r.criterion_id, sum(a.factor * r.value) AS total,
                 coalesce(sum(a.factor) FILTER (WHERE r.value IS NOT NULL), 0) AS marks,
                 count(*) FILTER (WHERE r.not_applicable) AS spared, false AS measured
          FROM scorecards_rating r JOIN counting a ON a.id = r.assessment_id
          WHERE r.scorecard_id = ANY (ARRAY(SELECT id FROM card WHERE NOT plain))
          GROUP BY r.scorecard_id, r.criterion_id
          UNION ALL
          SELECT m.scorecard_id, m.criterion_id, c.scale_min + c.span *
                     least(1, greatest(0, round(m.value - c.floor, 60) / (c.target - c.floor))), 1, 0, true
          FROM scorecards_measurement m JOIN criterion c ON c.id = m.criterion_id
          WHERE m.scorecard_id = ANY (ARRAY(SELECT id FROM card WHERE measures)) AND c.measured
                AND m.value IS NOT NULL AND m.observations >= c.min_observations AND c.target <> c.floor) x
    JOIN criterion c ON c.id = x.criterion_id AND c.measured = x.measured
    GROUP BY x.scorecard_id, c.category_id
), subtotal AS (  -- gap: the part of the category's applicable weight that has no score; NULL for none
    SELECT p.scorecard_id, p.category_id, p.cap, g.weight,
           CASE WHEN p.scored > 0 THEN p.points / (g.unit * p.scored) END AS score,
           CASE WHEN g.criteria_weight = p.spared THEN g.weight END AS spared,
           CASE WHEN g.criteria_weight - coalesce(p.spared, 0) > coalesce(p.scored, 0) THEN
               1 - round(coalesce(p.scored, 0), 60) / (g.criteria_weight - coalesce(p.spared, 0)) END AS gap
    FROM part p JOIN category g ON g.id = p.category_id OFFSET 0  -- computes each score once, and streams
), total AS (
    SELECT scorecard_id, min(cap) AS cap, sum(weight) AS present, sum(spared) AS spared,
           sum(weight) FILTER (WHERE score IS NOT NULL) AS scored, sum(weight * score) AS points,
           sum(weight * gap) AS missing, sum(weight * gap * score) AS missing_points,
           array_agg(category_id ORDER BY category_id) FILTER (WHERE score IS NOT NULL) AS category_ids,
           array_agg(round(round(score, 50), 4) ORDER BY category_id) FILTER (WHERE score IS NOT NULL) AS category_scores
    FROM subtotal GROUP BY scorecard_id
), whole AS (  -- in weights of categories: what applies, and what of it is missing, down to parts of categories
    SELECT w.*, t.cap, t.category_ids, t.category_scores, t.points, t.scored, t.missing_points,
           g.weight - coalesce(t.spared, 0) AS applicable, g.weight - coalesce(t.present, 0) + coalesce(t.missing, 0) AS missing
    FROM card w JOIN (SELECT template_id, sum(weight) AS weight FROM category GROUP BY template_id) g
        ON g.template_id = w.template_id LEFT JOIN total t ON t.scorecard_id = w.id
), exact AS MATERIALIZED (  -- width: how far apart the bounds are; NULL where nothing is missing
    SELECT w.id AS scorecard_id, w.template_id, w.cap, w.category_ids, w.category_scores, w.applicable,
           coalesce(CASE WHEN w.plain THEN w.submitted ELSE p.raters END, 0)::integer AS raters,
           round(round(w.points / nullif(w.scored, 0), 50), 4) AS overall,
           CASE WHEN w.missing > 0 THEN round(100 * w.missing, 60) / w.applicable END AS width,
           CASE WHEN w.missing > 0 THEN
               round(coalesce(w.points, 0) - coalesce(w.missing_points, 0), 60) / w.applicable END AS lower
    FROM whole w LEFT JOIN rater p ON p.scorecard_id = w.id
), judged AS MATERIALIZED (
    SELECT e.scorecard_id, e.template_id, e.cap, e.raters, e.category_ids, e.category_scores, e.overall, r.letters,
           CASE WHEN e.applicable > 0 THEN round(round(100 - coalesce(e.width, 0), 50), 4) ELSE 0 END AS coverage,
           CASE WHEN e.width IS NULL THEN e.overall ELSE round(round(e.lower, 50), 4) END AS lower,
           CASE WHEN e.width IS NULL THEN e.overall ELSE round(round(e.lower + e.width, 50), 4) END AS upper,
           greatest(1, width_bucket(round(e.overall, 1), r.edges)) AS level,
           r.minimum_coverage, r.minimum_raters
    FROM exact e JOIN rules r ON r.id = e.template_id
)
SELECT j.scorecard_id, j.overall, j.coverage, j.lower, j.upper, f.status,
       CASE WHEN f.status = 'final' THEN j.letters[least(j.level, j.cap / 100000)] ELSE '' END,
       CASE WHEN f.status = 'final' AND j.cap / 100000 < j.level THEN
           (SELECT c.id FROM criterion c WHERE c.template_id = j.template_id AND c.cap = j.cap) END,
       j.raters, coalesce(j.category_ids, '{}'), coalesce(j.category_scores, '{}')
FROM judged j,
LATERAL (SELECT CASE WHEN j.overall IS NULL THEN 'no score'
                     WHEN j.coverage >= j.minimum_coverage AND j.raters >= j.minimum_raters THEN 'final'
                     ELSE 'provisional' END AS status) f;
END
$$;
