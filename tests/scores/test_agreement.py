"""The set-based SQL and the definition in plain Python come to the same, to the last digit."""

import random
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings

from accounts.models import User
from scorecards.arithmetic import Arithmetic
from scorecards.figures import criterion_figures, criterion_scores
from scorecards.models import CategoryScore, Score, Scorecard
from scorecards.scoring import CategoryWeight, CriterionWeight, TemplateWeights, score_scorecard, stored
from scorecards.services.recompute import differences, recompute_now
from tests.factories import make_user
from tests.scores.portfolios import Given, Portfolio, portfolios, save_scorecards, save_template

STORED = ("overall", "coverage", "lower", "upper", "status", "standing", "raters")


def assert_agreement(portfolio: Portfolio, raters: list[User], name: str) -> list[Scorecard]:
    """Save the portfolio, recompute it in the database, and compare every number with the definition."""
    weights = portfolio.template
    template, criteria, categories = save_template(weights, name)
    cards = save_scorecards(template, criteria, portfolio.scorecards, raters, measured=portfolio.measured)
    recompute_now([card.pk for card in cards])
    for place, (card, assessments) in enumerate(zip(cards, portfolio.scorecards, strict=True)):
        measured = portfolio.measured[place] if portfolio.measured else {}
        given = [given[:2] for given in assessments if given.submitted]
        expected = score_scorecard(weights, given, measured)
        found = Score.objects.get(scorecard=card)
        assert [getattr(found, field) for field in STORED] == [getattr(expected, field) for field in STORED]
        assert found.capped_by_id == criteria.get(expected.capped_by)
        assert dict(CategoryScore.objects.filter(scorecard=card).values_list("category", "score")) == {
            categories[place]: stored(part.score)
            for place, part in expected.categories.items()
            if part.score is not None
        }
        scores = {
            (card.pk, criteria[place]): stored(part.score)
            for place, part in expected.criteria.items()
            if part.score is not None
        }
        assert criterion_scores([card.pk]) == scores
        figures = criterion_figures([card.pk])
        assert {key: one.score for key, one in figures.items() if one.score is not None} == scores
        taken_apart = Arithmetic(
            Scorecard.objects.select_related("template", "score").get(pk=card.pk)
        ).outcome
        assert [getattr(taken_apart, field) for field in STORED] == [
            getattr(expected, field) for field in STORED
        ]
    assert differences([card.pk for card in cards]) == []
    return cards


@pytest.fixture
def raters(db) -> list[User]:
    return [make_user() for _ in range(6)]


@pytest.mark.django_db
@settings(
    max_examples=120, derandomize=True,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(portfolio=portfolios())
def test_the_database_agrees_with_the_definition(raters, portfolio):
    with transaction.atomic():
        assert_agreement(portfolio, raters, "Generated")
        transaction.set_rollback(True)


def three_criteria(**fields) -> TemplateWeights:
    criteria = tuple(
        CriterionWeight(place, Decimal(weight)) for place, weight in enumerate(("13.8", "44.5", "41.7"))
    )
    categories = (
        CategoryWeight(0, Decimal("33.3333"), criteria[:2]),
        CategoryWeight(1, Decimal("66.6667"), criteria[2:]),
    )
    return TemplateWeights(categories, **fields)


@pytest.mark.parametrize("role_weights", [{}, {"it": Decimal("1.25"), "business": Decimal("0.3")}])
def test_thousands_of_raters_agree_too(db, role_weights):
    people = User.objects.bulk_create(
        User(name=f"Person {n}", email=f"many{n}@example.org") for n in range(3001)
    )
    chance = random.Random(7)
    marks = [
        Given(
            chance.choice(["it", "business", "leadership"]),
            {c: chance.choice([1, 2, 3, 4, 5, 5, "n/a", None]) for c in range(3)},
        )
        for _ in people
    ]
    assert_agreement(Portfolio(three_criteria(role_weights=role_weights), [marks]), people, "Many")


@pytest.mark.parametrize(
    ("mark", "overall"), [(1, "0.0001"), (2, "0.0001"), (3, "0.0002"), (5, "0.0003"), (19_999, "1.0000")]
)
def test_a_tie_at_the_last_digit_is_rounded_up(raters, mark, overall):
    criteria = (CriterionWeight(0, Decimal(1)), CriterionWeight(1, Decimal(99)))
    weights = TemplateWeights((CategoryWeight(0, Decimal(100), criteria),), scale_min=0, scale_max=20_000)
    given = [Given("it", {0: mark, 1: 0})] * 3  # mark × 0.00005
    (card,) = assert_agreement(Portfolio(weights, [given]), raters, "Tie")
    assert str(Score.objects.get(scorecard=card).overall) == overall


@pytest.mark.parametrize(("mark", "standing"), [(7976, "C"), (7975, "D")])
def test_a_critical_minimum_is_compared_with_what_is_shown(raters, mark, standing):
    # 7976 of 11967 is 66.64995…, stored as 66.6500 and shown as 66.7; 7975 shows as 66.6.
    critical = CriterionWeight(0, Decimal(100), critical_minimum=Decimal("66.7"), critical_cap="D")
    weights = TemplateWeights((CategoryWeight(0, Decimal(100), (critical,)),), scale_min=0, scale_max=11_967)
    (card,) = assert_agreement(Portfolio(weights, [[Given("it", {0: mark})] * 2]), raters, "Critical")
    assert Score.objects.get(scorecard=card).standing == standing


def test_a_category_that_loses_its_score_loses_its_row(raters):
    weights = three_criteria()
    template, criteria, categories = save_template(weights, "Vanishing")
    (card,) = save_scorecards(
        template, criteria, [[Given("it", {0: 4, 1: 4, 2: 4}), Given("it", {0: 4, 1: 4})]], raters
    )
    recompute_now([card.pk])
    assert CategoryScore.objects.filter(scorecard=card).count() == 2
    card.assessments.filter(rater=raters[0]).update(submitted_at=None)
    recompute_now([card.pk])
    left = CategoryScore.objects.get(scorecard=card)
    assert left.category_id == categories[0]
    assert left.score == Score.objects.get(scorecard=card).overall == Decimal("75.0000")
