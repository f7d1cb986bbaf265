"""All ratings of a cycle made fair: severity of its raters, adjusted scores with intervals and ranks, agreement.

A score is the weighted mean it always is (docs/scoring.md). As that is a sum of ratings, taking severity out of them
lowers it by the same sum of their raters' effects: adjusted score = score − Σ share of the rating · effect. Adjusted
scores are not cut off at 0 and 100, so that they stay that difference.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scorecards.fair.agreement import INTERVAL, ORDINAL, agreement
from scorecards.fair.severity import Components, Effect, NotComputed, Severity
from scorecards.fair.uncertainty import Errors, Sums, rank_ranges


@dataclass(frozen=True, slots=True)
class Ratings:
    """Counting, submitted ratings in the order of their scorecards, a row each; ids are whole numbers.

    `percent` of the scale, `factor` what the rater's side counts, `weight` of the criterion, `whole` of its category.
    `measured`: (card, category, weight, whole) of each measured criterion that has a score.
    """

    card: np.ndarray
    partner: np.ndarray
    criterion: np.ndarray
    category: np.ndarray
    rater: np.ndarray
    percent: np.ndarray
    factor: np.ndarray
    weight: np.ndarray
    whole: np.ndarray
    measured: Sequence[tuple[int, int, float, float]] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """A scorecard's scores as they are without all this; `among`: those it is ranked with, None without a rank."""

    overall: float
    categories: Mapping[int, float]
    among: Any = None


@dataclass(slots=True)
class Adjusted:
    """A score with severity taken out, and between what it lies in 95 of 100 such cases."""

    score: float
    lower: float
    upper: float


@dataclass(slots=True)
class Card:
    """`change`: what severity did to the score; `ranks` its own, and the first and last it may have."""

    overall: Adjusted
    component: int
    severity_sd: float
    categories: dict[int, Adjusted] = field(default_factory=dict)
    criteria: dict[int, float] = field(default_factory=dict)
    ranks: tuple[int, int, int] | None = None


@dataclass(slots=True)
class Fair:
    """What a cycle's ratings come to. `reason` says why there is neither `components` nor anything adjusted."""

    reason: str = ""
    components: Components | None = None
    raters: dict[int, Effect] = field(default_factory=dict)
    cards: dict[int, Card] = field(default_factory=dict)
    agreement: dict[str, dict[str, Any]] = field(default_factory=dict)
    ratings: int = 0


def work_out(ratings: Ratings, stored: Mapping[int, Stored] | None) -> Fair:
    """Everything at once, for the scorecards that have a stored score; None: of the raters alone."""
    found = Fair(ratings=len(ratings.card))
    effects = np.zeros(len(ratings.card))
    try:
        model = Severity(
            *(c.tolist() for c in (ratings.rater, ratings.partner, ratings.criterion, ratings.percent))
        )
    except NotComputed as why:
        found.reason = str(why)
    else:
        found.components = model.components
        found.raters = {int(rater): effect for rater, effect in model.effects.items()}  # type: ignore[call-overload]
        if stored is None:
            return found
        effects = np.array(
            [effect.effect if (effect := found.raters.get(r)) else 0 for r in ratings.rater.tolist()]
        )
        _adjust(found, model, ratings, stored, effects)
    found.agreement = dict(_agreements(ratings, ratings.percent - effects if found.components else None))
    return found


def shares(ratings: Ratings) -> tuple[np.ndarray, np.ndarray]:
    """What each rating weighs in the score of its category and in the overall one."""
    criteria = _Groups(ratings.card, ratings.criterion)
    share = ratings.factor / criteria.sums(ratings.factor)[criteria.of]
    extra = np.array(ratings.measured, float).reshape(-1, 4)
    first = criteria.first
    card = np.concatenate([ratings.card[first], extra[:, 0].astype(int)])
    category = np.concatenate([ratings.category[first], extra[:, 1].astype(int)])
    weight = np.concatenate([ratings.weight[first], extra[:, 2]])
    categories = _Groups(card, category)
    inside = categories.sums(weight)
    whole = np.concatenate([ratings.whole[first], extra[:, 3]])[categories.first] * (inside > 0)
    cards = _Groups(card[categories.first])
    of_card = cards.sums(whole)[cards.of]
    in_category = share * _divided(weight, inside[categories.of])[: len(first)][criteria.of]
    in_whole = _divided(whole, of_card)[categories.of][: len(first)][criteria.of]
    return in_category, in_category * in_whole


