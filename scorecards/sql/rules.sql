-- What must hold of every mark, whoever writes it; and the history of marks from submission on.
--
-- Checks look at a whole statement at once: an import of 100,000 marks costs a second, a single save a few
-- index look-ups. Joins are held to loops over indexes, because a plan kept from an import must not serve a save.

CREATE OR REPLACE FUNCTION scorecards_refuse(rule text, sentence text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = rule, MESSAGE = sentence;
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
    broken record;
BEGIN
    -- A mark that counts waits for a closing under way; a draft's would not count in any case.
    PERFORM FROM scorecards_cycle WHERE id IN (
        SELECT s.cycle_id FROM changed r JOIN scorecards_scorecard s ON s.id = r.scorecard_id
        JOIN scorecards_assessment a ON a.id = r.assessment_id WHERE a.submitted_at IS NOT NULL) FOR SHARE;
    SELECT y.name INTO broken FROM changed r JOIN scorecards_scorecard s ON s.id = r.scorecard_id
    JOIN scorecards_cycle y ON y.id = s.cycle_id WHERE y.state = 'closed' LIMIT 1;
    IF FOUND THEN
        PERFORM scorecards_refuse('cycle_is_closed', format('%s is closed: its marks cannot change.', broken.name));
    END IF;
    IF TG_OP = 'DELETE' THEN
        INSERT INTO accounts_auditentry (at, actor_id, table_name, row_id, action, before, after)
        SELECT clock_timestamp(), actor, TG_TABLE_NAME, r.id, 'delete', to_jsonb(r) - 'version', NULL
        FROM changed r JOIN scorecards_assessment a ON a.id = r.assessment_id WHERE a.submitted_at IS NOT NULL;
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

    IF TG_OP = 'INSERT' THEN
        INSERT INTO accounts_auditentry (at, actor_id, table_name, row_id, action, before, after)
        SELECT clock_timestamp(), actor, TG_TABLE_NAME, r.id, 'insert', NULL, to_jsonb(r) - 'version'
        FROM changed r JOIN scorecards_assessment a ON a.id = r.assessment_id WHERE a.submitted_at IS NOT NULL;
    ELSE
        INSERT INTO accounts_auditentry (at, actor_id, table_name, row_id, action, before, after)
        SELECT clock_timestamp(), actor, TG_TABLE_NAME, r.id, 'update',
               jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, n.value)
        FROM changed r JOIN scorecards_assessment a ON a.id = r.assessment_id JOIN former f ON f.id = r.id,
        LATERAL jsonb_each(to_jsonb(f) - 'version') o, LATERAL jsonb_each(to_jsonb(r)) n
        WHERE a.submitted_at IS NOT NULL AND n.key = o.key AND n.value <> o.value
        GROUP BY r.id;
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
    broken record;
BEGIN
    PERFORM FROM scorecards_cycle WHERE id IN (
        SELECT s.cycle_id FROM changed a JOIN scorecards_scorecard s ON s.id = a.scorecard_id) FOR SHARE;
    SELECT y.name INTO broken FROM changed a JOIN scorecards_scorecard s ON s.id = a.scorecard_id
    JOIN scorecards_cycle y ON y.id = s.cycle_id WHERE y.state = 'closed' LIMIT 1;
    IF FOUND THEN
        PERFORM scorecards_refuse('cycle_is_closed', format('%s is closed: its assessments cannot change.', broken.name));
    END IF;
    IF TG_OP <> 'UPDATE' THEN
        RETURN NULL;
    END IF;
    PERFORM FROM changed a JOIN former f ON f.id = a.id WHERE f.scorecard_id <> a.scorecard_id;
    IF FOUND THEN
        PERFORM scorecards_refuse('assessment_keeps_its_scorecard', 'An assessment stays with its scorecard.');
    END IF;
    SELECT c.name, a.rater_role INTO broken
    FROM changed a JOIN former f ON f.id = a.id AND f.rater_role <> a.rater_role
    JOIN scorecards_rating r ON r.assessment_id = a.id JOIN scorecards_criterion c ON c.id = r.criterion_id
    WHERE c.roles <> '{}' AND a.rater_role <> ALL (c.roles) LIMIT 1;
    IF FOUND THEN
        PERFORM scorecards_refuse('rating_of_asked_role',
            format('“%s” is marked already and not asked of the role %s.', broken.name, broken.rater_role));
    END IF;
    -- What the marks were at the moment they were handed in; drafts before it are nobody's history.
    INSERT INTO accounts_auditentry (at, actor_id, table_name, row_id, action, before, after)
    SELECT clock_timestamp(), nullif(current_setting('vendorhub.actor', true), '')::bigint, TG_TABLE_NAME, a.id,
           'submit', NULL, jsonb_build_object('marks', coalesce((
               SELECT jsonb_object_agg(r.criterion_id, CASE WHEN r.not_applicable THEN '"n/a"' ELSE to_jsonb(r.value) END)
               FROM scorecards_rating r WHERE r.assessment_id = a.id), '{}'))
    FROM changed a JOIN former f ON f.id = a.id WHERE f.submitted_at IS NULL AND a.submitted_at IS NOT NULL;
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
