"""Severity of raters, held against published analyses and against the definitions written out with whole matrices."""

import random
import resource
import time

import numpy as np
import pytest

from scorecards.fair.severity import FEW, ONCE, NotComputed, Severity

# Shrout & Fleiss (1979), table 2: six targets by four judges.
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
# Davies & Goldsmith (1972), section 6.6: six samples of penicillin on each of 24 plates, zones of inhibition in mm.
PENICILLIN = """
27 23 26 23 23 21  27 23 26 23 23 21  25 21 25 24 24 20  26 23 25 23 23 20  25 22 26 22 23 20  24 22 25 23 22 19
24 20 23 21 22 19  26 22 26 24 24 21  24 21 24 22 22 20  24 21 24 23 22 19  26 23 26 24 24 21  25 22 26 24 24 20
26 24 26 24 25 22  26 23 26 23 23 20  26 23 25 24 24 22  25 22 25 23 23 20  25 21 24 23 23 20  25 22 24 23 23 19
24 21 23 21 21 19  26 23 26 24 24 21  25 21 24 22 22 18  25 22 25 22 22 20  24 21 24 22 24 19  24 21 24 22 21 18
"""


def fitted(rows):
    """Of (rater, partner, criterion, percent)."""
    return Severity(*zip(*rows, strict=True))


def table(rows, criterion="c"):
    return [(j, f"p{i}", criterion, mark) for i, row in enumerate(rows) for j, mark in enumerate(row)]


def sparse(seed, *, raters=9, partners=14, criteria=3, sds=(12, 9, 7), share=0.35):
    """Ratings of an uneven design, with what raters and partners are like drawn from the model."""
    draw = random.Random(seed)
    severity = [draw.gauss(0, sds[1]) for _ in range(raters)]
    rows = []
    for partner in range(partners):
        asked = [r for r in range(raters) if draw.random() < share]
        for criterion in range(criteria):
            is_worth = 50 + 5 * criterion + draw.gauss(0, sds[0])
            rows += [
                (r, partner, criterion, is_worth + severity[r] + draw.gauss(0, sds[2]))
                for r in asked
                if draw.random() < 0.9
            ]
    return rows


def test_variances_of_balanced_ratings_are_those_of_the_analysis_of_variance():
    found = fitted(table(SHROUT_FLEISS)).components
    assert [round(v, 4) for v in (found.target, found.rater, found.residual)] == [2.5556, 5.2444, 1.0194]
    assert [round(v, 4) for v in found.agreement(raters=4)] == [0.1657, 0.2898, 0.7148]


def test_a_raters_effect_is_the_deviation_of_the_mean_drawn_towards_none():
    found = fitted(table(SHROUT_FLEISS))
    drawn = 5.2444 / (5.2444 + 1.0194 / 6)
    deviations = {0: 2.375, 1: -2.7917, 2: -0.9583, 3: 1.375}
    assert {
        rater: round(effect.effect / drawn, 4) for rater, effect in found.effects.items()
    } == pytest.approx(deviations, abs=1e-4)


def test_variances_of_the_penicillin_plates_are_the_published_ones():
    marks = [int(mark) for mark in PENICILLIN.split()]
    found = fitted(table([marks[i : i + 6] for i in range(0, 144, 6)])).components  # samples rate plates
    assert [round(v, 4) for v in (found.target, found.rater, found.residual)] == [0.7169, 3.7309, 0.3024]


