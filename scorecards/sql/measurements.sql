-- What measured criteria of open cycles say follows the figures; of closed ones it stays what it was.

-- Take over what the figures say for the measured criteria of these scorecards, where their cycle is open, and ask
-- for those to be computed again for which that is news.
CREATE OR REPLACE FUNCTION scorecards_measure(cards bigint[]) RETURNS void LANGUAGE plpgsql
SET jit = off
AS $$
BEGIN
    -- A closing under way is waited for: what is read after it sees that the cycle is closed.
    PERFORM FROM scorecards_cycle
    WHERE state = 'open' AND id IN (SELECT cycle_id FROM scorecards_scorecard WHERE id = ANY (cards))
    ORDER BY id FOR SHARE;
    WITH written AS (
        INSERT INTO scorecards_measurement AS m (scorecard_id, criterion_id, value, observations, as_of)
        SELECT s.id, c.id, f.value, coalesce(f.observations, 0), current_date
        FROM scorecards_scorecard s JOIN scorecards_cycle y ON y.id = s.cycle_id AND y.state = 'open'
        JOIN scorecards_category g ON g.template_id = s.template_id
        JOIN scorecards_criterion c ON c.category_id = g.id AND c.kind = 'measured'
        LEFT JOIN evidence_figure f ON f.partner_id = s.partner_id AND f.name = c.metric
        WHERE s.id = ANY (cards)
        ORDER BY s.id, c.id
        ON CONFLICT (scorecard_id, criterion_id) DO UPDATE
        SET value = excluded.value, observations = excluded.observations, as_of = excluded.as_of
        WHERE (m.value, m.observations) IS DISTINCT FROM (excluded.value, excluded.observations)
        RETURNING m.scorecard_id
    )
    INSERT INTO scorecards_recomputerequest (scorecard_id, token, requested_at)
    SELECT scorecard_id, gen_random_uuid(), clock_timestamp() FROM written GROUP BY 1 ORDER BY 1
    ON CONFLICT (scorecard_id) DO UPDATE SET token = excluded.token;
END
$$;

CREATE OR REPLACE FUNCTION scorecards_figures_changed() RETURNS trigger LANGUAGE plpgsql
SET jit = off
AS $$
DECLARE
    templates bigint[] := ARRAY(
        SELECT g.template_id FROM scorecards_criterion c JOIN scorecards_category g ON g.id = c.category_id
        WHERE c.kind = 'measured' AND c.metric IN (SELECT name FROM changed));
    cards bigint[];
BEGIN
    IF templates <> '{}' THEN
        cards := ARRAY(
            SELECT s.id FROM scorecards_scorecard s JOIN scorecards_cycle y ON y.id = s.cycle_id AND y.state = 'open'
            WHERE s.template_id = ANY (templates) AND s.partner_id = ANY (ARRAY(SELECT partner_id FROM changed)));
        IF cards <> '{}' THEN
            PERFORM scorecards_measure(cards);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

-- Not of one opened again: that a mark is mended then brings no fact of today into it.
CREATE OR REPLACE FUNCTION scorecards_cycle_opened() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM scorecards_measure(ARRAY(SELECT id FROM scorecards_scorecard WHERE cycle_id = NEW.id));
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION scorecards_scorecards_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM changed JOIN scorecards_cycle y ON y.id = cycle_id WHERE y.state = 'open') THEN
        PERFORM scorecards_measure(ARRAY(SELECT id FROM changed));
    END IF;
    RETURN NULL;
END
$$;

-- Of another partner, or with another template: what was measured is no longer about it.
CREATE OR REPLACE FUNCTION scorecards_scorecard_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM scorecards_cycle WHERE id = NEW.cycle_id AND state <> 'closed') THEN
        IF OLD.template_id <> NEW.template_id THEN
            DELETE FROM scorecards_measurement WHERE scorecard_id = NEW.id;
        END IF;
        PERFORM scorecards_measure(ARRAY[NEW.id]);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION scorecards_measurements_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM scorecards_refuse_if_closed((SELECT array_agg(DISTINCT scorecard_id) FROM changed), true);
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER measure_inserted AFTER INSERT ON evidence_figure
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION scorecards_figures_changed();
CREATE OR REPLACE TRIGGER measure_updated AFTER UPDATE ON evidence_figure
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION scorecards_figures_changed();
CREATE OR REPLACE TRIGGER measure_deleted AFTER DELETE ON evidence_figure
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION scorecards_figures_changed();
CREATE OR REPLACE TRIGGER measure_opened AFTER UPDATE ON scorecards_cycle FOR EACH ROW
    WHEN (NEW.state = 'open' AND OLD.state = 'draft') EXECUTE FUNCTION scorecards_cycle_opened();
CREATE OR REPLACE TRIGGER measure_added AFTER INSERT ON scorecards_scorecard
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION scorecards_scorecards_added();
CREATE OR REPLACE TRIGGER measure_moved AFTER UPDATE ON scorecards_scorecard FOR EACH ROW
    WHEN ((OLD.template_id, OLD.partner_id) IS DISTINCT FROM (NEW.template_id, NEW.partner_id))
    EXECUTE FUNCTION scorecards_scorecard_moved();
CREATE OR REPLACE TRIGGER measurements_inserted AFTER INSERT ON scorecards_measurement
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION scorecards_measurements_changed();
CREATE OR REPLACE TRIGGER measurements_updated AFTER UPDATE ON scorecards_measurement
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION scorecards_measurements_changed();
CREATE OR REPLACE TRIGGER measurements_deleted AFTER DELETE ON scorecards_measurement
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION scorecards_measurements_changed();

CREATE OR REPLACE TRIGGER line_changed AFTER UPDATE ON scorecards_criterion FOR EACH ROW
    WHEN (NEW.kind = 'measured' AND (OLD.metric, OLD.floor, OLD.target, OLD.min_observations) IS DISTINCT FROM
          (NEW.metric, NEW.floor, NEW.target, NEW.min_observations))
    EXECUTE FUNCTION scorecards_weights_changed();
