"""The worked examples of the definition, and the choices it makes where the words leave room."""

from decimal import Decimal
from fractions import Fraction

import pytest

from scorecards.scoring import (
    DOES_NOT_APPLY,
    FINAL,
    MISSING,
    NO_SCORE,
    NOT_APPLICABLE,
    PROVISIONAL,
    CategoryWeight,
    CriterionWeight,
    Outcome,
    TemplateWeights,
    band_of,
    score_scorecard,
    shown,
    stored,
)

NA = NOT_APPLICABLE


def category(identity: int, weight, *criteria, first: int = 0, **fields) -> CategoryWeight:
    """A category of criteria given by weight; their ids count on from `first`."""
    return CategoryWeight(
        identity,
        Decimal(str(weight)),
        tuple(
            CriterionWeight(first + place, Decimal(str(w)), **fields) for place, w in enumerate(criteria, 1)
        ),
    )


def template(*categories: CategoryWeight, **fields) -> TemplateWeights:
    return TemplateWeights(categories, **fields)


def score(weights: TemplateWeights, *raters: list | tuple[str, list]) -> Outcome:
    """Score marks listed in the order of the criteria, one list a rater (business unless named)."""
    named = [rater if isinstance(rater, tuple) else ("business", rater) for rater in raters]
    return score_scorecard(weights, [(role, dict(enumerate(marks, 1))) for role, marks in named])


def numbers(outcome: Outcome) -> tuple:
    return tuple(
        None if value is None else float(shown(value))
        for value in (outcome.overall, outcome.coverage, outcome.lower, outcome.upper)
    )


FIVE = template(category(1, 100, 30, 25, 20, 15, 10), scale_min=0, scale_max=100)


def test_two_categories_of_80_and_90_weighing_3_and_1_come_to_82_5():
    weights = template(category(1, 3, 100), category(2, 1, 100, first=1), scale_min=0, scale_max=100)
    assert score(weights, [80, 90]).overall == Decimal("82.5000")


def test_what_is_not_answered_lowers_coverage_and_not_the_score():
    assert numbers(score(FIVE, [80, 60, None, 90, None])) == (75.0, 70.0, 52.5, 82.5)


def test_what_does_not_apply_leaves_coverage_full_and_the_bounds_closed():
    assert numbers(score(FIVE, [80, 60, NA, 90, NA])) == (75.0, 100.0, 75.0, 75.0)


def test_a_mean_is_of_those_who_rated():
    outcome = score(template(category(1, 100, 60, 40)), [4, 2], [5, NA], [3, 2])
    assert [part.score for part in outcome.criteria.values()] == [75, 25]
    assert outcome.overall == Decimal("55.0000")


def test_all_lowest_marks_are_a_real_zero():
    assert score(template(category(1, 100, 100)), [1], [1], [1]).overall == 0


def test_nothing_rated_is_no_score_and_could_still_be_anything():
    outcome = score(FIVE, [None] * 5)
    assert (outcome.overall, outcome.status, outcome.standing) == (None, NO_SCORE, "")
    assert (outcome.coverage, outcome.lower, outcome.upper) == (0, 0, 100)


def test_where_nothing_applies_there_are_no_bounds_either():
    outcome = score(FIVE, [NA] * 5)
    assert (outcome.overall, outcome.coverage, outcome.lower, outcome.upper) == (None, 0, None, None)
    assert outcome.categories[1].state == DOES_NOT_APPLY


@pytest.mark.parametrize(
    ("exact", "seen", "letter"),
    [
        ("79.95", "80.0", "B"),
        ("79.94", "79.9", "C"),
        ("79.94995", "80.0", "B"),
        ("100", "100.0", "B"),
        ("0", "0.0", "C"),
    ],
)
def test_a_score_stands_where_people_see_it(exact, seen, letter):
    bands = [("B", Decimal(80)), ("C", Decimal(50))]
    assert (str(shown(Decimal(exact))), band_of(bands, Decimal(exact))) == (seen, letter)


def test_halves_are_rounded_up_at_four_decimals_and_a_change_away_from_zero():
    assert stored(Fraction(1, 20_000)) == Decimal("0.0001")
    assert shown(Fraction(-1, 20)) == Decimal("-0.1")


