"""One meeting of a forum: who came, what was on the agenda, what was said, decided and mended afterwards."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.audit import audited
from governance.models.forums import SIDES, THEM, US, Forum, PartOfForum, Person
from partners.models import Partner

# Whoever writes: what belongs to approved minutes stays as it was approved. People and partners it points to may go.
_FROZEN = """
IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - ARRAY['user_id', 'contact_id', 'partner_id', 'item_id']
                      = to_jsonb(OLD) - ARRAY['user_id', 'contact_id', 'partner_id', 'item_id'] THEN
    RETURN NEW;
END IF;
IF EXISTS (SELECT FROM governance_meeting WHERE id = NEW.meeting_id AND approved_at IS NOT NULL) THEN
    RAISE EXCEPTION 'The minutes of meeting % are approved.', NEW.meeting_id USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


def frozen_with_its_minutes() -> pgtrigger.Trigger:
    """The trigger that keeps rows of a meeting as they are once its minutes are approved."""
    return pgtrigger.Trigger(
        name="frozen_minutes",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        func=_FROZEN,
    )


PLANNED, HELD, SKIPPED = "planned", "held", "skipped"
STATES = [(PLANNED, "Planned"), (HELD, "Held"), (SKIPPED, "Skipped")]


class Meeting(models.Model):
    """A meeting of a forum. `planned_for` is the day its cadence gave it and never moves; `day` may.

    Minutes are frozen once approved; what has to be said later is an `MinutesAmendment`.
    """

    FORUM: ClassVar[str] = "forum"

    forum = models.ForeignKey(Forum, on_delete=models.CASCADE, related_name="meetings")
    planned_for = models.DateField(editable=False)
    day = models.DateField()
    starts_at = models.TimeField(verbose_name="begins at")
    lasts = models.PositiveSmallIntegerField(verbose_name="minutes it lasts")
    place = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=7, choices=STATES, default=PLANNED, editable=False)
    reason = models.CharField(max_length=500, blank=True, help_text="Why it was moved or skipped.")
    # False where its turn fell away with another rhythm or the end of the forum: nobody skipped it.
    counts = models.BooleanField(default=True, db_default=True, editable=False)
    # The event in calendars (RFC 5545): one UID for good, a sequence that grows with every change people must learn of.
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sequence = models.PositiveIntegerField(default=0, editable=False)
    invited_at = models.DateTimeField(null=True, blank=True, editable=False)
    approved_at = models.DateTimeField(null=True, blank=True, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = PartOfForum.as_manager()

    class Meta:
        ordering = ["day", "pk"]
        indexes = [models.Index(fields=["day"], condition=Q(state="planned"), name="meetings_ahead")]
        constraints = [
            models.UniqueConstraint(fields=["forum", "planned_for"], name="one_meeting_a_turn"),
            models.CheckConstraint(
                condition=~Q(state=SKIPPED) | ~Q(reason=""), name="skipped_for_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(state=HELD) | Q(approved_at=None), name="minutes_of_a_held_meeting"
            ),
        ]  # fmt: skip
        triggers = audited()

    def __str__(self) -> str:
        return f"{self.forum}, {self.day:%-d %b %Y}"

    def get_absolute_url(self) -> str:
        return reverse("meeting", args=[self.pk])

    @property
    def is_frozen(self) -> bool:
        """Whether its minutes are approved: they only get amendments now."""
        return self.approved_at is not None

    @property
    def was_moved(self) -> bool:
        return self.day != self.planned_for

    @property
    def begins(self) -> datetime:
        """When it begins, in UTC."""
        return datetime.combine(self.day, self.starts_at, ZoneInfo(self.forum.time_zone)).astimezone(UTC)

    @property
    def ends(self) -> datetime:
        return self.begins + timedelta(minutes=self.lasts)


class Attendance(Person):
    """Somebody expected at one meeting, or who came; members are taken over when it is planned or held."""

    FORUM: ClassVar[str] = "meeting__forum"

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="attendances")
    was_there = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = PartOfForum.as_manager()

    class Meta:
        ordering = ["-side", "seniority", "name"]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "side", "name"], name="attends_once"),
        ]
        triggers = [*audited(), frozen_with_its_minutes()]


