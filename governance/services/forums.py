"""Forums and when they meet: set up, planned ahead, moved, skipped; calendars are told of each change."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.versions import StaleSave
from governance import invitations
from governance.forums import AHEAD, MODELS, first_turn, turns, working_day
from governance.models import Forum, Meeting, Member
from governance.models.forums import THEM, US, USUAL, Person
from governance.models.meetings import PLANNED, SKIPPED
from partners.calendars import closed_days
from partners.dates import plus_months
from partners.models import Contact, Partner

P = TypeVar("P", bound=Person)
TELLS = ("starts_at", "lasts", "place", "time_zone")  # of a forum: what its meetings take over
OTHER_RHYTHM = "The forum meets at another rhythm now."
ENDED = "The forum no longer meets."


@transaction.atomic
def save_forum(form: Any) -> Forum:
    """Save a forum, plan its year and tell the calendars what has changed."""
    before = Forum.objects.filter(pk=form.instance.pk).first()
    forum = form.save()
    if before is None:
        _expect_owner(forum)
        plan_meetings(forum)
        return forum
    ahead = list(_ahead(forum).select_for_update(of=("self",)))
    if (before.first_on, before.cadence) != (forum.first_on, forum.cadence):
        ahead = _change_rhythm(forum, ahead)
    changed = [name for name in TELLS if getattr(before, name) != getattr(forum, name)]
    if changed:
        for meeting in ahead:
            for name in set(changed) - {"time_zone"}:
                if getattr(meeting, name) == getattr(before, name):  # what was set for one meeting stays
                    setattr(meeting, name, getattr(forum, name))
            _changed(meeting, "starts_at", "lasts", "place")
    plan_meetings(forum)
    return forum


def _ahead(forum: Forum) -> Any:
    return Meeting.objects.filter(forum=forum, state=PLANNED, day__gte=timezone.localdate()).select_related(
        "forum__chair", "forum__partner"
    )


def _change_rhythm(forum: Forum, ahead: Iterable[Meeting]) -> list[Meeting]:
    """Keep those whose turn still comes; the others are skipped, or gone where nobody knows of them yet."""
    today = timezone.localdate()
    still = set(
        turns(forum.first_on, forum.cadence, today - timedelta(days=1), plus_months(today, 2 * AHEAD))
    )
    kept = []
    for meeting in ahead:
        if meeting.planned_for in still:
            kept.append(meeting)
        elif meeting.invited_at or meeting.version > 1 or meeting.items.exists():
            _skip(meeting, OTHER_RHYTHM, counts=False)
        else:
            meeting.delete()
    return kept


@transaction.atomic
def plan_meetings(forum: Forum, *, today: date | None = None) -> int:
    """Plan the turns of the next twelve months that are not planned yet, on working days; returns how many.

    Where people were invited before, they are invited to the new ones.
    """
    today = today or timezone.localdate()
    if forum.ended_on:
        return 0
    is_closed = closed_days(forum.country)
    there = set(forum.meetings.values_list("planned_for", flat=True))
    new = [
        Meeting(
            forum=forum, planned_for=turn, day=working_day(turn, is_closed), starts_at=forum.starts_at,
            lasts=forum.lasts, place=forum.place,
        )
        for turn in turns(forum.first_on, forum.cadence, today - timedelta(days=1), plus_months(today, AHEAD))
        if turn not in there
    ]  # fmt: skip
    Meeting.objects.bulk_create(new, ignore_conflicts=True)
    if new and forum.meetings.filter(invited_at__isnull=False).exists():
        send_invitations(forum)
    return len(new)


def plan_all() -> int:
    """Plan every forum that still meets, of partners that are not archived."""
    kept = Forum.objects.kept().filter(Q(partner=None) | Q(partner__archived_at=None))
    return sum(plan_meetings(forum) for forum in kept.select_related("partner", "chair"))


@transaction.atomic
def send_invitations(forum: Forum) -> int:
    """Invite the members to every meeting ahead they have not been invited to as it is; returns mails queued."""
    members, ahead = _members(forum), list(_ahead(forum).select_for_update(of=("self",)))
    if not any(member.email for member in members):
        return 0
    sent = sum(invitations.invite(meeting, members) for meeting in ahead)
    invitations.stamp([meeting for meeting in ahead if not meeting.invited_at], timezone.now())
    return sent


def _members(forum: Forum) -> list[Member]:
    return within_walls(forum, forum.members.filter(left_on=None).select_related("user", "contact"))


def within_walls(forum: Forum, people: Iterable[P]) -> list[P]:
    """Those who are no users of ours, or who see the forum: nobody outside the walls is told of it."""
    return [
        one
        for one in people
        if one.user is None or Forum.objects.visible_to(one.user).filter(pk=forum.pk).exists()
    ]


@transaction.atomic
def move_meeting(form: Any) -> Meeting:
    """Move a meeting to another day or hour for a reason; one that was skipped is planned again. Calendars follow."""
    form.instance.state, form.instance.counts = PLANNED, True
    meeting = form.save()
    return _changed(meeting)


@transaction.atomic
def skip_meeting(meeting: Meeting, *, reason: str, version: int | None) -> Meeting:
    """Leave a planned meeting out, and say why. StaleSave where somebody changed it since it was shown."""
    saved = Meeting.objects.select_for_update(of=("self",)).select_related("forum").get(pk=meeting.pk)
    if saved.version != version or saved.state != PLANNED:
        raise StaleSave(saved)
    return _skip(saved, reason)


def _skip(meeting: Meeting, reason: str, *, counts: bool = True) -> Meeting:
    meeting.state, meeting.reason, meeting.counts = SKIPPED, reason, counts
    return _changed(meeting, "state", "reason", "counts", "version")


def _changed(meeting: Meeting, *fields: str) -> Meeting:
    """Save these fields with a new sequence, and tell whoever was invited."""
    meeting.sequence += 1
    if "version" in fields:
        meeting.version += 1
    meeting.save(update_fields=[*fields, "sequence"])
    if meeting.invited_at and meeting.day >= timezone.localdate():
        invitations.invite(meeting, _members(meeting.forum))
    return meeting


@transaction.atomic
def add_member(form: Any) -> Member:
    """Expect somebody from now on, and invite them to what the others are invited to."""
    member = form.save()
    members = _members(member.forum)
    for meeting in _ahead(member.forum).filter(invited_at__isnull=False):
        invitations.invite(meeting, members, to=[member])
    return member


@transaction.atomic
def end_membership(member: Member) -> None:
    """Expect somebody no longer; the meetings ahead leave their calendar."""
    member.left_on = timezone.localdate()
    member.version += 1
    member.save(update_fields=["left_on", "version"])
    for meeting in _ahead(member.forum).filter(invited_at__isnull=False):
        invitations.uninvite(meeting, [member])


@transaction.atomic
def end_forum(forum: Forum, *, version: int | None) -> Forum:
    """It meets no more: what was ahead is skipped, what was said stays."""
    saved = Forum.objects.select_for_update(of=("self",)).get(pk=forum.pk)
    if saved.version != version or saved.ended_on:
        raise StaleSave(saved)
    for meeting in _ahead(saved).select_for_update(of=("self",)):
        _skip(meeting, ENDED, counts=False)
    saved.ended_on = timezone.localdate()
    saved.version += 1
    saved.save(update_fields=["ended_on", "version"])
    return saved


@transaction.atomic
def set_up_model(partners: Sequence[Partner], *, by: Any) -> list[Forum]:
    """Give each partner the forums its segment usually has and it lacks, planned a year ahead; nobody is invited yet.

    The chair is whoever owns the partner, else `by`; members are the owner and the present account manager.
    """
    today, made = timezone.localdate(), []
    there = set(Forum.objects.kept().filter(partner__in=partners).values_list("partner", "level"))
    for partner in Partner.objects.select_for_update(of=("self",)).filter(
        pk__in=[one.pk for one in partners]
    ):
        for model in MODELS[partner.segment]:
            if (partner.pk, model.level) in there:
                continue
            expected = USUAL[model.level][1]
            forum = Forum.objects.create(
                partner=partner, level=model.level, purpose=model.purpose, cadence=model.cadence,
                first_on=first_turn(today, model.cadence), chair=partner.owner or by, our_level=expected,
                their_level=expected, standing_agenda="\n".join(model.agenda), is_demo=partner.is_demo,
            )  # fmt: skip
            _expect_owner(forum)
            plan_meetings(forum, today=today)
            made.append(forum)
    return made


def _expect_owner(forum: Forum) -> None:
    """The first members: the chair, and who looks after us on their side."""
    if forum.chair:
        Member.objects.create(
            forum=forum, side=US, user=forum.chair, name=str(forum.chair), seniority=forum.our_level
        )
    manager = forum.partner_id and _account_manager(forum.partner_id)
    if manager:
        Member.objects.create(
            forum=forum, side=THEM, contact=manager, name=manager.name, seniority=forum.their_level
        )


def _account_manager(partner: int) -> Contact | None:
    today = timezone.localdate()
    present = Contact.objects.filter(Q(until=None) | Q(until__gte=today), partner=partner)
    return present.filter(role__icontains="account").order_by("since", "pk").first()
