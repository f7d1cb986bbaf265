-- Decision seasons: from 90 days before a notice deadline to the end of that term; of a term that was changed, until then.
-- Common table expressions for others to begin with. `contracts`: only these; NULL: all of the partners'.
term AS (
    SELECT id AS contract_id, notice_deadline, coalesce(renewed_until, ends) AS ends
    FROM partners_contract WHERE partner_id = ANY (%(partners)s) AND (%(contracts)s::bigint[] IS NULL OR id = ANY (%(contracts)s))
    UNION ALL
    SELECT t.contract_id, t.notice_deadline, CASE WHEN t.changed THEN least(t.ends, t.changed_on) ELSE t.ends END
    FROM (SELECT t.contract_id, t.notice_deadline, t.ends, lead(t.how) OVER later IN ('amended', 'back') AS changed,
                 lead(coalesce(t.since, t.noted_at::date)) OVER later AS changed_on
          FROM partners_contractterm t JOIN partners_contract c ON c.id = t.contract_id
          WHERE c.partner_id = ANY (%(partners)s)
                AND (%(contracts)s::bigint[] IS NULL OR c.id = ANY (%(contracts)s))
          WINDOW later AS (PARTITION BY t.contract_id ORDER BY t.id)) t
), season AS (
    SELECT c.partner_id, range_agg(daterange(t.notice_deadline - 90, t.ends, '[]')) AS days
    FROM term t JOIN partners_contract c ON c.id = t.contract_id
    WHERE t.notice_deadline - 90 <= t.ends GROUP BY c.partner_id
)
