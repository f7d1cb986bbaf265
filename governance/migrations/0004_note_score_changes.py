"""Tell changes of scores alone from others."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0003_reminders"),
        ("scorecards", "0009_scores_by_fewer_steps"),
    ]

    operations = [
        migrations.RunSQL(
            (SQL / "score_changes.sql").read_text(),
            """
            DROP TRIGGER note_gone ON scorecards_score;
            DROP TRIGGER note_new ON scorecards_score;
            DROP TRIGGER note_change ON scorecards_score;
            CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON scorecards_score
                FOR EACH STATEMENT EXECUTE FUNCTION governance_note_change();
            DROP FUNCTION governance_note_new_scores;
            CREATE OR REPLACE FUNCTION governance_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO governance_change DEFAULT VALUES
                    ON CONFLICT (transaction) DO UPDATE SET latest = EXCLUDED.latest;
                RETURN NULL;
            END
            $$;
            ALTER TABLE governance_change DROP COLUMN scores_only;
            """,
        )
    ]
