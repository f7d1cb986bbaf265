"""Krippendorff's alpha, held against the published example and the definition over all pairs."""

import random
from itertools import permutations

import pytest

from scorecards.fair.agreement import (
    INTERVAL,
    NO_PAIRS,
    NOMINAL,
    ONE_UNIT,
    ONE_VALUE,
    ORDINAL,
    agreement,
    in_word,
)

# Krippendorff (2011), section C: four observers, twelve units, · missing.
OBSERVERS = ["123321412···", "1233224125·3", "·3332342251·", "12332441251·"]
UNITS = [[int(mark) for mark in unit if mark != "·"] for unit in zip(*OBSERVERS, strict=True)]


@pytest.mark.parametrize(("metric", "alpha"), [(NOMINAL, 0.743), (ORDINAL, 0.815), (INTERVAL, 0.849)])
def test_the_published_example_comes_out_to_the_printed_digits(metric, alpha):
    found = agreement(UNITS, metric)
    assert round(found.alpha, 3) == alpha
    assert (found.marks, found.units) == (40, 11)  # the twelfth unit has one mark alone


def test_what_raters_agree_on_is_ordinal_unless_said_otherwise():
    assert agreement(UNITS) == agreement(UNITS, ORDINAL)


@pytest.mark.parametrize("metric", [NOMINAL, INTERVAL])
def test_counting_agrees_with_going_through_all_pairs(metric):
    draw = random.Random(7)
    units = [[draw.choice([0, 25, 50, 75, 100]) for _ in range(draw.randint(0, 5))] for _ in range(40)]
    assert agreement(units, metric).alpha == pytest.approx(by_pairs(units, metric))


def test_agreement_does_not_depend_on_where_percents_begin_or_how_long_they_are():
    as_percents = [[(mark - 1) * 25 for mark in unit] for unit in UNITS]
    for metric in (NOMINAL, ORDINAL, INTERVAL):
        assert agreement(as_percents, metric).alpha == pytest.approx(agreement(UNITS, metric).alpha)


def test_full_agreement_is_one_and_raters_who_always_differ_fall_below_chance():
    assert agreement([[1, 1], [5, 5, 5], [3, 3]]).alpha == 1
    assert agreement([[1, 5], [5, 1], [1, 5]]).alpha < 0


@pytest.mark.parametrize(
    ("units", "reason"),
    [
        ([], NO_PAIRS),
        ([[3], [4], []], NO_PAIRS),
        ([[3, 4], [4]], ONE_UNIT),
        ([[3, 3], [3, 3, 3], [4]], ONE_VALUE),
    ],
    ids=["no marks", "one mark a unit", "one unit", "one value"],
)
@pytest.mark.parametrize("metric", [NOMINAL, ORDINAL, INTERVAL])
def test_where_nothing_can_be_told_there_is_no_number_and_a_reason(units, reason, metric):
    found = agreement(units, metric)
    assert (found.alpha, found.reason, found.word) == (None, reason, "")


def test_words_change_at_the_customary_edges():
    assert [in_word(alpha) for alpha in (0.8, 0.7999, 0.667, 0.6669, -0.2)] == [
        "good", "tentative", "tentative", "poor", "poor",
    ]  # fmt: skip
    assert agreement(UNITS).word == "good"


def by_pairs(units, metric):
    def apart(a, b):
        return a != b if metric == NOMINAL else (a - b) ** 2

    units = [unit for unit in units if len(unit) > 1]
    every = [mark for unit in units for mark in unit]
    observed = sum(sum(apart(a, b) for a, b in permutations(unit, 2)) / (len(unit) - 1) for unit in units)
    expected = sum(apart(a, b) for a, b in permutations(every, 2)) / (len(every) - 1)
    return 1 - observed / expected
