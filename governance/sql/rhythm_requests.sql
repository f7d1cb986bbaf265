-- Meetings, who came and actions change figures of their partner: they ask for them as entries do.
CREATE FUNCTION governance_rhythm_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'governance_attendance' THEN
        PERFORM evidence_request_figures((
            SELECT array_agg(DISTINCT o.partner_id) FROM changed c
            JOIN governance_meeting m ON m.id = c.meeting_id JOIN governance_forum o ON o.id = m.forum_id));
    ELSIF TG_TABLE_NAME = 'governance_forum' THEN
        PERFORM evidence_request_figures((SELECT array_agg(DISTINCT partner_id) FROM changed));
    ELSE
        PERFORM evidence_request_figures((
            SELECT array_agg(DISTINCT o.partner_id) FROM changed c JOIN governance_forum o ON o.id = c.forum_id));
    END IF;
    RETURN NULL;
END
$$;

DO $$
DECLARE
    watched text;
BEGIN
    FOREACH watched IN ARRAY ARRAY['governance_forum', 'governance_meeting', 'governance_attendance', 'governance_action'] LOOP
        EXECUTE format('CREATE TRIGGER figures_inserted AFTER INSERT ON %I REFERENCING NEW TABLE AS changed '
                       'FOR EACH STATEMENT EXECUTE FUNCTION governance_rhythm_changed()', watched);
        EXECUTE format('CREATE TRIGGER figures_updated AFTER UPDATE ON %I REFERENCING NEW TABLE AS changed '
                       'FOR EACH STATEMENT EXECUTE FUNCTION governance_rhythm_changed()', watched);
        EXECUTE format('CREATE TRIGGER figures_deleted AFTER DELETE ON %I REFERENCING OLD TABLE AS changed '
                       'FOR EACH STATEMENT EXECUTE FUNCTION governance_rhythm_changed()', watched);
    END LOOP;
END
$$;
