"""Partners, other spellings of their names, and the people on their side."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from accounts.audit import audited
from accounts.models import BusinessUnit
from vendorhub.roles import may

KINDS = [
    ("vendor", "Vendor"),
    ("provider", "Solution provider"),
    ("unit", "Business unit"),
    ("operations", "Operations, factory or subsidiary"),
    ("own", "Our own organisation"),
]
INTERNAL_KINDS = ("unit", "operations")
APART_KINDS = ("own", *INTERNAL_KINDS)  # never ranked among vendors
CANDIDATE, ADMITTED, REJECTED = "candidate", "admitted", "rejected"
ADMISSIONS = [(CANDIDATE, "Candidate"), (ADMITTED, "Admitted"), (REJECTED, "Rejected")]
SEGMENTS = [
    ("strategic", "Strategic"),
    ("preferred", "Preferred"),
    ("tactical", "Tactical"),
    ("transactional", "Transactional"),
]


class PartnerQuerySet(models.QuerySet["Partner"]):
    def visible_to(self, user: Any) -> "PartnerQuerySet":
        """Partners inside the user's walls: company-wide ones and those of their units."""
        if not may(user, "see_partners"):
            return self.none()
        if user.sees_all_units:
            return self
        return self.filter(Q(unit=None) | Q(unit__in=BusinessUnit.objects.filter(members=user)))

    def active(self) -> "PartnerQuerySet":
        return self.filter(archived_at=None)

    def belonging_to(self, user: Any) -> "PartnerQuerySet":
        """Visible partners whose fate is the user's to decide: not the company's, seen from within one unit."""
        seen = self.visible_to(user)
        return seen if user.sees_all_units else seen.exclude(unit=None)


class Partner(models.Model):
    """Whoever we depend on: a vendor, a solution provider, an internal partner, or ourselves."""

    name = models.CharField(max_length=300)
    # `partners.names.name_key(name)`: equal for spellings that differ only in case, accents,
    # punctuation or legal form. Two partners may share one: people decide whether to merge them.
    name_key = models.CharField(max_length=300, db_index=True, editable=False)
    kind = models.CharField(max_length=12, choices=KINDS, default="vendor")
    segment = models.CharField(max_length=14, choices=SEGMENTS, default="tactical")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="owned_partners",
    )
    unit = models.ForeignKey(
        BusinessUnit, null=True, blank=True, on_delete=models.PROTECT, related_name="partners",
        verbose_name="business unit", help_text="Empty: the whole company.",
    )  # fmt: skip
    supplies = models.CharField(max_length=300, blank=True, verbose_name="what it supplies")
    email_domains = ArrayField(models.CharField(max_length=253), default=list, blank=True)
    notes = models.TextField(blank=True, max_length=20_000)
    # Moved by a decision alone; only who is admitted gets contracts.
    admission = models.CharField(
        max_length=9, choices=ADMISSIONS, default=ADMITTED, db_default=ADMITTED, editable=False
    )
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    is_demo = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = PartnerQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["kind"], condition=Q(kind="own"), name="one_own_organisation"),
            models.CheckConstraint(condition=~Q(name=""), name="partner_has_a_name"),
        ]
        indexes = [models.Index(fields=["name", "id"], name="partner_by_name")]
        triggers = audited(ignore=("name_key", "is_demo"))

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("partner_detail", args=[self.pk])

    @property
    def is_admitted(self) -> bool:
        return self.admission == ADMITTED

    @property
    def scored_as(self) -> str:
        """Whose template it is scored with: candidates have one of their own, others that of their kind."""
        return self.kind if self.is_admitted else CANDIDATE


class PartnerAlias(models.Model):
    """Another spelling a register uses for a partner, kept so that the next import finds it."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=300, unique=True)

    class Meta:
        verbose_name_plural = "partner aliases"
        triggers = audited()

    def __str__(self) -> str:
        return self.name


class Contact(models.Model):
    """A person on the partner's side, and since when and until when we dealt with them."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=200)
    role = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=50, blank=True)
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = [F("until").desc(nulls_first=True), "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(since=None) | Q(until__gte=F("since")),
                name="contact_until_after_since",
            )
        ]
        triggers = audited()

    def __str__(self) -> str:
        return self.name

    @property
    def has_ended(self) -> bool:
        return self.until is not None and self.until < timezone.localdate()
