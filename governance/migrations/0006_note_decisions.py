"""Count decisions among what changes the portfolio."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("governance", "0005_note_rates")]

    operations = [
        migrations.RunSQL(
            "CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON governance_decision "
            "FOR EACH STATEMENT EXECUTE FUNCTION governance_note_change()",
            "DROP TRIGGER note_change ON governance_decision",
        )
    ]
