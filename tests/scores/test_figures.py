"""Ranks, changes, histories and criterion figures, as pages read them."""

from decimal import Decimal
from fractions import Fraction

import pytest

from scorecards.figures import (
    category_scores,
    comparisons,
    criterion_figures,
    histories,
    place_of,
)
from scorecards.models import CategoryScore, Criterion, Score, Scorecard
from scorecards.scoring import DOES_NOT_APPLY, MISSING
from scorecards.services.recompute import recompute_now
from tests.factories import make_assessment, make_cycle, make_partner, make_scorecard, make_template, rate

pytestmark = pytest.mark.django_db
QUARTERS = {"2026 Q2": ("2026-04-01", "2026-06-30"), "2026 Q3": ("2026-07-01", "2026-09-30"), "2026 Q4": ("2026-10-01", "2026-12-31")}  # fmt: skip


@pytest.fixture
def template():
    return make_template()


def quarter(name: str, template, state: str = "closed"):
    starts, ends = QUARTERS[name]
    return make_cycle(template, state=state, name=name, starts=starts, ends=ends)


def scored(cycle, template, overall, partner=None, status: str = "final") -> Scorecard:
    card = make_scorecard(partner or make_partner(), template, cycle)
    overall = None if overall is None else Decimal(overall)
    Score.objects.create(scorecard=card, overall=overall, status=status, coverage=100, standing="B", raters=2)
    return card


def ranks(cards) -> dict[int, int | None]:
    """Ranks worked out for the whole list, having seen that one by one they are the same."""
    found = {pk: compared.rank for pk, compared in comparisons(cards.values_list("pk", flat=True)).items()}
    one_by_one = {
        card.pk: place_of(card, getattr(card, "score", None))[0] for card in cards.select_related("partner")
    }
    assert one_by_one == found
    return found


def test_equal_scores_share_a_rank_and_the_next_one_is_skipped(template):
    cycle = quarter("2026 Q4", template)
    cards = [scored(cycle, template, overall) for overall in ("90", "80", "80", "70.0001", "70")]
    assert [ranks(Scorecard.objects.all())[card.pk] for card in cards] == [1, 2, 2, 4, 5]


def test_only_final_scores_of_the_same_cycle_and_template_are_ranked(template):
    cycle = quarter("2026 Q4", template)
    last = scored(cycle, template, "50")
    provisional = scored(cycle, template, "99", status="provisional")
    nothing = scored(cycle, template, None, status="no score")
    scored(quarter("2026 Q3", template), template, "60")
    scored(cycle, make_template(), "70")
    unscored = make_scorecard(template=template, cycle=cycle)
    found = ranks(Scorecard.objects.filter(cycle=cycle, template=template))
    assert found == {last.pk: 1, provisional.pk: None, nothing.pk: None, unscored.pk: None}
    assert place_of(last, last.score) == (1, 1)


def test_a_rank_counts_partners_the_reader_does_not_see(template):
    cycle = quarter("2026 Q4", template)
    scored(cycle, template, "90")
    mine = scored(cycle, template, "80")
    assert ranks(Scorecard.objects.filter(pk=mine.pk)) == {mine.pk: 2}
    assert not comparisons([])


@pytest.mark.parametrize("kind", ["own", "unit"])
def test_internal_partners_stand_apart_even_with_the_same_template(template, kind):
    cycle = quarter("2026 Q4", template)
    vendor = scored(cycle, template, "80")
    inside = scored(cycle, template, "90", make_partner(kind=kind))
    assert ranks(Scorecard.objects.all()) == {vendor.pk: 1, inside.pk: 1}