def test_either_factor_may_be_the_larger_one():
    marks = [int(mark) for mark in PENICILLIN.split()]
    rows = [(i // 6, i % 6, "c", mark) for i, mark in enumerate(marks)]  # plates rate samples
    found = fitted(rows)
    assert (round(found.components.rater, 4), round(found.components.target, 4)) == (0.7169, 3.7309)
    by_definition = whole_matrices(found, rows)
    assert by_definition.effects() == pytest.approx({name: e.effect for name, e in found.effects.items()})
    assert by_definition.errors() == pytest.approx({name: e.se for name, e in found.effects.items()})


@pytest.mark.parametrize("seed", range(6))
def test_uneven_ratings_agree_with_the_definitions_of_likelihood_and_prediction(seed):
    found = fitted(rows := sparse(seed))
    by_definition = whole_matrices(found, rows)
    assert by_definition.effects() == pytest.approx({name: e.effect for name, e in found.effects.items()})
    assert by_definition.errors() == pytest.approx({name: e.se for name, e in found.effects.items()})
    best = by_definition.deviance()
    for place in range(3):
        for factor in (0.98, 1.02):
            moved = list(by_definition.variances)
            moved[place] *= factor
            assert by_definition.deviance(moved) > best, (place, factor)


def test_variances_are_never_negative_and_raters_who_do_not_differ_have_no_effect():
    rows = [[40, 60, 50], [60, 40, 50], [50, 60, 40], [50, 40, 60], [40, 50, 60], [60, 50, 40]]
    found = fitted(table(rows))
    assert found.components.rater == 0
    assert found.components.target == 0
    assert found.components.residual == pytest.approx(np.var(np.array(rows), ddof=1))
    assert all(effect.effect == effect.se == 0 for effect in found.effects.values())
    assert not any(effect.marked for effect in found.effects.values())


def test_raters_who_say_the_same_or_differ_by_the_same_everywhere_leave_no_rest():
    same = fitted(table([[50, 50, 50]] * 4))
    assert (same.components.target, same.components.rater, same.components.residual) == (0, 0, 0)
    apart = fitted(table([[x, x - 20, x + 10] for x in (20, 40, 45, 80)]))
    assert apart.components.residual == pytest.approx(0, abs=0.01)
    effects = [apart.effects[judge].effect for judge in range(3)]
    assert [effects[0] - effects[1], effects[2] - effects[0]] == pytest.approx([20, 10], abs=0.01)


def test_deleted_cells_mislead_the_plain_means_and_not_the_adjusted_ones():
    """Judge 0 is generous and judge 1 severe: whom each of them did not see decides over the plain mean."""
    rows = [
        row for row in table(SHROUT_FLEISS) if row[:2] not in {(0, "p4"), (1, "p1"), (3, "p4"), (1, "p3")}
    ]
    found = fitted(rows)
    plain, adjusted = {}, {}
    for judge, target, _, mark in rows:
        plain.setdefault(target, []).append(mark)
        adjusted.setdefault(target, []).append(mark - found.effects[judge].effect)
    best = {
        of: max(means, key=lambda t: np.mean(means[t]))
        for of, means in (("plain", plain), ("adjusted", adjusted))
    }
    assert best == {"plain": "p2", "adjusted": "p4"}  # with all cells, the fifth target is the best


def test_who_rated_too_few_is_left_out_until_nobody_else_drops_out():
    rows = table(SHROUT_FLEISS)
    alone = [("once", "p0", "c", 50), ("once", "p1", "c", 50)]  # two partners are too few
    with_them = [("much", f"q{i}", "c", 40) for i in range(3)]  # partners that nobody else rates
    found = fitted(rows + alone + with_them)
    assert set(found.effects) == {0, 1, 2, 3}
    assert set(found.component) == {f"p{i}" for i in range(6)}
    assert list(found.kept) == [True] * 24 + [False] * 5
    assert found.components == fitted(rows).components


def test_marks_of_two_circles_that_never_meet_are_compared_inside_each_only():
    other = [(f"x{j}", f"x{p}", c, mark + 30) for j, p, c, mark in table(SHROUT_FLEISS[:5])]
    found = fitted(table(SHROUT_FLEISS) + other)
    assert {rater: effect.component for rater, effect in found.effects.items()} == {
        0: 1, 1: 1, 2: 1, 3: 1, "x0": 2, "x1": 2, "x2": 2, "x3": 2,
    }  # fmt: skip
    assert found.component["xp0"] == 2
    for circle in ((0, 1, 2, 3), ("x0", "x1", "x2", "x3")):  # 30 points above the others is no generosity
        assert sum(found.effects[rater].effect for rater in circle) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], FEW),
        (table([[50], [60], [70], [80]]), FEW),
        (table([[50, 60, 70], [60, 70, 80]]), FEW),
        ([(j, p, f"{j} alone", 50 + j * p) for j in range(3) for p in range(4)], ONCE),
    ],
    ids=["none", "one rater a partner", "two partners a rater", "no cell twice"],
)
def test_too_little_to_tell_is_said(rows, why):
    with pytest.raises(NotComputed) as refused:
        Severity(*(zip(*rows, strict=True) if rows else ([], [], [], [])))
    assert str(refused.value) == why


