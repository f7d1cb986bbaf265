"""Registers being imported."""

from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse

from accounts.models import BusinessUnit
from vendorhub.roles import may


class RegisterImportQuerySet(models.QuerySet["RegisterImport"]):
    def visible_to(self, user: Any) -> "RegisterImportQuerySet":
        """Imports of one's own; all of them for people who see all units (a file may name any unit)."""
        if not may(user, "manage_partners"):
            return self.none()
        return self if user.sees_all_units else self.filter(by=user)

    def unfinished(self) -> "RegisterImportQuerySet":
        """Those a worker has something to do for, oldest first."""
        return self.filter(state__in=("reading", "waiting", "running")).order_by("pk")


class RegisterImport(models.Model):
    """A register on its way in: the file, how its columns are read, what was found, what was done."""

    # reading: a worker looks at it · uploaded: a person decides · waiting, running: a worker writes it
    READING, UPLOADED, WAITING, RUNNING, DONE, FAILED = (
        "reading",
        "uploaded",
        "waiting",
        "running",
        "done",
        "failed",
    )
    STATES = [(s, s.capitalize()) for s in (READING, UPLOADED, WAITING, RUNNING, DONE, FAILED)]

    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    file_name = models.CharField(max_length=255)
    content = models.BinaryField()
    columns = models.JSONField(default=dict, help_text="FIELD → column heading, as corrected by the person.")
    options = models.JSONField(
        default=dict, help_text="currency, date_order, sheet, as chosen by the person."
    )
    decisions = models.JSONField(
        default=dict, help_text="Register spelling → new, partner:ID or name:SPELLING."
    )
    unit = models.ForeignKey(BusinessUnit, null=True, blank=True, on_delete=models.PROTECT)
    state = models.CharField(max_length=10, choices=STATES, default=UPLOADED)
    progress = models.PositiveIntegerField(default=0, help_text="Rows handled so far.")
    rows = models.PositiveIntegerField(default=0)
    report = models.JSONField(default=dict)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often a worker began to write it.")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    objects = RegisterImportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        return reverse("import_detail", args=[self.pk])

    @property
    def is_with_a_worker(self) -> bool:
        return self.state in (self.READING, self.WAITING, self.RUNNING)
