-- Commitments of either side that came due in the last twelve months.
SELECT partner_id, CASE made_by WHEN 'us' THEN 'our_commitments_kept' ELSE 'commitments_kept' END AS name, NULL::numeric AS value,
       count(*) FILTER (WHERE met_on <= due_on) AS hits, count(*) AS observations
FROM evidence_commitment
WHERE partner_id = ANY (%(partners)s) AND due_on >= (%(today)s - interval '12 months')::date AND due_on < %(today)s
GROUP BY partner_id, made_by
