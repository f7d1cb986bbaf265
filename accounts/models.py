"""People, business units, the audit trail, outgoing mail and signs of life."""

import uuid
from datetime import timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.audit import audited
from vendorhub.roles import ADMINISTRATOR, RATER, ROLES

RATER_ROLES = [
    ("procurement", "Procurement"),
    ("leadership", "Leadership"),
    ("it", "IT"),
    ("business", "Business"),
]


class BusinessUnitQuerySet(models.QuerySet["BusinessUnit"]):
    def visible_to(self, user: Any) -> "BusinessUnitQuerySet":
        """Units whose records the user may see: all, or their own."""
        return self if user.sees_all_units else self.filter(members=user)


class BusinessUnit(models.Model):
    """A part of the company with records of its own."""

    name = models.CharField(max_length=200)

    objects = BusinessUnitQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="unit_name_unique_any_case")]
        triggers = audited()

    def __str__(self) -> str:
        return self.name


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: Any) -> "UserQuerySet":
        """People the user may name: all, or those who share a unit or belong to the whole company."""
        if user.sees_all_units:
            return self
        shared = BusinessUnit.objects.filter(members=user)
        return self.filter(Q(all_units=True) | Q(units__in=shared) | Q(pk=user.pk)).distinct()

    def able_to_sign_in(self) -> "UserQuerySet":
        """People with an account, as against raters known only by name from an import."""
        return self.filter(is_active=True, email__isnull=False)

    def with_password(self) -> "UserQuerySet":
        """People who have set a password, as against those only invited so far."""
        return self.exclude(password="").exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)

    def administrators(self) -> "UserQuerySet":
        return self.able_to_sign_in().filter(role=ADMINISTRATOR)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def create_user(self, email: str | None, password: str | None = None, **fields: Any) -> "User":
        """Create a person; without a password they cannot sign in until they set one."""
        user = self.model(email=email.strip().lower() if email else None, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an administrator who sees every unit."""
        return self.create_user(email, password, **{"role": ADMINISTRATOR, "all_units": True, **fields})

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email__iexact=email)


class User(AbstractBaseUser):
    """A person who signs in by e-mail, or (email NULL) a rater known only from an import."""

    name = models.CharField(max_length=200)
    email = models.EmailField(null=True, blank=True, max_length=254, unique=True)
    role = models.CharField(max_length=20, choices=ROLES, default=RATER)
    rater_role = models.CharField(
        max_length=20, choices=RATER_ROLES, default="business", help_text="The side this person rates from."
    )
    units = models.ManyToManyField(
        BusinessUnit, through="Membership", blank=True, related_name="members", verbose_name="business units"
    )
    all_units = models.BooleanField(
        default=False, verbose_name="sees all business units", help_text="Not held back by unit walls."
    )
    is_active = models.BooleanField(default=True)
    daily_digest = models.BooleanField(default=False, db_default=False, verbose_name="one mail a day")
    # Groups of accounts.mail_choices they do without.
    unwanted_mail = ArrayField(models.CharField(max_length=20), default=list, db_default=[], blank=True)
    is_demo = models.BooleanField(default=False, editable=False)
    # When they opened their start page last, and when on an earlier day than that (accounts.services.visits).
    last_seen = models.DateTimeField(null=True, editable=False)
    seen_before = models.DateTimeField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique_any_case")]
        triggers = audited(ignore=("password", "last_login", "last_seen", "seen_before"))

    def __str__(self) -> str:
        return self.name or self.email or "(no name)"

    @property
    def sees_all_units(self) -> bool:
        """Administrators and company-wide people are not held back by unit walls."""
        return self.all_units or self.role == ADMINISTRATOR


class Membership(models.Model):
    """A person belongs to a business unit. A model of its own so that its history is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, verbose_name="person")
    businessunit = models.ForeignKey(BusinessUnit, on_delete=models.CASCADE, verbose_name="business unit")

    class Meta:
        db_table = "accounts_user_units"
        unique_together = [("user", "businessunit")]
        triggers = audited()

    def __str__(self) -> str:
        return f"{self.user} in {self.businessunit}"


class AuditEntry(models.Model):
    """One change of one row, written by a trigger; `before` and `after` hold only what differs."""

    at = models.DateTimeField()
    actor = models.ForeignKey(User, null=True, on_delete=models.DO_NOTHING, db_constraint=False)
    table_name = models.CharField(max_length=63)
    row_id = models.BigIntegerField()
    action = models.CharField(max_length=6)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["table_name", "row_id", "-id"], name="audit_by_row")]

    def __str__(self) -> str:
        return f"{self.action} {self.table_name} {self.row_id}"


class OutgoingMail(models.Model):
    """The outbox: every mail of the product is a row here first, in the transaction that caused it."""

    QUEUED, SENDING, SENT, AMBIGUOUS, FAILED = "queued", "sending", "sent", "ambiguous", "failed"
    COLLECTED, UNWANTED = "collected", "unwanted"
    STATES = [
        (QUEUED, "Queued"),
        (SENDING, "Sending"),
        (SENT, "Sent"),
        (AMBIGUOUS, "Ambiguous"),
        (FAILED, "Failed"),
        (COLLECTED, "In a digest"),
        (UNWANTED, "Not wanted"),
    ]
    NOT_LEFT = (QUEUED, COLLECTED)  # can still be taken back
    ATTENTION = (FAILED, AMBIGUOUS)  # a person decides

    recipient = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="mail")
    to = models.EmailField()
    subject = models.CharField(max_length=300)
    text = models.TextField()
    calendar = models.TextField(
        blank=True, db_default="", help_text="An iTIP message (RFC 5546) that goes with it."
    )
    kind = models.CharField(max_length=40, help_text="What it is about: invitation, nudge, …")
    key = models.CharField(
        max_length=200, null=True, blank=True, unique=True, help_text="Never queued twice."
    )
    must_arrive = models.BooleanField(
        default=False, db_default=False, help_text="Sent again by itself where nobody knows whether it left."
    )
    digest = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.SET_NULL,
        related_name="collected",
        help_text="The mail it went into.",
    )
    state = models.CharField(max_length=10, choices=STATES, default=QUEUED)
    message_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    repeats = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Times it was queued again though it may have left."
    )
    next_attempt_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], condition=Q(state="queued"), name="mail_queued"),
            models.Index(
                fields=["created_at"], condition=Q(state="collected", digest=None), name="mail_collected"
            ),
            models.Index(fields=["id"], condition=Q(state="sending"), name="mail_sending"),
            models.Index(
                fields=["created_at"],
                condition=Q(must_arrive=True) & ~Q(state__in=("sent", "unwanted")),
                name="mail_must_arrive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} → {self.to}"


class Heartbeat(models.Model):
    """The last sign of life of a background process, for /readyz and an administrator's home."""

    SILENT = timedelta(seconds=30)  # without one for this long, something is wrong

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"
