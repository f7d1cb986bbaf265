"""How sure scores are, given the model of `severity`: the error of any weighted sum of adjusted ratings.

A score with severity taken out is a sum of coefficients times (rating − effect of its rater). What it misses the true
score by, the same sum without rater and rest, is a'e − k'(predicted − true effects), k being what each rater's
ratings weigh in it. Its variance comes from the inverse of the mixed model equations (Henderson 1984, chapter 5):
with a the coefficients, w their sums by column of the equations and C the inverse over the residual variance,

    variance / residual = a'a + k'Ck − 2 w'Ck

Ratings the model rests not on (of raters with too few partners) stay as they are and bring their own variance.
An interval is ± t standard errors. That all raters of a component together may be severe is known no better than
from so many raters: t has their number less one as degrees of freedom, for that part of the variance (Satterthwaite
1946, Biometrics Bulletin 2, 110–114). `bench` shows by simulation that intervals cover the true score as often as they
say. Between two scores that part cancels out, so differences go by 1.96 standard errors.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from scorecards.fair.severity import Severity, Z

AT_ONCE = 32  # sums whose vectors are worked out together
COMPARED = (
    8_000_000  # numbers kept for comparing sums with one another: above, raters they share are left out
)


@dataclass(frozen=True, slots=True)
class Sums:
    """Weighted sums of ratings: of sum `place`, the rating (its index in the input of Severity) and what it weighs.

    In the order of `place`.
    """

    place: np.ndarray
    rating: np.ndarray
    weight: np.ndarray
    number: int


class Errors:
    """The errors of these sums: `se` and `half` a 95 % interval of each, and whether two can be told apart."""

    def __init__(self, model: Severity, raters: np.ndarray, sums: Sums, *, compare: bool = False) -> None:
        self.model, self.sums, self.raters = model, sums, raters
        index = np.full(len(model.kept), -1)
        index[model.kept] = np.arange(model.kept.sum())
        self.inside = index[sums.rating]
        solution = model.solution
        self.residual = solution.residual
        width = solution.equations.columns + len(solution.equations.absorbed_counts)
        self.compared = compare and sums.number * width * 2 <= COMPARED
        self.variance = np.zeros(sums.number)
        parts = []
        for start, stop, by_rater, whole in self._vectors():
            own = np.bincount(
                sums.place[self._of(start, stop)] - start,
                sums.weight[self._of(start, stop)] ** 2,
                minlength=stop - start,
            )
            self.variance[start:stop] = self.residual * (
                own + (by_rater**2).sum(1) - 2 * (by_rater * whole).sum(1)
            )
            if self.compared:
                parts.append((by_rater, whole))
        if parts:
            self.by_rater, self.whole = (np.concatenate(part) for part in zip(*parts, strict=True))
        self.variance += self._of_others()
        self.se = np.sqrt(np.maximum(self.variance, 0))
        self.half = _quantile(self._freedom()) * self.se

    def _freedom(self) -> np.ndarray:
        inside = self.inside >= 0
        place, number = self.sums.place[inside], self.sums.number
        raters = np.full(number, 2)
        raters[place] = self.model.circles[self.model.circle[self.inside[inside]]]
        of_all = np.bincount(place, self.sums.weight[inside], minlength=number) ** 2 / raters
        share = np.minimum(1, self.model.components.rater * of_all / np.maximum(self.variance, 1e-12))
        return (raters - 1) / np.maximum(share**2, 1e-6)

    def _of(self, start: int, stop: int) -> slice:
        return slice(*np.searchsorted(self.sums.place, [start, stop]))

    def _of_others(self) -> np.ndarray:
        """What ratings outside the model add by their raters."""
        outside = self.inside < 0
        key = self.sums.place[outside] * (self.raters.max() + 1) + self.raters[self.sums.rating[outside]]
        pairs, inverse = np.unique(key, return_inverse=True)
        weights = np.bincount(inverse, self.sums.weight[outside], minlength=len(pairs))
        place = pairs // (self.raters.max() + 1)
        return self.model.components.rater * np.bincount(place, weights**2, minlength=self.sums.number)

    def _vectors(self) -> Iterator[tuple[int, int, np.ndarray, np.ndarray]]:
        """For some sums at a time: k and w, so transformed that x'Cy is a plain product of two rows."""
        solution = self.model.solution
        equations, width = solution.equations, len(solution.root)
        for start in range(0, self.sums.number, AT_ONCE):
            stop = min(start + AT_ONCE, self.sums.number)
            part = self._of(start, stop)
            inside = self.inside[part] >= 0
            rating, place = self.inside[part][inside], self.sums.place[part][inside] - start
            weight = self.sums.weight[part][inside]
            levels, level = np.unique(equations.absorbed[rating], return_inverse=True)
            dense = np.zeros((stop - start, equations.columns))
            np.add.at(dense, (place, equations.cell[rating]), weight)
            np.add.at(dense, (place, equations.cells + equations.dense[rating]), weight)
            absorbed = np.zeros((stop - start, len(levels)))
            np.add.at(absorbed, (place, level), weight)
            shrunk = solution.weights[levels]
            met = equations.products.columns_of(levels)
            whole = dense - (absorbed * shrunk) @ met
            if equations.by_target:
                by_rater = -(absorbed * shrunk) @ met
            else:
                by_rater = dense.copy()
                by_rater[:, : equations.cells] = 0
            by_rater, whole = (rows[:, :width] @ solution.root.T for rows in (by_rater, whole))
            if equations.by_target:  # raters are absorbed: what is left of their own
                own = np.zeros((stop - start, len(equations.absorbed_counts)))
                own[:, levels] = absorbed * np.sqrt(shrunk)
                by_rater, whole = np.hstack([by_rater, own]), np.hstack([whole, own])
            yield start, stop, by_rater, whole

    def apart(self, first: np.ndarray) -> np.ndarray:
        """How far apart each of these sums and every sum must be to be told apart: 1.96 standard errors."""
        variance = self.variance[first][:, None] + self.variance[None, :]
        if self.compared:
            k, w = self.by_rater, self.whole
            shared = k[first] @ k.T - w[first] @ k.T - k[first] @ w.T
            variance = variance - 2 * self.residual * shared
        return Z * np.sqrt(np.maximum(variance, 0))


def rank_ranges(values: np.ndarray, circles: np.ndarray, errors: Errors, places: np.ndarray) -> np.ndarray:
    """(first, last) rank each value may have: those above and below that it can be told apart from are certain.

    `places`: where the values stand in `errors`; `circles`: the component of each: across them nothing can be told.
    """
    found = np.empty((len(values), 2), int)
    for start in range(0, len(values), 256):
        some = slice(start, start + 256)
        least = errors.apart(places[some])[:, places]
        difference = values[None, :] - values[some][:, None]
        least = np.where(circles[some][:, None] == circles[None, :], least, np.inf)
        found[some, 0] = 1 + (difference > least).sum(1)
        found[some, 1] = len(values) - (-difference > least).sum(1)
    return found


def _quantile(freedom: np.ndarray) -> np.ndarray:
    """Student's t that 2.5 % lie above (Abramowitz & Stegun 26.7.5); of fewer than three degrees, that of three."""
    v = np.maximum(freedom, 3)
    first, second = (Z**3 + Z) / 4, (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96
    third = (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / 384
    return Z + first / v + second / v**2 + third / v**3
