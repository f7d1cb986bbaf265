"""Calendars at secret addresses."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.audit import audited


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
