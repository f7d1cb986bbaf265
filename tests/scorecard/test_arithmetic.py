"""The steps shown beside a number come to that number, to the last digit."""

import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorecards import scoring
from scorecards.arithmetic import Arithmetic, equation
from scorecards.measures import exact
from scorecards.models import Criterion, Cycle, Scorecard
from tests.factories import make_cycle, make_partner, make_template


def steps(card: Scorecard, name: str) -> dict[str, str]:
    sums = Arithmetic(card)
    rows = {row.criterion.name: row for row in sums.criteria} | {
        row.category.name: row for row in sums.categories
    }
    return dict(rows[name].steps)


def earlier() -> Cycle:
    return make_cycle(state="closed", ends="2026-09-30", starts="2026-07-01", name="2026 Q3")


def worked_out(written: str) -> Decimal:
    """Do the sum that an equation writes down, with its own digits."""
    left, _, _ = written.partition(" = ")
    terms, _, total = left.rpartition(" ÷ ")
    pairs = re.findall(r"([\d.]+) × ([\d.]+)", terms)
    return scoring.stored(sum(Fraction(w) * Fraction(s) for w, s in pairs) / Fraction(total))


def test_every_step_of_a_criterion_is_written_out(scored):
    card = scored(*[[mark] for mark in (1, 1, 2, 2, 2, 2, 2, 3)])
    shown = steps(card, "On time")
    assert shown["The 8 marks"] == "1, 1, 2, 2, 2, 2, 2, 3, in order of size"
    assert shown["Mean"] == "15 ÷ 8 = 1.875"
    assert shown["As per cent"] == "(1.875 − 1) ÷ (5 − 1) × 100 = 21.875, shown as 21.9"


def test_fewer_than_five_marks_are_never_listed(scored):
    shown = steps(scored([1], [2], [5], [5]), "On time")
    assert "1, 2" not in " ".join(shown.values())
    assert "no rater can be worked out" in shown["The 4 marks"]
    assert shown["Mean"] == "13 ÷ 4 = 3.25"


def test_what_does_not_apply_or_was_left_open_is_said_to_be_left_out(scored):
    shown = steps(scored([4], ["n/a"], [None]), "On time")
    assert shown["Left out"] == "1 said it does not apply and 1 left it open; never counted as zero"


def test_the_parts_of_a_scorecard_add_up_to_its_score(scored):
    card = scored([4, 5, 2], [3, None, 1], [2, 5, "n/a"])
    sums = Arithmetic(card)
    assert scoring.stored(sum(row.points for row in sums.categories)) == card.score.overall
    assert scoring.stored(sum(row.points for row in sums.criteria)) == card.score.overall


def test_the_overall_arithmetic_comes_to_the_stored_score(scored):
    card = scored([4, 5, 2], [3, 4, 1], [2, 5, 4])
    assert worked_out(Arithmetic(card).overall_equation) == card.score.overall


@given(
    st.lists(
        st.tuples(st.integers(1, 10**6), st.integers(0, 400), st.integers(1, 37)), min_size=1, max_size=9
    )
)
def test_whatever_the_numbers_the_written_sum_reconciles(parts):
    terms = [
        (Decimal(w) / 10000, Fraction(m, 4 * n) * 100 if m <= 4 * n else Fraction(100)) for w, m, n in parts
    ]
    result = scoring.weighted_mean((Fraction(w), s) for w, s in terms)
    written = equation(terms, result)
    assert worked_out(written) == scoring.stored(result)
    assert Fraction(written.rpartition(" = ")[2]) == Fraction(scoring.stored(result))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Fraction(7, 2), "3.5"),
        (Fraction(1, 3), "0.333333…"),
        (Decimal("13.8"), "13.8"),
        (100, "100"),
        (0, "0"),
    ],
)
def test_numbers_are_written_with_all_their_decimals_or_an_ellipsis(value, shown):
    assert exact(value) == shown


def test_what_has_no_score_is_explained_and_its_weight_shared(scored):
    card = scored([4, None, 2], [3, None, 1])
    shown = steps(card, "Service")
    assert shown["Left out"] == "“Quality” (nobody answered): the others share the weight"
    assert "50 ÷ 50 of the category" in steps(card, "On time")["Its part"]


def test_a_criterion_that_applies_to_nobody_says_so(scored):
    assert steps(scored([4, "n/a", 2], [3, "n/a", 1]), "Quality")["No score"].startswith("does not apply")


def test_role_weights_stand_in_the_sum(scored):
    template = make_template(role_weights={"it": "2.5"})
    card = scored([5], [1], roles=("it", "business"), template=template)
    assert steps(card, "On time")["Mean"] == "13.5 ÷ 3.5 = 3.857142…"


def test_changes_are_matched_by_name_across_versions_of_a_template(scored):
    old = scored(
        [1, 1, 1], [1, 1, 1], cycle=make_cycle(state="closed", ends="2026-09-30", starts="2026-07-01")
    )
    new = scored([5, 3, 1], [5, 3, 1])
    sums = Arithmetic(new, before=old)
    assert [row.change for row in sums.criteria] == [100, 50, 0]
    assert [row.change for row in sums.categories] == [75, 0]


def test_a_measured_criterion_waits_for_the_evidence(scored):
    card = scored([4, 4, 4], [4, 4, 4])
    Criterion.objects.filter(name="Quality").update(kind=Criterion.MEASURED)
    assert steps(card, "Quality") == {"No score": "measured, and its figure is not settled"}


def test_what_each_part_moved_makes_the_whole_change(scored):
    """Also where a category had no score before, so that the others shared its weight."""
    template = make_template(
        {("One", 50): [("a", 60), ("b", 40)], ("Two", 30): [("c", 100)], ("Three", 20): [("d", 100)]}
    )
    partner = make_partner()
    before = scored([4, 2, 3, None], [5, 3, 3, None], partner=partner, template=template, cycle=earlier())
    now = scored([2, 3, 5, 4], [3, "n/a", 4, 4], partner=partner, template=template)
    sums = Arithmetic(now, before=before)
    change = now.score.overall - before.score.overall
    assert scoring.stored(sum(row.moved for row in sums.moves)) == change == sums.moved
    assert scoring.stored(sum(row.moved for row in sums.criteria)) == change
    assert [row.category.name for row in sums.moves] == ["One", "Three", "Two"]


def test_another_version_of_the_template_moves_nothing(scored):
    partner = make_partner()
    before = scored([4, 4, 4], [4, 4, 4], partner=partner, cycle=earlier())
    assert Arithmetic(scored([2, 2, 2], [2, 2, 2], partner=partner), before=before).moves == []


@pytest.mark.parametrize(
    ("overall", "written"), [("44.1499", "44.1499"), ("44.1400", "44.14"), ("79.9500", "79.95")]
)
def test_the_sum_of_the_points_never_seems_to_round_to_another_score(scored, overall, written):
    sums = Arithmetic(scored([4, 4, 4]))
    sums.outcome = replace(sums.outcome, overall=Decimal(overall))
    assert sums.total_points == written
