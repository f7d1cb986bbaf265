"""Figures worked out from the entries, requests to work them out again, and what the company agreed on."""

from typing import Any, Self

from django.db import models
from django.db.models import F, Q

from accounts.audit import audited
from evidence.models.entries import EntryQuerySet
from partners.models import Partner
from vendorhub.roles import may


class Figure(models.Model):
    """What the entries about a partner come to (see `evidence.figures`). `value` None: not enough to say.

    `lower` and `upper` are the ends of a 95 % interval where the figure has one; `word` what is said instead of or
    beside the number ("only in season"). `starts`: since when, where that is later than the figure's period.
    """

    DERIVED = True  # of two partners that are merged it is worked out again

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="figures", db_index=False)
    name = models.CharField(max_length=40)
    value = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    lower = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    upper = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    observations = models.PositiveIntegerField(default=0)
    word = models.CharField(max_length=40, blank=True)
    starts = models.DateField(null=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["partner", "name"], name="one_figure_a_partner")]

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"


class FigureRequest(models.Model):
    """A partner whose evidence changed. Written by triggers alone (evidence/sql), taken away by the worker that saw it."""

    DERIVED = True

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="+")
    requested_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.partner_id)


class AgreementQuerySet(models.QuerySet):
    def visible_to(self, user: Any) -> Self:
        """Everything: figures mean the same to everybody."""
        return self if may(user, "use") else self.none()


class Agreement(models.Model):
    """What figures are measured against, company-wide: one row."""

    answer_days = models.PositiveSmallIntegerField(
        default=5, verbose_name="working days for an answer", help_text="Where a request says nothing else."
    )
    # How much each party's word weighs in the index of the three; the own side the most.
    customer_weight = models.PositiveSmallIntegerField(default=50)
    vendor_weight = models.PositiveSmallIntegerField(default=25)
    provider_weight = models.PositiveSmallIntegerField(default=25)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = AgreementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="one_agreement"),
            models.CheckConstraint(
                condition=Q(
                    customer_weight__gte=F("vendor_weight"),
                ) & Q(customer_weight__gte=F("provider_weight")) & Q(customer_weight__gt=0),
                name="own_side_weighs_most",
            ),
        ]  # fmt: skip
        triggers = audited()

    def __str__(self) -> str:
        return "What figures are measured against"

    @classmethod
    def current(cls) -> "Agreement":
        """The row, or its defaults while nobody has changed any."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)
