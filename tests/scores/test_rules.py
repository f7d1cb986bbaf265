"""What the database refuses of marks, whoever writes them, and what it remembers."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import AuditEntry
from scorecards.models import Assessment, Category, Criterion, Cycle, Rating, Scorecard, Template
from scorecards.services.recompute import differences, recompute_now
from tests.factories import make_assessment, make_cycle, make_scorecard, make_template, rate

pytestmark = pytest.mark.django_db


@pytest.fixture
def assessment() -> Assessment:
    assessment = make_assessment(submitted=True)
    rate(assessment, 4, "n/a", None)
    return assessment


def refused(rule: str):
    """Expect the named rule to refuse, and leave the test's transaction usable."""

    class Refused:
        def __enter__(self):
            self.savepoint = transaction.atomic()
            self.savepoint.__enter__()

        def __exit__(self, kind, error, trace):
            self.savepoint.__exit__(kind, error, trace)
            assert isinstance(error, IntegrityError), error
            assert error.__cause__.diag.constraint_name == rule
            return True

    return Refused()


def test_a_mark_off_the_scale_is_refused_however_it_is_written(assessment):
    with refused("rating_value_within_scale"):
        Rating.objects.filter(assessment=assessment, value=4).update(value=6)
    with refused("rating_value_within_scale"), connection.cursor() as cursor:
        cursor.execute("UPDATE scorecards_rating SET value = 0 WHERE value = 4")
    criterion = Criterion.objects.filter(category__template=assessment.scorecard.template)[2]
    with refused("rating_value_within_scale"):
        Rating.objects.create(
            assessment=assessment, scorecard=assessment.scorecard, criterion=criterion, value=-1
        )


def test_a_mark_belongs_to_the_scorecard_and_template_of_its_assessment(assessment):
    other = make_scorecard()
    with refused("rating_scorecard_of_assessment"):
        Rating.objects.filter(value=4).update(scorecard=other)
    with refused("rating_criterion_of_template"):
        Rating.objects.filter(value=4).update(
            criterion=Criterion.objects.get(category__template=other.template, name="Fair")
        )
    with refused("assessment_keeps_its_scorecard"):
        Assessment.objects.filter(pk=assessment.pk).update(scorecard=other)


def test_only_roles_that_are_asked_give_marks(assessment):
    Criterion.objects.filter(name="Fair").update(roles=["it"])
    criterion = Criterion.objects.get(name="Fair")
    with refused("rating_of_asked_role"):
        Rating.objects.create(
            assessment=assessment, scorecard=assessment.scorecard, criterion=criterion, value=3
        )
    it = make_assessment(assessment.scorecard, rater_role="it")
    Rating.objects.create(assessment=it, scorecard=it.scorecard, criterion=criterion, value=3)
    with refused("rating_of_asked_role"):
        Assessment.objects.filter(pk=it.pk).update(rater_role="business")


def test_nothing_of_a_closed_cycle_changes_until_it_is_reopened(assessment):
    draft = make_assessment(assessment.scorecard)
    Cycle.objects.update(state="closed")
    for attempt in (
        lambda: Rating.objects.filter(value=4).update(value=5),
        lambda: Rating.objects.all().delete(),
        lambda: Rating.objects.create(
            assessment=draft, scorecard=draft.scorecard, criterion=Criterion.objects.all()[0], value=3
        ),
        lambda: Assessment.objects.filter(pk=draft.pk).update(submitted_at=timezone.now()),
        lambda: Assessment.objects.filter(pk=assessment.pk).update(rater_role="it"),
        lambda: Assessment.objects.filter(pk=draft.pk).delete(),
        lambda: Scorecard.objects.update(template=make_template()),
    ):
        with refused("cycle_is_closed"):
            attempt()
    Cycle.objects.update(state="open")
    assert Rating.objects.filter(value=4).update(value=5) == 1


def test_the_weights_behind_a_closed_cycle_stay_as_they_were(assessment):
    template = assessment.scorecard.template
    Cycle.objects.update(state="closed")
    for attempt in (
        lambda: Criterion.objects.filter(name="Fair").update(weight=99),
        lambda: Criterion.objects.filter(name="Fair").delete(),
        lambda: Category.objects.filter(name="Price").update(weight=39),
        lambda: Category.objects.create(template=template, name="New", weight=1),
        lambda: template.bands.filter(letter="A").update(lower=90),
        lambda: Template.objects.filter(pk=template.pk).update(role_weights={"it": "2"}),
    ):
        with refused("template_of_closed_cycle"):
            attempt()
    Template.objects.filter(pk=template.pk).update(state="retired", name="Of old")
    make_template()


def test_a_scorecard_with_marks_keeps_its_template(assessment):
    with refused("scorecard_keeps_its_template"):
        Scorecard.objects.update(template=make_template())
    empty = make_scorecard()
    Scorecard.objects.filter(pk=empty.pk).update(template=make_template())


@pytest.mark.parametrize(
    "weights", [{"it": 2}, {"it": "1_000"}, {"it": "NaN"}, {"it": "-1"}, {"it": "٣"}, ["it"]]
)
def test_role_weights_are_written_as_decimals(weights):
    with refused("role_weights_are_decimals"):
        make_template(role_weights=weights)


def test_drafts_are_nobodys_history_and_what_is_handed_in_is(assessment):
    draft = make_assessment(assessment.scorecard)
    AuditEntry.objects.all().delete()
    rate(draft, 2, "n/a", 3)
    Rating.objects.filter(assessment=draft, value=2).update(value=1)
    assert not AuditEntry.objects.exists()
    Assessment.objects.filter(pk=draft.pk).update(submitted_at=timezone.now())
    first, second, third = Criterion.objects.filter(category__template=draft.scorecard.template)
    entry = AuditEntry.objects.get(action="submit")
    assert (entry.table_name, entry.row_id) == ("scorecards_assessment", draft.pk)
    assert entry.after == {"marks": {str(first.pk): 1, str(second.pk): "n/a", str(third.pk): 3}}


def test_every_change_after_submission_is_history(assessment):
    AuditEntry.objects.all().delete()
    rating = Rating.objects.get(value=4)
    Rating.objects.filter(pk=rating.pk).update(value=5)
    Rating.objects.filter(pk=rating.pk).update(version=7)
    Rating.objects.filter(pk=rating.pk).delete()
    assert list(AuditEntry.objects.order_by("id").values_list("action", "row_id", "before")) == [
        ("update", rating.pk, {"value": 4}),
        ("delete", rating.pk, AuditEntry.objects.get(action="delete").before),
    ]
    assert AuditEntry.objects.get(action="update").after == {"value": 5}
    assert AuditEntry.objects.get(action="delete").before["value"] == 5


def test_a_closed_cycle_is_reproduced_to_the_last_digit():
    cycle = make_cycle(state="closed")
    card = make_scorecard(cycle=cycle)
    for marks in ((4, 3, 5), (2, "n/a", 4), (5, 3, None)):
        rate(make_assessment(card, submitted=True), *marks)
    recompute_now([card.pk])
    assert differences([card.pk]) == []
    card.score.overall += 1
    card.score.save()
    assert [str(difference) for difference in differences([card.pk])] == [
        f"scorecard {card.pk}: overall is 71, the marks give 70"
    ]
