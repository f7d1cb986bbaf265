"""How well it ran, and what it is worth: incidents and praise, programmes, value statements, benchmarks."""

from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import F, Q

from accounts.audit import audited
from evidence.models.entries import (
    MONEY,
    Entry,
    PartQuerySet,
    not_before,
    one_of,
    positive,
    reference_of_partner,
)
from partners.dates import quarter_name
from partners.models import Partner

INCIDENT, PRAISE = "incident", "praise"
INCIDENT_KINDS = [(INCIDENT, "Incident"), (PRAISE, "Praise")]
SEVERE, MAJOR, MINOR = "severe", "major", "minor"
SEVERITIES = [("", "None"), (SEVERE, "Severe"), (MAJOR, "Major"), (MINOR, "Minor")]
OWNED, DISPUTED = "owned", "disputed"
OWNERSHIP = [("", "Not said"), (OWNED, "Owned"), (DISPUTED, "Disputed")]


class Incident(Entry):
    """A fault and how it was dealt with, or praise (P11). Limits are in hours, as agreed for this incident."""

    SLUG, DAY = "incident", "opened_at"

    kind = models.CharField(max_length=8, choices=INCIDENT_KINDS, default=INCIDENT)
    what = models.CharField(max_length=500)
    opened_at = models.DateTimeField(verbose_name="opened")
    severity = models.CharField(max_length=6, choices=SEVERITIES, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True, verbose_name="acknowledged")
    fixed_at = models.DateTimeField(null=True, blank=True, verbose_name="fixed")
    acknowledge_within = models.DecimalField(
        max_digits=7, decimal_places=2, null=True, blank=True, verbose_name="to be acknowledged within, hours"
    )
    fix_within = models.DecimalField(
        max_digits=7, decimal_places=2, null=True, blank=True, verbose_name="to be fixed within, hours"
    )
    ownership = models.CharField(max_length=8, choices=OWNERSHIP, blank=True, verbose_name="did they own it?")
    cause_shared = models.BooleanField(default=False, verbose_name="they shared the cause")
    conversation_on = models.DateField(null=True, blank=True, verbose_name="talked about on")

    class Meta(Entry.Meta):
        ordering = ["-opened_at", "-pk"]
        indexes = [models.Index(fields=["partner", "opened_at"], name="incident_by_partner")]
        constraints = [
            reference_of_partner(name="incident_reference_unique"),
            one_of("kind", INCIDENT_KINDS, name="incident_kind_known"),
            one_of("severity", SEVERITIES, name="incident_severity_known"),
            one_of("ownership", OWNERSHIP, name="incident_ownership_known"),
            not_before("acknowledged_at", "opened_at", name="incident_acknowledged_after_opened"),
            not_before("fixed_at", "opened_at", name="incident_fixed_after_opened"),
            positive("acknowledge_within", "fix_within", name="incident_limits_positive"),
            models.CheckConstraint(
                condition=(Q(kind=INCIDENT) & ~Q(severity=""))
                | Q(
                    kind=PRAISE, severity="", acknowledged_at=None, fixed_at=None, acknowledge_within=None,
                    fix_within=None, ownership="", cause_shared=False,
                ),
                name="praise_has_no_severity",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.what


LEVELS = [
    ("registered", "Registered"),
    ("bronze", "Bronze"),
    ("silver", "Silver"),
    ("gold", "Gold"),
    ("premier", "Premier"),
]
BENEFITS = [
    ("presales", "Pre-sales support"),
    ("beta", "Beta access"),
    ("demos", "Demos"),
    ("discounts", "Discounts"),
    ("presentations", "Product presentations"),
    ("education", "Education"),
    ("seminars", "Seminars"),
]
OBLIGATIONS = [
    ("training", "Training"),
    ("certification", "Certification"),
    ("seminars", "Seminars"),
    ("testing", "Beta testing"),
    ("fee", "Fees"),
    ("other", "Other"),
]


class Programme(Entry):
    """A status level in the partner's programme for a year (P13), and what it brought and cost in one currency."""

    SLUG, DAY = "programme", "year"

    year = models.PositiveSmallIntegerField()
    level = models.CharField(max_length=10, choices=LEVELS)
    currency = models.CharField(max_length=3)

    class Meta(Entry.Meta):
        ordering = ["-year", "-pk"]
        constraints = [
            reference_of_partner(name="programme_reference_unique"),
            models.UniqueConstraint(fields=["partner", "year"], name="one_programme_a_year"),
            one_of("level", LEVELS, name="programme_level_known"),
            models.CheckConstraint(
                condition=Q(year__gte=1990, year__lte=2100), name="programme_year_makes_sense"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()} status {self.year}"


class Benefit(models.Model):
    """What a programme promised and what was received of it, as money."""

    OF = "programme"

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="benefits")
    kind = models.CharField(max_length=13, choices=BENEFITS)
    promised = models.DecimalField(**MONEY, default=0)
    received = models.DecimalField(**MONEY, default=0)

    objects = PartQuerySet.as_manager()

    class Meta:
        ordering = ["kind"]
        constraints = [
            models.UniqueConstraint(fields=["programme", "kind"], name="one_benefit_of_a_kind"),
            one_of("kind", BENEFITS, name="benefit_kind_known"),
            positive("promised", "received", name="benefit_positive"),
        ]
        triggers = audited()

    def __str__(self) -> str:
        return self.get_kind_display()


class Obligation(models.Model):
    """What a programme took of us: hours, and what all of it cost."""

    OF = "programme"

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="obligations")
    kind = models.CharField(max_length=13, choices=OBLIGATIONS)
    hours = models.DecimalField(max_digits=9, decimal_places=2, default=0)
    cost = models.DecimalField(**MONEY, default=0)

    objects = PartQuerySet.as_manager()

    class Meta:
        ordering = ["kind"]
        constraints = [
            models.UniqueConstraint(fields=["programme", "kind"], name="one_obligation_of_a_kind"),
            one_of("kind", OBLIGATIONS, name="obligation_kind_known"),
            positive("hours", "cost", name="obligation_positive"),
        ]
        triggers = audited()

    def __str__(self) -> str:
        return self.get_kind_display()


PRICE: dict[str, Any] = {"max_digits": 18, "decimal_places": 4}  # of one unit, which may be cents
CUSTOMER, VENDOR, PROVIDER = "customer", "vendor", "provider"
PARTIES = [(CUSTOMER, "Customer"), (VENDOR, "Vendor"), (PROVIDER, "Solution provider")]
RETURNS = [(-2, "Much less"), (-1, "Less"), (0, "As much"), (1, "More"), (2, "Much more")]


class ValueStatement(Entry):
    """One party's word on a quarter (P14): what it put in, what came back, and whether that was more.

    `partner` is the vendor of the triangle, `provider` who delivers (none: two parties only). `quarter` is its first day.
    """

    SLUG, DAY = "value", "quarter"

    provider = models.ForeignKey(
        Partner, null=True, blank=True, on_delete=models.CASCADE, related_name="value_as_provider",
        verbose_name="solution provider",
    )  # fmt: skip
    quarter = models.DateField()
    party = models.CharField(max_length=8, choices=PARTIES)
    hours = models.DecimalField(
        max_digits=9, decimal_places=2, null=True, blank=True, verbose_name="hours put in"
    )
    people = models.PositiveSmallIntegerField(null=True, blank=True, verbose_name="people put in")
    resources = models.CharField(max_length=500, blank=True, verbose_name="what else was put in")
    came_back = models.CharField(max_length=500, blank=True, verbose_name="what came back")
    felt_return = models.SmallIntegerField(choices=RETURNS, verbose_name="against what was put in, came back")
    on_their_word = models.BooleanField(default=False, editable=False)

    class Meta(Entry.Meta):
        ordering = ["-quarter", "party", "-pk"]
        constraints = [
            reference_of_partner(name="statement_reference_unique"),
            models.UniqueConstraint(
                fields=["partner", "provider", "quarter", "party"],
                nulls_distinct=False,
                name="one_statement_a_quarter",
            ),
            one_of("party", PARTIES, name="statement_party_known"),
            models.CheckConstraint(
                condition=Q(felt_return__gte=-2, felt_return__lte=2), name="felt_return_within_two"
            ),
            models.CheckConstraint(
                condition=Q(quarter__day=1, quarter__month__in=[1, 4, 7, 10]), name="statement_of_a_quarter"
            ),
            models.CheckConstraint(
                condition=~Q(party=PROVIDER) | Q(provider__isnull=False), name="provider_speaks_for_itself"
            ),
            models.CheckConstraint(
                condition=Q(provider=None) | ~Q(provider=F("partner")), name="provider_is_another_partner"
            ),
            positive("hours", name="statement_hours_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.get_party_display()}, {quarter_name(self.quarter)}"


class Benchmark(Entry):
    """Our price beside the market's (P15), for one item, dated and sourced."""

    SLUG, DAY = "benchmark", "as_of"

    item = models.CharField(max_length=300)
    our_price = models.DecimalField(**PRICE)
    low = models.DecimalField(**PRICE, null=True, blank=True, verbose_name="market low")
    median = models.DecimalField(**PRICE, verbose_name="market median")
    high = models.DecimalField(**PRICE, null=True, blank=True, verbose_name="market high")
    currency = models.CharField(max_length=3)
    source = models.CharField(max_length=300)
    as_of = models.DateField()
    shared = models.BooleanField(default=False, verbose_name="shared with the partner")

    class Meta(Entry.Meta):
        ordering = ["-as_of", "-pk"]
        indexes = [models.Index(fields=["partner", "as_of"], name="benchmark_by_partner")]
        constraints = [
            reference_of_partner(name="benchmark_reference_unique"),
            models.UniqueConstraint(fields=["partner", "item", "as_of"], name="one_benchmark_a_day"),
            positive("our_price", "low", "high", name="benchmark_positive"),
            models.CheckConstraint(condition=Q(median__gt=0), name="benchmark_median_above_zero"),
            models.CheckConstraint(
                condition=(Q(low=None) | Q(low__lte=F("median"))) & (Q(high=None) | Q(high__gte=F("median"))),
                name="benchmark_median_between",
            ),
        ]

    def __str__(self) -> str:
        return self.item

    @property
    def position(self) -> Decimal:
        """Our price against the median, as a part of it above."""
        return Decimal(self.our_price) / self.median - 1
