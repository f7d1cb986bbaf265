"""How long before a deadline people are reminded, and who was."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.text import get_text_list

from accounts.audit import audited
from accounts.models import OutgoingMail
from accounts.templatetags.look import day
from accounts.words import counted
from governance import reminders
from partners.models import SEGMENTS, Contract
from vendorhub.roles import may


class LeadTimes(models.Model):
    """How many days before a contract's deadline people are reminded, by the segment of its partner. One row."""

    strategic = ArrayField(models.PositiveSmallIntegerField(), default=list)
    preferred = ArrayField(models.PositiveSmallIntegerField(), default=list)
    tactical = ArrayField(models.PositiveSmallIntegerField(), default=list)
    transactional = ArrayField(models.PositiveSmallIntegerField(), default=list)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "lead times"
        ordering = ["pk"]
        triggers = audited()

    def __str__(self) -> str:
        return "Lead times of reminders"

    @classmethod
    def current(cls) -> "LeadTimes":
        """The row, or the default where nobody has saved one yet."""
        usual = {segment: list(reminders.LEAD_TIMES) for segment, _ in SEGMENTS}
        return cls.objects.first() or cls(**usual)

    def of(self, segment: str) -> list[int]:
        return getattr(self, segment)


class ReminderQuerySet(models.QuerySet["Reminder"]):
    def visible_to(self, user: Any) -> "ReminderQuerySet":
        """Reminders about contracts the user sees, for whoever sees renewals."""
        if not may(user, "see_renewals"):
            return self.none()
        return self.filter(contract__in=Contract.objects.visible_to(user))

    def standing(self) -> "ReminderQuerySet":
        """All but cancelled ones, which are as if they had never been."""
        return self.exclude(state=Reminder.CANCELLED)

    def listed(self) -> "ReminderQuerySet":
        """For a page: what was sent or cancelled, the newest first, with what each stood for."""
        rows = self.exclude(state=Reminder.SUPERSEDED, mail=None).select_related("recipient", "mail")
        return rows.prefetch_related("names")[: Reminder.LISTED]

    def not_left(self) -> "ReminderQuerySet":
        """Queued, and still in the outbox."""
        return self.filter(state=Reminder.SENT, mail__state__in=OutgoingMail.NOT_LEFT)


class Reminder(models.Model):
    """One person told once about one stage of one deadline (`governance.reminders.Stage`).

    Made when it is due, by a scan, with its mail and in the same transaction. It is the log itself: nobody edits it, and
    its history is not kept beside it.
    """

    LISTED = 60  # on a page

    SENT, SUPERSEDED, CANCELLED = "sent", "superseded", "cancelled"
    STATES = [(SENT, "Sent"), (SUPERSEDED, "Named in a more urgent one"), (CANCELLED, "Cancelled")]
    KINDS = [
        (reminders.LEAD, "Before the deadline"),
        (reminders.DEFERRAL, "Deferred until then"),
        (reminders.OVERDUE, "Deadline passed undecided"),
        (reminders.RENEWED, "Renewed itself"),
    ]

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="reminders")
    deadline = models.DateField(
        null=True, help_text="What it counts to: the notice deadline, else the end of the term."
    )
    kind = models.CharField(max_length=8, choices=KINDS)
    due = models.DateField()
    days = models.PositiveSmallIntegerField(null=True, help_text="Of a lead time: days before the deadline.")
    term_ends = models.DateField(null=True, help_text="Last day of the contract's term when it was made.")
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reminders"
    )
    state = models.CharField(max_length=10, choices=STATES, default=SENT)
    superseded_by = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="names")
    mail = models.ForeignKey(OutgoingMail, null=True, on_delete=models.SET_NULL, related_name="reminders")
    note = models.CharField(max_length=300, blank=True, help_text="Why it was cancelled.")
    at = models.DateTimeField(default=timezone.now)

    objects = ReminderQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "deadline", "kind", "due", "recipient"], nulls_distinct=False,
                condition=~Q(state="cancelled"), name="reminded_once",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.contract}"

    @property
    def stage(self) -> reminders.Stage:
        return reminders.Stage(self.kind, self.deadline, self.due, self.days)

    @property
    def words(self) -> str:
        """What it is about: 30 days before 1 Dec 2027."""
        if self.kind == reminders.LEAD:
            return f"{counted(self.days or 0, 'day')} before {day(self.deadline)}"
        if self.kind == reminders.DEFERRAL:
            return f"Deferred to {day(self.due)}"
        return f"{self.get_kind_display()}: {day(self.deadline)}"

    @property
    def also(self) -> str:
        """The lead times of the same deadline it stands for beside its own."""
        named = self.names.all()
        days = sorted(row.days for row in named if row.days and row.deadline == self.deadline)
        return get_text_list([str(number) for number in days], "and")

    @property
    def fate(self) -> str:
        """What became of it, its mail included."""
        if self.state != self.SENT:
            return self.note or self.get_state_display()
        if self.mail is None or self.mail.state == OutgoingMail.SENT:
            return "sent"
        return (
            "waits to be sent"
            if self.mail.state == OutgoingMail.QUEUED
            else f"mail: {self.mail.get_state_display().lower()}"
        )
