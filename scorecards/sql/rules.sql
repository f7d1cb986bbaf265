-- What must hold of every mark, whoever writes it; and the history of marks from submission on.
--
-- Checks look at a whole statement at once: an import of 100,000 marks costs seconds, a single save a few index
-- look-ups. A plan is kept for the next statement, however many rows that has: so joins are loops over indexes,
-- and old and new rows are matched by grouping.

CREATE OR REPLACE FUNCTION scorecards_refuse(rule text, sentence text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = rule, MESSAGE = sentence;
END
$$;

-- `waiting`: wait for a closing under way. A draft's marks need not, they would not count in any case.
CREATE OR REPLACE FUNCTION scorecards_refuse_if_closed(scorecards bigint[], waiting boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    cycles bigint[] := ARRAY(SELECT DISTINCT cycle_id FROM scorecards_scorecard WHERE id = ANY (scorecards));
    closed text;
BEGIN
    IF waiting THEN
        PERFORM FROM scorecards_cycle WHERE id = ANY (cycles) ORDER BY id FOR SHARE;
    END IF;
    SELECT name INTO closed FROM scorecards_cycle WHERE id = ANY (cycles) AND state = 'closed' LIMIT 1;
    IF FOUND THEN
        PERFORM scorecards_refuse('cycle_is_closed', format('%s is closed: its marks cannot change.', closed));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION scorecards_ratings_changed() RETURNS trigger LANGUAGE plpgsql
SET jit = off
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    actor bigint := nullif(current_setting('vendorhub.actor', true), '')::bigint;
    scorecards bigint[] := (SELECT array_agg(DISTINCT scorecard_id) FROM changed);
    counted boolean := EXISTS (SELECT FROM changed r JOIN scorecards_assessment a ON a.id = r.assessment_id
                               WHERE a.submitted_at IS NOT NULL);
    broken record;
BEGIN
    PERFORM scorecards_refuse_if_closed(scorecards, counted);
    IF TG_OP = 'DELETE' AND counted THEN
        INSERT INTO accounts_auditentry (at, actor_id, table_name, row_id, action, before, after)
        SELECT clock_timestamp(), actor, TG_TABLE_NAME, r.id, 'delete', to_jsonb(r) - 'version', NULL
        FROM changed r JOIN scorecards_assessment a ON a.id = r.assessment_id WHERE a.submitted_at IS NOT NULL;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN NULL;
    END IF;

    SELECT CASE
        WHEN a.scorecard_id <> r.scorecard_id THEN 'rating_scorecard_of_assessment'
        WHEN g.template_id <> s.template_id THEN 'rating_criterion_of_template'
        WHEN c.roles <> '{}' AND a.rater_role <> ALL (c.roles) THEN 'rating_of_asked_role'
        ELSE 'rating_value_within_scale' END AS rule, r.value, t.scale_min, t.scale_max, c.name, a.rater_role
    INTO broken
    FROM changed r
    JOIN scorecards_assessment a ON a.id = r.assessment_id
    JOIN scorecards_scorecard s ON s.id = r.scorecard_id
    JOIN scorecards_template t ON t.id = s.template_id
    JOIN scorecards_criterion c ON c.id = r.criterion_id
    JOIN scorecards_category g ON g.id = c.category_id
    WHERE a.scorecard_id <> r.scorecard_id OR g.template_id <> s.template_id
       OR c.roles <> '{}' AND a.rater_role <> ALL (c.roles) OR r.value NOT BETWEEN t.scale_min AND t.scale_max
    LIMIT 1;
    IF FOUND THEN
        PERFORM scorecards_refuse(broken.rule, CASE broken.rule
            WHEN 'rating_scorecard_of_assessment' THEN 'A mark belongs to the scorecard of its assessment.'
            WHEN 'rating_criterion_of_template' THEN format('“%s” is not in the template of this scorecard.', broken.name)
            WHEN 'rating_of_asked_role' THEN format('“%s” is not asked of the role %s.', broken.name, broken.rater_role)
            ELSE format('%s is not on the scale from %s to %s.', broken.value, broken.scale_min, broken.scale_max) END);
    END IF;

    IF NOT counted THEN
        RETURN NULL;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO accounts_auditentry (at, actor_id, table_name, row_id, action, before, after)
        SELECT clock_timestamp(), actor, TG_TABLE_NAME, r.id, 'insert', NULL, to_jsonb(r) - 'version'
        FROM changed r JOIN scorecards_assessment a ON a.id = r.assessment_id WHERE a.submitted_at IS NOT NULL;
    ELSE
        INSERT INTO accounts_auditentry (at, actor_id, table_name, row_id, action, before, after)
        SELECT clock_timestamp(), actor, TG_TABLE_NAME, pair.id, 'update',
               jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, n.value)
        FROM (SELECT id, max(assessment_id) AS assessment_id,
                     (array_agg(was) FILTER (WHERE was IS NOT NULL))[1] AS was,
                     (array_agg(becomes) FILTER (WHERE becomes IS NOT NULL))[1] AS becomes
              FROM (SELECT f.id, f.assessment_id, to_jsonb(f) - 'version' AS was, NULL::jsonb AS becomes
                    FROM former f
                    UNION ALL SELECT r.id, r.assessment_id, NULL, to_jsonb(r) FROM changed r) both_versions
              GROUP BY id) pair
        JOIN scorecards_assessment a ON a.id = pair.assessment_id AND a.submitted_at IS NOT NULL,
        LATERAL jsonb_each(pair.was) o, LATERAL jsonb_each(pair.becomes) n
        WHERE n.key = o.key AND n.value <> o.value
        GROUP BY pair.id;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION scorecards_assessments_changed() RETURNS trigger LANGUAGE plpgsql
SET jit = off
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    scorecards bigint[] := (SELECT array_agg(DISTINCT scorecard_id) FROM changed);
    recast bigint[];
    submitted bigint[];
    broken record;
BEGIN
    PERFORM scorecards_refuse_if_closed(scorecards, true);
    IF TG_OP <> 'UPDATE' THEN
        RETURN NULL;
    END IF;
    PERFORM FROM (SELECT id, scorecard_id FROM former UNION ALL SELECT id, scorecard_id FROM changed) both_versions
    GROUP BY id HAVING min(scorecard_id) <> max(scorecard_id);
    IF FOUND THEN
        PERFORM scorecards_refuse('assessment_keeps_its_scorecard', 'An assessment stays with its scorecard.');
    END IF;

    recast := ARRAY(SELECT id FROM (SELECT id, rater_role FROM former UNION ALL SELECT id, rater_role FROM changed) v
                    GROUP BY id HAVING min(rater_role) <> max(rater_role));
    SELECT c.name, a.rater_role INTO broken
    FROM scorecards_assessment a
    JOIN scorecards_rating r ON r.assessment_id = a.id JOIN scorecards_criterion c ON c.id = r.criterion_id
    WHERE a.id = ANY (recast) AND c.roles <> '{}' AND a.rater_role <> ALL (c.roles) LIMIT 1;
    IF FOUND THEN
        PERFORM scorecards_refuse('rating_of_asked_role',
            format('“%s” is marked already and not asked of the role %s.', broken.name, broken.rater_role));
    END IF;

    -- What the marks were at the moment they were handed in; drafts before it are nobody's history.
    submitted := ARRAY(SELECT id FROM (SELECT id, submitted_at IS NOT NULL AS before, NULL::boolean AS after FROM former
                                       UNION ALL SELECT id, NULL, submitted_at IS NOT NULL FROM changed) v
                       GROUP BY id HAVING NOT bool_or(before) AND bool_or(after));
    INSERT INTO accounts_auditentry (at, actor_id, table_name, row_id, action, before, after)
    SELECT clock_timestamp(), nullif(current_setting('vendorhub.actor', true), '')::bigint, TG_TABLE_NAME, a.id,
           'submit', NULL, jsonb_build_object('marks', coalesce((
               SELECT jsonb_object_agg(r.criterion_id, CASE WHEN r.not_applicable THEN '"n/a"' ELSE to_jsonb(r.value) END)
               FROM scorecards_rating r WHERE r.assessment_id = a.id), '{}'))
    FROM scorecards_assessment a WHERE a.id = ANY (submitted);
    RETURN NULL;
END
$$;

-- A scorecard keeps its template once somebody marked it or its cycle is closed.
CREATE OR REPLACE FUNCTION scorecards_template_chosen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM scorecards_cycle WHERE id IN (OLD.cycle_id, NEW.cycle_id) AND state = 'closed') THEN
        PERFORM scorecards_refuse('cycle_is_closed', 'The cycle is closed: its scorecards keep their template.');
    ELSIF EXISTS (SELECT FROM scorecards_rating WHERE scorecard_id = OLD.id) THEN
        PERFORM scorecards_refuse('scorecard_keeps_its_template', 'The scorecard has marks, so it keeps its template.');
    END IF;
    RETURN NULL;
