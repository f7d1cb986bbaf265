"""Our side: how we are as a customer, and what that costs the partner."""

from django.urls import reverse

from accounts.templatetags.look import score
from accounts.words import counted
from governance.brief.section import Question, Section, Source, short
from governance.brief.subject import Subject
from governance.standing import latest_of
from partners.models import Partner
from scorecards.figures import history
from scorecards.models import Score
from scorecards.scoring import band_of

SHOWN = 3
RANK = 90  # asked last


def section(about: Subject) -> Section | None:
    """The latest score of our own organisation with its weakest categories."""
    own = Partner.objects.visible_to(about.user).filter(kind="own").first()
    if own is None or own.pk == about.partner.pk:
        return None
    latest = latest_of(history(own.pk, about.user))
    if latest is None or latest.overall is None:
        return None
    bands = latest.template.bands.all()
    edges = [(band.letter, band.lower) for band in bands]
    name = next((band.name for band in bands if band.letter == latest.standing), "")
    names = {category.pk: category.name for category in latest.template.categories.all()}
    categories = sorted(latest.categories.items(), key=lambda row: (row[1], row[0]))
    rows = [(names[category], value) for category, value in categories]
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
