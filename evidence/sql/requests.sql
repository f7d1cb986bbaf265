-- Whatever changes what a figure counts asks for the partner's figures to be worked out again, however it is written.
-- Requests are only ever added, so nobody waits for anybody: a row each partner and statement, until a worker comes.

-- Working days (Monday to Friday) from one day to a later one; from a weekend on, its Monday is the first day, 0.
CREATE FUNCTION evidence_working_days(asked date, answered date) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT greatest(0, (answered - date '1900-01-01') / 7 * 5 + least((answered - date '1900-01-01') % 7 + 1, 5)
        - (asked - date '1900-01-01') / 7 * 5 - least((asked - date '1900-01-01') % 7 + 1, 5)
        - CASE WHEN (asked - date '1900-01-01') % 7 > 4 THEN 1 ELSE 0 END)
$$;

CREATE FUNCTION evidence_request_figures(partners bigint[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO evidence_figurerequest (partner_id, requested_at)
    SELECT DISTINCT id, statement_timestamp() FROM unnest(partners) id WHERE id IS NOT NULL
$$;

CREATE FUNCTION evidence_entries_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    parent text := CASE TG_TABLE_NAME WHEN 'evidence_benefit' THEN 'programme' WHEN 'evidence_obligation' THEN 'programme'
                                      WHEN 'partners_contractterm' THEN 'contract' END;
    partners bigint[];
BEGIN
    IF parent = 'programme' THEN
        SELECT array_agg(DISTINCT p.partner_id) INTO partners
        FROM changed c JOIN evidence_programme p ON p.id = c.programme_id;
    ELSIF parent = 'contract' THEN
        SELECT array_agg(DISTINCT p.partner_id) INTO partners
        FROM changed c JOIN partners_contract p ON p.id = c.contract_id;
    ELSE
        SELECT array_agg(DISTINCT partner_id) INTO partners FROM changed;
    END IF;
    PERFORM evidence_request_figures(partners);
    RETURN NULL;
END
$$;

-- An entry moved to another partner counts for neither as before.
CREATE FUNCTION evidence_entries_were() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM evidence_request_figures((SELECT array_agg(DISTINCT partner_id) FROM former));
    RETURN NULL;
END
$$;

CREATE FUNCTION evidence_contracts_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM evidence_request_figures((
        SELECT array_agg(DISTINCT p) FROM (
            SELECT id, min(partner_id) AS a, max(partner_id) AS b
            FROM (SELECT id, partner_id, notice_deadline, ends, renewed_until FROM former
                  UNION ALL SELECT id, partner_id, notice_deadline, ends, renewed_until FROM changed) both_versions
            GROUP BY id
            HAVING count(DISTINCT (partner_id, notice_deadline, ends, renewed_until)) > 1) moved, unnest(ARRAY[a, b]) p));
    RETURN NULL;
END
$$;

CREATE FUNCTION evidence_agreement_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM evidence_request_figures((SELECT array_agg(DISTINCT partner_id) FROM evidence_figure));
    RETURN NULL;
END
$$;

-- Requests made while a partner's entries were being deleted go with it.
CREATE FUNCTION evidence_partners_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM evidence_figurerequest WHERE partner_id IN (SELECT id FROM former);
    RETURN NULL;
END
$$;

DO $$
DECLARE
    watched text;
BEGIN
    FOREACH watched IN ARRAY ARRAY['evidence_engagement', 'evidence_request', 'evidence_promise', 'evidence_incident',
        'evidence_commitment', 'evidence_programme', 'evidence_benefit', 'evidence_obligation', 'evidence_valuestatement',
        'evidence_benchmark', 'evidence_disclosure', 'partners_contact', 'partners_contract', 'partners_contractterm'] LOOP
        EXECUTE format('CREATE TRIGGER figures_inserted AFTER INSERT ON %I REFERENCING NEW TABLE AS changed '
                       'FOR EACH STATEMENT EXECUTE FUNCTION evidence_entries_changed()', watched);
        EXECUTE format('CREATE TRIGGER figures_deleted AFTER DELETE ON %I REFERENCING OLD TABLE AS changed '
                       'FOR EACH STATEMENT EXECUTE FUNCTION evidence_entries_changed()', watched);
        IF watched <> 'partners_contract' THEN
            EXECUTE format('CREATE TRIGGER figures_updated AFTER UPDATE ON %I REFERENCING NEW TABLE AS changed '
                           'FOR EACH STATEMENT EXECUTE FUNCTION evidence_entries_changed()', watched);
        END IF;
        IF watched NOT IN ('partners_contract', 'partners_contractterm', 'evidence_benefit', 'evidence_obligation') THEN
            EXECUTE format('CREATE TRIGGER figures_moved AFTER UPDATE ON %I REFERENCING OLD TABLE AS former '
                           'FOR EACH STATEMENT EXECUTE FUNCTION evidence_entries_were()', watched);
        END IF;
    END LOOP;
END
$$;
CREATE TRIGGER figures_updated AFTER UPDATE ON partners_contract REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION evidence_contracts_changed();
CREATE TRIGGER figures_updated AFTER INSERT OR UPDATE ON evidence_agreement
    FOR EACH STATEMENT EXECUTE FUNCTION evidence_agreement_changed();
CREATE TRIGGER requests_gone AFTER DELETE ON partners_partner REFERENCING OLD TABLE AS former
    FOR EACH STATEMENT EXECUTE FUNCTION evidence_partners_deleted();
