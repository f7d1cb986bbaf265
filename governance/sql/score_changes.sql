-- Tells changes of scores that were there already from all others: what is made of the register alone, such as whom a
-- list holds and in which order of names or of money, stays as it is while everything is computed anew.
ALTER TABLE governance_change ADD COLUMN scores_only boolean NOT NULL DEFAULT false;

CREATE OR REPLACE FUNCTION governance_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO governance_change AS noted (scores_only) VALUES (TG_NARGS > 0) ON CONFLICT (transaction) DO UPDATE
        SET latest = EXCLUDED.latest, scores_only = noted.scores_only AND EXCLUDED.scores_only;
    RETURN NULL;
END
$$;

-- A statement that may insert (MERGE) fires this even where it inserts nothing.
CREATE FUNCTION governance_note_new_scores() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM written) THEN
        INSERT INTO governance_change DEFAULT VALUES ON CONFLICT (transaction) DO UPDATE
            SET latest = EXCLUDED.latest, scores_only = false;
    END IF;
    RETURN NULL;
END
$$;

DROP TRIGGER note_change ON scorecards_score;
CREATE TRIGGER note_change AFTER UPDATE ON scorecards_score
    FOR EACH STATEMENT EXECUTE FUNCTION governance_note_change('scores only');
CREATE TRIGGER note_new AFTER INSERT ON scorecards_score REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION governance_note_new_scores();
CREATE TRIGGER note_gone AFTER DELETE OR TRUNCATE ON scorecards_score
    FOR EACH STATEMENT EXECUTE FUNCTION governance_note_change();
