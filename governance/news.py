"""What changed in the portfolio since somebody was here last, as far as they may see it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Abs, Round
from django.utils import timezone

from governance.memory import changes, remembered
from partners.models import ContractTerm, Partner
from partners.models.terms import RENEWED
from scorecards.models import Band, Cycle, Score, Scorecard

SHOWN = 8
LATELY = timedelta(days=31)


@dataclass(frozen=True)
class News:
    """Changes since a moment; `since` None tells a first visitor where the last closed cycle left things.

    Scores are those of `cycle`, the newest closed meanwhile, against `before`, the closed one before it. `moves`:
    scorecards with `was`, `change`, `new_standing` and the standings by the names their templates give them, new
    standings first, then the largest changes.
    """

    since: datetime | None
    opened: list[Cycle]
    closed: list[Cycle]
    partners: int
    before: Cycle | None = None
    moves: Sequence[Scorecard] = ()
    rose: int = 0
    fell: int = 0
    standings: int = 0
    renewed: Sequence[ContractTerm] = ()  # terms into which contracts came because nobody decided

    @property
    def cycle(self) -> Cycle | None:
        return self.closed[0] if self.closed else None

    @property
    def is_any(self) -> bool:
        return bool(self.opened or self.closed or self.partners or self.renewed)


def news(user: Any, since: datetime | None) -> News:
    """What changed since then, in closed cycles only: scores of an open one still move."""
    return replace(_of_cycles(user, since), renewed=_renewed(user, since))


def _renewed(user: Any, since: datetime | None) -> list[ContractTerm]:
    """Terms that renewed themselves since then (a first visitor: lately) and still are their contracts' current ones."""
    lately = timezone.now() - LATELY
    terms = ContractTerm.objects.visible_to(user).filter(
        how=RENEWED, noted_at__gt=max(since or lately, lately), since__gt=timezone.localdate(lately),
        ends=F("contract__renewed_until"), contract__partner__archived_at=None,
    )  # fmt: skip
    return list(
        terms.select_related("contract__partner").order_by("-since", "contract__partner__name", "pk")[:SHOWN]
    )


def _of_cycles(user: Any, since: datetime | None) -> News:
    cycles = Cycle.objects.visible_to(user)
    closed = cycles.filter(state=Cycle.CLOSED)
    if since is None:
        return _with_moves(user, closed, News(None, [], list(closed[:1]), 0))
    opened = cycles.filter(state=Cycle.OPEN, opened_at__gt=since)
    partners = Partner.objects.visible_to(user).active().filter(created_at__gt=since).count()
    return _with_moves(
        user, closed, News(since, list(opened), list(closed.filter(closed_at__gt=since)), partners)
    )


def _with_moves(user: Any, closed: "QuerySet[Cycle]", found: News) -> News:
    """Add how the scores of the newest cycle moved."""
    if found.cycle is None:
        return found
    cycle = found.cycle
    before = closed.filter(Q(ends__lt=cycle.ends) | Q(ends=cycle.ends, pk__lt=cycle.pk)).first()
    if before is None:
        return found
    walls = None if user.sees_all_units else tuple(user.units.order_by("pk").values_list("pk", flat=True))
    key = ("moves", changes(), walls, user.role, cycle.pk, before.pk)
    counts: Any
    moves, counts = remembered(key, lambda: _moves(user, cycle, before))
    return News(found.since, found.opened, found.closed, found.partners, before, moves, **counts)


def _moves(user: Any, cycle: Cycle, before: Cycle) -> tuple[list[Scorecard], dict[str, int]]:
    """The scorecards that moved most, and how many did; both cycles are closed, so only walls hide any."""
    then = FilteredRelation("partner__scorecards", condition=Q(partner__scorecards__cycle=before))
    change = Round("score__overall", precision=1) - Round("then__score__overall", precision=1)
    both_final = Q(score__status=Score.FINAL, then__score__status=Score.FINAL)
    moved = (
        Scorecard.objects.scores_visible_to(user)
        .filter(cycle=cycle)
        .annotate(then=then)
        .annotate(
            change=change, was=F("then__score__overall"), was_standing=F("then__score__standing"),
            new_standing=Case(When(both_final & ~Q(score__standing=F("then__score__standing")), then=1), default=0),
        )
    )  # fmt: skip
    counts = moved.aggregate(
        rose=Count("pk", filter=Q(change__gte=1)), fell=Count("pk", filter=Q(change__lte=-1)),
        standings=Count("pk", filter=Q(new_standing=1)),
    )  # fmt: skip
    told = (
        moved.filter(Q(new_standing=1) | Q(change__gte=1) | Q(change__lte=-1))
        .annotate(
            standing_name=_name("template", "score__standing"),
            was_name=_name("then__template", "then__score__standing"),
        )
        .select_related("partner", "score")
    )
    return list(told.order_by("-new_standing", Abs("change").desc(), "partner__name")[:SHOWN]), counts


def _name(template: str, standing: str) -> Subquery:
    """What the template calls the standing."""
    bands = Band.objects.filter(template=OuterRef(template), letter=OuterRef(standing))
    return Subquery(bands.values("name")[:1])
