"""Drafting a meeting's agenda, and drafting it again without undoing what people did."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.agenda.points import Drafting, Point
from governance.agenda.sources import SOURCES
from governance.models import AgendaItem, Meeting
from governance.models.meetings import PLANNED

AHEAD = 30  # days before a meeting from which on its agenda is drafted by itself


def points_of(meeting: Meeting, reader: Any) -> list[Point]:
    """The points a meeting of this forum would have today, in order."""
    at = Drafting(meeting, reader, timezone.localdate())
    return [
        point for source, levels in SOURCES if meeting.forum.level in levels for point in at.worst(source(at))
    ]


@transaction.atomic
def draft_agenda(meeting: Meeting, *, reader: Any) -> int:
    """Draft or refresh the agenda as the reader may see the data; returns how many points were added.

    What a person moved, renamed, wrote on or left out stays as it is but for its figure; what nobody touched follows the
    data, and goes when its reason is gone. Twice in a row changes nothing. A meeting that was held is left alone.
    """
    saved = (
        Meeting.objects.select_for_update(of=("self",)).select_related("forum__partner").get(pk=meeting.pk)
    )
    if saved.state != PLANNED:
        return 0
    there = {item.source: item for item in saved.items.exclude(source="")}
    arranged = saved.items.filter(is_touched=True).exists() or saved.items.filter(source="").exists()
    end = max((item.position for item in saved.items.all()), default=0)
    found = points_of(saved, reader)
    new, changed = [], []
    for place, point in enumerate(found):
        item = there.pop(point.source, None)
        if item is None:
            end += 1
            new.append(AgendaItem(meeting=saved, source=point.source, position=end if arranged else place))
            _take(new[-1], point)
        elif not item.is_dropped:
            was = (item.title, item.figure, item.address, item.position)
            if not item.is_touched:
                item.position = item.position if arranged else place
                item.title = point.title
            item.figure, item.address = point.figure, point.address
            if was != (item.title, item.figure, item.address, item.position):
                changed.append(item)
    AgendaItem.objects.bulk_create(new)
    AgendaItem.objects.bulk_update(changed, ["title", "figure", "address", "position"])
    gone = [item.pk for item in there.values() if not (item.is_touched or item.is_dropped or item.minutes)]
    AgendaItem.objects.filter(pk__in=gone, decisions=None, actions=None).delete()
    return len(new)


def _take(item: AgendaItem, point: Point) -> None:
    item.title, item.figure, item.address = point.title[:300], point.figure[:300], point.address
    item.partner_id, item.is_internal = point.partner, point.internal


def draft_next() -> int:
    """Draft the agendas of meetings within a month, as their chairs may see the data; returns how many meetings."""
    today = timezone.localdate()
    coming = Meeting.objects.filter(
        state=PLANNED, day__range=(today, today + timedelta(days=AHEAD)), forum__chair__is_active=True
    ).select_related("forum__chair", "forum__partner")  # fmt: skip
    number = 0
    for meeting in coming.order_by("day", "pk"):
        draft_agenda(meeting, reader=meeting.forum.chair)
        number += 1
    return number
