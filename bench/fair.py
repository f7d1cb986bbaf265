"""Fair scores: whether taking severity out ranks partners better, whether intervals hold, and what the model costs.

Portfolios are drawn from the model: partners, criteria of a partner, raters and a rest, all in points of percent.
"""

import resource
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from bench.context import Context, Row
from scorecards.fair.severity import Severity
from scorecards.fair.uncertainty import Errors, Sums

PORTFOLIOS, SIMULATIONS = 200, 2_000
DESIGNS = ((12, 30, 4, 4), (6, 15, 3, 3), (20, 40, 3, 4))  # raters, partners, criteria, raters a partner


def measures(context: Context) -> Iterator[Row]:
    yield from _ranks()
    yield _coverage()
    yield from _size()


def _drawn(
    draw: Any, raters: int, partners: int, criteria: int, each: int, sd: float
) -> tuple[list[tuple], Any]:
    """Ratings, with severe raters sent to the same partners more often than not, and what partners are worth."""
    severity = np.sort(draw.normal(0, sd, raters))
    worth = 60 + draw.normal(0, 6, (1, criteria)) + draw.normal(0, 8, (partners, 1))
    worth = worth + draw.normal(0, 8, (partners, criteria))
    rows = []
    for partner in range(partners):
        near = np.exp(-np.abs(np.arange(raters) - draw.uniform(0, raters)) / (raters / 3))
        for rater in draw.choice(raters, each, replace=False, p=near / near.sum()).tolist():
            rows += [
                (rater, partner, c, worth[partner, c] + severity[rater] + draw.normal(0, 12))
                for c in range(criteria)
            ]
    return rows, worth.mean(1)


def _fitted(rows: list[tuple], partners: int) -> tuple[Any, Any, Any]:
    """Of each partner: the plain mean, the adjusted one, and half its interval."""
    model = Severity(*zip(*rows, strict=True))  # type: ignore[arg-type]
    rater, place, percent = (np.array([row[i] for row in rows]) for i in (0, 1, 3))
    known = {name: effect.effect for name, effect in model.effects.items()}
    weight = 1 / np.bincount(place)[place]
    taken = np.array([known.get(r, 0.0) for r in rater.tolist()])
    errors = Errors(model, rater, Sums(place, np.arange(len(rows)), weight, partners))
    return np.bincount(place, percent * weight), np.bincount(place, (percent - taken) * weight), errors.half


def _rank_error(scores: Any, truth: Any) -> float:
    """How many places partners stand from where they belong, on average."""
    return float(np.abs(_ranks_of(scores) - _ranks_of(truth)).mean())


def _ranks_of(scores: Any) -> Any:
    return np.argsort(np.argsort(-scores))


def _ranks() -> Iterator[Row]:
    for sd in (15, 0):
        draw, found = np.random.default_rng(sd), []
        for _ in range(PORTFOLIOS):
            rows, truth = _drawn(draw, 20, 60, 8, 4, sd)
            raw, adjusted, _ = _fitted(rows, 60)
            found.append((_rank_error(raw, truth), _rank_error(adjusted, truth)))
        raw, adjusted = (float(np.mean(column)) for column in zip(*found, strict=True))
        told = (f"{adjusted:.2f} places off", f"as marked: {raw:.2f}")
        if sd:
            better = 100 * float(np.mean([after < before for before, after in found]))
            yield Row("ranks, severity sd 15: adjusted is better", *told, better, 95, " %", at_least=True)
        else:
            yield Row("ranks without severity: adjusted is worse", *told, 100 * (adjusted / raw - 1), 1, " %")


def _coverage() -> Row:
    draw, covered, worst = np.random.default_rng(3), [], []
    for raters, partners, criteria, each in DESIGNS:
        some = []
        for _ in range(SIMULATIONS // len(DESIGNS) + 1):
            rows, truth = _drawn(draw, raters, partners, criteria, each, 15)
            _, adjusted, half = _fitted(rows, partners)
            some.append(float(np.mean(np.abs(adjusted - truth) <= half)))
        covered += some
        worst.append(100 * float(np.mean(some)))
    off = max(abs(found - 95) for found in worst)
    return Row(
        f"95 % intervals, {len(covered):,} simulations", f"{100 * np.mean(covered):.1f} % cover",
        "by design: " + ", ".join(f"{found:.1f}" for found in worst), off, 2, " off 95",
    )  # fmt: skip


def _size() -> Iterator[Row]:
    """73,400 ratings by 3,000 raters of 1,100 targets."""
    draw = np.random.default_rng(1)
    rater, target = draw.integers(0, 3_000, 78_000), np.minimum(draw.geometric(0.004, 78_000), 1_100)
    rater, target = np.unique(np.stack([rater, target], 1), axis=0).T
    percent = (
        60
        + draw.normal(0, 15, 3_000)[rater]
        + draw.normal(0, 12, 1_101)[target]
        + draw.normal(0, 25, len(rater))
    )
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    Severity(rater.tolist(), target.tolist(), [0] * len(rater), percent.tolist())
    seconds = time.perf_counter() - started
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    yield Row("severity of 3,000 raters", f"{seconds:.1f} s", f"{len(rater):,} ratings", seconds, 5, " s")
    yield Row("memory that takes", f"{more:.0f} MB", "above what was there", more, 300, " MB")
