"""How sure scores are, held against the error written out with whole matrices, and against simulation."""

import numpy as np
import pytest

from scorecards.fair.severity import Severity, Z
from scorecards.fair.uncertainty import Errors, Sums, rank_ranges
from tests.fair.test_severity import SHROUT_FLEISS, sparse, table, whole_matrices

DESIGNS = [{}, {"raters": 40, "partners": 12, "criteria": 1}, {"raters": 25, "partners": 30}]


def mean_of(rows, *partners):
    """The plain mean of each partner's ratings as a sum."""
    places = [[i for i, row in enumerate(rows) if row[1] == partner] for partner in partners]
    return Sums(
        np.repeat(range(len(places)), [len(found) for found in places]),
        np.concatenate(places),
        np.concatenate([np.full(len(found), 1 / len(found)) for found in places]),
        len(places),
    )


def by_definition(model, rows, sums, signs):
    """The variance of what Σ sign · sum misses, from how it depends on every random part."""
    whole = whole_matrices(model, rows)
    target, rater, residual = whole.variances
    weights = np.zeros(len(rows))
    np.add.at(weights, sums.rating, sums.weight * np.array(signs)[sums.place])
    inside = weights[model.kept]
    left = inside @ (np.eye(len(inside)) - rater * whole.raters @ whole.raters.T @ whole.parts()[2])
    assert ((left - inside) @ whole.x) == pytest.approx(0)  # unbiased
    variance = target * np.sum(((left - inside) @ whole.targets) ** 2)
    variance += rater * np.sum((left @ whole.raters) ** 2) + residual * left @ left
    others = {}
    for i in np.flatnonzero(~model.kept & (weights != 0)):
        others[rows[i][0]] = others.get(rows[i][0], 0) + weights[i]
        variance += residual * weights[i] ** 2
    return variance + rater * sum(weight**2 for weight in others.values())


@pytest.mark.parametrize("design", DESIGNS, ids=["few raters", "many raters", "both"])
def test_the_error_of_a_score_is_that_of_the_definition(design):
    model = Severity(*zip(*(rows := sparse(3, **design)), strict=True))
    sums = mean_of(rows, 5, 7, 8)
    errors = Errors(model, np.array([row[0] for row in rows]), sums)
    expected = [by_definition(model, rows, sums, np.eye(3)[place]) for place in range(3)]
    assert errors.se**2 == pytest.approx(expected)


@pytest.mark.parametrize("design", DESIGNS, ids=["few raters", "many raters", "both"])
def test_the_error_of_a_difference_knows_the_raters_both_share(design):
    model = Severity(*zip(*(rows := sparse(3, **design)), strict=True))
    sums = mean_of(rows, 5, 7)
    raters = np.array([row[0] for row in rows])
    errors = Errors(model, raters, sums, compare=True)
    apart = errors.apart(np.array([0]))[0, 1]
    assert apart == pytest.approx(Z * np.sqrt(by_definition(model, rows, sums, [1, -1])), rel=0.02)
    assert Errors(model, raters, sums).apart(np.array([0]))[0, 1] > apart  # nothing known of what is shared


def test_few_raters_make_intervals_wider_than_the_normal_one():
    model = Severity(*zip(*(rows := table(SHROUT_FLEISS)), strict=True))
    errors = Errors(model, np.array([row[0] for row in rows]), mean_of(rows, "p0", "p4"))
    assert (errors.half / errors.se > 2.5).all()
    many = Severity(*zip(*(rows := sparse(1, raters=60, partners=40)), strict=True))
    errors = Errors(many, np.array([row[0] for row in rows]), mean_of(rows, 1, 2))
    assert errors.half / errors.se == pytest.approx(Z, rel=0.03)


def test_ranks_that_cannot_be_told_apart_are_a_range():
    class Apart:
        def apart(self, first):
            return np.full((len(first), 5), 3.0)

    values, places = np.array([90.0, 80.0, 79.0, 77.5, 60.0]), np.arange(5)
    found = rank_ranges(values, np.zeros(5), Apart(), places)
    assert [tuple(pair) for pair in found] == [(1, 1), (2, 4), (2, 4), (2, 4), (5, 5)]
    elsewhere = rank_ranges(values, np.array([0, 0, 0, 0, 1]), Apart(), places)
    assert tuple(elsewhere[4]) == (1, 5)  # nobody says where it stands among those others rated
    assert tuple(elsewhere[0]) == (1, 2)


def test_intervals_cover_the_true_score():
    """2,000 simulations of several designs are in `bench`; this is one design, shorter."""
    draw = np.random.default_rng(11)
    covered = []
    for _ in range(60):
        severity, rows = draw.normal(0, 15, 10), []
        worth = 60 + draw.normal(0, 6, (1, 3)) + draw.normal(0, 8, (25, 1)) + draw.normal(0, 8, (25, 3))
        for partner in range(25):
            for rater in draw.choice(10, 4, replace=False):
                rows += [
                    (int(rater), partner, c, worth[partner, c] + severity[rater] + draw.normal(0, 12))
                    for c in range(3)
                ]
        model = Severity(*zip(*rows, strict=True))
        errors = Errors(model, np.array([row[0] for row in rows]), mean_of(rows, *range(25)))
        adjusted = np.zeros(25)
        for rater, partner, _, percent in rows:
            known = model.effects.get(rater)
            adjusted[partner] += (percent - (known.effect if known else 0)) / 12
        covered.append(np.mean(np.abs(adjusted - worth.mean(1)) <= errors.half))
    assert 0.92 <= np.mean(covered) <= 0.98
