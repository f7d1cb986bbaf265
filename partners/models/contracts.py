"""What was agreed with partners, for how long and for how much."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Case, ExpressionWrapper, F, Q, Value, When
from django.db.models.functions import Cast, Coalesce, Extract, Greatest
from django.urls import reverse
from django.utils import timezone

from accounts.audit import audited
from accounts.models import BusinessUnit
from partners.dates import today_in
from partners.models.partners import Partner
from partners.money import Rates

_MONEY = models.DecimalField(max_digits=20, decimal_places=2)
NOTICE_UNITS = [("days", "days"), ("weeks", "weeks"), ("months", "months")]
FIXED, EXTENSIONS, EVERGREEN = "fixed", "option", "evergreen"
TERMS = [
    (FIXED, "Fixed"),
    (EXTENSIONS, "Fixed, with extensions at our option"),
    (EVERGREEN, "Evergreen: no end"),
]


def in_force_today() -> Q:
    """Contracts that have begun and not ended."""
    today = timezone.localdate()
    runs_on = Q(ends=None) | Q(ends__gte=today) | Q(renewed_until__gte=today)
    return (Q(starts=None) | Q(starts__lte=today)) & runs_on


def term_end() -> Coalesce:
    """The last day of a contract's term as it is by now, renewals counted."""
    return Coalesce("renewed_until", "ends")


class ContractQuerySet(models.QuerySet["Contract"]):
    def visible_to(self, user: Any) -> "ContractQuerySet":
        """Contracts of visible partners that belong to the company or to the user's units."""
        partners = Partner.objects.visible_to(user)
        return (self.filter(partner__in=partners) if partners.query.has_filters() else self).of_units_of(user)

    def of_units_of(self, user: Any) -> "ContractQuerySet":
        """Contracts of the company or the user's units. Enough where the partners are known to be visible."""
        if getattr(user, "sees_all_units", False):
            return self
        return self.filter(Q(unit=None) | Q(unit__in=BusinessUnit.objects.filter(members=user)))

    def running(self) -> "ContractQuerySet":
        """Contracts in force today, each with `yearly`."""
        return self.with_yearly().filter(in_force_today())

    def with_yearly(self) -> "ContractQuerySet":
        """Each with `yearly`: its value a year, NULL where that is not known.

        A contract with a total value only is spread evenly over its years (365.25 days each, one at least: what is
        paid for three months is paid in that year). Without a first and a last day nobody knows how many.
        """
        seconds = Cast(Extract(F("ends") - F("starts"), "epoch"), _MONEY)
        years = Greatest(Value(Decimal(1)), seconds / Value(Decimal(31_557_600)))  # 365.25 days of seconds
        has_term = Q(starts__isnull=False, ends__isnull=False)
        spread = Case(When(has_term, then=ExpressionWrapper(F("total_value") / years, output_field=_MONEY)))
        return self.annotate(yearly=Coalesce(F("annual_value"), spread, output_field=_MONEY))

    def counted(self, rates: Rates, day: date) -> "ContractQuerySet":
        """Of those with `yearly`, each with `counted_in` and `counted`: its value a year in the reporting currency at the rate of the day.

        Where that has no rate for its own currency, in that one.
        """
        others = {
            currency: rates.on(currency, day) for currency in rates.quoted if currency != rates.currency
        }
        worth = {currency: units for currency, units in others.items() if units}
        cases = [
            When(currency=currency, then=F("yearly") / Value(units)) for currency, units in worth.items()
        ]
        return self.annotate(
            counted=Case(*cases, default=F("yearly"), output_field=models.DecimalField()),
            counted_in=Case(When(currency__in=worth, then=Value(rates.currency)), default=F("currency"))
            if worth else F("currency"),
        )  # fmt: skip

    def current_first(self) -> "ContractQuerySet":
        """In the order of their end, those that have ended after the others."""
        ended = Q(term_end__lt=timezone.localdate())
        order = (Case(When(ended, then=1), default=0), "term_end", "title", "pk")
        return self.alias(term_end=term_end()).order_by(*order)


