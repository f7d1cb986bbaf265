-- Incidents against their limits. One that is still open counts as soon as a limit has passed, not before.
SELECT t.partner_id, f.*
FROM (
    SELECT partner_id,
           count(*) FILTER (WHERE in_year AND (is_late OR is_settled)) AS judged,
           count(*) FILTER (WHERE in_year AND is_settled AND NOT is_late) AS within,
           count(*) FILTER (WHERE in_year AND ownership <> '') AS said,
           count(*) FILTER (WHERE in_year AND ownership = 'owned') AS owned,
           count(*) FILTER (WHERE talk AND conversation_on IS NULL) AS talks,
           count(*) FILTER (WHERE talk) AS occasions
    FROM (
        SELECT partner_id, ownership, conversation_on,
               kind = 'incident' AND opened_at >= since AS in_year,
               opened_at >= since AND (kind = 'praise' OR severity = 'severe' AND fixed_at IS NOT NULL) AS talk,
               coalesce(coalesce(acknowledged_at, %(now)s) > opened_at + acknowledge_within * interval '1 hour', false)
               OR coalesce(coalesce(fixed_at, %(now)s) > opened_at + fix_within * interval '1 hour', false) AS is_late,
               (acknowledge_within IS NOT NULL OR fix_within IS NOT NULL)
               AND (acknowledge_within IS NULL OR acknowledged_at IS NOT NULL)
               AND (fix_within IS NULL OR fixed_at IS NOT NULL) AS is_settled
        FROM evidence_incident,
             (SELECT (%(today)s - interval '12 months')::date::timestamp AT TIME ZONE %(zone)s AS since) period
        WHERE partner_id = ANY (%(partners)s) AND opened_at <= %(now)s
    ) incident GROUP BY partner_id
) t, LATERAL (VALUES
    ('incidents_in_limits', NULL::numeric, t.within, t.judged),
    ('incidents_owned', NULL, t.owned, t.said),
    ('conversations_due', t.talks, NULL, t.occasions)
) f (name, value, hits, observations)
WHERE f.observations > 0
