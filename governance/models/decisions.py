"""What was decided about contracts and partners."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.audit import audited
from partners.models import Contract, Partner
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
