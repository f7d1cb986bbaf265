"""Rules that hold of every mark, whoever writes it: on the scale, asked, and never in a closed cycle."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("scorecards", "0003_comments_without_tokens")]

    operations = [
        migrations.RunSQL(
            (SQL / "rules.sql").read_text(),
            """
            ALTER TABLE scorecards_template DROP CONSTRAINT role_weights_are_decimals;
            DROP FUNCTION scorecards_weights_changed() CASCADE;
            DROP FUNCTION scorecards_template_chosen() CASCADE;
            DROP FUNCTION scorecards_assessments_changed() CASCADE;
            DROP FUNCTION scorecards_ratings_changed() CASCADE;
            DROP FUNCTION scorecards_refuse_if_closed(bigint[], boolean);
            DROP FUNCTION scorecards_refuse(text, text);
            """,
        )
    ]
