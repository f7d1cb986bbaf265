"""What was decided about contracts and partners, and who was reminded to decide."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import get_text_list

from accounts.audit import audited
from accounts.models import OutgoingMail
from accounts.templatetags.look import day
from accounts.words import counted
from governance import reminders
from partners.models import SEGMENTS, Contract, Partner
from vendorhub.roles import may

RENEW, RENEGOTIATE, REPLACE, LEAVE, DEFER = "renew", "renegotiate", "replace", "leave", "defer"
AT_RENEWAL = [
    (RENEW, "Renew"),
    (RENEGOTIATE, "Renegotiate"),
    (REPLACE, "Replace"),
    (LEAVE, "Leave"),
    (DEFER, "Defer"),
]
STOPS_RENEWAL = (RENEGOTIATE, REPLACE, LEAVE)  # notice is given: the term does not renew itself
ADMIT, CONDITIONS, REJECT = "admit", "conditions", "reject"
AT_ADMISSION = [(ADMIT, "Admit"), (CONDITIONS, "Admit on conditions"), (REJECT, "Reject")]


class DecisionQuerySet(models.QuerySet["Decision"]):
    def visible_to(self, user: Any) -> "DecisionQuerySet":
        """Decisions about visible contracts, and about admitting visible partners."""
        if not may(user, "see_renewals"):
            return self.none()
        contracts, partners = Contract.objects.visible_to(user), Partner.objects.visible_to(user)
        return self.filter(Q(contract__in=contracts) | Q(partner__in=partners))


class Decision(models.Model):
    """What was decided, why and on what. Never edited: a later one about the same term counts instead.

    About a contract's term (`contract`, `term_ends`) or about admitting a partner (`partner`). `snapshot` is the brief
    as it was when the decision was taken.
    """

    contract = models.ForeignKey(
        Contract, null=True, blank=True, on_delete=models.PROTECT, related_name="decisions"
    )
    partner = models.ForeignKey(
        Partner, null=True, blank=True, on_delete=models.PROTECT, related_name="admission_decisions"
    )
    outcome = models.CharField(max_length=12, choices=AT_RENEWAL + AT_ADMISSION)
    reasons = models.TextField(max_length=20_000)
    conditions = models.TextField(max_length=20_000, blank=True)
    deferred_to = models.DateField(null=True, blank=True, help_text="When it has to be looked at again.")
    term_ends = models.DateField(null=True, blank=True, help_text="Last day of the term it is about.")
    notice_deadline = models.DateField(null=True, blank=True, help_text="Of that term, as it was.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="decisions")
    at = models.DateTimeField(auto_now_add=True)
    snapshot = models.JSONField(default=dict, blank=True)
    came_of_it = models.TextField(max_length=20_000, blank=True, verbose_name="what came of it")
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(contract__isnull=False, partner=None, outcome__in=[name for name, _ in AT_RENEWAL])
                | Q(contract=None, partner__isnull=False, outcome__in=[name for name, _ in AT_ADMISSION]),
                name="decision_about_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(outcome=DEFER, deferred_to__isnull=False) | (~Q(outcome=DEFER) & Q(deferred_to=None)),
                name="only_deferring_has_a_day",
            ),
            models.CheckConstraint(condition=~Q(reasons=""), name="decision_has_reasons"),
        ]  # fmt: skip
        indexes = [models.Index(F("contract"), F("at").desc(), name="decision_latest")]
        triggers = audited(ignore=("snapshot",))

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}: {self.contract or self.partner}"

    def get_absolute_url(self) -> str:
        return reverse("decision_detail", args=[self.pk])

    @property
    def with_whom(self) -> Partner:
        """The partner it is about, directly or by a contract."""
        return self.contract.partner if self.contract else self.partner  # type: ignore[return-value]


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


class CalendarFeedQuerySet(models.QuerySet["CalendarFeed"]):
    def visible_to(self, user: Any) -> "CalendarFeedQuerySet":
        """A person's own, whatever the role."""
        return self.filter(user=user)


class CalendarFeed(models.Model):
    """A calendar at a secret address, of which only the digest is kept. Made, made anew and revoked by its owner."""

    OWN, PORTFOLIO = "own", "portfolio"
    KINDS = [(OWN, "My contracts"), (PORTFOLIO, "All contracts I may see")]
    PERMISSIONS = {OWN: "see_partners", PORTFOLIO: "see_renewals"}

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feeds"
    )
    kind = models.CharField(max_length=9, choices=KINDS)
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the secret in the address.")
    created_at = models.DateTimeField(default=timezone.now)

    objects = CalendarFeedQuerySet.as_manager()

    class Meta:
        ordering = ["user", "kind"]
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="one_feed_of_a_kind")]
        triggers = audited(ignore=("digest",))

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.user}"
