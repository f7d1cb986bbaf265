"""What contracts cost to their end, and the rates that add up several currencies."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.audit import audited
from partners.models.contracts import Contract
from vendorhub.roles import may

COST_KINDS = [
    ("licence", "Licences"),
    ("service", "Services"),
    ("effort", "Internal effort"),
    ("exit", "Leaving"),
]


class CostLineQuerySet(models.QuerySet["CostLine"]):
    def visible_to(self, user: Any) -> "CostLineQuerySet":
        """Cost lines of the contracts the user sees."""
        return self.filter(contract__in=Contract.objects.visible_to(user))


class CostLine(models.Model):
    """Something a contract costs: an amount a year, or once. Kind, days and note tell it from the others."""

    OF = "contract"

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="cost_lines")
    kind = models.CharField(max_length=8, choices=COST_KINDS, default="licence")
    note = models.CharField(max_length=300, blank=True, verbose_name="what for")
    amount = models.DecimalField(max_digits=16, decimal_places=2)
    once = models.BooleanField(default=False, verbose_name="paid once")
    # Empty: all of the contract's life. What is paid once has its day in `starts`, empty: the end of life.
    starts = models.DateField(null=True, blank=True, verbose_name="first day")
    ends = models.DateField(null=True, blank=True, verbose_name="last day")
    currency = models.CharField(max_length=3)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = CostLineQuerySet.as_manager()

    class Meta:
        ordering = ["contract", "kind", F("starts").asc(nulls_first=True), "note", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="cost_amount_positive"),
            models.CheckConstraint(
                condition=Q(ends=None) | Q(starts=None) | Q(ends__gte=F("starts")),
                name="cost_ends_after_start",
            ),
            models.CheckConstraint(condition=Q(once=False) | Q(ends=None), name="cost_once_has_one_day"),
            models.UniqueConstraint(
                fields=["contract", "kind", "once", "starts", "note"],
                nulls_distinct=False,
                name="cost_line_told_apart",
            ),
        ]
        triggers = audited()

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.note}" if self.note else self.get_kind_display()

    def get_absolute_url(self) -> str:
        return reverse("contract_costs", args=[self.contract_id])


class CompanyWide(models.QuerySet):
    def visible_to(self, user: Any) -> "CompanyWide":
        """Everything: sums mean the same to everybody."""
        return self if may(user, "use") else self.none()


class Reporting(models.Model):
    """The currency that sums over several contracts are in: one row, or none while nobody has chosen."""

    currency = models.CharField(max_length=3)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = CompanyWide.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "reporting currency"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_reporting_currency")]
        triggers = audited()

    def __str__(self) -> str:
        return self.currency


class Rate(models.Model):
    """How many units of a currency one unit of the reporting currency is worth, from a day until the next rate."""

    currency = models.CharField(max_length=3)
    reporting = models.CharField(max_length=3, editable=False)
    units = models.DecimalField(max_digits=20, decimal_places=8)
    valid_from = models.DateField()
    is_demo = models.BooleanField(default=False, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = CompanyWide.as_manager()

    class Meta:
        ordering = ["currency", "-valid_from"]
        constraints = [
            models.CheckConstraint(condition=Q(units__gt=0), name="rate_above_zero"),
            models.CheckConstraint(condition=~Q(currency=F("reporting")), name="rate_of_another_currency"),
            models.UniqueConstraint(fields=["reporting", "currency", "valid_from"], name="one_rate_a_day"),
        ]
        triggers = audited(ignore=("is_demo",))

    def __str__(self) -> str:
        return f"{self.currency} from {self.valid_from}"
