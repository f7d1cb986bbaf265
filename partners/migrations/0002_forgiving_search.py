"""Search that forgives case, accents and typos: trigram indexes over an immutable unaccent."""

from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("partners", "0001_initial")]

    operations = [
        TrigramExtension(),
        UnaccentExtension(),
        migrations.RunSQL(
            """
            CREATE FUNCTION plain_text(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
            RETURN lower(public.unaccent('public.unaccent'::regdictionary, $1));
            CREATE INDEX partner_name_trigrams ON partners_partner USING gin (plain_text(name) gin_trgm_ops);
            """,
            "DROP INDEX partner_name_trigrams; DROP FUNCTION plain_text(text);",
        ),
    ]