class Contract(models.Model):
    """What was agreed with a partner, for how long and for how much."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="contracts")
    reference = models.CharField(max_length=100, blank=True)
    # Tells twins apart that share a reference in a register (empty for the first of them).
    reference_suffix = models.CharField(max_length=64, blank=True, editable=False)
    title = models.CharField(max_length=500)
    starts = models.DateField(null=True, blank=True)
    # Of the original term: all is counted from it.
    ends = models.DateField(null=True, blank=True, db_index=True)
    term = models.CharField(max_length=9, choices=TERMS, default=FIXED, db_default=FIXED)
    notice_period = models.PositiveSmallIntegerField(null=True, blank=True)
    notice_unit = models.CharField(max_length=6, choices=NOTICE_UNITS, default="days")
    auto_renews = models.BooleanField(default=False, verbose_name="renews automatically")
    renewal_months = models.PositiveSmallIntegerField(
        null=True, blank=True, verbose_name="renewal term", help_text="Months each automatic renewal adds."
    )
    # At our option: how many there are (empty: no limit), and how many are used, of `renewal_months` each.
    extensions = models.PositiveSmallIntegerField(null=True, blank=True)
    extended = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    # Whose weekend and public holidays count, and in which time zone its days begin (empty: the site's).
    country = models.CharField(max_length=2, blank=True, default="", db_default="")
    time_zone = models.CharField(max_length=64, blank=True, default="", db_default="")
    # Both are worked out by `partners.services.deadlines` alone, whenever what they depend on is written.
    notice_deadline = models.DateField(null=True, editable=False, db_index=True)
    renewed_until = models.DateField(
        null=True, editable=False, help_text="End of the term it has renewed itself or was extended into."
    )
    # Written with a decision that stops the renewal: `set_deadlines` never goes beyond that term. It holds while the
    # contract has that term, and says nothing of any other.
    ends_for_good = models.DateField(
        null=True, editable=False, help_text="Last day of the term it was decided not to renew."
    )
    # Costs are forecast to the end of the term, or to this day where it is later.
    end_of_life = models.DateField(null=True, blank=True)
    annual_value = models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)
    total_value = models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, default="EUR", help_text="ISO 4217, for example EUR.")
    unit = models.ForeignKey(
        BusinessUnit, null=True, blank=True, on_delete=models.PROTECT, related_name="contracts",
        verbose_name="business unit",
    )  # fmt: skip
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="owned_contracts",
    )
    delivered_by = models.ForeignKey(
        Partner, null=True, blank=True, on_delete=models.SET_NULL, related_name="delivers",
        help_text="The solution provider who delivers it, if not the partner itself.",
    )  # fmt: skip
    link = models.URLField(max_length=1000, blank=True)
    # Why it was made with a partner that was not admitted; only administrators may.
    waiver = models.TextField(max_length=2_000, blank=True, default="", db_default="")
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = ContractQuerySet.as_manager()

    class Meta:
        ordering = ["ends", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends=None) | Q(starts=None) | Q(ends__gte=F("starts")), name="contract_ends_after_start"
            ),
            models.CheckConstraint(condition=~Q(term=EVERGREEN) | Q(ends=None), name="evergreen_has_no_end"),
            models.CheckConstraint(condition=Q(annual_value__gte=0) | Q(annual_value=None), name="annual_value_positive"),
            models.CheckConstraint(condition=Q(total_value__gte=0) | Q(total_value=None), name="total_value_positive"),
            models.UniqueConstraint(
                fields=["partner", "reference", "reference_suffix"], condition=~Q(reference=""),
                name="contract_reference_unique",
            ),
        ]  # fmt: skip
        triggers = audited()

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("contract_detail", args=[self.pk])

    @property
    def has_ended(self) -> bool:
        return self.term_ends is not None and self.term_ends < self.today

    @property
    def term_ends(self) -> date | None:
        """The last day of the term as it is by now, renewals counted."""
        return self.renewed_until or self.ends

    @property
    def notice(self) -> tuple[int, str] | None:
        """The notice period as number and unit."""
        return None if self.notice_period is None else (self.notice_period, self.notice_unit)

    @property
    def today(self) -> date:
        """The calendar day it is in the contract's time zone."""
        return today_in(self.time_zone or settings.TIME_ZONE, timezone.now())
