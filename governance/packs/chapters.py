"""What a pack says of one partner, chapter by chapter. A chapter without anything to say is left out."""

from dataclasses import asdict
from datetime import date
from typing import Any

from django.core.paginator import Page
from django.db.models import Q

from accounts.templatetags.look import day
from evidence.models import Commitment, Promise
from evidence.timeline import Asked, timeline
from governance.brief import asking, categories, criteria, facts, ourselves, trend
from governance.brief.head import score_of
from governance.brief.open_items import after_the_fire, comfort
from governance.brief.section import Section, short
from governance.models import Action, AgendaItem, Decision, Meeting, MeetingDecision
from governance.models.meetings import HELD, PLANNED
from governance.packs.about import About
from governance.standing import doubt, headline
from partners.cost_table import ahead_of_many
from scorecards.services.comments import readable_comments

QUESTIONS, ROWS, MEETINGS = 4, 40, 6
HAPPENED = ("presence", "waiting", "incidents", "shared")
MONEY = ("owed", "programme", "prices")
# Kinds of entry and drawings a partner may read of itself.
TOLD_KINDS = ("request", "promise", "incident", "commitment", "disclosure")
TOLD_PANELS = ("waiting", "incidents", "shared", "promises", "owed")


def chapters(about: About) -> dict[str, Any]:
    """Everything the template `governance/pack/partner.html` draws. As many statements however much happened."""
    return {
        "about": about, "partner": about.partner, "quarter": about.quarter, "for_partner": about.for_partner,
        **summary(about), **scorecard(about), **happened(about), **money(about), **our_side(about), **decided(about),
        "calendar": calendar(about), "ahead_to": about.ahead[1], "ahead_from": about.ahead[0],
    }  # fmt: skip


def summary(about: About) -> dict[str, Any]:
    """The one page: where it stands, why, what is promised, and what to ask."""
    band = about.band_name(about.latest.standing) if about.latest else ""
    found: list[Section | None] = [trend.section(about), categories.section(about), facts.promises(about)]
    if not about.for_partner:
        found.append(facts.section(about))
    found.append(criteria.section(about))
    sections = [section for section in found if section]
    if not about.for_partner and about.partner.kind != "own":
        sections += asking.section(sections, QUESTIONS)
    told = (
        score_of(about) if about.latest else {"missing": f"No cycle is closed by the end of {about.quarter}."}
    )
    return {
        "headline": headline(about.partner, about.latest, band, about.before, about.change),
        "doubt": doubt(about.latest), "score": told, "sections": [asdict(section) for section in sections],
        "facts": _facts(about),
    }  # fmt: skip


def _facts(about: About) -> list[tuple[str, str]]:
    partner, running = about.partner, [row for row in about.contracts if not row.has_ended]
    ends = min((row.term_ends for row in running if row.term_ends), default=None)
    found = [
        ("Kind", partner.get_kind_display()), ("Supplies", short(partner.supplies, 60)),
        ("Contracts", str(len(running)) if running else ""), ("Next end", day(ends) if ends else ""),
    ]  # fmt: skip
    if not about.for_partner:
        owner = short(str(partner.owner), 40) if partner.owner else "nobody yet"
        found += [
            ("Segment", partner.get_segment_display()),
            ("Unit", short(str(partner.unit or "whole company"), 40)),
            ("Owner", owner),
        ]
    return [(label, value) for label, value in found if value]


def scorecard(about: About) -> dict[str, Any]:
    """Rows with weights, scores and points; what moved it; every step; what raters wrote, without their names."""
    sums, card = about.arithmetic, about.card
    if not sums or not card:
        return {"sums": None}
    comments: list[tuple[str, str]] = []
    if not about.for_partner:
        names = {row.criterion.pk: row.criterion.name for row in sums.criteria}
        written, _ = readable_comments(card, [row.criterion for row in sums.criteria])
        comments = [
            (names.get(row.criterion_id, "The partner as a whole"), row.text) for row in written[:ROWS]
        ]
    steps = [
        (
            getattr(row, "criterion", None) or row.category,
            _steps(row, about.for_partner),
            hasattr(row, "criterion"),
        )
        for row in sums.rows
        if row.explain
    ]  # type: ignore[attr-defined]
    return {
        "sums": sums, "card": card, "outcome": about.outcome, "before": about.before, "steps": steps,
        "written": comments, "change": about.change,
    }  # fmt: skip


def _steps(row: Any, for_partner: bool) -> list[tuple[str, str]]:
    """In a copy for the partner not the single marks: they are their raters' own."""
    if not for_partner:
        return row.steps
    if getattr(row, "is_measured", False):  # what it is measured by may be of our own: prices, contacts
        return [(label, text) for label, text in row.steps if label == "Its part"]
    return [
        (label, text) for label, text in row.steps if label != "The mark" and not label.endswith(" marks")
    ]


