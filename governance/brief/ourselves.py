"""Our side: how we are as a customer, and what that costs the partner."""

from django.urls import reverse

from accounts.templatetags.look import score
from accounts.words import counted
from governance.brief.section import Question, Section, Source, short
from governance.brief.subject import Subject
from governance.standing import latest_of
from partners.models import Partner
from scorecards.figures import histories
from scorecards.models import Band, CategoryScore, Score, Scorecard
from scorecards.scoring import band_of

SHOWN = 3
RANK = 90  # asked last


def section(about: Subject) -> Section | None:
    """The latest score of our own organisation with its weakest categories."""
    own = Partner.objects.visible_to(about.user).filter(kind="own").first()
    if own is None or own.pk == about.partner.pk:
        return None
    seen = Scorecard.objects.scores_visible_to(about.user).filter(partner=own)
    latest = latest_of(histories(seen).get(own.pk, []))
    if latest is None or latest.overall is None:
        return None
    bands = list(Band.objects.filter(template=latest.template_id).values_list("letter", "name", "lower"))
    edges = [(letter, lower) for letter, _, lower in bands]
    name = next((name for letter, name, _ in bands if letter == latest.standing), "")
    categories = CategoryScore.objects.filter(scorecard=latest.scorecard_id).order_by("score", "category")
    rows = list(categories.values_list("category__name", "score"))
    stands = name if latest.status == Score.FINAL else "provisional"
    weakest = short(rows[0][0]) if rows else ""
    return Section(
        "ourselves",
        f"Our side: {score(latest.overall)}, {stands}",
        {"rows": [{"name": short(row), "score": value, "letter": band_of(edges, value)} for row, value in rows[:SHOWN]]},
        note=f"How we are as a customer, {short(latest.cycle, 20)}, by {counted(latest.raters, 'rater')} of our own.",
        span=2,
        cards=[latest.scorecard_id],
        sources=[Source(f"Scorecard of {own}, {latest.cycle}", reverse("scorecard_detail", args=[latest.scorecard_id]))],
        questions=[Question("What should we do differently so that you can serve us better?", f"{weakest}, of us: {score(rows[0][1])}", RANK)] if rows else [],
    )  # fmt: skip