class AgendaItem(models.Model):
    """A point of a meeting. Drafted ones carry the `source` they come from; redrafting never undoes what people did.

    `source`: what made it and of which row, once a meeting ("promise:12"); empty for what people added. `figure`: the
    number behind it in words. `internal_note` is for our side alone: it is in no minutes that leave the house.
    """

    FORUM: ClassVar[str] = "meeting__forum"

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField(default=0)
    title = models.CharField(max_length=300)
    partner = models.ForeignKey(
        Partner, null=True, blank=True, on_delete=models.CASCADE, related_name="+", editable=False
    )
    source = models.CharField(max_length=80, blank=True, editable=False)
    figure = models.CharField(max_length=300, blank=True, editable=False)
    address = models.CharField(max_length=300, blank=True, editable=False)
    drop_reason = models.CharField(max_length=500, blank=True)
    minutes = models.TextField(blank=True, max_length=20_000)
    is_internal = models.BooleanField(
        default=False,
        verbose_name="for our side alone",
        help_text="It is in no minutes that leave the house.",
    )
    internal_note = models.TextField(blank=True, max_length=20_000)
    # Whether a person moved, renamed or wrote on it: then a new draft leaves its place and title alone.
    is_touched = models.BooleanField(default=False, editable=False)
    is_dropped = models.BooleanField(default=False, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = PartOfForum.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "source"], condition=~Q(source=""), name="one_item_a_source"
            ),
            models.CheckConstraint(condition=~Q(title=""), name="item_has_a_title"),
            models.CheckConstraint(
                condition=Q(is_dropped=False) | ~Q(drop_reason=""), name="dropped_for_a_reason"
            ),
        ]  # fmt: skip
        triggers = [*audited(), frozen_with_its_minutes()]

    def __str__(self) -> str:
        return self.title


class MeetingDecision(models.Model):
    """Something a meeting decided."""

    FORUM: ClassVar[str] = "meeting__forum"

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="decisions")
    item = models.ForeignKey(
        AgendaItem, null=True, blank=True, on_delete=models.SET_NULL, related_name="decisions"
    )
    text = models.CharField(max_length=1_000)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = PartOfForum.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="meeting_decision_says_something")]
        triggers = [*audited(), frozen_with_its_minutes()]

    def __str__(self) -> str:
        return self.text


class MinutesAmendment(models.Model):
    """What has to be said about minutes after they were approved. Never edited."""

    FORUM: ClassVar[str] = "meeting__forum"

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="amendments")
    text = models.TextField(max_length=5_000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = PartOfForum.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        triggers = audited()

    def __str__(self) -> str:
        return self.text[:80]


class ActionQuerySet(models.QuerySet["Action"]):
    def visible_to(self, user: Any) -> "ActionQuerySet":
        """Actions of forums the user sees, and their own about partners inside the walls."""
        return self.filter(Q(forum__in=Forum.objects.visible_to(user)) | self._own(user))

    def changed_by(self, user: Any) -> "ActionQuerySet":
        """Visible ones the user may change: their own, and those of forums they run."""
        return self.filter(Q(forum__in=Forum.objects.run_by(user)) | self._own(user))

    @staticmethod
    def _own(user: Any) -> Q:
        inside = Q(forum__partner=None) | Q(forum__partner__in=Partner.objects.visible_to(user))
        return Q(owner=user) & inside

    def open(self) -> "ActionQuerySet":
        return self.filter(outcome="")

    def overdue(self, today: Any) -> "ActionQuerySet":
        """Open on a day after the one they were due on."""
        return self.open().filter(due_on__lt=today)


class Action(models.Model):
    """What one side undertook in a meeting, by when; closed with what shows that it is done, or dropped for a reason."""

    DONE, DROPPED = "done", "dropped"
    OUTCOMES = [("", "Open"), (DONE, "Done"), (DROPPED, "Dropped")]

    forum = models.ForeignKey(Forum, on_delete=models.CASCADE, related_name="actions")
    meeting = models.ForeignKey(
        Meeting, null=True, blank=True, on_delete=models.SET_NULL, related_name="actions"
    )
    item = models.ForeignKey(
        AgendaItem, null=True, blank=True, on_delete=models.SET_NULL, related_name="actions"
    )
    what = models.CharField(max_length=500)
    side = models.CharField(max_length=4, choices=SIDES, default=US, verbose_name="whose")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="actions"
    )
    their_owner = models.CharField(max_length=200, blank=True, verbose_name="their owner")
    made_on = models.DateField(default=timezone.localdate, editable=False)
    due_on = models.DateField()
    outcome = models.CharField(max_length=7, choices=OUTCOMES, blank=True)
    closed_on = models.DateField(null=True, blank=True)
    evidence = models.CharField(
        max_length=1_000, blank=True, help_text="What shows that it is done, or why it was dropped."
    )
    link = models.URLField(blank=True, max_length=1_000)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = ActionQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "pk"]
        indexes = [models.Index(fields=["due_on"], condition=Q(outcome=""), name="actions_open")]
        constraints = [
            models.CheckConstraint(condition=~Q(what=""), name="action_says_what"),
            models.CheckConstraint(
                condition=Q(outcome="", closed_on=None) | (~Q(outcome="") & Q(closed_on__isnull=False) & ~Q(evidence="")),
                name="action_closed_with_evidence",
            ),
            models.CheckConstraint(
                condition=Q(side=US, their_owner="") | Q(side=THEM, owner=None), name="action_of_one_side"
            ),
        ]  # fmt: skip
        triggers = audited()

    def __str__(self) -> str:
        return self.what

    def get_absolute_url(self) -> str:
        return reverse("action", args=[self.pk])

    @property
    def whose(self) -> str:
        """Its owner in words: a person, or the side."""
        return str(self.owner or self.their_owner or self.get_side_display())
