"""How a contract's terms came about, what was amended, and where its papers are."""

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.audit import audited
from partners.models.contracts import Contract
from partners.models.partners import Partner

ORIGINAL, RENEWED, EXTENDED, AMENDED, BACK = "original", "renewed", "extended", "amended", "back"
HOW = [
    (ORIGINAL, "As agreed"),
    (RENEWED, "Renewed itself"),
    (EXTENDED, "Extended at our option"),
    (AMENDED, "End changed"),
    (BACK, "Back to the term before"),
]


class OfContractQuerySet(models.QuerySet):
    def visible_to(self, user: Any) -> Self:
        """Those of the contracts the user sees."""
        return self.filter(contract__in=Contract.objects.visible_to(user))


class ContractTerm(models.Model):
    """A term the contract has come to. Written by `partners.services.deadlines` alone; only its deadline may still move."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="terms")
    how = models.CharField(max_length=8, choices=HOW)
    ends = models.DateField(null=True)
    notice_deadline = models.DateField(null=True)
    counted_from = models.DateField(null=True)  # the contract's original end at that time
    since = models.DateField(null=True)  # the day it came about where the contract is
    noted_at = models.DateTimeField(default=timezone.now)

    objects = OfContractQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["noted_at"], condition=Q(how="renewed"), name="term_renewed_at")]

    def __str__(self) -> str:
        return f"{self.get_how_display()}, {self.ends}"


class _OfContract(models.Model):
    """What people enter of a contract, a row at a time."""

    OF = "contract"

    contract: Contract
    contract_id: int

    version = models.PositiveIntegerField(default=1, editable=False)

    objects = OfContractQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def partner(self) -> Partner:
        return self.contract.partner

    @property
    def partner_id(self) -> int:
        return self.contract.partner_id

    def get_absolute_url(self) -> str:
        return reverse("contract_detail", args=[self.contract_id])


class Amendment(_OfContract):
    """A change of what was agreed, in words. The newest that names an end or a value has set the contract's."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="amendments")
    day = models.DateField(verbose_name="agreed on")
    what = models.CharField(max_length=500, verbose_name="what changed")
    new_end = models.DateField(null=True, blank=True)
    new_value = models.DecimalField(
        max_digits=16, decimal_places=2, null=True, blank=True, verbose_name="new value a year"
    )
    link = models.URLField(max_length=1000, blank=True)

    class Meta:
        ordering = ["-day", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(new_value__gte=0) | Q(new_value=None), name="amended_value_positive"
            )
        ]
        triggers = audited()

    def __str__(self) -> str:
        return self.what


class Document(_OfContract):
    """A paper of a contract, kept elsewhere."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="documents")
    title = models.CharField(max_length=300)
    link = models.URLField(max_length=1000)
    day = models.DateField(null=True, blank=True, verbose_name="date")

    class Meta:
        ordering = [models.F("day").desc(nulls_last=True), "title", "pk"]
        triggers = audited()

    def __str__(self) -> str:
        return self.title
