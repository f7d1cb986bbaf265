-- What either side told the other, how long before, and in how many of the last four quarters a plan was shared.
SELECT t.partner_id, side.prefix || f.name AS name, f.value, f.hits, f.observations
FROM (SELECT 'them' AS shared_by, '' AS prefix UNION ALL SELECT 'us', 'our_') side,
LATERAL (
    SELECT partner_id,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY effect_on - shared_on)
               FILTER (WHERE d.shared_by = side.shared_by AND in_year AND effect_on IS NOT NULL) AS median,
           count(*) FILTER (WHERE d.shared_by = side.shared_by AND in_year AND effect_on IS NOT NULL) AS dated,
           count(*) FILTER (WHERE d.shared_by = side.shared_by AND in_year AND chance_to_act) AS fair,
           count(*) FILTER (WHERE d.shared_by = side.shared_by AND in_year AND chance_to_act IS NOT NULL) AS said,
           count(DISTINCT date_trunc('quarter', shared_on))
               FILTER (WHERE d.shared_by = side.shared_by AND kind IN ('short', 'long', 'forecast', 'roadmap') AND in_quarters) AS quarters
    FROM (
        SELECT partner_id, shared_by, shared_on, effect_on, chance_to_act, kind,
               shared_on >= (%(today)s - interval '12 months')::date AS in_year,
               shared_on >= date_trunc('quarter', %(today)s::timestamp) - interval '9 months' AS in_quarters
        FROM evidence_disclosure WHERE partner_id = ANY (%(partners)s) AND shared_on <= %(today)s
    ) d GROUP BY partner_id
) t, LATERAL (VALUES
    ('notice_days', t.median::numeric, NULL::bigint, t.dated),
    ('chance_to_act', NULL, t.fair, t.said),
    ('plan_quarters', t.quarters, NULL, 4)
) f (name, value, hits, observations)
WHERE f.observations > 0
