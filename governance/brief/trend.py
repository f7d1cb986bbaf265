"""How the score has moved from cycle to cycle."""

from django.urls import reverse

from accounts.words import counted
from governance.brief.section import Section, Source, short
from governance.brief.subject import Subject
from governance.words import spelled
from scorecards.figures import Point
from scorecards.scoring import shown

SHOWN = 8  # cycles
STILL = 2  # points that nobody would call a move


def section(about: Subject) -> Section | None:
    """The cycles up to the one the brief is about, as a line over the bands; nothing before the second score."""
    if about.latest is None:
        return None
    points = about.points[: about.points.index(about.latest) + 1][-SHOWN:]
    if sum(point.overall is not None for point in points) < 2:
        return None
    rows = [
        {
            "label": short(point.cycle, 9), "score": point.overall, "letter": point.standing,
            "like_for_like": place == 0 or point.template_id == points[place - 1].template_id,
        }
        for place, point in enumerate(points)
    ]  # fmt: skip
    partner = reverse("partner_detail", args=[about.partner.pk])
    words = f"Overall scores of {counted(len(points), 'cycle')}, {points[0].cycle} to {points[-1].cycle}"
    return Section(
        "trend", finding(points), {"points": rows, "bands": about.bands}, sources=[Source(words, partner)],
        cards=[point.scorecard_id for point in points],
    )  # fmt: skip


def finding(points: list[Point]) -> str:
    """Where it went over the cycles shown, and whether that has become faster."""
    scored = [point for point in points if point.overall is not None]
    values = [shown(point.overall) for point in scored if point.overall is not None]
    moved, last = values[-1] - values[0], values[-1] - values[-2]
    span = f"{spelled(len(values))} cycles"
    if abs(moved) < STILL:
        return (
            f"Steady over {span}"
            if abs(last) < STILL
            else f"{_way(last)} by {abs(last)} since {scored[-2].cycle}"
        )
    said = f"{_way(moved)} by {abs(moved)} over {span}"
    average = moved / (len(values) - 1)
    if len(values) > 2 and last * moved < 0 and abs(last) >= STILL:
        return f"{said}, turned this time"
    if len(values) > 2 and abs(last) > 2 * abs(average):
        return f"{said}, faster this time"
    return said


def _way(difference: object) -> str:
    return "Up" if difference > 0 else "Down"  # type: ignore[operator]