def test_each_state_of_a_cell_counts_as_what_it_is():
    weights = template(
        CategoryWeight(
            1, Decimal(100), (CriterionWeight(1, Decimal(50)), CriterionWeight(2, Decimal(50), ("it",)))
        )
    )
    # Not applicable to one who was asked, unanswered by another: it applies, and is missing.
    outcome = score(weights, ("it", [4, NA]), ("it", [4, None]))
    assert (outcome.criteria[2].state, outcome.coverage) == (MISSING, 50)
    # The other was not asked at all, so everybody who was says that it does not apply.
    outcome = score(weights, ("it", [4, NA]), ("business", [4, None]))
    assert (outcome.criteria[2].state, outcome.coverage) == (DOES_NOT_APPLY, 100)
    # Nobody was asked: missing, not "does not apply".
    assert score(weights, ("business", [4, None])).criteria[2].state == MISSING


def test_a_role_counts_as_much_as_its_weight_and_not_at_all_with_none():
    weights = template(category(1, 100, 100), role_weights={"it": Decimal("1.5"), "leadership": Decimal(0)})
    outcome = score(weights, ("it", [5]), ("business", [1]), ("leadership", [1]))
    assert (outcome.overall, outcome.raters) == (Decimal("60.0000"), 2)


def test_weights_of_zero_are_scored_and_do_not_count():
    weights = template(category(1, 0, 100), category(2, 100, 0, 100, first=1))
    outcome = score(weights, [5, 5, 2], [5, 5, 2])
    assert (outcome.overall, outcome.coverage) == (Decimal("25.0000"), 100)
    assert outcome.categories[1].score == 100
    assert score(template(category(1, 0, 100)), [5], [5]).status == NO_SCORE


def test_a_measured_criterion_waits_for_its_evidence():
    measured = CriterionWeight(2, Decimal(40), measured=True)
    weights = template(CategoryWeight(1, Decimal(100), (CriterionWeight(1, Decimal(60)), measured)))
    assert numbers(score(weights, [5, 5], [5, 5])) == (100.0, 60.0, 60.0, 100.0)


def test_too_few_raters_or_too_little_coverage_is_provisional_and_has_no_standing():
    weights = template(category(1, 100, 60, 40))
    assert score(weights, [5, None], [5, None]).status == FINAL
    assert (score(weights, [5, 5]).status, score(weights, [5, 5]).standing) == (PROVISIONAL, "")
    assert score(weights, [None, 5], [None, 5]).status == PROVISIONAL


def critical(minimum, cap: str = "") -> TemplateWeights:
    return template(
        CategoryWeight(
            1,
            Decimal(100),
            (CriterionWeight(1, Decimal(1), critical_minimum=Decimal(minimum), critical_cap=cap), CriterionWeight(2, Decimal(99))),
        )
    )  # fmt: skip


def test_a_critical_criterion_holds_the_standing_to_its_band_and_is_named():
    outcome = score(critical(40, "C"), [1, 5], [1, 5])
    assert (outcome.standing, outcome.capped_by) == ("C", 1)
    assert score(critical(40), [1, 5], [1, 5]).standing == "D"
    assert score(critical(40, "Z"), [1, 5], [1, 5]).standing == "D"


def test_a_cap_never_lifts_a_standing_and_the_minimum_itself_is_enough():
    outcome = score(critical(40, "C"), [1, 1], [1, 1])
    assert (outcome.standing, outcome.capped_by) == ("E", None)
    assert score(critical(50), [3, 5], [3, 5]).capped_by is None


def test_of_two_caps_the_lower_one_is_named():
    weights = template(
        CategoryWeight(
            1,
            Decimal(100),
            tuple(
                CriterionWeight(
                    place, Decimal(weight), critical_minimum=Decimal(50) if cap else None, critical_cap=cap
                )
                for place, (weight, cap) in enumerate([(1, "B"), (1, "D"), (1, "D"), (97, "")], 1)
            ),
        )
    )
    outcome = score(weights, [1, 1, 1, 5], [1, 1, 1, 5])
    assert (outcome.standing, outcome.capped_by) == ("D", 2)
