-- Promises, against the first day they were promised for. A delivery or withdrawal dated after today is none yet.
SELECT t.partner_id, f.*
FROM (
    SELECT partner_id,
           count(*) FILTER (WHERE came_due) AS due,
           count(*) FILTER (WHERE came_due AND delivered_on <= due_on) AS kept,
           avg(coalesce(delivered_on, %(today)s) - due_on) FILTER (WHERE slips) AS slip, count(*) FILTER (WHERE slips) AS slipping,
           count(*) FILTER (WHERE is_open) AS open,
           count(*) FILTER (WHERE delivered_on >= (%(today)s - interval '12 months')::date) AS delivered,
           %(today)s - min(promised_on) FILTER (WHERE is_open) AS oldest,
           count(*) FILTER (WHERE asked) AS asks,
           count(*) FILTER (WHERE asked AND due_on IS NOT NULL AND withdrawn_on IS NULL) AS taken_up
    FROM (
        SELECT partner_id, promised_on, due_on, delivered_on, withdrawn_on,
               delivered_on IS NULL AND withdrawn_on IS NULL AND due_on IS NOT NULL AS is_open,
               due_on >= since AND due_on < %(today)s AND (withdrawn_on IS NULL OR withdrawn_on >= due_on) AS came_due,
               due_on >= since AND withdrawn_on IS NULL AND (due_on < %(today)s OR delivered_on IS NOT NULL) AS slips,
               asked_by_us AND promised_on >= since AS asked
        FROM (
            SELECT partner_id, promised_on, due_on, asked_by_us, (%(today)s - interval '36 months')::date AS since,
                   CASE WHEN delivered_on <= %(today)s THEN delivered_on END AS delivered_on,
                   CASE WHEN withdrawn_on <= %(today)s THEN withdrawn_on END AS withdrawn_on
            FROM evidence_promise WHERE partner_id = ANY (%(partners)s) AND promised_on <= %(today)s
        ) known
    ) promise GROUP BY partner_id
) t, LATERAL (VALUES
    ('promises_kept', NULL::numeric, t.kept, t.due),
    ('promise_slip', t.slip, NULL, t.slipping),
    ('futures_share', NULL, t.open, t.open + t.delivered),
    ('oldest_promise', t.oldest, NULL, t.open),
    ('asks_taken_up', NULL, t.taken_up, t.asks)
) f (name, value, hits, observations)
WHERE f.observations > 0
