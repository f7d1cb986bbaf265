"""A page of the partner list reads fifty rows in the order of their names, not all of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("partners", "0004_search_what_and_aliases")]

    operations = [
        migrations.AddIndex("partner", models.Index(fields=["name", "id"], name="partner_by_name")),
    ]
