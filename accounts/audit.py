"""History kept by database triggers, so that bulk updates and raw SQL are seen too.

`triggers = audited(...)` goes into a model's `Meta`. Who acted is a session variable of the database connection that
`accounts.middleware.ActorMiddleware` sets for every request that can write.
"""

import pgtrigger

_WRITE = """
INSERT INTO accounts_auditentry (at, actor_id, table_name, row_id, action, before, after)
SELECT clock_timestamp(), NULLIF(current_setting('vendorhub.actor', true), '')::bigint, TG_TABLE_NAME, {rows};
RETURN NULL;
"""
_INSERTED = "id, 'insert', NULL, to_jsonb(becomes) - {ignored} FROM becomes"
_DELETED = "id, 'delete', to_jsonb(was) - {ignored}, NULL FROM was"
# A plan is kept for the next statement, however many rows that has. A full join is never done as a loop over both
# sides, so 50,000 rows after a single one do not cost 50,000 times 50,000 looks.
_UPDATED = """id, 'update', diff.before, diff.after
FROM was FULL JOIN becomes USING (id)
CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, n.value)
    FROM jsonb_each(to_jsonb(was) - {ignored}) o JOIN jsonb_each(to_jsonb(becomes)) n USING (key)
    WHERE o.value IS DISTINCT FROM n.value
) diff (before, after)
WHERE diff.after IS NOT NULL"""


def audited(*, ignore: tuple[str, ...] = ()) -> list[pgtrigger.Trigger]:
    """Return the triggers that write an AuditEntry for every insert, update and delete of a row.

    They run once a statement, over all its rows. `ignore` names columns that are never written down (passwords).
    """
    ignored = ", ".join(f"'{name}'" for name in ("version", *ignore))
    return [
        pgtrigger.Trigger(
            name=f"audit_{operation}".lower(),
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=operation,
            referencing=pgtrigger.Referencing(**transition),
            func=_WRITE.format(rows=rows.format(ignored=f"ARRAY[{ignored}]")),
        )
        for operation, rows, transition in (
            (pgtrigger.Insert, _INSERTED, {"new": "becomes"}),
            (pgtrigger.Update, _UPDATED, {"old": "was", "new": "becomes"}),
            (pgtrigger.Delete, _DELETED, {"old": "was"}),
        )
    ]
