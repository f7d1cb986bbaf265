"""Category scores move into the row of their scorecard's score; a view shows them as rows again."""

from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.lookups
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('scorecards', '0004_rating_rules'),
    ]

    operations = [
        migrations.AddField(
            model_name='score',
            name='category_ids',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None),
        ),
        migrations.AddField(
            model_name='score',
            name='category_scores',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.DecimalField(decimal_places=4, max_digits=7), default=list, size=None),
        ),
        migrations.RunSQL(
            """
            UPDATE scorecards_score s SET category_ids = c.ids, category_scores = c.scores
            FROM (SELECT scorecard_id, array_agg(category_id ORDER BY category_id) AS ids,
                         array_agg(score ORDER BY category_id) AS scores
                  FROM scorecards_categoryscore GROUP BY scorecard_id) c
            WHERE c.scorecard_id = s.scorecard_id
            """,
            """
            INSERT INTO scorecards_categoryscore (scorecard_id, category_id, score)
            SELECT scorecard_id, category_id, score
            FROM scorecards_score, unnest(category_ids, category_scores) c (category_id, score)
            """,
        ),
        migrations.DeleteModel(name='CategoryScore'),
        migrations.CreateModel(
            name='CategoryScore',
            fields=[
                ('pk', models.CompositePrimaryKey('scorecard', 'category', blank=True, editable=False, primary_key=True, serialize=False)),
                ('score', models.DecimalField(decimal_places=4, max_digits=7)),
                ('category', models.ForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='scorecards.category')),
                ('scorecard', models.ForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='category_scores', to='scorecards.scorecard')),
            ],
            options={'managed': False},
        ),
        migrations.RunSQL(
            """
            CREATE VIEW scorecards_categoryscore AS
            SELECT s.scorecard_id, c.category_id, c.score
            FROM scorecards_score s, unnest(s.category_ids, s.category_scores) c (category_id, score)
            """,
            "DROP VIEW scorecards_categoryscore",
        ),
        migrations.RunSQL((SQL / "outcomes.sql").read_text() + (SQL / "recompute.sql").read_text(), migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='score',
            name='capped_by',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='scorecards.criterion'),
        ),
        migrations.AddIndex(
            model_name='score',
            index=models.Index(condition=models.Q(('capped_by__isnull', False)), fields=['capped_by'], name='score_by_capping_criterion'),
        ),
        migrations.AddConstraint(
            model_name='score',
            constraint=models.CheckConstraint(condition=django.db.models.lookups.Exact(models.Func(models.F('category_ids'), function='cardinality', output_field=models.IntegerField()), models.Func(models.F('category_scores'), function='cardinality', output_field=models.IntegerField())), name='one_score_per_category'),
        ),
    ]
