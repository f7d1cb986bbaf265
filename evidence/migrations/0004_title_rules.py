"""Words to begin with for what meetings are for. Nobody typed them, so the history does not begin with them."""

from django.db import migrations

# In this order: the first that fits counts.
RULES = [
    ("governance", ["QBR", "Business review", "Service review", "Steering", "Governance", "Escalation"]),
    ("roadmap", ["Roadmap", "Product update", "Release preview"]),
    ("planning", ["Planning", "Joint plan", "Strategy", "Workshop"]),
    ("sells", ["Offer", "Quote", "Quotation", "Pricing", "Proposal", "Renewal", "Licen", "Negotiation", "Demo", "Sales"]),
    ("social", ["Lunch", "Dinner", "Breakfast", "Drinks", "Coffee", "Hospitality", "Golf", "Christmas", "Summer party"]),
]


def insert_rules(apps, schema_editor):
    rule = apps.get_model("evidence", "TitleRule")
    pairs = [(word, purpose) for purpose, words in RULES for word in words]
    schema_editor.execute("ALTER TABLE evidence_titlerule DISABLE TRIGGER USER")
    rule.objects.bulk_create(
        [rule(word=word, purpose=purpose, position=place) for place, (word, purpose) in enumerate(pairs, 1)],
        ignore_conflicts=True,
    )
    schema_editor.execute("ALTER TABLE evidence_titlerule ENABLE TRIGGER USER")


class Migration(migrations.Migration):
    dependencies = [("evidence", "0003_drafts_stay_private")]
    operations = [migrations.RunPython(insert_rules, migrations.RunPython.noop)]