def test_the_change_is_against_the_last_closed_cycle_with_a_score(template):
    partner = make_partner()
    other = make_template()
    first = scored(quarter("2026 Q2", template), template, "70.04", partner)
    scored(quarter("2026 Q3", template, "open"), template, "10", partner)
    now = scored(quarter("2026 Q4", template, "open"), other, "79.95", partner)
    found = comparisons([now.pk])[now.pk]
    assert (found.previous_id, found.previous_cycle, found.previous) == (
        first.pk,
        "2026 Q2",
        Decimal("70.0400"),
    )
    # As shown: 80.0 against 70.0.
    assert (found.change, found.like_for_like) == (Decimal("10.0"), False)
    oldest = comparisons([first.pk])[first.pk]
    assert (oldest.previous_id, oldest.change, oldest.like_for_like) == (None, None, None)


def test_a_cycle_without_a_score_is_passed_over(template):
    partner = make_partner()
    scored(quarter("2026 Q2", template), template, "70", partner)
    scored(quarter("2026 Q3", template), template, None, partner, status="no score")
    now = scored(quarter("2026 Q4", template, "open"), template, "75", partner)
    found = comparisons([now.pk])[now.pk]
    assert (found.previous_cycle, found.change, found.like_for_like) == ("2026 Q2", 5, True)


def test_histories_are_oldest_first_in_one_query(template, django_assert_num_queries):
    partner, other = make_partner(), make_partner()
    scored(quarter("2026 Q4", template, "open"), template, None, partner, status="no score")
    cycle = quarter("2026 Q3", template)
    scored(cycle, template, "60", partner)
    make_scorecard(other, template, cycle)
    with django_assert_num_queries(1):
        found = histories(Scorecard.objects.filter(partner__in=[partner, other]))
    assert [(point.cycle, point.closed, point.overall) for point in found[partner.pk]] == [
        ("2026 Q3", True, Decimal(60)),
        ("2026 Q4", False, None),
    ]
    assert [(point.status, point.standing) for point in found[other.pk]] == [("no score", "")]


def test_figures_of_criteria_say_who_said_what_in_one_query(template, django_assert_num_queries):
    card = make_scorecard(template=template)
    for marks in ((4, "n/a", None), (5, "n/a", None), (3, "n/a", None), (None, "n/a", None)):
        rate(make_assessment(card, submitted=True), *marks)
    rate(make_assessment(card), 1, 1, 1)
    with django_assert_num_queries(1):
        found = criterion_figures([card.pk])
    on_time, quality, fair = (
        found[card.pk, c.pk] for c in Criterion.objects.filter(category__template=template)
    )
    assert (on_time.score, on_time.mean, on_time.count, on_time.not_answered) == (
        Decimal("75.0000"),
        Fraction(4),
        3,
        1,
    )
    assert on_time.marks is None, "with three marks one could tell who gave which"
    assert (quality.state, quality.not_applicable, quality.score) == (DOES_NOT_APPLY, 4, None)
    assert (fair.state, fair.asked, fair.not_answered, fair.mean) == (MISSING, 4, 4, None)


def test_marks_are_listed_by_size_from_five_on_and_weighed_by_role():
    template = make_template(
        {("Service", 100): [("On time", 100)]}, role_weights={"it": "0", "business": "2"}
    )
    card = make_scorecard(template=template)
    for mark in (5, 1, 4, 2, 3):
        rate(make_assessment(card, submitted=True), mark)
    rate(make_assessment(card, submitted=True, rater_role="it"), 1)
    ((_, found),) = criterion_figures([card.pk]).items()
    assert (found.marks, found.count, found.tally.weight, found.mean) == ((1, 2, 3, 4, 5), 5, 10, 3)


def test_figures_agree_with_what_is_stored(template):
    card = make_scorecard(template=template)
    for marks in ((4, 2, 5), (5, 5, 1), (3, "n/a", 2)):
        rate(make_assessment(card, submitted=True), *marks)
    recompute_now([card.pk])
    figures = criterion_figures([card.pk])
    fair = Criterion.objects.get(name="Fair", category__template=template)
    assert category_scores([card.pk])[card.pk, fair.category_id] == figures[card.pk, fair.pk].score
    assert len(category_scores([card.pk])) == CategoryScore.objects.count() == 2
