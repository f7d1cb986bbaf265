"""What is open before anybody decides: scores still being given, and what the contract's record lacks."""

from typing import Any

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from accounts.templatetags.look import away, day, percent
from accounts.words import counted
from evidence.followups import is_unchallenged, talks, talks_due
from governance.brief.section import Section, Source, short
from governance.brief.subject import Renewal, Subject
from governance.models import Action
from governance.models.forums import THEM, US
from governance.words import sentence, spelled
from partners.models import EVERGREEN, Contract
from scorecards.models import Cycle, Score, Scorecard

SHOWN = 5


def section(about: Renewal) -> Section | None:
    """Of a renewal."""
    return listed(
        [*scoring(about), *after_the_fire(about), *overdue(about), *comfort(about), *gaps(about.contract)]
    )


def of_admission(about: Subject) -> Section | None:
    """Of an admission: nothing is agreed yet, so only scores can be open."""
    return listed(scoring(about))


def listed(found: list[dict[str, Any]]) -> Section | None:
    """What was found, most of it on the page and all of it in the sources."""
    if not found:
        return None
    title = f"{sentence(spelled(len(found)))} {'thing is' if len(found) == 1 else 'things are'} open"
    rows, more = found[:SHOWN], len(found) - SHOWN
    return Section(
        "items", title, {"rows": rows}, note=f"And {more} more: see the sources." if more > 0 else "",
        sources=[Source(row["words"], row["href"]) for row in found],
    )  # fmt: skip


def scoring(about: Subject) -> list[dict[str, Any]]:
    """Scores that are still being given, or that are not final."""
    found = []
    cards = Scorecard.objects.visible_to(about.user).filter(partner=about.partner.pk, cycle__state=Cycle.OPEN)
    for card in cards.select_related("cycle").annotate(
        asked=Count("assessments"), submitted=Count("assessments__submitted_at")
    ):
        left = card.asked - card.submitted
        if left or not card.asked:
            said = f"{counted(left, 'rater')} of {card.asked} to submit" if card.asked else "no rater asked"
            found.append(
                _item(
                    f"{short(card.cycle.name, 20)}: {said}, due {away(card.cycle.due)}",
                    reverse("scorecard_detail", args=[card.pk]),
                )
            )
    outcome, card_now = about.outcome, about.card
    if outcome and card_now and outcome.status == Score.PROVISIONAL:
        least = card_now.template.minimum_raters
        said = (
            f"{counted(outcome.raters, 'rater')}, {least} needed"
            if outcome.raters < least
            else f"{percent(outcome.coverage)} of the weight scored"
        )
        found.append(
            _item(f"Score only provisional: {said}", reverse("scorecard_detail", args=[card_now.pk]))
        )
    return found


def after_the_fire(about: Subject) -> list[dict[str, Any]]:
    """Conversations due after severe incidents and praise."""
    found = talks(talks_due(about.user).filter(partner=about.partner))
    return [
        _item(f"{short(talk.words, 70)}, due {away(talk.due)}", talk.incident.get_absolute_url())
        for talk in found
    ]


def overdue(about: Subject) -> list[dict[str, Any]]:
    """Actions of either side out of meetings that are past their day."""
    late = (
        Action.objects.visible_to(about.user)
        .filter(forum__partner=about.partner)
        .overdue(timezone.localdate())
    )
    number = dict(late.order_by().values_list("side").annotate(Count("pk")))
    if not number:
        return []
    said = " and ".join(
        f"{number[side]} of {whose}" for side, whose in ((THEM, "theirs"), (US, "ours")) if side in number
    )
    query = f"?show=overdue&partner={about.partner.pk}"
    return [_item(f"Actions overdue: {said}", f"{reverse('action_list')}{query}")]


def comfort(about: Subject) -> list[dict[str, Any]]:
    """A good score that nobody has put to the test for a while."""
    overall = about.outcome.overall if about.outcome else None
    if (
        overall is None
        or overall < about.good
        or not is_unchallenged(about.partner, about.user, timezone.localdate())
    ):
        return []
    said = (
        "Nobody has pushed lately: no benchmark for a year, no request, incident or commitment for six months"
    )
    return [_item(said, reverse("evidence", args=[about.partner.pk]))]


def gaps(contract: Contract) -> list[dict[str, Any]]:
    """What the contract's record lacks, and that it went on without anybody deciding."""
    renewed = f"Renewed itself until {day(contract.term_ends)}, unless notice was given in time"
    lacking = [
        (contract.renewed_until is not None and not contract.has_ended, renewed),
        (contract.owner is None, "Nobody owns the contract"),
        (
            contract.owner is not None and not contract.owner.is_active,
            f"Its owner {short(str(contract.owner), 30)} has left",
        ),
        (contract.notice_period is None, "No notice period entered"),
        (contract.ends is None and contract.term != EVERGREEN, "No end recorded"),
        (contract.auto_renews and not contract.renewal_months, "Renews itself, for how long is not recorded"),
        (contract.annual_value is None and contract.total_value is None, "No value recorded"),
        (not contract.link, "No link to the document"),
    ]
    return [_item(words, contract.get_absolute_url()) for lacks, words in lacking if lacks]


def _item(words: str, href: str) -> dict[str, str]:
    return {"words": words, "href": href}
