"""Weights out of comparisons in pairs: published figures, and an eigenvector worked out by other means."""

from fractions import Fraction
from itertools import combinations
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorecards.fair.pairwise import MOST, RANDOM_INDEX, combined, priorities, reciprocal, worst_triple

EXPERIENCE, EDUCATION, CHARISMA, AGE = range(4)
LEADER = {
    (EXPERIENCE, EDUCATION): 4, (EXPERIENCE, CHARISMA): 3, (EXPERIENCE, AGE): 7,
    (EDUCATION, CHARISMA): Fraction(1, 3), (CHARISMA, AGE): 5, (EDUCATION, AGE): 3,
}  # fmt: skip
scale = st.sampled_from([Fraction(n) for n in range(1, 10)] + [Fraction(1, n) for n in range(2, 10)])


@st.composite
def matrices(draw, least=2, most=7, number=None):
    number = number or draw(st.integers(least, most))
    return reciprocal(number, {pair: draw(scale) for pair in combinations(range(number), 2)})


def test_the_choice_of_a_leader_gives_its_published_weights():
    found = priorities(reciprocal(4, LEADER))
    assert [f"{weight:.4f}" for weight in found.weights] == ["0.5476", "0.1266", "0.2699", "0.0559"]
    assert f"{found.eigenvalue:.4f}" == "4.1184"
    assert f"{found.ratio:.4f}" == "0.0439"
    assert not found.contradicts


@given(matrices())
def test_the_weights_are_the_principal_eigenvector(matrix):
    found = priorities(matrix)
    values, vectors = np.linalg.eig(np.array(matrix))
    place = int(np.argmax(values.real))
    vector = vectors[:, place].real / vectors[:, place].real.sum()
    assert np.allclose(found.weights, vector, atol=1e-9)
    assert abs(found.eigenvalue - values[place].real) < 1e-8
    assert abs(sum(found.weights) - 1) < 1e-12


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_answers_that_fit_together_give_their_own_weights_and_no_triple_to_name(sizes):
    matrix = [[a / b for b in sizes] for a in sizes]
    found = priorities(matrix)
    assert found.weights == pytest.approx([size / sum(sizes) for size in sizes])
    assert found.ratio == pytest.approx(0, abs=1e-9)
    assert found.worst is None


@given(matrices(most=2))
def test_two_are_always_consistent(matrix):
    found = priorities(matrix)
    assert found.ratio == 0
    assert found.weights[0] / found.weights[1] == pytest.approx(matrix[0][1])


@given(matrices(least=3))
def test_the_worst_triple_is_the_one_that_fits_least(matrix):
    def misfit(i, j, k):
        product = matrix[i][j] * matrix[j][k] * matrix[k][i]
        return max(product, 1 / product)

    worst = max(misfit(*triple) for triple in combinations(range(len(matrix)), 3))
    found = worst_triple(matrix)
    if found is None:
        assert worst == pytest.approx(1)
        return
    assert misfit(found.one, found.two, found.three) == pytest.approx(worst)
    assert found.first >= 1
    assert found.second >= 1
    assert found.follows == pytest.approx(found.first * found.second)


def test_answers_in_a_circle_contradict_themselves():
    found = priorities(reciprocal(3, {(0, 1): 5, (1, 2): 5, (0, 2): Fraction(1, 5)}))
    assert found.contradicts
    assert found.weights == pytest.approx([1 / 3] * 3)
    assert found.worst.follows == pytest.approx(25)
    assert found.worst.said == pytest.approx(1 / 5)


@given(st.integers(2, 5).flatmap(lambda number: st.lists(matrices(number=number), min_size=1, max_size=4)))
def test_several_people_are_combined_by_the_geometric_mean(people):
    together = combined(people)
    for i, row in enumerate(together):
        for j, value in enumerate(row):
            assert value == pytest.approx(prod(matrix[i][j] for matrix in people) ** (1 / len(people)))
            assert value * together[j][i] == pytest.approx(1)


def test_two_who_say_the_opposite_weigh_both_the_same():
    one, other = reciprocal(2, {(0, 1): 9}), reciprocal(2, {(0, 1): Fraction(1, 9)})
    assert priorities(combined([one, other])).weights == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(
    ("number", "answers"),
    [(0, {}), (MOST + 1, {}), (2, {}), (2, {(0, 1): 10}), (2, {(0, 1): Fraction(1, 10)})],
)
def test_what_cannot_be_compared_is_refused(number, answers):
    with pytest.raises(ValueError, match=r"\."):
        reciprocal(number, answers)


def test_one_alone_weighs_everything_and_the_table_reaches_fifteen():
    assert priorities(reciprocal(1, {})).weights == (1.0,)
    assert set(RANDOM_INDEX) == set(range(1, MOST + 1))
    assert [RANDOM_INDEX[n] for n in (3, 4, 5, 15)] == [0.58, 0.90, 1.12, 1.59]
