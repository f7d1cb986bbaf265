"""How sure the order is, as sentences."""

from collections.abc import Sequence
from fractions import Fraction

from django.utils.text import get_text_list

from accounts.templatetags.look import THIN, plain
from governance.order import Lost, Order, Place
from scorecards.fair.weights import Kept
from scorecards.scoring import rounded

NAMED = 3  # partners who share a place


def share(value: Fraction) -> str:
    """A weight or chance (0 to 1) in per cent, one decimal where it needs one: 41, 8.3."""
    return plain(rounded(100 * value, 1))


def often(count: int, draws: int) -> str:
    """In how many of the weightings, in whole per cent; neither none nor all unless it is so."""
    shown = rounded(Fraction(100 * count, draws), 0)
    if shown == 100 and count < draws:
        return "over 99"
    return "under 1" if shown == 0 and count else str(shown)


def first(kept: Kept) -> str:
    return often(kept.first, kept.draws)


def same(kept: Kept) -> str:
    return often(kept.rank, kept.draws)


def headline(order: Order, lost: Sequence[Lost]) -> str:
    """Who leads, how surely, and what would change it; `lost`: what the leader's weights may do."""
    leaders = [place.name for place in order.places if place.rank == 1]
    if len(order.places) == 1:
        return f"Only {leaders[0]} has a final score here: there is no order to doubt."
    if len(leaders) > 1:
        named = [*leaders[:NAMED], f"{len(leaders) - NAMED} more"] if len(leaders) > NAMED else leaders
        return f"{get_text_list(named, 'and')} are level in first place."
    best = order.places[0]
    stays = (
        f"{best.name} stays first in {'all' if best.around.first == best.around.draws else f'{first(best.around)}{THIN}% of'} "
        "reasonable weightings"
    )
    return f"{stays}{_unless(order, lost)}."


def _unless(order: Order, lost: Sequence[Lost]) -> str:
    """The nearest one or two turns of what is weighed, in words."""
    weighed = [row for row in lost if row.of_category] or list(lost)
    turns = [
        (abs(turn[0] - row.today), f"“{row.row.name}” weighs {side} than {share(turn[0])}{THIN}%")
        for row in weighed
        for side, turn in (("less", row.below), ("more", row.above))
        if turn
    ]
    if not turns:
        return ", whatever any one of the weights is"
    turns.sort(key=lambda turn: turn[0])
    only = "loses only if" if len(turns) <= 2 else "loses soonest if"
    return f" and {only} {' or '.join(text for _, text in turns[:2])}"


def lede(order: Order) -> str:
    """What reasonable means, and how it would be without reason."""
    best = order.places[0]
    sentence = (
        f"Reasonable weightings lie around today’s: a weight of 25{THIN}% is then anywhere between 14 and 38{THIN}%, 19 times "
        "in 20."
    )
    if len(order.places) > 1 and order.places[1].rank > 1:
        sentence += f" Were every weighting as good as any other, {best.name} would be first in {first(best.anyhow)}{THIN}%."
    return sentence


def pair(order: Order, one: Place, other: Place) -> str:
    """How two partners stand to each other, the one ahead first."""
    gap = rounded(one.overall - other.overall, 1)
    stand = (
        f"{one.name} is {gap} point{'' if gap == 1 else 's'} ahead of {other.name}."
        if one.overall > other.overall
        else f"{one.name} and {other.name} are level."
    )
    chance = order.chance(one, other)
    if chance is None:
        return f"{stand} They have no score in the same places: each counts by what it has."
    return f"{stand} Of all weightings there are, {one.name} is ahead in {share(chance)}{THIN}%."
