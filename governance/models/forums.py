"""Who meets whom about what, and how often: forums at three levels and their members on both sides."""

from datetime import time
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.audit import audited
from partners.models import Contact, Partner
from vendorhub.roles import may

STRATEGIC, TACTICAL, OPERATIONAL = "strategic", "tactical", "operational"
LEVELS = [(STRATEGIC, "Strategic"), (TACTICAL, "Tactical"), (OPERATIONAL, "Operational")]
CADENCES = [
    (1, "Monthly"),
    (2, "Every two months"),
    (3, "Quarterly"),
    (6, "Half-yearly"),
    (12, "Yearly"),
]  # months
EXECUTIVE, SENIOR, MANAGER, SPECIALIST = 1, 2, 3, 4
SENIORITIES = [
    (EXECUTIVE, "Executive"),
    (SENIOR, "Senior manager"),
    (MANAGER, "Manager"),
    (SPECIALIST, "Specialist"),
]
US, THEM = "us", "them"
SIDES = [(US, "Us"), (THEM, "Them")]
# What a level is by itself: (months between meetings, who is expected at least).
USUAL = {STRATEGIC: (6, EXECUTIVE), TACTICAL: (3, SENIOR), OPERATIONAL: (1, MANAGER)}


class ForumQuerySet(models.QuerySet["Forum"]):
    def visible_to(self, user: Any) -> Self:
        """Forums about visible partners; of the portfolio, for who sees every unit. Some roles see only their own."""
        if not may(user, "see_meetings"):
            return self.none()
        seen = self.filter(partner__in=Partner.objects.visible_to(user))
        if user.sees_all_units:
            seen = self.all()
        return seen if may(user, "see_all_meetings") else seen.filter(self._of(user))

    def run_by(self, user: Any) -> Self:
        """Visible ones whose meetings the user may change: chair and our members, and roles that keep all of them."""
        seen = self.visible_to(user)
        return seen if may(user, "manage_forums") else seen.filter(self._of(user))

    def kept(self) -> Self:
        """Those that still meet."""
        return self.filter(ended_on=None)

    @staticmethod
    def _of(user: Any) -> Q:
        mine = Member.objects.filter(user=user, left_on=None)
        return Q(chair=user) | Q(pk__in=mine.values("forum"))


class Forum(models.Model):
    """A round of people that meets at a cadence (P21). Without a partner it is about the whole portfolio."""

    partner = models.ForeignKey(
        Partner, null=True, blank=True, on_delete=models.CASCADE, related_name="forums",
        help_text="Empty: the whole portfolio.",
    )  # fmt: skip
    level = models.CharField(max_length=11, choices=LEVELS)
    purpose = models.CharField(max_length=500)
    cadence = models.PositiveSmallIntegerField(
        choices=CADENCES, default=3, help_text="Months between meetings."
    )
    first_on = models.DateField(
        verbose_name="first meeting", help_text="Later ones are counted from this day."
    )
    starts_at = models.TimeField(default=time(10), verbose_name="begins at")
    lasts = models.PositiveSmallIntegerField(default=60, verbose_name="minutes it lasts")
    time_zone = models.CharField(max_length=40, default=settings.TIME_ZONE)
    country = models.CharField(
        max_length=2, blank=True, help_text="Whose public holidays are avoided. Empty: weekends only."
    )
    place = models.CharField(max_length=300, blank=True, help_text="A room, or the address of a video call.")
    chair = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="chaired_forums",
    )
    our_level = models.PositiveSmallIntegerField(
        choices=SENIORITIES, default=MANAGER, verbose_name="expected of us, at least"
    )
    their_level = models.PositiveSmallIntegerField(
        choices=SENIORITIES, default=MANAGER, verbose_name="expected of them, at least"
    )
    standing_agenda = models.TextField(
        blank=True, max_length=5_000, help_text="One item a line, in every meeting."
    )
    ended_on = models.DateField(null=True, blank=True, editable=False)
    is_demo = models.BooleanField(default=False, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = ForumQuerySet.as_manager()

    class Meta:
        ordering = ["partner__name", "cadence", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(level__in=[one for one, _ in LEVELS]), name="forum_level_known"),
            models.CheckConstraint(condition=Q(cadence__in=[one for one, _ in CADENCES]), name="forum_cadence_known"),
            models.CheckConstraint(condition=~Q(purpose=""), name="forum_has_a_purpose"),
            models.CheckConstraint(condition=Q(lasts__range=(5, 600)), name="forum_lasts_a_while"),
            models.UniqueConstraint(
                fields=["partner", "level"], condition=Q(ended_on=None), nulls_distinct=False, name="one_forum_a_level"
            ),
        ]  # fmt: skip
        triggers = audited(ignore=("is_demo",))

    def __str__(self) -> str:
        return f"{self.get_level_display()} forum, {self.partner or 'whole portfolio'}"

    def get_absolute_url(self) -> str:
        return reverse("forum", args=[self.pk])

    def level_of(self, side: str) -> int:
        """The seniority expected of a side, at least."""
        return self.our_level if side == US else self.their_level


class PartOfForum(models.QuerySet):
    """Rows that belong to a forum, by the path that leads there."""

    def visible_to(self, user: Any) -> Self:
        """Those of forums the user sees."""
        return self.filter(**{f"{self.model.FORUM}__in": Forum.objects.visible_to(user)})

    def run_by(self, user: Any) -> Self:
        """Those of forums whose meetings the user may change."""
        return self.filter(**{f"{self.model.FORUM}__in": Forum.objects.run_by(user)})

    def approved_by(self, user: Any) -> Self:
        """Those whose minutes the user may approve: of forums they chair, or any with a role that keeps forums."""
        seen = self.run_by(user)
        return seen if may(user, "manage_forums") else seen.filter(**{f"{self.model.FORUM}__chair": user})


class Person(models.Model):
    """Somebody of either side: a user of ours, a contact of theirs, or whoever it is by name."""

    side = models.CharField(max_length=4, choices=SIDES)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    contact = models.ForeignKey(Contact, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=200)
    seniority = models.PositiveSmallIntegerField(choices=SENIORITIES, default=MANAGER)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def email(self) -> str:
        """Where an invitation goes; empty where nobody knows."""
        if self.user:
            return (self.user.email or "") if self.user.is_active else ""
        return self.contact.email if self.contact and not self.contact.has_ended else ""


class Member(Person):
    """Somebody expected at every meeting of a forum."""

    FORUM: ClassVar[str] = "forum"

    forum = models.ForeignKey(Forum, on_delete=models.CASCADE, related_name="members")
    left_on = models.DateField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = PartOfForum.as_manager()

    class Meta:
        ordering = ["-side", "seniority", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["forum", "user"], condition=Q(left_on=None, user__isnull=False), name="member_once_user"
            ),
            models.UniqueConstraint(
                fields=["forum", "contact"], condition=Q(left_on=None, contact__isnull=False), name="member_once_contact"
            ),
            models.CheckConstraint(
                condition=Q(side=US, contact=None) | Q(side=THEM, user=None), name="member_of_one_side"
            ),
        ]  # fmt: skip
        triggers = audited()
