"""What a scorecard says, in words: the sentence at the top of its page and the one under it."""

from decimal import Decimal
from fractions import Fraction

from accounts.templatetags.look import change as signed
from accounts.templatetags.look import plain, score
from scorecards.arithmetic import TELLING_SHARE, Arithmetic
from scorecards.models import Cycle, Score, Scorecard
from scorecards.scoring import band_of, difference, rounded


def heading(card: Scorecard, outcome: Score | None, before: Scorecard | None) -> str:
    """The finding, with its number: "Northgate scores 55.7 of 100: Fair, 5.5 lower than in Q2 2026."."""
    if outcome is None or outcome.overall is None:
        return f"{card.partner} has no score yet in {card.cycle}."
    shown = score(outcome.overall)
    if outcome.status != Score.FINAL:
        return f"{card.partner} stands provisionally at {shown} of 100."
    name = band_name(card, outcome.standing)
    change = change_since(outcome, before)
    if change is None:
        return f"{card.partner} scores {shown} of 100: {name}."
    if not change:
        return f"{card.partner} scores {shown} of 100: {name}, the same as in {before.cycle}."
    return (
        f"{card.partner} scores {shown} of 100: {name}, {abs(change)} {'higher' if change > 0 else 'lower'} "
        f"than in {before.cycle}."
    )


def explanation(
    card: Scorecard, outcome: Score | None, before: Scorecard | None, sums: Arithmetic
) -> list[str]:
    """Sentences that say why: what makes it provisional, what moved it, what caps it."""
    sentences = []
    if outcome is None or outcome.overall is None:
        people = (
            "Nobody has submitted yet"
            if not (outcome and outcome.raters)
            else "Nothing that was submitted gives a mark"
        )
        return [f"{people}. There is no score until somebody does; it is never taken for a zero."]
    if outcome.status == Score.PROVISIONAL:
        sentences.append(_provisional(card, outcome))
    if outcome.capped_by_id:
        sentences.append(_capped(card, outcome, sums))
    change = change_since(outcome, before)
    if change is not None and before and before.template_id != card.template_id:
        sentences.append(
            f"{before.cycle} was scored with {before.template}, this with {card.template}: the difference is not "
            "like for like, and categories and criteria are compared by name."
        )
    elif change and before:
        sentences.append(_movers(change, before.cycle, sums))
    if outcome.status == Score.FINAL and card.cycle.state == Cycle.OPEN:
        sentences.append(f"{card.cycle} is still open: the score moves with every submission.")
    return [sentence for sentence in sentences if sentence]


def change_since(outcome: Score | None, before: Scorecard | None) -> Decimal | None:
    """The difference of the two scores as people see them; None without one of the two."""
    earlier = getattr(before, "score", None)
    return difference(getattr(outcome, "overall", None), getattr(earlier, "overall", None))


def band_name(card: Scorecard, letter: str) -> str:
    return next((band.name for band in card.template.bands.all() if band.letter == letter), letter)


def _provisional(card: Scorecard, outcome: Score) -> str:
    template, reasons = card.template, []
    if outcome.raters < template.minimum_raters:
        people = "rater has" if outcome.raters == 1 else "raters have"
        reasons.append(
            f"{outcome.raters} {people} submitted and at least {template.minimum_raters} are needed"
        )
    if outcome.coverage < template.minimum_coverage:
        reasons.append(
            f"{score(outcome.coverage)} % of the weight is scored and at least "
            f"{plain(template.minimum_coverage)} % is needed"
        )
    return f"Provisional, without standing or rank: {' and '.join(reasons)}." if reasons else ""


def _capped(card: Scorecard, outcome: Score, sums: Arithmetic) -> str:
    row = next((row for row in sums.criteria if row.criterion.pk == outcome.capped_by_id), None)
    if row is None:
        return ""
    alone = band_name(card, band_of(sums.weights.bands, outcome.overall))
    return (
        f"The standing is held at {band_name(card, outcome.standing)}: “{row.criterion.name}” scores "
        f"{score(row.score)}, under the {plain(row.criterion.critical_minimum)} it needs. "
        f"By the score alone it would be {alone}."
    )


def _movers(change: Decimal, since: Cycle, sums: Arithmetic) -> str:
    """Name the one or two categories that make most of the change, or the two that work against each other."""
    same_way = [row for row in sums.moves if row.moved * Fraction(change) > 0]
    other_way = [row for row in sums.moves if row.moved * Fraction(change) < 0]
    if same_way and other_way and abs(other_way[0].moved) >= Fraction(abs(change)):
        one, other = same_way[0], other_way[0]
        return (
            f"Since {since} “{one.category.name}” moved it by {signed(rounded(one.moved, 1))} and "
            f"“{other.category.name}” by {signed(rounded(other.moved, 1))}."
        )
    named = [
        row.category.name for row in same_way[:2] if abs(row.moved) >= Fraction(abs(change)) * TELLING_SHARE
    ]
    if not named:
        return ""
    names = " and ".join(f"“{name}”" for name in named)
    return f"Most of the {'rise' if change > 0 else 'fall'} since {since} comes from {names}."
