-- The index of value: the parties' words weighted, in the latest quarter in which all of them spoke; of several
-- partnerships of a vendor the one in which least came back. Weights stand in the settings.
SELECT partner_id, 'value_index' AS name, min(index) AS value, NULL::bigint AS hits, max(quarters) AS observations
FROM (
    SELECT DISTINCT ON (partner_id, provider_id) partner_id, provider_id, index, count(*) OVER (PARTITION BY partner_id, provider_id) AS quarters
    FROM (
        SELECT s.partner_id, s.provider_id, s.quarter, sum(s.felt_return * w.weight)::numeric / sum(w.weight) AS index
        FROM evidence_valuestatement s
        JOIN (VALUES ('customer', %(customer_weight)s), ('vendor', %(vendor_weight)s), ('provider', %(provider_weight)s)) w (party, weight)
            ON w.party = s.party
        WHERE s.partner_id = ANY (%(partners)s) AND s.quarter >= date_trunc('quarter', %(today)s - interval '12 months')
              AND s.quarter <= %(today)s
        GROUP BY s.partner_id, s.provider_id, s.quarter
        HAVING count(*) = CASE WHEN s.provider_id IS NULL THEN 2 ELSE 3 END AND sum(w.weight) > 0
    ) complete
    ORDER BY partner_id, provider_id, quarter DESC
) latest
GROUP BY partner_id
