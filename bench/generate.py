"""A portfolio of any size, made inside PostgreSQL from a seed: the same seed makes the same rows."""

from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True)
class Size:
    partners: int
    quarters: int
    criteria: int
    raters: int


SIZES = {"S": Size(200, 8, 25, 4), "M": Size(2_000, 12, 30, 5), "L": Size(10_000, 12, 30, 6)}

# Marks lean to the partner (some are better than others) and to the rater (some are milder than others);
# one cell in 25 is not applicable and one in 12 stays empty.
_STATEMENTS = """
INSERT INTO accounts_user (name, email, password, role, rater_role, all_units, is_active, is_demo, version)
SELECT 'Rater ' || n, 'rater' || n || '@example.org', '!', 'procurement',
       (ARRAY['procurement', 'leadership', 'it', 'business'])[1 + n %% 4], true, true, false, 1
FROM generate_series(1, greatest(20, %(raters)s)) n;

INSERT INTO partners_partner (name, name_key, kind, segment, supplies, email_domains, notes, is_demo,
                              created_at, version)
SELECT 'Partner ' || n, 'partner ' || n, 'vendor',
       (ARRAY['strategic', 'preferred', 'tactical', 'transactional'])[1 + n %% 4], '', '{}', '', false, now(), 1
FROM generate_series(1, %(partners)s) n;

INSERT INTO partners_contract (partner_id, reference, reference_suffix, title, starts, ends, notice_unit, auto_renews,
                               annual_value, currency, link, version)
SELECT p.id, 'C-' || p.id, '', 'Contract', current_date - 400, current_date + (p.id %% 700)::integer, 'days', false,
       1000 * (p.id %% 97), 'EUR', '', 1
FROM partners_partner p;

INSERT INTO scorecards_template (name, number, kind, state, scale_min, scale_max, minimum_coverage,
                                 minimum_raters, role_weights, created_at, version)
VALUES ('Bench', 1, 'vendor', 'active', 1, 5, 60, 2, '{}', now(), 1);
INSERT INTO scorecards_band (template_id, letter, name, lower)
SELECT t.id, b.letter, b.name, b.lower FROM scorecards_template t,
  (VALUES ('A', 'Strong', 85), ('B', 'Good', 70), ('C', 'Fair', 55), ('D', 'Weak', 40), ('E', 'Failing', 0))
  b (letter, name, lower) WHERE t.name = 'Bench';
INSERT INTO scorecards_category (template_id, name, weight, position)
SELECT t.id, 'Category ' || n, 20, n FROM scorecards_template t, generate_series(1, 5) n WHERE t.name = 'Bench';
INSERT INTO scorecards_criterion (category_id, name, weight, position, kind, metric, min_observations,
                                  roles, anchors, critical_minimum, critical_cap)
SELECT c.id, 'Criterion ' || n, 10 + n %% 7, n, 'rated', '', 1, '{}', '{}', CASE WHEN n = 3 THEN 30 END, ''
FROM scorecards_category c JOIN scorecards_template t ON t.id = c.template_id AND t.name = 'Bench',
     generate_series(1, %(criteria)s) n WHERE n %% 5 = c.position - 1;

INSERT INTO scorecards_cycle (name, starts, ends, due, state, reopen_reason, is_demo, version)
SELECT extract(year FROM starts) || ' Q' || extract(quarter FROM starts), starts,
       (starts + interval '3 months - 1 day')::date, (starts + interval '2 months')::date,
       CASE WHEN n = %(quarters)s - 1 THEN 'open' ELSE 'closed' END, '', false, 1
FROM generate_series(0, %(quarters)s - 1) n,
     LATERAL (SELECT (date '2024-01-01' + n * interval '3 months')::date AS starts) quarter;
INSERT INTO scorecards_cycletemplate (cycle_id, kind, template_id)
SELECT c.id, 'vendor', t.id FROM scorecards_cycle c, scorecards_template t WHERE t.name = 'Bench';

INSERT INTO scorecards_scorecard (cycle_id, partner_id, template_id)
SELECT c.id, p.id, t.id FROM scorecards_cycle c, partners_partner p, scorecards_template t
WHERE t.name = 'Bench' ORDER BY c.ends, p.id;
INSERT INTO scorecards_assessment (scorecard_id, rater_id, rater_role, submitted_at, version)
SELECT s.id, r.id, r.rater_role, now(), 1
FROM scorecards_scorecard s, generate_series(1, %(raters)s) n,
     LATERAL (SELECT id, rater_role FROM accounts_user u
              WHERE u.name = 'Rater ' || 1 + (s.partner_id * 7 + n) %% greatest(20, %(raters)s)) r
ORDER BY s.id, n;
INSERT INTO scorecards_rating (assessment_id, scorecard_id, criterion_id, value, not_applicable, reason, version)
SELECT a.id, s.id, c.id,
       CASE WHEN NOT na THEN least(5, greatest(1, 3 + (lean + mild + chance %% 5 - 2) / 2)) END, na, '', 1
FROM scorecards_assessment a JOIN scorecards_scorecard s ON s.id = a.scorecard_id,
     (SELECT c.id FROM scorecards_criterion c JOIN scorecards_category g ON g.id = c.category_id
      JOIN scorecards_template t ON t.id = g.template_id WHERE t.name = 'Bench') c,
     LATERAL (SELECT abs(hashint8extended(a.id * 1000 + c.id, %(seed)s)) AS chance,
                     abs(hashint8extended(s.partner_id, %(seed)s)) %% 7 - 3 AS lean,
                     abs(hashint8extended(a.rater_id, %(seed)s)) %% 3 - 1 AS mild) random,
     LATERAL (SELECT chance / 8 %% 25 = 0 AS na) cell
WHERE chance / 256 %% 12 > 0
ORDER BY a.id, c.id;
"""


def generate(size: Size, *, seed: int = 1) -> None:
    """Fill the empty database `connection` points at (as its superuser); leaves tables vacuumed and analysed."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        # Generated rows obey the rules; checking each of millions by trigger and foreign key would take minutes.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(_STATEMENTS, {**vars(size), "seed": seed})
        cursor.execute("RESET session_replication_role")
        cursor.execute("VACUUM ANALYZE")
