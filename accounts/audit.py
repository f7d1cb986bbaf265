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


# Of a table some of whose rows are nobody's business yet: such a row is written down once it is one of the others.
_INSERTED_UNLESS = f"{_INSERTED} WHERE NOT becomes.{{unless}}"
_DELETED_UNLESS = f"{_DELETED} WHERE NOT was.{{unless}}"
_UPDATED_UNLESS = """id, CASE WHEN was.{unless} THEN 'insert' ELSE 'update' END,
    CASE WHEN NOT was.{unless} THEN diff.before END,
    CASE WHEN was.{unless} THEN to_jsonb(becomes) - {ignored} ELSE diff.after END
""" + _UPDATED.partition("\n")[2].replace("diff.after IS", "NOT becomes.{unless} AND diff.after IS")


def audited(*, ignore: tuple[str, ...] = (), unless: str = "") -> list[pgtrigger.Trigger]:
    """Return the triggers that write an AuditEntry for every insert, update and delete of a row.

    They run once a statement, over all its rows. `ignore` names columns that are never written down (passwords),
    `unless` a column that is true of rows that are private to somebody: drafts.
    """
    ignored = ", ".join(f"'{name}'" for name in ("version", *ignore))
    written = (
        (_INSERTED_UNLESS, _UPDATED_UNLESS, _DELETED_UNLESS) if unless else (_INSERTED, _UPDATED, _DELETED)
    )
    return [
        pgtrigger.Trigger(
            name=f"audit_{operation}".lower(),
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=operation,
            referencing=pgtrigger.Referencing(**transition),
            func=_WRITE.format(rows=rows.format(ignored=f"ARRAY[{ignored}]", unless=unless)),
        )
        for operation, rows, transition in zip(
            (pgtrigger.Insert, pgtrigger.Update, pgtrigger.Delete),
            written,
            ({"new": "becomes"}, {"old": "was", "new": "becomes"}, {"old": "was"}),
            strict=True,
        )
    ]
