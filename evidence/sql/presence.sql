-- Contacts the partner started inside and outside decision seasons, and how many days of either were observed.
WITH observed AS (
    SELECT partner_id, greatest(min(day), (%(today)s - interval '36 months')::date) AS starts
    FROM evidence_engagement
    WHERE partner_id = ANY (%(partners)s) AND NOT is_draft AND cancelled_by = '' AND day <= %(today)s
    GROUP BY partner_id
), {seasons}, span AS MATERIALIZED (
    SELECT o.partner_id, o.starts, %(today)s - o.starts + 1 AS days,
           coalesce(s.days, '{}') * datemultirange(daterange(o.starts, %(today)s, '[]')) AS season
    FROM observed o LEFT JOIN season s ON s.partner_id = o.partner_id
)
SELECT s.partner_id, s.starts, coalesce(d.days_in, 0), s.days - coalesce(d.days_in, 0),
       count(e.id) FILTER (WHERE e.day <@ s.season), count(e.id) FILTER (WHERE NOT e.day <@ s.season)
FROM span s
LEFT JOIN LATERAL (SELECT sum(upper(part) - lower(part))::integer AS days_in FROM unnest(s.season) part) d ON true
LEFT JOIN evidence_engagement e ON e.partner_id = s.partner_id AND e.started_by = 'them' AND NOT e.is_draft
    AND e.cancelled_by = '' AND e.day BETWEEN s.starts AND %(today)s
GROUP BY s.partner_id, s.starts, s.days, d.days_in
