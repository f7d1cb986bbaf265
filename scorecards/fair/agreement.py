"""How far raters agree: Krippendorff's alpha, from 1 (always) by 0 (no more than by chance) to below.

Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, by the counts of values in each unit (his section C
with coincidences), so that missing marks need no care. What raters judge, a criterion of a partner, is a unit.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

NOMINAL, ORDINAL, INTERVAL = "nominal", "ordinal", "interval"
GOOD, TENTATIVE = (
    0.8,
    0.667,
)  # from which on conclusions may be drawn, and tentative ones (Krippendorff 2004, 241)

NO_PAIRS = "Nothing was rated by two people."
ONE_UNIT = "Two people rated the same only once, so there is nothing to compare."
ONE_VALUE = "Every mark is the same, so there is nothing to agree on."


@dataclass(frozen=True, slots=True)
class Agreement:
    """`alpha`, or None with the reason why it cannot be told; from so many pairable marks in so many units."""

    alpha: float | None
    reason: str
    marks: int
    units: int

    @property
    def word(self) -> str:
        return "" if self.alpha is None else in_word(self.alpha)


def in_word(alpha: float) -> str:
    """What the number is good for."""
    return "good" if alpha >= GOOD else "tentative" if alpha >= TENTATIVE else "poor"


def agreement(units: Iterable[Sequence[float]], metric: str = ORDINAL) -> Agreement:
    """Of the marks in each unit; a unit with fewer than two says nothing.

    The metric says how far two marks are apart: nominal (they differ), ordinal (how many marks lie between them, by
    rank) or interval (their difference, squared).
    """
    pairable = [unit for unit in units if len(unit) > 1]
    marks = sum(map(len, pairable))
    if not pairable:
        return Agreement(None, NO_PAIRS, 0, 0)
    totals = Counter(mark for unit in pairable for mark in unit)
    if len(pairable) == 1:
        return Agreement(None, ONE_UNIT, marks, 1)
    if len(totals) == 1:
        return Agreement(None, ONE_VALUE, marks, len(pairable))
    if metric == INTERVAL:
        observed, expected = _squares(pairable)
    else:
        observed, expected = _coincidences(pairable, totals, _distance(totals, metric))
    return Agreement(1 - (marks - 1) * observed / expected, "", marks, len(pairable))


def _coincidences(
    units: Sequence[Sequence[float]], totals: Mapping[float, int], apart: Callable[[float, float], float]
) -> tuple[float, float]:
    """Disagreement observed inside units, and among all marks whatever their unit (as sums over ordered pairs)."""
    observed = 0.0
    for unit in units:
        counts = list(Counter(unit).items())
        if len(counts) > 1:
            found = sum(n * m * apart(a, b) for i, (a, n) in enumerate(counts) for b, m in counts[:i])
            observed += 2 * found / (len(unit) - 1)
    every = list(totals.items())
    return observed, 2 * sum(n * m * apart(a, b) for i, (a, n) in enumerate(every) for b, m in every[:i])


def _distance(totals: Mapping[float, int], metric: str) -> Callable[[float, float], float]:
    if metric == NOMINAL:
        return lambda a, b: a != b
    values = sorted(totals)
    up_to = dict(zip(values, accumulate(totals[value] for value in values), strict=True))
    middle = {
        value: up_to[value] - totals[value] / 2 for value in values
    }  # ranks, those of equal marks shared
    return lambda a, b: (middle[a] - middle[b]) ** 2


def _squares(units: Sequence[Sequence[float]]) -> tuple[float, float]:
    """The same for squared differences, by sums: marks with severity taken out hardly ever coincide."""
    every = [mark for unit in units for mark in unit]
    centre = sum(every) / len(every)
    observed = sum(_spread(unit, centre) / (len(unit) - 1) for unit in units)
    return observed, _spread(every, centre)


def _spread(marks: Sequence[float], centre: float) -> float:
    """Σ (a − b)² over all ordered pairs."""
    moved = [mark - centre for mark in marks]
    return 2 * (len(moved) * sum(x * x for x in moved) - sum(moved) ** 2)
