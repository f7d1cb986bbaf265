"""The functions that compute scores set-based; they are replaced, never changed, when their text changes."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("scorecards", "0001_initial")]

    operations = [
        migrations.RunSQL(
            (SQL / "outcomes.sql").read_text() + (SQL / "recompute.sql").read_text(),
            """
            DROP FUNCTION scorecards_recompute_now(bigint[]);
            DROP FUNCTION scorecards_recompute_requested(integer);
            DROP FUNCTION scorecards_store(bigint[]);
            DROP FUNCTION scorecards_outcomes(bigint[]);
            """,
        )
    ]
