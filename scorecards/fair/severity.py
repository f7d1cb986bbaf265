"""How severe raters are: one model of all ratings of a cycle, with raters and what they rate as crossed random effects.

    percent = mean of the criterion + (partner, criterion) + rater + rest

The last three are random, each with a variance of its own. The variances are those of restricted maximum likelihood
(REML: Patterson & Thompson 1971, Biometrika 58, 545–554), found by average-information steps (Gilmour, Thompson &
Cullis 1995, Biometrics 51, 1440–1450); none is negative. On balanced data they are those of the analysis of variance,
where that has no negative one (Searle, Casella & McCulloch 1992, Variance Components, chapter 6). A rater's effect is
the best linear unbiased prediction, with the standard error of the prediction (Henderson 1984, Applications of Linear
Models in Animal Breeding): positive is generous, and rating − effect is the adjusted rating.

Whom it can be said of: raters of at least three partners, at partners with at least two such raters. Ratings of other
raters and of other partners are left out, again and again until nobody else drops out. Raters and partners that hang
together by ratings are a component; each has means of its own, so effects compare only inside one.

The mixed model equations are solved after one factor is absorbed (the larger one: its part is diagonal), which leaves
a dense matrix the size of the smaller one.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

PARTNERS_A_RATER, RATERS_A_PARTNER = 3, 2  # the fewest of whom severity can be told
Z = 1.959964  # a 95 % interval is so many standard errors to either side
LARGEST = 6_000  # levels of the smaller factor: their matrix takes 300 MB
STEPS = 100
NOTHING, EXACT = 1e-7, 1e-8  # of the whole: a variance that is none, a step that is the last

FEW = f"There are no raters of at least {PARTNERS_A_RATER} partners that have at least {RATERS_A_PARTNER} such raters each."
ONCE = "No criterion of a partner was rated by two people, so severity and opinion cannot be told apart."
MANY = "There are too many raters and partners for one model."


class NotComputed(Exception):
    """Severity cannot be told from these ratings; the text is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Components:
    """Variances, in squared points of percent."""

    target: float
    rater: float
    residual: float

    def agreement(self, raters: float) -> tuple[float, float, float]:
        """ICC(1,1), ICC(2,1) and ICC(3,1) of Shrout & Fleiss (1979, Psychological Bulletin 86, 420–428).

        The first takes raters, so many a target, for part of the rest.
        """
        target = self.target - self.rater / raters
        return (
            target / (target + self.rater + self.residual),
            self.target / (self.target + self.rater + self.residual),
            self.target / (self.target + self.residual),
        )


@dataclass(frozen=True, slots=True)
class Effect:
    """A rater's severity in points of percent, positive: generous. `component`: 1 is the largest."""

    n: int
    effect: float
    se: float
    component: int

    @property
    def marked(self) -> bool:
        """Whether its 95 % interval leaves out 0."""
        return abs(self.effect) > Z * self.se


class Severity:
    """The model fitted to ratings. Raises NotComputed where severity cannot be told.

    `components`; `effects` by rater, without those it cannot be told of; `component` of each partner likewise;
    `kept`: which of the ratings it rests on; of these, their `circle` (component − 1); `circles`: raters of each.
    """

    def __init__(
        self,
        raters: Sequence[Hashable],
        partners: Sequence[Hashable],
        criteria: Sequence[Hashable],
        percents: Sequence[float],
    ) -> None:
        rater_names, rater = _numbered(raters)
        partner_names, partner = _numbered(partners)
        _, criterion = _numbered(criteria)
        self.kept = _core(rater, partner)
        if not self.kept.any():
            raise NotComputed(FEW)
        rater_names, rater = _renumbered(rater_names, rater[self.kept])
        partner_names, partner = _renumbered(partner_names, partner[self.kept])
        criterion = criterion[self.kept]
        island = _components(rater, partner)
        self.cell = np.unique(island * (criterion.max() + 1) + criterion, return_inverse=True)[1]
        self.target = np.unique(partner * (criterion.max() + 1) + criterion, return_inverse=True)[1]
        self.rater, self.circle = rater, island
        if self.target.max() + 1 == len(self.target):
            raise NotComputed(ONCE)
        self.equations = Equations(self.cell, self.target, self.rater, np.asarray(percents, float)[self.kept])
        solution = self.equations.fit()
        self.components = Components(*(float(v) for v in solution.variances))
        self.solution = solution
        errors = np.sqrt(np.maximum(solution.rater_errors(), 0))
        of_rater = np.zeros(len(rater_names), int)
        of_rater[rater] = island
        of_partner = np.zeros(len(partner_names), int)
        of_partner[partner] = island
        numbers, self.circles = np.bincount(rater), np.bincount(of_rater)
        self.effects: dict[Hashable, Effect] = {
            name: Effect(int(numbers[i]), float(solution.rater[i]), float(errors[i]), int(of_rater[i]) + 1)
            for i, name in enumerate(rater_names)
        }
        self.component: dict[Hashable, int] = {
            name: int(of_partner[i]) + 1 for i, name in enumerate(partner_names)
        }


