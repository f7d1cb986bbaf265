"""Count what changes the portfolio, so that what was worked out over all of it can be remembered until then."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        ("accounts", "0001_initial"),
        ("partners", "0001_initial"),
        ("scorecards", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            (SQL / "changes.sql").read_text(),
            """
            DROP FUNCTION governance_note_change() CASCADE;
            DROP TABLE governance_change;
            DROP SEQUENCE governance_change_latest;
            """,
        )
    ]
