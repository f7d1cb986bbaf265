-- Our price against the market, the mean of the items' latest comparisons that are no older than twelve months.
SELECT partner_id, 'benchmark_position' AS name, avg(our_price / median - 1) AS value, NULL::bigint AS hits, count(*) AS observations
FROM (
    SELECT DISTINCT ON (partner_id, item) partner_id, item, our_price, median
    FROM evidence_benchmark
    WHERE partner_id = ANY (%(partners)s) AND as_of BETWEEN (%(today)s - interval '12 months')::date AND %(today)s
    ORDER BY partner_id, item, as_of DESC, id DESC
) latest
GROUP BY partner_id
