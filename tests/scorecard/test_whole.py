"""What a process remembers of templates is what they hold."""

from scorecards.models import Criterion, Template
from scorecards.services.templates import activate, new_version
from scorecards.whole import whole
from tests.factories import make_template


def weights(template: Template) -> dict[str, int]:
    """The weights a page would show that read the template just now."""
    read = whole(Template.objects.get(pk=template.pk))
    return {
        row.name: int(row.weight) for category in read.categories.all() for row in category.criteria.all()
    }


def test_a_version_in_use_is_read_once(db, django_assert_num_queries):
    template = make_template()
    assert weights(template) == {"On time": 50, "Quality": 50, "Fair": 100}
    template = Template.objects.get(pk=template.pk)
    with django_assert_num_queries(0):
        found = whole(template)
        assert [band.letter for band in found.bands.all()] == list("ABCDE")
        assert {
            row.category.template.pk for part in found.categories.all() for row in part.criteria.all()
        } == {template.pk}


def test_a_draft_is_read_anew_until_it_is_in_use(db):
    active = make_template()
    draft = new_version(active)
    assert weights(draft)["Quality"] == 50
    theirs = Criterion.objects.filter(category__template=draft)
    theirs.filter(name="Quality").update(weight=30)
    assert weights(draft)["Quality"] == 30
    theirs.filter(name="On time").update(weight=70)
    activate(draft)
    assert weights(draft) == {"On time": 70, "Quality": 30, "Fair": 100}
    assert weights(active) == {"On time": 50, "Quality": 50, "Fair": 100}
    assert whole(Template.objects.get(pk=active.pk)).state == Template.RETIRED
