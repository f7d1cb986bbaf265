"""Keep the history of who belongs to which business unit: the table stays, it only gets a model and a trigger."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='user',
            options={'ordering': ['name', 'pk'], 'verbose_name': 'person', 'verbose_name_plural': 'people'},
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name='Membership',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('businessunit', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='accounts.businessunit', verbose_name='business unit')),
                        ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL, verbose_name='person')),
                    ],
                    options={
                        'db_table': 'accounts_user_units',
                        'unique_together': {('user', 'businessunit')},
                    },
                ),
                migrations.AlterField(
                    model_name='user',
                    name='units',
                    field=models.ManyToManyField(blank=True, related_name='members', through='accounts.Membership', to='accounts.businessunit', verbose_name='business units'),
                ),
            ],
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='membership',
            trigger=pgtrigger.compiler.Trigger(name='audit', sql=pgtrigger.compiler.UpsertTriggerSql(declare="DECLARE ignored text[] := ARRAY['version']::text[]; old_row jsonb := CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE to_jsonb(OLD) - ignored END; new_row jsonb := CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE to_jsonb(NEW) - ignored END;", func="\n    \n    IF TG_OP = 'UPDATE' THEN\n        SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, n.value) INTO old_row, new_row\n        FROM jsonb_each(old_row) o JOIN jsonb_each(new_row) n USING (key)\n        WHERE o.value IS DISTINCT FROM n.value;\n        IF new_row IS NULL THEN RETURN NULL; END IF;\n    END IF;\n    INSERT INTO accounts_auditentry (at, actor_id, table_name, row_id, action, before, after)\n    VALUES (clock_timestamp(), NULLIF(current_setting('vendorhub.actor', true), '')::bigint, TG_TABLE_NAME,\n            CASE WHEN TG_OP = 'DELETE' THEN OLD.id ELSE NEW.id END, lower(TG_OP), old_row, new_row);\n    RETURN NULL;\n", hash='f08200a6556d5f4dbcc1ffce504b7fde28910a58', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_audit_acea8', table='accounts_user_units', when='AFTER')),
        ),
    ]
