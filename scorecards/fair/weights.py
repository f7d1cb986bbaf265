"""Would other weights change the order? Where two partners change places, and how often each keeps its rank.

Scores are 0 to 100, weights any numbers of which only the proportions count. A partner without a score somewhere
(None) is scored by what it has, as `scorecards.scoring` says: its weights renormalise. Then a score is no straight
line of a weight any more but a quotient of two, and where two partners change places is the root of a quadratic.

Sources: one weight at a time with the others rescaled: Triantaphyllou & Sánchez (1997), Decision Sciences 28(1),
151-194. Shares of weightings: Lahdelma, Hokkanen & Salminen (1998), SMAA, European Journal of Operational Research
106(1), 137-143.
"""

import random
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import comb, isqrt
from operator import mul
from typing import NamedTuple

from scorecards.scoring import stored, weighted_mean

Scores = Sequence[Fraction | None]
DRAWS = 2_000  # a share of half of them is right within 2 points, 19 times in 20
SEED = 1998
CONCENTRATION = 50  # a weight of 25 % is then drawn between 14 and 38 %, 19 times in 20
_FINE = 10**40  # irrational roots are right to 1 in so many


class Curve(NamedTuple):
    """A score as one weight t goes from 0 to 1: (top + top_t·t) ÷ (bottom + bottom_t·t); positive below the line."""

    top: Fraction
    top_t: Fraction
    bottom: Fraction
    bottom_t: Fraction

    def at(self, t: Fraction) -> Fraction:
        return (self.top + self.top_t * t) / (self.bottom + self.bottom_t * t)


@dataclass(frozen=True, slots=True)
class Turn:
    """The weights (0 to 1) next to today's from which on the other is ahead; None: never, on that side."""

    below: Fraction | None
    above: Fraction | None


@dataclass(frozen=True, slots=True)
class Kept:
    """In how many of so many weightings a partner is first, and in how many it has the rank it has today."""

    first: int
    rank: int
    draws: int


def share_of(weights: Sequence[Fraction], place: int) -> Fraction:
    """The weight as a share of all, 0 to 1."""
    total = sum(weights, Fraction(0))
    return Fraction(weights[place]) / total if total else Fraction(0)


def one_weight(weights: Sequence[Fraction], scores: Scores, place: int) -> Curve | None:
    """The score as the weight in one place moves and the others are rescaled.

    None: there is no score, or the others weigh nothing and so cannot be rescaled.
    """
    others = [
        (Fraction(weight), score)
        for i, (weight, score) in enumerate(zip(weights, scores, strict=True))
        if i != place
    ]
    total = sum((weight for weight, _ in others), Fraction(0))
    if not total:
        return None
    scored = sum((weight for weight, score in others if score is not None), Fraction(0)) / total
    brings = sum((weight * score for weight, score in others if score is not None), Fraction(0)) / total
    here = scores[place]
    if here is None:
        return Curve(brings, Fraction(0), scored, Fraction(0)) if scored else None
    return Curve(brings, here - brings, scored, 1 - scored)


def one_inside(weights: Sequence[Fraction], scores: Scores, place: int, inner: Curve | None) -> Curve | None:
    """The score as a weight inside one category moves, whose own score is `inner`; categories keep their weights."""
    others = [
        (Fraction(weight), score)
        for i, (weight, score) in enumerate(zip(weights, scores, strict=True))
        if i != place and score is not None
    ]
    weight, brings = sum((w for w, _ in others), Fraction(0)), sum((w * s for w, s in others), Fraction(0))
    own = Fraction(weights[place])
    if inner is None or not own:
        return Curve(brings, Fraction(0), weight, Fraction(0)) if weight else None
    return Curve(
        brings * inner.bottom + own * inner.top, brings * inner.bottom_t + own * inner.top_t,
        (weight + own) * inner.bottom, (weight + own) * inner.bottom_t,
    )  # fmt: skip


def turn(ahead: Curve | None, behind: Curve | None, today: Fraction) -> Turn:
    """Where the one that is ahead today (or level) falls behind, on either side of today's weight.

    Exact where the weight is rational, else right to 40 decimals. To be level is not to be behind.
    """
    if ahead is None or behind is None:
        return Turn(None, None)
    places = [Fraction(0), *_roots(_difference(ahead, behind)), Fraction(1)]
    spans = list(pairwise(places))
    lost = [(low, high) for low, high in spans if ahead.at((low + high) / 2) < behind.at((low + high) / 2)]
    above = min((max(low, today) for low, high in lost if high > today), default=None)
    below = max((min(high, today) for low, high in lost if low < today), default=None)
    return Turn(below, above)


def _difference(one: Curve, other: Curve) -> tuple[Fraction, Fraction, Fraction]:
    """a, b, c of the a·t² + b·t + c whose sign is that of the difference of the two scores."""
    return (
        one.top_t * other.bottom_t - other.top_t * one.bottom_t,
        one.top * other.bottom_t + one.top_t * other.bottom - other.top * one.bottom_t - other.top_t * one.bottom,
        one.top * other.bottom - other.top * one.bottom,
    )  # fmt: skip


