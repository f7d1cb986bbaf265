"""Weights out of comparisons in pairs: the analytic hierarchy process, with how well the answers fit together.

Sources: Saaty (1977), A scaling method for priorities in hierarchical structures, Journal of Mathematical Psychology
15, 234-281; random indices: Saaty (1980), The Analytic Hierarchy Process. Several people by the geometric mean:
Aczél & Saaty (1983), Journal of Mathematical Psychology 27, 93-102. Worst triple: Koczkodaj (1993), Mathematical and
Computer Modelling 18(7), 79-84.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, permutations
from math import log, prod
from typing import NamedTuple

Matrix = Sequence[Sequence[float]]
MOST = 15  # random indices are known up to here
WARNED_FROM = 0.10  # a consistency ratio above it
# The mean consistency index of random reciprocal matrices, by number of elements.
RANDOM_INDEX = {
    1: 0.0, 2: 0.0, 3: 0.58, 4: 0.90, 5: 1.12, 6: 1.24, 7: 1.32, 8: 1.41, 9: 1.45, 10: 1.49, 11: 1.51, 12: 1.48,
    13: 1.56, 14: 1.57, 15: 1.59,
}  # fmt: skip
_STEPS, _SAME = 10_000, 1e-14


class Triple(NamedTuple):
    """Three elements by place: `one` is `first` times `two`, `two` is `second` times `three`; `said` of one to three."""

    one: int
    two: int
    three: int
    first: float
    second: float
    said: float

    @property
    def follows(self) -> float:
        """How many times one outweighs three by way of two."""
        return self.first * self.second

    @property
    def gap(self) -> float:
        """How far that is from what was said: the logarithm of the larger over the smaller."""
        return abs(log(self.follows / self.said))


@dataclass(frozen=True, slots=True)
class Priorities:
    """Weights that add up to 1; the principal eigenvalue; consistency index and ratio; the triple that fits least."""

    weights: tuple[float, ...]
    eigenvalue: float
    index: float
    ratio: float
    worst: Triple | None

    @property
    def contradicts(self) -> bool:
        return self.ratio > WARNED_FROM


def reciprocal(number: int, answers: Mapping[tuple[int, int], Fraction | int]) -> list[list[float]]:
    """The matrix of answers {(i, j) with i < j: how many times i outweighs j}, 1/9 to 9. Every pair is needed.

    Raises ValueError for more elements than there are random indices, a missing pair or a judgement off the scale.
    """
    if not 1 <= number <= MOST:
        raise ValueError(f"Between 1 and {MOST} can be compared in pairs.")
    matrix = [[1.0] * number for _ in range(number)]
    for i, j in combinations(range(number), 2):
        if (i, j) not in answers:
            raise ValueError("A pair has no answer.")
        judgement = Fraction(answers[i, j])
        if not Fraction(1, 9) <= judgement <= 9:
            raise ValueError("A judgement is between 1/9 and 9.")
        matrix[i][j], matrix[j][i] = float(judgement), float(1 / judgement)
    return matrix


def combined(matrices: Sequence[Matrix]) -> list[list[float]]:
    """Several people's matrices as one: the geometric mean of each judgement, which keeps it reciprocal."""
    number = len(matrices[0])
    return [
        [prod(matrix[i][j] for matrix in matrices) ** (1 / len(matrices)) for j in range(number)]
        for i in range(number)
    ]


def priorities(matrix: Matrix) -> Priorities:
    """Weights as the principal eigenvector, by power iteration, and how consistent the judgements are.

    Consistency index (λ - n) ÷ (n - 1), ratio: the index ÷ the random index. Two are always consistent.
    """
    number = len(matrix)
    weights, eigenvalue = [1 / number] * number, float(number)
    for _ in range(_STEPS):
        moved = [sum(a * w for a, w in zip(row, weights, strict=True)) for row in matrix]
        eigenvalue = sum(moved)
        moved = [value / eigenvalue for value in moved]
        change = max(abs(new - old) for new, old in zip(moved, weights, strict=True))
        weights = moved
        if change < _SAME:
            break
    index = max((eigenvalue - number) / (number - 1), 0.0) if number > 2 else 0.0
    ratio = index / RANDOM_INDEX[number] if number > 2 else 0.0
    return Priorities(tuple(weights), eigenvalue, index, ratio, worst_triple(matrix))


def worst_triple(matrix: Matrix) -> Triple | None:
    """The three whose judgements fit least together; None where all fit, or where there are fewer than three."""
    triples = (
        Triple(i, j, k, matrix[i][j], matrix[j][k], matrix[i][k])
        for places in combinations(range(len(matrix)), 3)
        for i, j, k in permutations(places)
        if matrix[i][j] >= 1
        and matrix[j][k] >= 1  # the way round in which it is said best; there is always one
    )
    worst = max(triples, key=lambda triple: triple.gap, default=None)
    return worst if worst and worst.gap > 1e-9 else None
