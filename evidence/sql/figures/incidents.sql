-- Incidents against their limits. One that is still open counts as soon as a limit has passed, not before;
-- what is dated after now has not been done yet.
SELECT t.partner_id, f.*
FROM (
    SELECT partner_id,
           count(*) FILTER (WHERE is_incident AND (is_late OR is_settled)) AS judged,
           count(*) FILTER (WHERE is_incident AND is_settled AND NOT is_late) AS within,
           count(*) FILTER (WHERE is_incident AND ownership <> '') AS said,
           count(*) FILTER (WHERE is_incident AND ownership = 'owned') AS owned,
           count(*) FILTER (WHERE talk AND NOT coalesce(conversation_on <= %(today)s, false)) AS talks,
           count(*) FILTER (WHERE talk) AS occasions
    FROM (
        SELECT partner_id, ownership, conversation_on,
               kind = 'incident' AS is_incident,
               kind = 'praise' OR severity = 'severe' AND fixed_at IS NOT NULL AS talk,
               coalesce(coalesce(acknowledged_at, %(now)s) > opened_at + acknowledge_within * interval '1 hour', false)
               OR coalesce(coalesce(fixed_at, %(now)s) > opened_at + fix_within * interval '1 hour', false) AS is_late,
               (acknowledge_within IS NOT NULL OR fix_within IS NOT NULL)
               AND (acknowledge_within IS NULL OR acknowledged_at IS NOT NULL)
               AND (fix_within IS NULL OR fixed_at IS NOT NULL) AS is_settled
        FROM (
            SELECT partner_id, kind, severity, ownership, conversation_on, opened_at, acknowledge_within, fix_within,
                   CASE WHEN acknowledged_at <= %(now)s THEN acknowledged_at END AS acknowledged_at,
                   CASE WHEN fixed_at <= %(now)s THEN fixed_at END AS fixed_at
            FROM evidence_incident
            WHERE partner_id = ANY (%(partners)s) AND opened_at <= %(now)s
                  AND opened_at >= (%(today)s - interval '12 months')::date::timestamp AT TIME ZONE %(zone)s
        ) known
    ) incident GROUP BY partner_id
) t, LATERAL (VALUES
    ('incidents_in_limits', NULL::numeric, t.within, t.judged),
    ('incidents_owned', NULL, t.owned, t.said),
    ('conversations_due', t.talks, NULL, t.occasions)
) f (name, value, hits, observations)
WHERE f.observations > 0