def _numbered(labels: Sequence[Hashable]) -> tuple[list[Hashable], np.ndarray]:
    numbers: dict[Hashable, int] = {}
    found = np.fromiter((numbers.setdefault(label, len(numbers)) for label in labels), int, len(labels))
    return list(numbers), found


def _renumbered(names: list[Hashable], numbers: np.ndarray) -> tuple[list[Hashable], np.ndarray]:
    """The same without those that no longer occur."""
    left, numbers = np.unique(numbers, return_inverse=True)
    return [names[i] for i in left], numbers


def _core(rater: np.ndarray, partner: np.ndarray) -> np.ndarray:
    """Which ratings are by raters of enough partners, of partners with enough raters, counting only such ones."""
    if not len(rater):
        return np.zeros(0, bool)
    width = partner.max() + 1
    pairs = np.unique(rater * width + partner)
    while len(pairs):
        r, p = pairs // width, pairs % width
        stays = (np.bincount(r)[r] >= PARTNERS_A_RATER) & (np.bincount(p)[p] >= RATERS_A_PARTNER)
        if stays.all():
            break
        pairs = pairs[stays]
    return np.isin(rater * width + partner, pairs)


def _components(rater: np.ndarray, partner: np.ndarray) -> np.ndarray:
    """The connected set each rating belongs to: 0 the one of most ratings."""
    label = np.arange(rater.max() + 1)
    while True:
        of_partner = np.full(partner.max() + 1, len(label))
        np.minimum.at(of_partner, partner, label[rater])
        new = label.copy()
        np.minimum.at(new, rater, of_partner[partner])
        if (new == label).all():
            break
        label = new[new]  # a label is a rater of the same set: what that one has found is ours too
    sizes = np.bincount(label[rater], minlength=len(label))
    place = np.empty(len(label), int)
    place[np.argsort(-sizes, kind="stable")] = np.arange(len(label))
    return place[label[rater]]


class Equations:
    """The mixed model equations of ratings in cells (fixed means), of targets and by raters (both random).

    Columns of the dense part: the cells, then the levels of the factor with fewer of them.
    """

    def __init__(self, cell: np.ndarray, target: np.ndarray, rater: np.ndarray, y: np.ndarray) -> None:
        self.by_target = rater.max() >= target.max()  # the raters are absorbed, the targets stay
        self.dense, self.absorbed = (target, rater) if self.by_target else (rater, target)
        self.cell, self.cells = cell, int(cell.max()) + 1
        self.columns = self.cells + int(self.dense.max()) + 1
        if self.columns > LARGEST:
            raise NotComputed(MANY)
        self.y = y - (np.bincount(cell, y) / np.bincount(cell))[cell]  # leaves the result, keeps the digits
        self.counts = np.concatenate([np.bincount(cell), np.bincount(self.dense)]).astype(float)
        self.absorbed_counts = np.bincount(self.absorbed).astype(float)
        self.crossed = _counts(self.cell, self.dense + self.cells, self.columns)
        self.products = Products(self.absorbed, [cell, self.dense + self.cells], self.columns)

    def fit(self) -> "Solution":
        """The variances of greatest restricted likelihood, and what they say."""
        whole = self.y @ self.y / len(self.y)
        if whole < 1e-12:  # everybody says the same
            return Solution(self, np.array([0.0, 0.0, 1e-12]), reported=np.zeros(3))
        found, caution = Solution(self, self._start(whole)), 1e-4
        for _ in range(STEPS):
            score, information, least = found.slopes()
            while True:
                new = found.moved(score, information + caution * least, whole)
                moved = np.abs(new - found.variances).max() / whole
                step = Solution(self, new)
                if step.deviance <= found.deviance or moved < EXACT:
                    break
                caution *= 10
            found, caution = step, max(caution / 10, 1e-8)
            if moved < EXACT or found.variances[2] < NOTHING * whole:
                break
        return found

    def _start(self, whole: float) -> np.ndarray:
        """Variances from the sums of squares within targets and within raters, as if all were balanced."""
        within = [_within(self.y, factor) for factor in (self.dense, self.absorbed)]
        of_dense, of_absorbed = (whole - value for value in within)
        found = [of_dense, of_absorbed] if self.by_target else [of_absorbed, of_dense]
        return np.maximum([*found, sum(within) - whole], 0.05 * whole)