def test_a_university_of_ratings_takes_seconds_and_little_memory():
    """As many as the published teaching evaluations: 73,000 ratings by 3,000 raters of 1,100 targets."""
    draw = np.random.default_rng(1)
    rater = draw.integers(0, 3000, 76_000)
    partner = np.minimum(draw.geometric(0.004, 76_000), 1100)
    rater, partner = np.unique(np.stack([rater, partner], 1), axis=0)[:73_400].T
    severity, worth = draw.normal(0, 15, 3000), draw.normal(0, 12, 1101)
    percent = 60 + severity[rater] + worth[partner] + draw.normal(0, 25, len(rater))
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    found = Severity(rater.tolist(), partner.tolist(), [0] * len(rater), percent.tolist())
    assert time.process_time() - started < 10  # 3 s on an idle machine
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000
    told = found.components
    assert (told.rater, told.target, told.residual) == pytest.approx((225, 144, 625), rel=0.1)
    errors = [(e.effect - severity[name]) / e.se for name, e in found.effects.items()]
    assert np.std(errors) == pytest.approx(1, abs=0.05)


class whole_matrices:
    """The same model with the covariance matrix of all ratings written out."""

    def __init__(self, found, rows):
        kept = [row for row, stays in zip(rows, found.kept, strict=True) if stays]
        self.y = np.array([row[3] for row in kept], float)
        self.names = list(found.effects)
        circle = [found.effects[row[0]].component for row in kept]
        self.x = _columns([(c, row[2]) for c, row in zip(circle, kept, strict=True)])[1]
        self.targets = _columns([row[1:3] for row in kept])[1]
        self.raters = np.array([[row[0] == name for name in self.names] for row in kept], float)
        told = found.components
        self.variances = [told.target, told.rater, told.residual]

    def parts(self, variances=None):
        target, rater, residual = variances or self.variances
        v = target * self.targets @ self.targets.T + rater * self.raters @ self.raters.T
        v += residual * np.eye(len(self.y))
        inverse = np.linalg.inv(v)
        of_means = self.x.T @ inverse @ self.x
        p = inverse - inverse @ self.x @ np.linalg.inv(of_means) @ self.x.T @ inverse
        return v, of_means, p

    def deviance(self, variances=None):
        v, of_means, p = self.parts(variances)
        return np.linalg.slogdet(v)[1] + np.linalg.slogdet(of_means)[1] + self.y @ p @ self.y

    def effects(self):
        predicted = self.variances[1] * self.raters.T @ self.parts()[2] @ self.y
        return dict(zip(self.names, predicted, strict=True))

    def errors(self):
        rater = self.variances[1]
        error = rater * np.eye(len(self.names)) - rater**2 * self.raters.T @ self.parts()[2] @ self.raters
        return dict(zip(self.names, np.sqrt(np.diag(error)), strict=True))


def _columns(labels):
    names = list(dict.fromkeys(labels))
    return names, np.array([[label == name for name in names] for label in labels], float)
