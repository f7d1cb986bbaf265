"""History kept by database triggers, so that bulk updates and raw SQL are seen too.

`audited(...)` goes into a model's `Meta.triggers`. Who acted is a session variable of the database
connection that `accounts.middleware.ActorMiddleware` sets for every request that can write.
"""

import pgtrigger

_FUNC = """
DECLARE
    ignored text[] := ARRAY[{ignored}]::text[];
    old_row jsonb := CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE to_jsonb(OLD) - ignored END;
    new_row jsonb := CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE to_jsonb(NEW) - ignored END;
BEGIN
    {guard}
    IF TG_OP = 'UPDATE' THEN
        SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, n.value) INTO old_row, new_row
        FROM jsonb_each(old_row) o JOIN jsonb_each(new_row) n USING (key)
        WHERE o.value IS DISTINCT FROM n.value;
        IF new_row IS NULL THEN RETURN NULL; END IF;
    END IF;
    INSERT INTO accounts_auditentry (at, actor_id, table_name, row_id, action, before, after)
    VALUES (clock_timestamp(), NULLIF(current_setting('vendorhub.actor', true), '')::bigint, TG_TABLE_NAME,
            CASE WHEN TG_OP = 'DELETE' THEN OLD.id ELSE NEW.id END, lower(TG_OP), old_row, new_row);
    RETURN NULL;
END
"""


def audited(*, ignore: tuple[str, ...] = (), guard: str = "") -> pgtrigger.Trigger:
    """Return the trigger that writes an AuditEntry for every insert, update and delete of a row.

    `ignore` names columns that are never written down (passwords, version counters); `guard` is
    PL/pgSQL that may `RETURN NULL` early.
    """
    ignored = ", ".join(f"'{name}'" for name in ("version", *ignore))
    body = _FUNC.format(ignored=ignored, guard=guard)
    declare, _, rest = body.partition("BEGIN")
    names = [line.strip().rstrip(";") for line in declare.replace("DECLARE", "").split(";\n") if line.strip()]
    return pgtrigger.Trigger(
        name="audit",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        declare=[tuple(name.split(" ", 1)) for name in names],
        func=rest.rpartition("END")[0],
    )