class Solution:
    """The equations solved for variances of (target, rater, residual)."""

    def __init__(
        self, equations: Equations, variances: np.ndarray, reported: np.ndarray | None = None
    ) -> None:
        self.equations, self.variances = equations, variances if reported is None else reported
        of_target, of_rater, residual = variances
        dense, absorbed = (of_target, of_rater) if equations.by_target else (of_rater, of_target)
        self.residual, self.ratios = residual, (dense / residual, absorbed / residual)
        width = equations.columns if dense else equations.cells
        # Of an absorbed level: 1 / (its ratings + residual / variance); a variance of 0 takes nothing out.
        self.weights = self.ratios[1] / (self.ratios[1] * equations.absorbed_counts + 1)
        matrix = np.diag(equations.counts) + equations.crossed - equations.products.weighted(self.weights)
        if dense:
            matrix[np.diag_indices(equations.columns)] += np.repeat(
                [0, 1 / self.ratios[0]], [equations.cells, equations.columns - equations.cells]
            )
        triangle = np.linalg.cholesky(matrix[:width, :width])
        self.root = _inverted(triangle)
        self.inverse = self.root.T @ self.root
        self.solved, self.absorbed, self.rest = self.project(equations.y)
        n, p = len(equations.y), equations.cells
        self.deviance = (
            (n - p) * np.log(residual)
            + (equations.columns - equations.cells) * np.log(self.ratios[0] if dense else 1)
            + np.log(self.ratios[1] * equations.absorbed_counts + 1).sum()
            + 2 * np.log(np.diag(triangle)).sum()
            + equations.y @ self.rest / residual
        )

    def project(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What y comes to: the dense part, the absorbed levels, and the rest of each rating (P y of REML)."""
        e = self.equations
        sums = np.bincount(e.absorbed, y)
        columns = np.concatenate([np.bincount(e.cell, y), np.bincount(e.dense, y)])
        taken = (self.weights * sums)[e.absorbed]
        columns -= np.concatenate([np.bincount(e.cell, taken), np.bincount(e.dense, taken)])
        solved = np.zeros(e.columns)
        width = len(self.inverse)
        solved[:width] = self.inverse @ columns[:width]
        told = solved[e.cell] + solved[e.cells + e.dense]
        absorbed = self.weights * (sums - np.bincount(e.absorbed, told))
        return solved, absorbed, y - told - absorbed[e.absorbed]

    def slopes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of the deviance by (dense, absorbed, residual): slope, average information, and that of the EM steps."""
        e, (dense, absorbed) = self.equations, self.ratios
        n, p, width = len(e.y), e.cells, len(self.inverse)
        levels = np.array([e.columns - e.cells, len(e.absorbed_counts), n - p], float)
        spread = np.zeros(2)  # of each factor: its ratio times the trace of Z'PZ
        if dense:
            spread[0] = levels[0] - np.trace(self.inverse[p:, p:]) / dense
        if absorbed:
            gone = (self.inverse * e.products.weighted(self.weights**2)[:width, :width]).sum()
            spread[1] = levels[1] - (self.weights.sum() + gone) / absorbed
        changes = [
            np.bincount(e.dense, self.rest)[e.dense] / self.residual,
            np.bincount(e.absorbed, self.rest)[e.absorbed] / self.residual,
            self.rest / self.residual,
        ]
        now = self.residual * np.array([dense, absorbed, 1])
        trace = np.array([*spread, n - p - spread.sum()]) / np.where(now > 0, now, 1)
        score = trace - [change @ self.rest / self.residual for change in changes]
        projected = [self.project(change)[2] / self.residual for change in changes]
        information = np.array([[change @ other for other in projected] for change in changes])
        return score, information, np.diag(levels / np.where(now > 0, now, 1) ** 2)

    def moved(self, score: np.ndarray, information: np.ndarray, whole: float) -> np.ndarray:
        """Variances a step further, none more than ten times as large or as small; what has come to 0 stays."""
        order = [0, 1, 2] if self.equations.by_target else [1, 0, 2]
        now = self.variances[order]
        moving = np.flatnonzero(now > 0)
        new = now.copy()
        new[moving] -= np.linalg.solve(information[np.ix_(moving, moving)], score[moving])
        new = np.clip(new, now / 10, now * 10)
        new[:2][new[:2] < NOTHING * whole] = 0
        return new[order]

    @property
    def rater(self) -> np.ndarray:
        return self.absorbed if self.equations.by_target else self.solved[self.equations.cells :]

    def rater_errors(self) -> np.ndarray:
        """Variance of the error of each rater's prediction."""
        e, width = self.equations, len(self.inverse)
        if not e.by_target:
            return (
                self.residual * np.diag(self.inverse)[e.cells :]
                if width > e.cells
                else np.zeros(len(self.rater))
            )
        whole = np.zeros((e.columns, e.columns))
        whole[:width, :width] = self.inverse
        return self.residual * (self.weights + self.weights**2 * e.products.forms(whole))


class Products:
    """Sums over levels b of c_b c_b', where c_b counts the ratings of a level in each dense column.

    By pairs of columns that meet in a level while these are few (sparse data), else by dense slices.
    """

    def __init__(self, level: np.ndarray, columns: list[np.ndarray], width: int) -> None:
        self.width, self.levels = width, int(level.max()) + 1
        key = np.concatenate([level * width + column for column in columns])
        key, counts = np.unique(key, return_counts=True)
        self.level, self.column, self.counts = key // width, key % width, counts.astype(float)
        self.sizes = np.bincount(self.level, minlength=self.levels)
        pairs = int((self.sizes.astype(float) ** 2).sum())
        self.sparse = pairs < 20_000_000 and pairs * 50 < width * width * self.levels
        if self.sparse:
            self._pair(pairs)

    def _pair(self, pairs: int) -> None:
        starts = np.concatenate([[0], np.cumsum(self.sizes)[:-1]])
        partners = self.sizes[self.level]
        first = np.repeat(np.arange(len(self.level), dtype=np.int32), partners)
        before = np.concatenate([[0], np.cumsum(partners)[:-1]])
        second = np.arange(pairs, dtype=np.int32) - np.repeat(
            (before - starts[self.level]).astype(np.int32), partners
        )
        half = first <= second
        first, second = first[half], second[half]
        self.flat = (self.column[first] * self.width + self.column[second]).astype(np.int32)
        self.of = self.level[first].astype(np.int32)
        self.times = (self.counts[first] * self.counts[second]).astype(np.float32)

    def columns_of(self, levels: np.ndarray) -> np.ndarray:
        """c_b of each of these levels, in order, as rows."""
        found = np.zeros((len(levels), self.width))
        starts = np.searchsorted(self.level, levels)
        sizes = self.sizes[levels]
        entries = np.repeat(starts - np.cumsum(sizes) + sizes, sizes) + np.arange(sizes.sum())
        found[np.repeat(np.arange(len(levels)), sizes), self.column[entries]] = self.counts[entries]
        return found

    def weighted(self, weights: np.ndarray) -> np.ndarray:
        """Σ weight_b · c_b c_b'."""
        if self.sparse:
            upper = np.bincount(self.flat, self.times * weights[self.of], minlength=self.width**2)
            upper = upper.reshape(self.width, self.width)
            return upper + np.triu(upper, 1).T
        found = np.zeros((self.width, self.width))
        for start, block in self._blocks():
            found += (block * weights[start : start + block.shape[1]]) @ block.T
        return found

    def forms(self, matrix: np.ndarray) -> np.ndarray:
        """c_b' · matrix · c_b for each level."""
        if self.sparse:
            on = self.flat // self.width == self.flat % self.width
            values = self.times * matrix.ravel()[self.flat] * np.where(on, 1, 2)
            return np.bincount(self.of, values, minlength=self.levels)
        return np.concatenate([((matrix @ block) * block).sum(0) for _, block in self._blocks()])

    def _blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        size = max(1, 2_000_000 // self.width)
        for start in range(0, self.levels, size):
            low, high = np.searchsorted(self.level, [start, start + size])
            block = np.zeros((self.width, min(size, self.levels - start)))
            block[self.column[low:high], self.level[low:high] - start] = self.counts[low:high]
            yield start, block


def _inverted(triangle: np.ndarray) -> np.ndarray:
    """The inverse of a lower triangle, by halves: products of matrices are what a machine does fastest."""
    size = len(triangle)
    if size <= 64:
        return np.linalg.inv(triangle)
    half = size // 2
    found = np.zeros_like(triangle)
    found[:half, :half] = _inverted(triangle[:half, :half])
    found[half:, half:] = _inverted(triangle[half:, half:])
    found[half:, :half] = -found[half:, half:] @ (triangle[half:, :half] @ found[:half, :half])
    return found


def _counts(first: np.ndarray, second: np.ndarray, width: int) -> np.ndarray:
    """How many ratings are in both, at both places of a symmetric matrix."""
    found = np.bincount(first * width + second, minlength=width * width).reshape(width, width).astype(float)
    return found + found.T


def _within(y: np.ndarray, factor: np.ndarray) -> float:
    """The mean square of y about the means of the factor's levels."""
    counts = np.bincount(factor)
    means = np.bincount(factor, y) / counts
    return float(((y - means[factor]) ** 2).sum() / max(1, len(y) - len(counts)))
