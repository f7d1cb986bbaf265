"""What figures said for measured criteria, the triggers that keep it, and the scores it gives."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"

class Migration(migrations.Migration):

    dependencies = [
        ('evidence', '0005_figures_follow_entries'),
        ('scorecards', '0010_templates_for_candidates'),
    ]

    operations = [
        migrations.CreateModel(
            name='Measurement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('value', models.DecimalField(decimal_places=6, max_digits=18, null=True)),
                ('observations', models.PositiveIntegerField(default=0)),
                ('as_of', models.DateField()),
            ],
        ),
        migrations.AddConstraint(
            model_name='criterion',
            constraint=models.CheckConstraint(condition=models.Q(('floor', None), ('target', None), models.Q(('floor', models.F('target')), _negated=True), _connector='OR'), name='floor_is_not_target'),
        ),
        migrations.AddField(
            model_name='measurement',
            name='criterion',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='scorecards.criterion'),
        ),
        migrations.AddField(
            model_name='measurement',
            name='scorecard',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='measurements', to='scorecards.scorecard'),
        ),
        migrations.AddConstraint(
            model_name='measurement',
            constraint=models.UniqueConstraint(fields=('scorecard', 'criterion'), name='one_measurement_per_criterion'),
        ),
        migrations.RunSQL(
            (SQL / "measurements.sql").read_text(),
            """
            DROP TRIGGER line_changed ON scorecards_criterion;
            DROP FUNCTION scorecards_measurements_changed() CASCADE;
            DROP FUNCTION scorecards_scorecard_moved() CASCADE;
            DROP FUNCTION scorecards_scorecards_added() CASCADE;
            DROP FUNCTION scorecards_cycle_opened() CASCADE;
            DROP FUNCTION scorecards_figures_changed() CASCADE;
            DROP FUNCTION scorecards_measure(bigint[]);
            """,
        ),
        migrations.RunSQL((SQL / "outcomes.sql").read_text(), migrations.RunSQL.noop),
    ]
