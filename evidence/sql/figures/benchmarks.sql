-- Our price against the market, the mean of the items' latest comparisons that are no older than twelve months.
-- Where all are older there is none to count, and the figure says so.
SELECT partner_id, 'benchmark_position' AS name, avg(our_price / median - 1) FILTER (WHERE recent) AS value, NULL::bigint AS hits,
       count(*) FILTER (WHERE recent) AS observations
FROM (
    SELECT DISTINCT ON (partner_id, item) partner_id, item, our_price, median,
           as_of >= (%(today)s - interval '12 months')::date AS recent
    FROM evidence_benchmark
    WHERE partner_id = ANY (%(partners)s) AND as_of <= %(today)s
    ORDER BY partner_id, item, as_of DESC, id DESC
) latest
GROUP BY partner_id
