"""Where the points of an agenda come from: one function a source, each as many statements whatever there is."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.db.models import Count, F, Max, Min, Q
from django.db.models.functions import Coalesce
from django.urls import reverse

from accounts.templatetags.look import day, money, score
from accounts.words import counted
from evidence.followups import BENCHMARK_MONTHS, talks, talks_due
from evidence.models import THEM, US, Commitment, Figure, Promise, Request, ValueStatement
from evidence.models.contacts import IGNORED
from evidence.owed import by_side, is_owed
from governance.agenda.points import Drafting, Point, evidence_of
from governance.decisions import undecided
from governance.models import Action
from governance.models.forums import OPERATIONAL, STRATEGIC, TACTICAL
from partners.dates import plus_months, quarter_name
from partners.models import Contract, Partner
from scorecards.figures import comparisons
from scorecards.models import Cycle, Scorecard

MOVED = 1  # points from which on a score is worth a word
SOON = 90  # days a decision is prepared before its deadline, beyond the next meeting


def standing(at: Drafting) -> Iterator[Point]:
    """What every meeting of the forum begins with."""
    for line in at.forum.standing_agenda.splitlines():
        if line.strip():
            yield Point(f"standing:{line.strip()[:70]}", line.strip()[:300])


def left_over(at: Drafting) -> Iterator[Point]:
    """Points of the last meeting on which nothing was said."""
    if at.last:
        for item in at.last.items.filter(minutes="", is_dropped=False, decisions=None, actions=None):
            if not item.source.startswith("standing:"):
                yield Point(f"left:{item.pk}", item.title, f"left over from {day(at.last.day)}", at.last.get_absolute_url(), item.partner_id)  # fmt: skip


def scores(at: Drafting) -> Iterator[Point]:
    """Scores of cycles closed since that moved by a point or took another standing."""
    cards = Scorecard.objects.scores_visible_to(at.reader).filter(
        partner__in=at.partners, cycle__state=Cycle.CLOSED, cycle__closed_at__date__gt=at.since, score__overall__isnull=False
    )  # fmt: skip
    rows = cards.select_related("partner", "cycle", "score").order_by("partner", "-cycle__ends", "-cycle")
    latest: dict[int, Scorecard] = {}
    for card in rows:
        latest.setdefault(card.partner_id, card)
    moved = comparisons([card.pk for card in latest.values()])
    before = dict(
        Scorecard.objects.filter(pk__in=[one.previous_id for one in moved.values() if one.previous_id])
        .values_list("pk", "score__standing")
    )  # fmt: skip
    found = []
    for card in latest.values():
        change, other = moved[card.pk].change, before.get(moved[card.pk].previous_id or 0)
        if change is None or (abs(change) < MOVED and other == card.score.standing):
            continue
        words = f"Score {'up' if change > 0 else 'down'} {score(abs(change))} to {score(card.score.overall)}"
        band = (
            f", standing {other} to {card.score.standing}" if other and other != card.score.standing else ""
        )
        found.append((change, Point(
            f"score:{card.pk}", at.named(card.partner, f"{words}{band}"),
            f"{card.cycle}, against {moved[card.pk].previous_cycle}",
            reverse("scorecard_detail", args=[card.pk]), card.partner_id,
        )))  # fmt: skip
    yield from (point for _, point in sorted(found, key=lambda one: one[0]))


def conversations(at: Drafting) -> Iterator[Point]:
    """Severe incidents after which the relationship is still to be talked about, and thanks that are due."""
    rows = talks_due(at.reader).filter(partner__in=at.partners).select_related("partner")
    for talk in talks(rows):
        row = talk.incident
        yield Point(f"incident:{row.pk}", at.named(row.partner, talk.words)[:300], f"due {day(talk.due)}", row.get_absolute_url(), row.partner_id)  # fmt: skip


def promises(at: Drafting) -> Iterator[Point]:
    """Promises that slipped or come due before the next meeting."""
    rows = Promise.objects.visible_to(at.reader).filter(  # type: ignore[attr-defined]
        partner__in=at.partners, delivered_on=None, withdrawn_on=None, due_on__lte=at.until
    ).select_related("partner").annotate(last=Max("moves__due_on"), moved=Count("moves")).order_by("due_on", "pk")  # fmt: skip
    for row in rows:
        late = (at.meeting.day - row.due_on).days
        said = (
            f"{counted(late, 'day')} late at this meeting" if late > 0 else f"promised for {day(row.due_on)}"
        )
        moved = f", moved {counted(row.moved, 'time')}" if row.moved else ""
        yield Point(f"promise:{row.pk}", at.named(row.partner, f"Promise: {row.what}")[:300], f"{said}{moved}", row.get_absolute_url(), row.partner_id)  # fmt: skip


def requests(at: Drafting) -> Iterator[Point]:
    """Requests of either side that nobody answered, or that were ignored since the last meeting."""
    waiting = Q(outcome="") | Q(outcome=IGNORED, asked_on__gte=at.since)
    rows = Request.objects.visible_to(at.reader).filter(  # type: ignore[attr-defined]
        waiting, partner__in=at.partners, asked_on__lte=at.today
    ).order_by().values("partner", "partner__name", "asked_by").annotate(number=Count("pk"), oldest=Min("asked_on"))  # fmt: skip
    for row in sorted(rows, key=lambda one: (one["asked_by"] == THEM, -one["number"], one["partner__name"])):
        whose = "ours wait for their" if row["asked_by"] == US else "theirs wait for our"
        whose = whose if row["number"] > 1 else whose.replace("wait", "waits")
        said = f"{counted(row['number'], 'request')} of {whose} answer"
        source = f"requests-{row['asked_by']}:{row['partner']}"
        yield Point(source, at.named(row["partner__name"], said), f"the oldest since {day(row['oldest'])}", evidence_of(row["partner"], "request"), row["partner"])  # fmt: skip


def commitments(at: Drafting) -> Iterator[Point]:
    """Money outstanding each way, then milestones of either side that come due before the next meeting."""
    seen = Commitment.objects.visible_to(at.reader).filter(partner__in=at.partners).select_related("partner")  # type: ignore[attr-defined]
    owed: dict[Partner, list[Commitment]] = defaultdict(list)
    for row in seen.filter(is_owed(at.today)).order_by("due_on", "pk"):
        owed[row.partner].append(row)
    for partner, rows in owed.items():
        for side, sums in by_side(rows).items():
            amounts = " and ".join(f"{currency} {money(amount)}" for currency, amount in sorted(sums.items()))
            if amounts:
                who = "They owe us" if side == THEM else "We owe them"
                yield Point(f"money-{side}:{partner.pk}", at.named(partner, f"{who} {amounts}"), "due and not settled", evidence_of(partner.pk, "commitment"), partner.pk)  # fmt: skip
    for row in seen.filter(met_on=None, due_on__lte=at.until).order_by("due_on", "pk"):
        whose = "Their" if row.made_by == THEM else "Our"
        late = (at.meeting.day - row.due_on).days
        said = f"{counted(late, 'day')} late at this meeting" if late > 0 else f"due {day(row.due_on)}"
        yield Point(f"commitment:{row.pk}", at.named(row.partner, f"{whose} commitment: {row.what}")[:300], said, row.get_absolute_url(), row.partner_id)  # fmt: skip


def actions(at: Drafting) -> Iterator[Point]:
    """Actions of either side that will be overdue, over all forums of the partner."""
    rows = Action.objects.visible_to(at.reader).open().filter(due_on__lt=at.meeting.day)
    rows = rows.filter(forum__partner__in=at.partners) if at.forum.partner_id else rows
    groups = rows.order_by().values("forum__partner", "forum__partner__name", "side").annotate(number=Count("pk"), oldest=Min("due_on"))  # fmt: skip
    for row in sorted(
        groups, key=lambda one: (one["side"] == US, -one["number"], one["forum__partner__name"] or "")
    ):
        whose = "Their" if row["side"] == THEM else "Our"
        said = f"{whose} overdue actions: {row['number']}"
        name = row["forum__partner__name"] or "Portfolio"
        query = f"?show=overdue&side={row['side']}" + (
            f"&partner={row['forum__partner']}" if row["forum__partner"] else ""
        )
        yield Point(f"actions-{row['side']}:{row['forum__partner'] or 0}", at.named(name, said), f"the oldest due {day(row['oldest'])}", f"{reverse('action_list')}{query}", row["forum__partner"])  # fmt: skip


def decisions(at: Drafting) -> Iterator[Point]:
    """Contracts nobody has decided about, whose deadline comes before the meeting after the next."""
    contracts = Contract.objects.visible_to(at.reader).filter(partner__in=at.partners)
    rows = undecided(contracts).annotate(counts_to=Coalesce("notice_deadline", "term_end")).filter(
        counts_to__range=(at.today, at.until + timedelta(days=SOON))
    ).select_related("partner").order_by("counts_to", "pk")  # fmt: skip
    for row in rows:
        by = row.counts_to  # type: ignore[attr-defined]
        yield Point(f"decision:{row.pk}:{by:%Y%m%d}", at.named(row.partner, f"Decide about {row.title}")[:300], f"by {day(by)}", reverse("brief", args=[row.pk]), row.partner_id, internal=True)  # fmt: skip


def value(at: Drafting) -> Iterator[Point]:
    """Partnerships in whose latest quarter with a word a party got no more back than it put in."""
    rows = ValueStatement.objects.visible_to(at.reader).filter(
        Q(partner__in=at.partners) | Q(provider__in=at.partners),
        quarter__gte=plus_months(at.today, -12), quarter__lte=at.today,
    ).select_related("partner", "provider").order_by("quarter", "pk")  # fmt: skip
    latest: dict[tuple[int, int | None], list[ValueStatement]] = {}
    for row in rows:
        held = latest.setdefault((row.partner_id, row.provider_id), [])
        if held and held[0].quarter != row.quarter:
            held.clear()
        held.append(row)
    for (vendor, provider), held in latest.items():
        unhappy = [row.get_party_display() for row in held if row.felt_return <= 0]
        if unhappy:
            quarter = held[0].quarter
            who = " and ".join(unhappy)
            yield Point(
                f"value:{vendor}:{provider or 0}:{quarter:%Y%m}",
                at.named(held[0].partner, f"Value: {who} got no more back than was put in"),
                quarter_name(quarter), reverse("value", args=[vendor]), vendor,
            )  # fmt: skip


def plans(at: Drafting) -> Iterator[Point]:
    """Sides that shared no plan for four quarters."""
    rows = Figure.objects.visible_to(at.reader).filter(
        partner__in=at.partners, name__in=("plan_quarters", "our_plan_quarters"), value=0
    ).select_related("partner").order_by("partner__name", "name")  # fmt: skip
    for row in rows:
        ours = row.name.startswith("our_")
        who = "We have shared no plan with them" if ours else "They have shared no plan with us"
        yield Point(f"plans-{'us' if ours else 'them'}:{row.partner_id}", at.named(row.partner, who), "none in the last four quarters", evidence_of(row.partner_id, "disclosure"), row.partner_id)  # fmt: skip


def benchmarks(at: Drafting) -> Iterator[Point]:
    """A partner that is paid and whose price nobody has compared for a year."""
    old = plus_months(at.today, -BENCHMARK_MONTHS)
    rows = Partner.objects.filter(pk__in=at.partners, contracts__isnull=False).annotate(
        compared=Max("benchmarks__as_of")
    ).filter(Q(compared=None) | Q(compared__lt=old)).order_by(F("compared").asc(nulls_first=True), "name")  # fmt: skip
    for row in rows:
        said = f"last on {day(row.compared)}" if row.compared else "never so far"
        yield Point(f"benchmark:{row.pk}", at.named(row, "A price comparison is due"), said, evidence_of(row.pk, "benchmark"), row.pk, internal=True)  # fmt: skip


ALL = (STRATEGIC, TACTICAL, OPERATIONAL)
# In the order of an agenda: the source, and the levels whose business it is.
SOURCES: list[tuple[Callable[[Drafting], Iterator[Point]], tuple[str, ...]]] = [
    (standing, ALL),
    (left_over, ALL),
    (actions, ALL),
    (scores, (STRATEGIC, TACTICAL)),
    (conversations, ALL),
    (promises, (STRATEGIC, TACTICAL)),
    (requests, (TACTICAL, OPERATIONAL)),
    (commitments, (STRATEGIC, TACTICAL)),
    (decisions, (STRATEGIC, TACTICAL)),
    (value, (STRATEGIC,)),
    (plans, (STRATEGIC, TACTICAL)),
    (benchmarks, (TACTICAL,)),
]
