"""What passed between us: engagements, requests and disclosures, by either side."""

from typing import Any, Self

from django.db import models
from django.db.models import Q

from accounts.audit import audited
from evidence.models.entries import SIDES, US, Entry, EntryQuerySet, not_before, one_of, reference_of_partner
from vendorhub.roles import may

PURPOSES = [
    ("serves", "Serves what we run"),
    ("sells", "Sells more"),
    ("planning", "Joint planning"),
    ("roadmap", "Roadmap"),
    ("governance", "Governance"),
    ("social", "Social"),
]
CHANNELS = [
    ("meeting", "Meeting"),
    ("call", "Call or video call"),
    ("visit", "Visit"),
    ("mail", "E-mail"),
    ("event", "Event"),
]
NOT_CANCELLED = ("", "Took place")


class EngagementQuerySet(EntryQuerySet):
    def visible_to(self, user: Any) -> Self:
        """Confirmed ones about visible partners; a draft is seen by whoever imported it alone."""
        seen = super().visible_to(user)
        return seen.filter(Q(is_draft=False) | Q(author=user, is_discarded=False))

    def drafts_of(self, user: Any) -> Self:
        """What the user's calendar proposes and the user has not decided on."""
        return self.visible_to(user).filter(is_draft=True, author=user)

    def taken_place(self) -> Self:
        """Those that count: confirmed, and not called off."""
        return self.filter(is_draft=False, cancelled_by="")


class Engagement(Entry):
    """A contact between the partner and us (P8). From a calendar it is a draft until a person confirms it."""

    SLUG, DAY = "engagement", "day"

    day = models.DateField()
    started_by = models.CharField(max_length=4, choices=SIDES)
    purpose = models.CharField(max_length=10, choices=PURPOSES, verbose_name="what for")
    channel = models.CharField(max_length=7, choices=CHANNELS, default="meeting")
    subject = models.CharField(max_length=300, blank=True)
    took_part = models.CharField(max_length=1_000, blank=True, verbose_name="who took part")
    cancelled_by = models.CharField(
        max_length=4, choices=[NOT_CANCELLED, *SIDES], blank=True, verbose_name="called off by"
    )
    is_draft = models.BooleanField(default=False, editable=False)
    # A draft its importer did not want: kept without its words, so that the next import leaves it out.
    is_discarded = models.BooleanField(default=False, db_default=False, editable=False)
    # Where it came from: the event's UID and, of a recurring one, which (its original start, UTC).
    calendar_uid = models.CharField(max_length=255, blank=True, editable=False)
    recurrence = models.CharField(max_length=16, blank=True, editable=False)
    # A digest of what the calendar said of it last: a file that says the same changes nothing.
    calendar_state = models.CharField(max_length=16, blank=True, db_default="", editable=False)

    objects = EngagementQuerySet.as_manager()

    class Meta(Entry.Meta):
        ordering = ["-day", "-pk"]
        indexes = [models.Index(fields=["partner", "day"], name="engagement_by_partner")]
        constraints = [
            reference_of_partner(name="engagement_reference_unique"),
            one_of("started_by", SIDES, name="engagement_side_known"),
            one_of("purpose", PURPOSES, name="engagement_purpose_known"),
            one_of("channel", CHANNELS, name="engagement_channel_known"),
            one_of("cancelled_by", [NOT_CANCELLED, *SIDES], name="engagement_cancelling_side_known"),
            # Two people who were there may both have a draft of it; the first to confirm makes the entry. A draft of
            # what is confirmed says how the calendar has changed since.
            models.UniqueConstraint(
                fields=["calendar_uid", "recurrence", "partner"],
                condition=~Q(calendar_uid="") & Q(is_draft=False),
                name="engagement_of_event_unique",
            ),
            models.UniqueConstraint(
                fields=["calendar_uid", "recurrence", "partner", "author"],
                condition=~Q(calendar_uid="") & Q(is_draft=True),
                name="draft_of_event_unique",
            ),
            models.CheckConstraint(
                condition=Q(is_discarded=False)
                | Q(is_draft=True, subject="", took_part="", note="", link=""),
                name="engagement_discarded_without_words",
            ),
        ]
        triggers = audited(ignore=("calendar_state",), unless="is_draft")

    def __str__(self) -> str:
        return self.subject or f"{self.get_channel_display()}: {self.get_purpose_display().lower()}"