def _roots(quadratic: tuple[Fraction, Fraction, Fraction]) -> list[Fraction]:
    """Where it is 0 between 0 and 1, both left out, the smaller first."""
    a, b, c = quadratic
    if a:
        inside = b * b - 4 * a * c
        if inside < 0:
            return []
        root = _square_root(inside)
        found = {(-b - root) / (2 * a), (-b + root) / (2 * a)}
    else:
        found = {-c / b} if b else set()
    return sorted(t for t in found if 0 < t < 1)


def _square_root(value: Fraction) -> Fraction:
    """Exact where it is rational, else 40 decimals of it."""
    top, bottom = value.as_integer_ratio()
    if isqrt(top) ** 2 == top and isqrt(bottom) ** 2 == bottom:
        return Fraction(isqrt(top), isqrt(bottom))
    return Fraction(isqrt(top * bottom * _FINE**2), bottom * _FINE)


def chance_ahead(differences: Sequence[Fraction]) -> Fraction:
    """In which share of all weightings Σ weight·difference is above 0, exactly: weights uniform over the simplex.

    Σ over positive d of d^(n-1) ÷ Π (d - other d), which is the divided difference of max(x, 0)^(n-1) over the
    differences; so it holds where some are equal, too. Ali (1973), Pacific Journal of Mathematics 48(2), 313-322;
    de Boor (2005), Surveys in Approximation Theory 1, 46-69. Example: (2, -1, -3) gives 4/15.
    """
    points = sorted(map(Fraction, differences))
    power = len(points) - 1
    column = [max(point, Fraction(0)) ** power if power else Fraction(point > 0) for point in points]
    for order in range(1, len(points)):
        column = [
            (above - below) / (points[i + order] - points[i])
            if points[i + order] != points[i]
            else _derivative(points[i], power, order)
            for i, (below, above) in enumerate(pairwise(column))
        ]
    return column[0]


def _derivative(point: Fraction, power: int, order: int) -> Fraction:
    """Of max(x, 0)^power, divided by order factorial; from below where it jumps, so that level is not ahead."""
    return comb(power, order) * point ** (power - order) if point > 0 else Fraction(0)


def ranks(overalls: Sequence[Fraction | None]) -> list[int]:
    """Competition ranks (1, 2, 2, 4) by the four decimals that are stored; without a score one is last."""
    kept = [None if overall is None else stored(overall) for overall in overalls]
    order = sorted(-overall for overall in kept if overall is not None)
    return [len(order) + 1 if overall is None else bisect_left(order, -overall) + 1 for overall in kept]


def weightings(
    weights: Sequence[Fraction], *, around: bool, draws: int = DRAWS, seed: int = SEED
) -> Iterator[list[float]]:
    """Weightings drawn at random that add up to 1, the same ones for the same seed.

    Around the chosen ones: Dirichlet with parameters CONCENTRATION × share, whose mean they are. Otherwise every
    weighting is as likely as any other. What weighs nothing stays so. Gamma variates divided by their sum: Devroye
    (1986), Non-Uniform Random Variate Generation, chapter XI.4.
    """
    source = random.Random(seed)  # noqa: S311 - a simulation, no secret
    shapes = [
        (CONCENTRATION * float(share_of(weights, i)) if around else 1.0) if weight else 0.0
        for i, weight in enumerate(weights)
    ]
    for _ in range(draws):
        drawn = [source.gammavariate(shape, 1.0) if shape else 0.0 for shape in shapes]
        total = sum(drawn)
        yield [weight / total for weight in drawn] if total else [float(bool(shape)) for shape in shapes]


def kept(
    weights: Sequence[Fraction],
    field: Sequence[Scores],
    *,
    around: bool,
    draws: int = DRAWS,
    seed: int = SEED,
) -> list[Kept]:
    """For each partner of the field: in how many weightings it is first, and in how many it keeps today's rank."""
    today = ranks([weighted_mean(_scored(weights, scores)) for scores in field])
    rows = [[float(score or 0) for score in scores] for scores in field]
    has = [None if None not in scores else [float(score is not None) for score in scores] for scores in field]
    first, same = [0] * len(field), [0] * len(field)
    for drawn in weightings(weights, around=around, draws=draws, seed=seed):
        behind = [  # rounded: who is level stays so, whatever floating point makes of it
            -round(
                sum(map(mul, drawn, row)) / (1.0 if held is None else sum(map(mul, drawn, held)) or 1.0), 9
            )
            for row, held in zip(rows, has, strict=True)
        ]
        order = sorted(behind)
        for i, value in enumerate(behind):
            if value == order[0]:
                first[i] += 1
            if order[today[i] - 1] == value and (today[i] < 2 or order[today[i] - 2] != value):
                same[i] += 1
    return [Kept(one, rank, draws) for one, rank in zip(first, same, strict=True)]


def _scored(weights: Sequence[Fraction], scores: Scores) -> list[tuple[Fraction, Fraction]]:
    return [(weight, score) for weight, score in zip(weights, scores, strict=True) if score is not None]
