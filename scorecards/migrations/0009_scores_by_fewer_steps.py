"""The functions that compute scores, as their text is now."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("scorecards", "0008_names_may_change_places")]

    operations = [migrations.RunSQL((SQL / "outcomes.sql").read_text(), migrations.RunSQL.noop)]
