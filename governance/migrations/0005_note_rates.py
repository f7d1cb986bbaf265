"""Count rates and the reporting currency among what changes the portfolio."""

from django.db import migrations

TABLES = ("partners_rate", "partners_reporting")
NOTE = (
    "CREATE TRIGGER note_rates AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {} "
    "FOR EACH STATEMENT EXECUTE FUNCTION governance_note_change()"
)


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0004_note_score_changes"),
        ("partners", "0009_costs"),
    ]

    operations = [
        migrations.RunSQL(
            [NOTE.format(table) for table in TABLES], [f"DROP TRIGGER note_rates ON {table}" for table in TABLES]
        )
    ]
