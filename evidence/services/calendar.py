"""A calendar's meetings become drafts; drafts become entries, or are discarded for good.

What a file says of a meeting is kept as a digest, so that the same file changes nothing. Where it says something new, a
draft follows it; beside a confirmed entry it makes a draft that proposes the change, and the entry stays as it is.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from evidence.calendars.addresses import Addresses
from evidence.calendars.reading import Meeting, Reading, read_calendar
from evidence.models import Engagement
from evidence.titles import Titles

Key = tuple[str, str, int]
AT_THE_SAME_MOMENT = "Somebody confirmed one of these meetings at the same moment. Nothing was changed: confirm them once more."


def import_calendar(content: bytes, *, by: Any, today: date | None = None) -> dict[str, Any]:
    """Read a file and make or mend the person's drafts. Refused for what is no calendar.

    Returns numbers only, for the page that says what became of it.
    """
    site = timezone.get_default_timezone()
    reading = read_calendar(content, Addresses(by), today=today or timezone.localdate(), site=site)
    with transaction.atomic():
        _one_at_a_time(by)
        done = _store(reading, by)
    reading.left_out["discarded"] += done.pop("discarded", 0)
    done.pop("cancelled", None)  # the reading has counted them
    return {
        "events": reading.events, "with_partner": reading.with_partner, **done,
        "left_out": {reason: number for reason, number in reading.left_out.items() if number},
        "unknown_zones": len(reading.unknown_zones),
    }  # fmt: skip


def _one_at_a_time(user: Any) -> None:
    """Let a person's uploads and decisions wait for each other: a file must not follow up what was just decided."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _key(row: Any) -> Key:
    return row.calendar_uid, row.recurrence, row.partner_id


def _store(reading: Reading, by: Any) -> Counter[str]:
    uids = {meeting.uid for meeting in reading.meetings} | reading.told
    there = Engagement.objects.filter(calendar_uid__in=uids)
    entries = {_key(row): row for row in there.filter(is_draft=False)}
    drafts = {_key(row): row for row in there.filter(is_draft=True, author=by)}
    numbers = [entry.pk for entry in entries.values()]
    mine = set(Engagement.objects.editable_by(by).filter(pk__in=numbers).values_list("pk", flat=True))
    meetings: dict[Key, Meeting] = {}
    for meeting in reading.meetings:
        meetings.setdefault((meeting.uid, meeting.recurrence, meeting.partner), meeting)
    todo, done = _Todo(by, Titles()), Counter[str]()
    for key, meeting in meetings.items():
        entry = entries.get(key)
        done[todo.take(meeting, drafts.get(key), entry, may_change=bool(entry and entry.pk in mine))] += 1
    for key, row in [*drafts.items(), *entries.items()]:
        if (
            key in meetings
            or row.calendar_uid not in reading.told
            or not reading.first <= row.day <= reading.last
        ):
            continue
        if row.is_draft and not row.is_discarded and key not in entries:  # the series no longer holds it
            todo.gone.append(row.pk)
            done["withdrawn"] += 1
        elif not row.is_draft and row.pk in mine and not row.cancelled_by:
            off = Meeting(*key, row.day, row.subject, row.started_by, row.took_part, cancelled=True)
            done[todo.take(off, drafts.get(key), row, may_change=True)] += 1
    todo.do()
    return done


class _Todo:
    """What a file comes to: drafts to make, to mend and to take away."""

    def __init__(self, by: Any, titles: Titles) -> None:
        self.by, self.titles = by, titles
        self.new: list[Engagement] = []
        self.changed: list[Engagement] = []
        self.gone: list[int] = []

    def take(self, meeting: Meeting, draft: Any, entry: Any, *, may_change: bool) -> str:
        """Note what one meeting comes to, beside the person's draft and the entry there may be; returns it in a word."""
        if draft and draft.is_discarded:
            return "discarded"
        is_said = entry and (not may_change or entry.calendar_state == meeting.state)
        if draft and (is_said or (meeting.cancelled and not entry)):
            self.gone.append(draft.pk)
            return "known" if entry else "withdrawn"
        if draft and draft.calendar_state == meeting.state:
            return "known"
        if draft:
            self.changed.append(_follow(draft, meeting))
            return "proposed" if entry else "updated"
        if is_said:
            return "known"
        if entry:
            self.new.append(_follow(_beside(entry, self.by), meeting))
            return "proposed"
        if not meeting.cancelled:
            self.new.append(_follow(_draft(meeting, self.by, self.titles), meeting))
        return "cancelled" if meeting.cancelled else "new"

    def do(self) -> None:
        Engagement.objects.filter(pk__in=self.gone).delete()
        Engagement.objects.bulk_create(self.new, batch_size=1_000)
        fields = ["day", "subject", "took_part", "cancelled_by", "calendar_state"]
        Engagement.objects.bulk_update(self.changed, fields, batch_size=500)


def _draft(meeting: Meeting, by: Any, titles: Titles) -> Engagement:
    return Engagement(
        partner_id=meeting.partner, author=by, is_draft=True, started_by=meeting.started_by,
        purpose=titles.purpose(meeting.subject), calendar_uid=meeting.uid, recurrence=meeting.recurrence,
    )  # fmt: skip


