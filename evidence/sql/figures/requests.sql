-- Requests, by side: how soon they were answered, and how they ended. An answer dated after today is none yet.
SELECT t.partner_id, f.*
FROM (
    SELECT partner_id, asked_by,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY waited) FILTER (WHERE in_year AND is_answered) AS median,
           count(*) FILTER (WHERE in_year AND is_answered) AS answered,
           count(*) FILTER (WHERE in_year AND is_answered AND waited <= agreed) AS in_time,
           count(*) FILTER (WHERE in_year AND (is_answered OR outcome = 'ignored' OR waited > agreed)) AS due,
           count(*) FILTER (WHERE in_year AND is_answered AND outcome IN ('delivered', 'pointed')) AS helpful,
           count(*) FILTER (WHERE in_year AND (is_answered OR outcome = 'ignored')) AS ended,
           count(*) FILTER (WHERE NOT is_answered) AS unanswered, count(*) AS asked
    FROM (
        SELECT partner_id, asked_by, outcome, asked_on >= year AS in_year, coalesce(answered_on <= %(today)s, false) AS is_answered,
               evidence_working_days(asked_on, least(answered_on, %(today)s)) AS waited,
               coalesce(agreed_days, %(answer_days)s) AS agreed
        FROM evidence_request, (SELECT (%(today)s - interval '12 months')::date AS year) period
        WHERE partner_id = ANY (%(partners)s) AND asked_on <= %(today)s
              AND (asked_on >= year OR outcome = '' OR answered_on > %(today)s)
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