def happened(about: About) -> dict[str, Any]:
    """Drawings of the facts, and what was entered about the quarter."""
    panels = {panel.slug: panel for panel in about.summary.panels}
    if about.for_partner:
        panels = {slug: panel for slug, panel in panels.items() if slug in TOLD_PANELS}
    return {
        "panels": [panels[slug] for slug in HAPPENED if slug in panels], "promises": panels.get("promises"),
        "money_panels": [panels[slug] for slug in MONEY if slug in panels], "entries": entries(about),
    }  # fmt: skip


def entries(about: About) -> Page:
    """A page of what was entered about the quarter, newest first; the rest of it is only counted."""
    kinds = TOLD_KINDS if about.for_partner else ()
    asked = Asked(days=(about.quarter.first, about.quarter.last), kinds=kinds)
    return timeline(about.partner, about.user, asked, 1)


def money(about: About) -> dict[str, Any]:
    """Contracts, and for ourselves what they still cost."""
    running = [row for row in about.contracts if not row.has_ended]
    ahead = ahead_of_many(running, about.today) if running and not about.for_partner else None
    return {"contracts": about.contracts, "costs": ahead}


def our_side(about: About) -> dict[str, Any]:
    """Figures of both sides beside each other; for ourselves how we score as a customer."""
    seen = about.summary.facts
    pairs = [row for row in seen.pairs if row[1].is_known or row[2].is_known]
    own = None if about.for_partner else ourselves.section(about)
    return {"pairs": pairs, "alone": [] if about.for_partner else seen.alone, "own": own and asdict(own)}


def decided(about: About) -> dict[str, Any]:
    """Meetings held since the quarter began with their minutes, actions of both sides, and decisions about contracts.

    Of our decisions, of notes and of minutes that are not approved nothing is for the partner.
    """
    first, today = about.quarter.first, about.today
    seen = Meeting.objects.visible_to(about.user).filter(forum__partner=about.partner, state=HELD)  # type: ignore[attr-defined]
    seen = seen.filter(day__range=(first, today))
    if about.for_partner:
        seen = seen.filter(approved_at__isnull=False)
    meetings = list(seen.select_related("forum__partner").order_by("-day", "-pk")[:MEETINGS])
    items = AgendaItem.objects.filter(meeting__in=meetings, is_dropped=False).exclude(minutes="")
    agreed = MeetingDecision.objects.filter(meeting__in=meetings)
    actions = Action.objects.visible_to(about.user).filter(forum__partner=about.partner)
    still = Q(outcome="") | Q(closed_on__gte=first)
    if about.for_partner:
        still &= Q(meeting__approved_at__isnull=False)
    found: dict[str, Any] = {
        "meetings": [
            (meeting, [row for row in items if row.meeting_id == meeting.pk], [row for row in agreed if row.meeting_id == meeting.pk])
            for meeting in meetings
        ],
        "actions": list(actions.filter(still).select_related("owner").order_by("outcome", "due_on", "pk")[:ROWS]),
        "decisions": [], "items": [], "today": today,
    }  # fmt: skip
    if not about.for_partner:
        of_it = Q(contract__in=about.contracts) | Q(partner=about.partner)
        decisions = Decision.objects.visible_to(about.user).filter(of_it, at__date__gte=first)
        rows = decisions.defer("snapshot").select_related("by", "contract", "partner")
        found |= {"decisions": list(rows[:ROWS]), "items": [*after_the_fire(about), *comfort(about)]}
    return found


def calendar(about: About) -> list[tuple[date, str, str]]:
    """(day, what, about what) of what comes up to the end of the next quarter, in order."""
    first, last = about.ahead
    found: list[tuple[date, str, str]] = []
    for row in about.contracts:
        if row.term_ends and first <= row.term_ends <= last:
            found.append((row.term_ends, "Contract term ends", row.title))
        if not about.for_partner and row.notice_deadline and first <= row.notice_deadline <= last:
            found.append((row.notice_deadline, "Last day to give notice", row.title))
    promises = Promise.objects.visible_to(about.user).filter(  # type: ignore[attr-defined]
        partner=about.partner, due_on__range=(first, last), delivered_on=None, withdrawn_on=None
    )
    found += [(row.due_on, "They promised", row.what) for row in promises.order_by("due_on", "pk")[:ROWS]]
    commitments = Commitment.objects.visible_to(about.user).filter(  # type: ignore[attr-defined]
        partner=about.partner, due_on__range=(first, last), met_on=None
    )
    found += [
        (row.due_on, f"Commitment of {row.get_made_by_display().lower()}", row.what)
        for row in commitments.order_by("due_on", "pk")[:ROWS]
    ]
    meetings = Meeting.objects.visible_to(about.user).filter(  # type: ignore[attr-defined]
        forum__partner=about.partner, state=PLANNED, day__range=(first, last)
    )
    found += [
        (row.day, "Meeting", f"{row.forum.get_level_display()} forum: {row.forum.purpose}")
        for row in meetings.select_related("forum").order_by("day", "pk")[:ROWS]
    ]
    return sorted(found, key=lambda row: row[0])
