-- Counts what changes the portfolio: one row a transaction that wrote to one of its tables, however it wrote.
-- A row belongs to its transaction alone, so writers never wait for each other; `latest` never comes twice, so
-- (count(*), sum(latest)) differs from every earlier state once a transaction is seen that was not seen then.
CREATE SEQUENCE governance_change_latest;
CREATE TABLE governance_change (
    transaction xid8 PRIMARY KEY DEFAULT pg_current_xact_id(),
    latest bigint NOT NULL DEFAULT nextval('governance_change_latest'),
    at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION governance_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO governance_change DEFAULT VALUES ON CONFLICT (transaction) DO UPDATE SET latest = EXCLUDED.latest;
    RETURN NULL;
END
$$;

DO $$
DECLARE
    watched text;
BEGIN
    FOREACH watched IN ARRAY ARRAY[
        'accounts_businessunit', 'partners_partner', 'partners_partneralias', 'partners_contract',
        'scorecards_template', 'scorecards_category', 'scorecards_band', 'scorecards_cycle', 'scorecards_scorecard',
        'scorecards_score'
    ] LOOP
        EXECUTE format('CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION governance_note_change()', watched);
    END LOOP;
END
$$;
