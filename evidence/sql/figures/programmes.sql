-- Programmes of this year and the two before, where all are in one currency.
SELECT t.partner_id, f.name, f.value, none.hits, f.observations
FROM (
    SELECT p.partner_id, count(*) AS years, sum(b.received) AS received, sum(o.cost) AS cost, sum(b.promised) AS promised,
           sum(b.missing) AS missing
    FROM evidence_programme p
    LEFT JOIN (SELECT programme_id, sum(received) AS received, sum(promised) AS promised,
                      sum(greatest(promised - received, 0)) AS missing
               FROM evidence_benefit GROUP BY programme_id) b ON b.programme_id = p.id
    LEFT JOIN (SELECT programme_id, sum(cost) AS cost FROM evidence_obligation GROUP BY programme_id) o ON o.programme_id = p.id
    WHERE p.partner_id = ANY (%(partners)s) AND p.year BETWEEN extract(year FROM %(today)s) - 2 AND extract(year FROM %(today)s)
    GROUP BY p.partner_id HAVING count(DISTINCT p.currency) = 1
) t, LATERAL (VALUES
    ('programme_return', coalesce(t.received, 0) / nullif(t.cost, 0), CASE WHEN t.cost > 0 THEN t.years ELSE 0 END),
    ('programme_missing', t.missing / nullif(t.promised, 0), CASE WHEN t.promised > 0 THEN t.years ELSE 0 END)
) f (name, value, observations), LATERAL (SELECT NULL::bigint) none (hits)
WHERE f.observations > 0
