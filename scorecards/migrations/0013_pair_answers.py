"""How people compare a template's categories and criteria in pairs."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scorecards', '0012_fair_scores'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PairAnswers',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('answers', models.JSONField(default=dict)),
                ('category', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='pair_answers', to='scorecards.category')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pair_answers', to=settings.AUTH_USER_MODEL)),
                ('template', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pair_answers', to='scorecards.template')),
            ],
            options={
                'verbose_name': 'answers in pairs',
                'verbose_name_plural': 'answers in pairs',
                'ordering': ['person__name', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('template', 'category', 'person'), name='one_set_of_answers_per_person', nulls_distinct=False)],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='pairanswers',
            trigger=pgtrigger.compiler.Trigger(name='audit_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func="\nINSERT INTO accounts_auditentry (at, actor_id, table_name, row_id, action, before, after)\nSELECT clock_timestamp(), NULLIF(current_setting('vendorhub.actor', true), '')::bigint, TG_TABLE_NAME, id, 'insert', NULL, to_jsonb(becomes) - ARRAY['version'] FROM becomes;\nRETURN NULL;\n", hash='698b1810d6483180672d44579c10423930a026f7', level='STATEMENT', operation='INSERT', pgid='pgtrigger_audit_insert_6f954', referencing='REFERENCING NEW TABLE AS becomes ', table='scorecards_pairanswers', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='pairanswers',
            trigger=pgtrigger.compiler.Trigger(name='audit_update', sql=pgtrigger.compiler.UpsertTriggerSql(func="\nINSERT INTO accounts_auditentry (at, actor_id, table_name, row_id, action, before, after)\nSELECT clock_timestamp(), NULLIF(current_setting('vendorhub.actor', true), '')::bigint, TG_TABLE_NAME, id, 'update', diff.before, diff.after\nFROM was FULL JOIN becomes USING (id)\nCROSS JOIN LATERAL (\n    SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, n.value)\n    FROM jsonb_each(to_jsonb(was) - ARRAY['version']) o JOIN jsonb_each(to_jsonb(becomes)) n USING (key)\n    WHERE o.value IS DISTINCT FROM n.value\n) diff (before, after)\nWHERE diff.after IS NOT NULL;\nRETURN NULL;\n", hash='d33b1f6d17fdd3d16e6d88c22c4ca2a0bd442863', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_audit_update_d4591', referencing='REFERENCING OLD TABLE AS was  NEW TABLE AS becomes ', table='scorecards_pairanswers', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='pairanswers',
            trigger=pgtrigger.compiler.Trigger(name='audit_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func="\nINSERT INTO accounts_auditentry (at, actor_id, table_name, row_id, action, before, after)\nSELECT clock_timestamp(), NULLIF(current_setting('vendorhub.actor', true), '')::bigint, TG_TABLE_NAME, id, 'delete', to_jsonb(was) - ARRAY['version'], NULL FROM was;\nRETURN NULL;\n", hash='2cfa8ce1b324acb0617aae579a0883d173702a3d', level='STATEMENT', operation='DELETE', pgid='pgtrigger_audit_delete_f3547', referencing='REFERENCING OLD TABLE AS was ', table='scorecards_pairanswers', when='AFTER')),
        ),
    ]
