"""Search also what a partner supplies and its other spellings, by trigram index."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("partners", "0003_imports_that_wait")]

    operations = [
        migrations.RunSQL(
            """
            CREATE INDEX partner_supplies_trigrams
                ON partners_partner USING gin (plain_text(supplies) gin_trgm_ops);
            CREATE INDEX alias_name_trigrams ON partners_partneralias USING gin (plain_text(name) gin_trgm_ops);
            """,
            "DROP INDEX alias_name_trigrams; DROP INDEX partner_supplies_trigrams;",
        ),
    ]