def _beside(entry: Engagement, by: Any) -> Engagement:
    """A draft that proposes to change an entry; what people decide on it stays as they decided."""
    return Engagement(
        partner_id=entry.partner_id, author=by, is_draft=True, started_by=entry.started_by, purpose=entry.purpose,
        channel=entry.channel, calendar_uid=entry.calendar_uid, recurrence=entry.recurrence,
    )  # fmt: skip


def _follow(draft: Engagement, meeting: Meeting) -> Engagement:
    """Let a draft say what the calendar says; who invited it is who called it off."""
    draft.day, draft.subject, draft.took_part = meeting.day, meeting.subject, meeting.took_part
    draft.cancelled_by = meeting.started_by if meeting.cancelled else ""
    draft.calendar_state = meeting.state
    return draft


def entries_beside(drafts: Iterable[Engagement]) -> dict[int, Engagement]:
    """The confirmed entries that drafts propose to change, by the drafts' keys. One statement."""
    wanted = {_key(draft): draft.pk for draft in drafts}
    entries = Engagement.objects.filter(
        is_draft=False,
        calendar_uid__in={uid for uid, _, _ in wanted},
        partner__in={pk for _, _, pk in wanted},
    )
    return {wanted[_key(entry)]: entry for entry in entries if _key(entry) in wanted}


def keep_choices(user: Any, choices: dict[int, dict[str, str]]) -> int:
    """Keep what the person chose for drafts of theirs (pk → started_by and purpose); returns how many are gone."""
    rows = Engagement.objects.drafts_of(user).in_bulk(choices)
    changed = []
    for pk, row in rows.items():
        if any(getattr(row, name) != value for name, value in choices[pk].items()):
            row.started_by, row.purpose = choices[pk]["started_by"], choices[pk]["purpose"]
            changed.append(row)
    Engagement.objects.bulk_update(changed, ["started_by", "purpose"])
    return len(choices) - len(rows)


def confirm_drafts(
    user: Any, pks: Iterable[int], *, choices: dict[int, dict[str, str]]
) -> Counter[str] | None:
    """Make entries of drafts, with what the person chose; a draft beside an entry changes that one.

    None if somebody confirmed one at the same moment: nothing is changed then.
    """
    try:
        with transaction.atomic():
            _one_at_a_time(user)
            keep_choices(user, choices)
            return _confirm(user, pks)
    except IntegrityError:  # the unique key of an event's entry
        return None


def _confirm(user: Any, pks: Iterable[int]) -> Counter[str]:
    drafts, beside = _locked(user, pks)
    locked = Engagement.objects.editable_by(user).select_for_update(of=("self",)).order_by("pk")
    entries = locked.in_bulk([entry.pk for entry in beside.values()])
    done = Counter(confirmed=len(drafts) - len(beside))
    for draft in drafts:
        if draft.pk in beside:
            entry = entries.get(beside[draft.pk].pk)
            done["changed" if entry else "known"] += 1
            if entry:
                _apply(draft, entry)
    Engagement.objects.filter(pk__in=list(beside)).delete()
    rest = [draft.pk for draft in drafts if draft.pk not in beside]
    Engagement.objects.filter(pk__in=rest).update(is_draft=False)
    return +done


def _locked(user: Any, pks: Iterable[int]) -> tuple[list[Engagement], dict[int, Engagement]]:
    """The person's drafts, and the entries beside them by the drafts' numbers."""
    drafts = (
        Engagement.objects.drafts_of(user).filter(pk__in=pks).select_for_update(of=("self",)).order_by("pk")
    )
    return list(drafts), entries_beside(drafts)


def _apply(draft: Engagement, entry: Engagement) -> None:
    names = ["day", "subject", "took_part", "cancelled_by", "started_by", "purpose", "calendar_state"]
    for name in names:
        setattr(entry, name, getattr(draft, name))
    entry.version += 1
    entry.save(update_fields=[*names, "version"])


@transaction.atomic
def discard_drafts(user: Any, pks: Iterable[int]) -> int:
    """Take drafts away for good: a later import does not bring them back, and nothing is left of their words.

    Beside an entry, it is the change that is not wanted: the entry stays, and this change is not proposed again.
    """
    _one_at_a_time(user)
    drafts, beside = _locked(user, pks)
    entries = Engagement.objects.editable_by(user).in_bulk([entry.pk for entry in beside.values()])
    refused = [draft for draft in drafts if draft.pk in beside and beside[draft.pk].pk in entries]
    for draft in refused:
        Engagement.objects.filter(pk=beside[draft.pk].pk).update(calendar_state=draft.calendar_state)
    Engagement.objects.filter(pk__in=[draft.pk for draft in refused]).delete()
    alone = {draft.pk for draft in drafts} - {draft.pk for draft in refused}
    blank = {"subject": "", "took_part": "", "note": "", "link": ""}
    Engagement.objects.filter(pk__in=alone).update(is_discarded=True, **blank)
    return len(drafts)
