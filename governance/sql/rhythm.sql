-- Whether the agreed rhythm is kept, of turns that came due in the last twelve months. Theirs: held within a week of the
-- turn with somebody of the expected level on their side. Ours: the same on our side, and minutes approved within five
-- working days. And actions of either side that came due: done by their day; dropped ones do not count.
SELECT t.partner_id, f.*
FROM (
    SELECT o.partner_id, count(*) AS turns,
           count(*) FILTER (WHERE held AND theirs) AS their_turns,
           count(*) FILTER (WHERE held AND ours AND minuted) AS our_turns
    FROM governance_forum o JOIN governance_meeting m ON m.forum_id = o.id
    LEFT JOIN LATERAL (
        SELECT bool_or(a.side = 'them' AND a.seniority <= o.their_level) AS theirs,
               bool_or(a.side = 'us' AND a.seniority <= o.our_level) AS ours
        FROM governance_attendance a WHERE a.meeting_id = m.id AND a.was_there
    ) came ON true
    CROSS JOIN LATERAL (
        SELECT m.state = 'held' AND m.day <= m.planned_for + 7 AS held,
               evidence_working_days(m.day, coalesce((m.approved_at AT TIME ZONE %(zone)s)::date, %(today)s)) <= 5 AS minuted
    ) kept
    WHERE o.partner_id = ANY (%(partners)s) AND m.counts
          AND m.planned_for >= (%(today)s - interval '12 months')::date AND m.planned_for + 7 < %(today)s
    GROUP BY o.partner_id
) t, LATERAL (VALUES
    ('rhythm_kept', NULL::numeric, t.their_turns, t.turns),
    ('our_rhythm_kept', NULL, t.our_turns, t.turns)
) f (name, value, hits, observations)
UNION ALL
SELECT o.partner_id, CASE a.side WHEN 'us' THEN 'our_actions_kept' ELSE 'actions_kept' END, NULL,
       count(*) FILTER (WHERE a.outcome = 'done' AND a.closed_on <= a.due_on), count(*)
FROM governance_action a JOIN governance_forum o ON o.id = a.forum_id
WHERE o.partner_id = ANY (%(partners)s) AND a.outcome <> 'dropped'
      AND a.due_on >= (%(today)s - interval '12 months')::date AND a.due_on < %(today)s
GROUP BY o.partner_id, a.side
