"""Requests that nobody waits for, and the triggers that make them."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0012_contract_search"),
        ("evidence", "0004_title_rules"),
    ]

    operations = [
        migrations.RemoveField(model_name="figure", name="ends"),
        migrations.DeleteModel(name="FigureRequest"),
        migrations.CreateModel(
            name="FigureRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("requested_at", models.DateTimeField()),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="partners.partner"
                    ),
                ),
            ],
        ),
        migrations.RunSQL(
            (SQL / "requests.sql").read_text(),
            """
            DROP FUNCTION evidence_partners_deleted() CASCADE;
            DROP FUNCTION evidence_agreement_changed() CASCADE;
            DROP FUNCTION evidence_contracts_changed() CASCADE;
            DROP FUNCTION evidence_entries_were() CASCADE;
            DROP FUNCTION evidence_entries_changed() CASCADE;
            DROP FUNCTION evidence_request_figures(bigint[]);
            DROP FUNCTION evidence_working_days(date, date);
            """,
        ),
    ]
