"""What was decided about this contract before, why, and what came of it."""

from django.urls import reverse
from django.utils.text import Truncator

from accounts.templatetags.look import day
from accounts.words import counted
from governance.brief.section import Section, Source, short
from governance.brief.subject import Renewal
from governance.models import Decision

LONGEST = 220  # characters of a reason on the brief; all of it is one link away


def section(about: Renewal) -> Section | None:
    """The last decision about the contract: about this term, or what was said last time."""
    decisions = Decision.objects.visible_to(about.user).filter(contract=about.contract)
    found = list(decisions.select_related("by")[:20])
    if not found:
        return None
    last, earlier = found[0], len(found) - 1
    what = last.get_outcome_display().lower()
    what += f" to {day(last.deferred_to)}" if last.deferred_to else ""
    said = [
        ("Why", last.reasons),
        ("On condition", last.conditions),
        ("What came of it", last.came_of_it or "Not written down yet."),
    ]
    return Section(
        "last_time",
        f"{'Decided' if last.term_ends == about.contract.term_ends else 'Last time'}: {what}, {day(last.at)}",
        {
            "said": [(label, Truncator(text).chars(LONGEST)) for label, text in said if text],
            "by": short(str(last.by), 30), "href": reverse("decision_detail", args=[last.pk]), "earlier": earlier,
        },
        note=f"{counted(earlier, 'earlier decision')}." if earlier else "",
        sources=[Source(f"{row.get_outcome_display()}, {day(row.at)}, {row.by}", reverse("decision_detail", args=[row.pk])) for row in found[:5]],
    )  # fmt: skip