REQUEST_KINDS = [
    ("sales", "Sales support"),
    ("bid", "Special bid"),
    ("demo", "Demo"),
    ("lab", "Prototype or lab help"),
    ("fix", "Fix"),
    ("information", "Information"),
    ("feedback", "Feedback on product or service"),
]
DELIVERED, POINTED, DECLINED, IGNORED = "delivered", "pointed", "declined", "ignored"
OUTCOMES = [
    ("", "Open"),
    (DELIVERED, "Delivered"),
    (POINTED, "Declined, with a pointer to someone who can"),
    (DECLINED, "Declined"),
    (IGNORED, "Ignored"),
]


class Request(Entry):
    """What one side asked of the other (P10), when it was answered and how it ended."""

    SLUG, DAY = "request", "asked_on"

    asked_by = models.CharField(max_length=4, choices=SIDES, default=US)
    asked_on = models.DateField()
    kind = models.CharField(max_length=12, choices=REQUEST_KINDS)
    what = models.CharField(max_length=500)
    answered_on = models.DateField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=OUTCOMES, blank=True)
    agreed_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Working days agreed for an answer. Empty: what the settings say."
    )

    class Meta(Entry.Meta):
        ordering = ["-asked_on", "-pk"]
        indexes = [models.Index(fields=["partner", "asked_on"], name="request_by_partner")]
        constraints = [
            reference_of_partner(name="request_reference_unique"),
            one_of("asked_by", SIDES, name="request_side_known"),
            one_of("kind", REQUEST_KINDS, name="request_kind_known"),
            one_of("outcome", OUTCOMES, name="request_outcome_known"),
            not_before("answered_on", "asked_on", name="request_answered_after_asked"),
            models.CheckConstraint(
                condition=Q(outcome__in=["", IGNORED], answered_on=None)
                | Q(outcome__in=[DELIVERED, POINTED, DECLINED], answered_on__isnull=False),
                name="request_answered_with_an_outcome",
            ),
        ]

    def __str__(self) -> str:
        return self.what


DISCLOSURE_KINDS = [
    ("short", "Short-term plan"),
    ("long", "Long-term plan"),
    ("forecast", "Forecast"),
    ("roadmap", "Roadmap"),
    ("event", "Significant event"),
    ("initiative", "Initiative"),
]


class Disclosure(Entry):
    """What one side told the other of its plans (P16), how long before, and whether it left a chance to act."""

    SLUG, DAY = "disclosure", "shared_on"

    shared_by = models.CharField(max_length=4, choices=SIDES)
    kind = models.CharField(max_length=10, choices=DISCLOSURE_KINDS)
    what = models.CharField(max_length=500)
    shared_on = models.DateField()
    effect_on = models.DateField(null=True, blank=True, verbose_name="takes effect on")
    chance_to_act = models.BooleanField(
        null=True, blank=True, help_text="Whether the other side was given the chance to act."
    )

    class Meta(Entry.Meta):
        ordering = ["-shared_on", "-pk"]
        indexes = [models.Index(fields=["partner", "shared_on"], name="disclosure_by_partner")]
        constraints = [
            reference_of_partner(name="disclosure_reference_unique"),
            one_of("shared_by", SIDES, name="disclosure_side_known"),
            one_of("kind", DISCLOSURE_KINDS, name="disclosure_kind_known"),
        ]

    def __str__(self) -> str:
        return self.what


class TitleRuleQuerySet(models.QuerySet):
    def visible_to(self, user: Any) -> Self:
        """Everything: titles mean the same to everybody."""
        return self if may(user, "see_evidence") else self.none()


class TitleRule(models.Model):
    """How words of an event's title begin that says what the meeting is for. The first rule that fits counts."""

    word = models.CharField(max_length=60, unique=True)
    purpose = models.CharField(max_length=10, choices=PURPOSES, verbose_name="what for")
    position = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = TitleRuleQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            one_of("purpose", PURPOSES, name="title_rule_purpose_known"),
            models.CheckConstraint(condition=~Q(word=""), name="title_rule_has_a_word"),
        ]
        triggers = audited()

    def __str__(self) -> str:
        return f"{self.word}: {self.get_purpose_display()}"
