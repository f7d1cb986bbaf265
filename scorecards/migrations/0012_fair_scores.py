"""Closed cycles keep what they come to without severity; those closed already ask for it."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scorecards', '0011_measured_criteria'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='FairCycle',
            fields=[
                ('cycle', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='fair', serialize=False, to='scorecards.cycle')),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('target', models.DecimalField(decimal_places=4, max_digits=12, null=True)),
                ('rater', models.DecimalField(decimal_places=4, max_digits=12, null=True)),
                ('residual', models.DecimalField(decimal_places=4, max_digits=12, null=True)),
                ('ratings', models.PositiveIntegerField(default=0)),
                ('raters', models.PositiveIntegerField(default=0)),
                ('circles', models.PositiveIntegerField(default=0)),
                ('severe', models.PositiveIntegerField(default=0)),
                ('generous', models.PositiveIntegerField(default=0)),
                ('moved', models.PositiveIntegerField(default=0)),
                ('agreement', models.JSONField(default=dict)),
                ('computed_at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name='FairRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('requested_at', models.DateTimeField(auto_now_add=True)),
                ('cycle', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scorecards.cycle')),
            ],
        ),
        migrations.CreateModel(
            name='FairScore',
            fields=[
                ('scorecard', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='fair', serialize=False, to='scorecards.scorecard')),
                ('component', models.PositiveIntegerField()),
                ('adjusted', models.DecimalField(decimal_places=4, max_digits=8)),
                ('lower', models.DecimalField(decimal_places=4, max_digits=8)),
                ('upper', models.DecimalField(decimal_places=4, max_digits=8)),
                ('standing', models.CharField(blank=True, max_length=1)),
                ('rank', models.PositiveIntegerField(null=True)),
                ('rank_first', models.PositiveIntegerField(null=True)),
                ('rank_last', models.PositiveIntegerField(null=True)),
                ('severity_sd', models.DecimalField(decimal_places=4, max_digits=8)),
                ('category_ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('category_scores', django.contrib.postgres.fields.ArrayField(base_field=models.DecimalField(decimal_places=4, max_digits=8), default=list, size=None)),
                ('category_lower', django.contrib.postgres.fields.ArrayField(base_field=models.DecimalField(decimal_places=4, max_digits=8), default=list, size=None)),
                ('category_upper', django.contrib.postgres.fields.ArrayField(base_field=models.DecimalField(decimal_places=4, max_digits=8), default=list, size=None)),
                ('cycle', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='scores', to='scorecards.faircycle')),
            ],
        ),
        migrations.CreateModel(
            name='FairRater',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('n', models.PositiveIntegerField()),
                ('effect', models.DecimalField(decimal_places=4, max_digits=8)),
                ('se', models.DecimalField(decimal_places=4, max_digits=8)),
                ('component', models.PositiveIntegerField()),
                ('cycle', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='effects', to='scorecards.faircycle')),
                ('rater', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('cycle', 'rater'), name='one_effect_per_rater')],
            },
        ),
        migrations.RunSQL(
            "INSERT INTO scorecards_fairrequest (cycle_id, requested_at) "
            "SELECT id, now() FROM scorecards_cycle WHERE state = 'closed' ORDER BY ends DESC",
            migrations.RunSQL.noop,
        ),
    ]