END
$$;

-- The weights behind a closed cycle stay what they were: change a new version of the template instead.
CREATE OR REPLACE FUNCTION scorecards_weights_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed jsonb := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END);
    used bigint;
BEGIN
    used := CASE TG_TABLE_NAME
        WHEN 'scorecards_template' THEN (changed ->> 'id')::bigint
        WHEN 'scorecards_criterion' THEN
            (SELECT template_id FROM scorecards_category WHERE id = (changed ->> 'category_id')::bigint)
        ELSE (changed ->> 'template_id')::bigint END;
    IF EXISTS (SELECT FROM scorecards_cycle y WHERE y.state = 'closed' AND EXISTS (
        SELECT FROM scorecards_scorecard s WHERE s.cycle_id = y.id AND s.template_id = used)) THEN
        PERFORM scorecards_refuse('template_of_closed_cycle',
            'A closed cycle was scored with this version of the template: make a new version to change it.');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER ratings_inserted AFTER INSERT ON scorecards_rating
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION scorecards_ratings_changed();
CREATE TRIGGER ratings_updated AFTER UPDATE ON scorecards_rating
    REFERENCING OLD TABLE AS former NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION scorecards_ratings_changed();
CREATE TRIGGER ratings_deleted AFTER DELETE ON scorecards_rating
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION scorecards_ratings_changed();

