"""Count figures that moved among what changes the renewals page; a refresh that writes nothing is no change."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION governance_note_figures() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM written) THEN
        INSERT INTO governance_change (scores_only) VALUES (true) ON CONFLICT (transaction) DO UPDATE
            SET latest = EXCLUDED.latest;
    END IF;
    RETURN NULL;
END
$$;
"""
TRIGGER = (
    "CREATE TRIGGER note_figures_{0} AFTER {0} ON evidence_figure REFERENCING {1} TABLE AS written "
    "FOR EACH STATEMENT EXECUTE FUNCTION governance_note_figures();"
)


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0007_calendar_feeds"),
        ("evidence", "0006_references"),
    ]

    operations = [
        migrations.RunSQL(
            FUNCTION
            + TRIGGER.format("INSERT", "NEW")
            + TRIGGER.format("UPDATE", "NEW")
            + TRIGGER.format("DELETE", "OLD"),
            "DROP FUNCTION governance_note_figures() CASCADE",
        )
    ]
