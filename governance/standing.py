"""Where a partner stands, in a sentence; or why there is no score to show."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounts.templatetags.look import away, percent, score
from partners.models import Partner
from scorecards.figures import Point
from scorecards.models import Assessment, Cycle, Score, Scorecard
from vendorhub.roles import may


def latest_of(points: Sequence[Point]) -> Point | None:
    """The last closed cycle with an outcome, else the open one."""
    told = [point for point in points if point.coverage is not None]
    return next((point for point in reversed(told) if point.closed), told[-1] if told else None)


def before_of(points: Sequence[Point], point: Point) -> Point | None:
    """The closed, scored cycle before this one."""
    earlier = points[: points.index(point)]
    return next((other for other in reversed(earlier) if other.closed and other.overall is not None), None)


def headline(
    partner: Partner, latest: Point | None, band: str, before: Point | None, change: Decimal | None
) -> str:
    """Score, band, change, and since which cycle. `band` is the standing's name in its template."""
    if latest is None:
        return f"{partner} has no score yet."
    if latest.overall is None:
        return f"{partner} has no score in {latest.cycle}."
    stands = (
        "stands provisionally at"
        if latest.status != Score.FINAL
        else f"is {band} at"
        if band
        else "stands at"
    )
    said = f"{partner} {stands} {score(latest.overall)} of 100 in {latest.cycle}"
    if before is None or change is None:
        return f"{said}."
    moved = f"{'up' if change > 0 else 'down'} {score(abs(change))} since" if change else "the same as in"
    return f"{said}, {moved} {before.cycle}."


def doubt(latest: Point | None) -> str:
    """Why a score is not final."""
    if latest is None or latest.status == Score.FINAL:
        return ""
    raters = f"{latest.raters} rater{'' if latest.raters == 1 else 's'}"
    return f"Not final: {raters} submitted, and {percent(latest.coverage)} of the weight is scored."


@dataclass(frozen=True)
class Missing:
    """Why there is no score, and the way on: the address of a cycle to open, or of an assessment of one's own."""

    why: str
    cycle: Cycle | None = None
    assessment: Assessment | None = None


def why_no_score(partner: Partner, user: Any) -> Missing:
    """The reason in a sentence, and what this person can do about it."""
    cards = Scorecard.objects.visible_to(user).filter(partner=partner)
    under_way = cards.filter(cycle__state=Cycle.OPEN).select_related("cycle").order_by("-cycle__ends").first()
    if under_way:
        cycle = under_way.cycle
        own = Assessment.objects.visible_to(user).filter(scorecard__cycle=cycle, submitted_at=None)
        if mine := own.filter(scorecard=under_way).first():
            return Missing(f"You are asked to score it in {cycle}, due {away(cycle.due)}.", cycle, mine)
        if own.exists():
            return Missing(f"You see scores of {cycle} once you have submitted all of your own.", cycle)
        if not may(user, "see_scores"):
            return Missing("Your role sees the scores of partners you have scored yourself.")
        return Missing(
            f"It is being scored in {cycle}, due {away(cycle.due)}; nobody has submitted yet.", cycle
        )
    if not may(user, "see_scores"):
        return Missing("Your role sees the scores of partners you have scored yourself.")
    if cards.exists():
        return Missing("It stands in a cycle that has not been opened, or in which nothing was submitted.")
    reachable = Cycle.objects.visible_to(user).exclude(state=Cycle.CLOSED).first()
    return Missing("It stands in no cycle yet: a quarterly cycle asks people to score it.", reachable)