CREATE TRIGGER assessments_inserted AFTER INSERT ON scorecards_assessment
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION scorecards_assessments_changed();
CREATE TRIGGER assessments_updated AFTER UPDATE ON scorecards_assessment
    REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION scorecards_assessments_changed();
CREATE TRIGGER assessments_deleted AFTER DELETE ON scorecards_assessment
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION scorecards_assessments_changed();

CREATE TRIGGER template_chosen AFTER UPDATE ON scorecards_scorecard FOR EACH ROW
    WHEN ((OLD.template_id, OLD.cycle_id) IS DISTINCT FROM (NEW.template_id, NEW.cycle_id))
    EXECUTE FUNCTION scorecards_template_chosen();

CREATE TRIGGER weights_changed AFTER UPDATE ON scorecards_template FOR EACH ROW
    WHEN ((OLD.scale_min, OLD.scale_max, OLD.minimum_coverage, OLD.minimum_raters, OLD.role_weights) IS DISTINCT FROM
          (NEW.scale_min, NEW.scale_max, NEW.minimum_coverage, NEW.minimum_raters, NEW.role_weights))
    EXECUTE FUNCTION scorecards_weights_changed();
CREATE TRIGGER weights_changed AFTER UPDATE ON scorecards_category FOR EACH ROW
    WHEN ((OLD.weight, OLD.template_id) IS DISTINCT FROM (NEW.weight, NEW.template_id))
    EXECUTE FUNCTION scorecards_weights_changed();
CREATE TRIGGER weights_changed AFTER UPDATE ON scorecards_criterion FOR EACH ROW
    WHEN ((OLD.weight, OLD.category_id, OLD.kind, OLD.roles, OLD.critical_minimum, OLD.critical_cap) IS DISTINCT FROM
          (NEW.weight, NEW.category_id, NEW.kind, NEW.roles, NEW.critical_minimum, NEW.critical_cap))
    EXECUTE FUNCTION scorecards_weights_changed();
CREATE TRIGGER weights_changed AFTER UPDATE ON scorecards_band FOR EACH ROW
    WHEN ((OLD.letter, OLD.lower, OLD.template_id) IS DISTINCT FROM (NEW.letter, NEW.lower, NEW.template_id))
    EXECUTE FUNCTION scorecards_weights_changed();
CREATE TRIGGER parts_changed AFTER INSERT OR DELETE ON scorecards_category FOR EACH ROW
    EXECUTE FUNCTION scorecards_weights_changed();
CREATE TRIGGER parts_changed AFTER INSERT OR DELETE ON scorecards_criterion FOR EACH ROW
    EXECUTE FUNCTION scorecards_weights_changed();
CREATE TRIGGER parts_changed AFTER INSERT OR DELETE ON scorecards_band FOR EACH ROW
    EXECUTE FUNCTION scorecards_weights_changed();

-- Role weights are whole or decimal numbers written out, as text: "1.5". At most four digits on either side.
ALTER TABLE scorecards_template ADD CONSTRAINT role_weights_are_decimals CHECK (
    jsonb_typeof(role_weights) = 'object' AND NOT jsonb_path_exists(role_weights,
        '$.* ? (@.type() != "string" || !(@ like_regex "^[0-9]{1,4}([.][0-9]{1,4})?$"))'));
