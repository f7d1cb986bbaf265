-- Contacts: who started them, what for, and which were called off.
SELECT t.partner_id, f.*
FROM (
    SELECT partner_id,
           count(*) FILTER (WHERE day >= year) AS in_year,
           count(*) FILTER (WHERE day >= year AND cancelled_by = '' AND started_by = 'them') AS theirs,
           count(*) FILTER (WHERE day >= year AND cancelled_by = '' AND started_by = 'them' AND purpose = 'serves') AS serving,
           count(*) FILTER (WHERE day >= year AND cancelled_by = 'them') AS off_by_them,
           count(*) FILTER (WHERE day >= year AND cancelled_by = 'us') AS off_by_us,
           count(*) FILTER (WHERE day >= year AND cancelled_by = '') AS held,
           %(today)s - greatest(min(day) FILTER (WHERE cancelled_by = ''), min(year)) + 1 AS days
    FROM evidence_engagement, (SELECT (%(today)s - interval '12 months')::date AS year) period
    WHERE partner_id = ANY (%(partners)s) AND NOT is_draft AND day <= %(today)s
    GROUP BY partner_id
) t, LATERAL (VALUES
    ('focus', NULL::numeric, t.serving, t.theirs),
    ('contacts_a_quarter', t.theirs * 91.3125 / greatest(t.days, 91), NULL, t.held),
    ('meetings_cancelled', t.off_by_them, NULL, t.in_year),
    ('our_meetings_cancelled', t.off_by_us, NULL, t.in_year)
) f (name, value, hits, observations)
WHERE f.observations > 0