def _divided(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.divide(a, b, out=np.zeros_like(a, dtype=float), where=b != 0)


class _Groups:
    """Rows of equal keys: the group `of` each row and the `first` row of each group."""

    def __init__(self, *keys: np.ndarray) -> None:
        codes = np.zeros(len(keys[0]), int)
        for key in keys:
            values, inverse = np.unique(key, return_inverse=True)
            codes = codes * (len(values) or 1) + inverse
        _, self.first, self.of = np.unique(codes, return_index=True, return_inverse=True)

    def sums(self, values: np.ndarray) -> np.ndarray:
        return np.bincount(self.of, values, minlength=len(self.first))


def _adjust(
    found: Fair, model: Severity, ratings: Ratings, stored: Mapping[int, Stored], effects: np.ndarray
) -> None:
    in_category, in_whole = shares(ratings)
    known = np.array([p in model.component for p in ratings.partner.tolist()], bool)
    known &= np.isin(ratings.card, list(stored))
    rows = np.flatnonzero(known)
    if not len(rows):
        return
    cards, place = np.unique(ratings.card[rows], return_inverse=True)
    overall = Sums(place, rows, in_whole[rows], len(cards))
    errors = Errors(model, ratings.rater, overall, compare=True)
    taken = np.bincount(place, in_whole[rows] * effects[rows], minlength=len(cards))
    partner = dict(zip(ratings.card[rows].tolist(), ratings.partner[rows].tolist(), strict=True))
    spread = _spreads(place, ratings.rater[rows], effects[rows], len(cards))
    for i, card in enumerate(cards.tolist()):
        score = _adjusted(stored[card].overall, taken[i], errors.half[i])
        found.cards[card] = Card(score, model.component[partner[card]], spread[i])
    _adjust_categories(found, model, ratings, stored, effects, in_category, rows)
    criteria = _Groups(ratings.card, ratings.criterion)
    means = criteria.sums(ratings.factor * (ratings.percent - effects)) / criteria.sums(ratings.factor)
    for row, mean in zip(criteria.first.tolist(), means.tolist(), strict=True):
        if card_found := found.cards.get(int(ratings.card[row])):
            card_found.criteria[int(ratings.criterion[row])] = mean
    _rank(found, stored, cards, errors)


def _adjusted(score: float, taken: float, half: float) -> Adjusted:
    middle = score - round(float(taken), 4)
    return Adjusted(middle, middle - float(half), middle + float(half))


def _spreads(place: np.ndarray, rater: np.ndarray, effects: np.ndarray, number: int) -> list[float]:
    """The standard deviation of the effects of each scorecard's raters, each of them once."""
    once = _Groups(place, rater).first
    place, effects = place[once], effects[once]
    count = np.maximum(np.bincount(place, minlength=number), 1)
    mean = np.bincount(place, effects, minlength=number) / count
    squares = np.bincount(place, (effects - mean[place]) ** 2, minlength=number)
    return np.sqrt(squares / np.maximum(count - 1, 1)).tolist()


def _adjust_categories(
    found: Fair, model: Severity, ratings: Ratings, stored: Mapping[int, Stored], effects: np.ndarray,
    in_category: np.ndarray, rows: np.ndarray,
) -> None:  # fmt: skip
    groups = _Groups(ratings.card[rows], ratings.category[rows])
    order = np.argsort(groups.of, kind="stable")
    rows, place = rows[order], groups.of[order]
    number = len(groups.first)
    errors = Errors(model, ratings.rater, Sums(place, rows, in_category[rows], number))
    taken = np.bincount(place, in_category[rows] * effects[rows], minlength=number)
    first = np.searchsorted(place, range(number))
    for i, row in enumerate(rows[first].tolist()):
        card, category = int(ratings.card[row]), int(ratings.category[row])
        if (score := stored[card].categories.get(category)) is not None:
            found.cards[card].categories[category] = _adjusted(score, taken[i], errors.half[i])


def _rank(found: Fair, stored: Mapping[int, Stored], cards: np.ndarray, errors: Errors) -> None:
    ranked: dict[Any, list[int]] = {}
    for place, card in enumerate(cards.tolist()):
        if stored[card].among is not None:
            ranked.setdefault(stored[card].among, []).append(place)
    for places in ranked.values():
        mine = [found.cards[int(cards[place])] for place in places]
        values = np.array([round(card.overall.score, 4) for card in mine])
        circles = np.array([card.component for card in mine])
        ranges = rank_ranges(values, circles, errors, np.array(places))
        for card, value, (first, last) in zip(mine, values, ranges.tolist(), strict=True):
            card.ranks = (1 + int((values > value).sum()), first, last)


def _agreements(ratings: Ratings, adjusted: np.ndarray | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Of the whole cycle (“cycle”), of each category (“g” and its id) and each criterion (“c”).

    `alpha` is ordinal, of the marks; `before` and `after` taking severity out are interval, to compare with each other.
    """
    units = _Groups(ratings.card, ratings.criterion)
    order = np.argsort(units.of, kind="stable")
    edges = np.cumsum(np.bincount(units.of))[:-1]
    marks = [unit.tolist() for unit in np.split(np.round(ratings.percent, 6)[order], edges)]
    later = None if adjusted is None else [unit.tolist() for unit in np.split(adjusted[order], edges)]
    rater = [set(unit.tolist()) for unit in np.split(ratings.rater[order], edges)]
    criterion, category = ratings.criterion[units.first].tolist(), ratings.category[units.first].tolist()
    members: dict[str, list[int]] = {"cycle": list(range(len(units.first)))}
    for unit in members["cycle"]:
        members.setdefault(f"g{category[unit]}", []).append(unit)
        members.setdefault(f"c{criterion[unit]}", []).append(unit)
    for key, inside in members.items():
        mine = [marks[unit] for unit in inside]
        told = agreement(mine, ORDINAL)
        after = agreement([later[unit] for unit in inside], INTERVAL).alpha if later else None
        yield (
            key,
            {
                "alpha": _rounded(told.alpha),
                "reason": told.reason,
                "marks": told.marks,
                "units": told.units,
                "before": _rounded(agreement(mine, INTERVAL).alpha),
                "after": _rounded(after),
                "raters": len(set().union(*(rater[unit] for unit in inside))),
            },
        )


def _rounded(alpha: float | None) -> float | None:
    return None if alpha is None else round(alpha, 6)
