"""Search titles and references of contracts by trigram index."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("partners", "0011_terms_kept")]

    operations = [
        migrations.RunSQL(
            """
            CREATE INDEX contract_title_trigrams ON partners_contract USING gin (plain_text(title) gin_trgm_ops);
            CREATE INDEX contract_reference_trigrams
                ON partners_contract USING gin (plain_text(reference) gin_trgm_ops);
            """,
            "DROP INDEX contract_reference_trigrams; DROP INDEX contract_title_trigrams;",
        ),
    ]
