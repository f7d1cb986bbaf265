-- Account managers: how many left within two years, and how long the present one has been ours.
SELECT t.partner_id, f.*
FROM (
    SELECT partner_id, count(*) AS known,
           count(*) FILTER (WHERE until BETWEEN (%(today)s - interval '24 months')::date AND %(today)s) AS left_us,
           %(today)s - min(since) FILTER (WHERE until IS NULL OR until > %(today)s) AS tenure,
           count(since) FILTER (WHERE until IS NULL OR until > %(today)s) AS present
    FROM partners_contact
    WHERE partner_id = ANY (%(partners)s) AND role ILIKE '%%account%%' AND (since IS NULL OR since <= %(today)s)
    GROUP BY partner_id
) t, LATERAL (VALUES
    ('manager_changes', t.left_us::numeric, NULL::bigint, t.known),
    ('manager_tenure', t.tenure, NULL, t.present)
) f (name, value, hits, observations)
WHERE f.observations > 0
