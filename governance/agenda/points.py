"""What an agenda is drafted from: the partners it is about, its span, and what a point says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.urls import reverse

from governance.models import Meeting
from governance.models.meetings import HELD
from partners.dates import plus_months
from partners.models import Partner

MOST = 8  # points of one kind on a portfolio's agenda: the worst


@dataclass(frozen=True, slots=True)
class Point:
    """A point of an agenda. `source`: of which row it comes, once a meeting; `figure`: the number behind it, in words.

    `internal`: it prepares us and is not for the partner's eyes.
    """

    source: str
    title: str
    figure: str = ""
    address: str = ""
    partner: int | None = None
    internal: bool = False


@dataclass
class Drafting:
    """A meeting, and what its reader (the chair, or who asks) may see of the partners it is about."""

    meeting: Meeting
    reader: Any
    today: date

    @property
    def forum(self) -> Any:
        return self.meeting.forum

    @cached_property
    def partners(self) -> Any:
        """Those it is about, as a subquery."""
        seen = Partner.objects.visible_to(self.reader).active()
        return (seen.filter(pk=self.forum.partner_id) if self.forum.partner_id else seen).values("pk")

    @cached_property
    def last(self) -> Meeting | None:
        """The last meeting of this forum that was held."""
        held = Meeting.objects.filter(forum=self.forum, state=HELD, day__lt=self.meeting.day)
        return held.order_by("-day", "-pk").first()

    @property
    def since(self) -> date:
        """What happened from here on is new: the last meeting, else a turn of the forum before this one."""
        return self.last.day if self.last else plus_months(self.meeting.day, -self.forum.cadence)

    @property
    def until(self) -> date:
        """What comes up to here will not wait: a turn after this one."""
        return plus_months(self.meeting.day, self.forum.cadence)

    def named(self, partner: Any, words: str) -> str:
        """The words, with the partner's name before them where the agenda is about many."""
        return words if self.forum.partner_id else f"{partner}: {words[0].lower()}{words[1:]}"

    def worst(self, points: Iterable[Point]) -> list[Point]:
        """Of the portfolio the first few; of one partner all."""
        found = list(points)
        return found if self.forum.partner_id else found[:MOST]


def evidence_of(partner: int, kind: str) -> str:
    """The address of a partner's entries of one kind."""
    return f"{reverse('evidence', args=[partner])}?kind={kind}"
