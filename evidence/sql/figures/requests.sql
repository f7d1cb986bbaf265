-- Requests, by side: how soon they were answered, and how they ended.
SELECT t.partner_id, f.*
FROM (
    SELECT partner_id, asked_by,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY waited) FILTER (WHERE in_year AND answered_on IS NOT NULL) AS median,
           count(*) FILTER (WHERE in_year AND answered_on IS NOT NULL) AS answered,
           count(*) FILTER (WHERE in_year AND answered_on IS NOT NULL AND waited <= agreed) AS in_time,
           count(*) FILTER (WHERE in_year AND (answered_on IS NOT NULL OR outcome = 'ignored' OR waited > agreed)) AS due,
           count(*) FILTER (WHERE in_year AND outcome IN ('delivered', 'pointed')) AS helpful,
           count(*) FILTER (WHERE in_year AND outcome <> '') AS ended,
           count(*) FILTER (WHERE answered_on IS NULL) AS unanswered, count(*) AS asked
    FROM (
        SELECT partner_id, asked_by, outcome, answered_on, asked_on >= (%(today)s - interval '12 months')::date AS in_year,
               evidence_working_days(asked_on, coalesce(answered_on, %(today)s)) AS waited,
               coalesce(agreed_days, %(answer_days)s) AS agreed
        FROM evidence_request
        WHERE partner_id = ANY (%(partners)s) AND asked_on <= %(today)s
              AND (asked_on >= (%(today)s - interval '12 months')::date OR outcome = '')
    ) request GROUP BY partner_id, asked_by
) t, LATERAL (VALUES
    ('answer_days', t.median::numeric, NULL::bigint, t.answered),
    ('answered_in_time', NULL, t.in_time, t.due),
    ('helpful_share', NULL, t.helpful, t.ended),
    ('open_requests', t.unanswered, NULL, t.asked)
) asked (name, value, hits, observations),
LATERAL (SELECT CASE WHEN t.asked_by = 'us' THEN asked.name ELSE 'our_' || asked.name END AS name, asked.value, asked.hits,
                asked.observations) f
WHERE f.observations > 0 AND f.name <> 'our_helpful_share'
