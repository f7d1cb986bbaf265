"""What was promised and committed: roadmap promises with every move of their date, and commitments with money behind."""

from datetime import date

from django.db import models
from django.db.models import Q

from accounts.audit import audited
from evidence.models.entries import (
    MONEY,
    SIDES,
    Entry,
    PartQuerySet,
    not_before,
    one_of,
    positive,
    reference_of_partner,
)

WEIGHTS = [(1, "A little"), (2, "Much"), (3, "Very much")]


class Promise(Entry):
    """Something the partner said it would deliver (P9). `due_on` is the first promised day and never moves.

    What we asked for and they have not promised yet has no day.
    """

    SLUG, DAY = "promise", "promised_on"

    what = models.CharField(max_length=500)
    promised_on = models.DateField(verbose_name="promised or asked on")
    due_on = models.DateField(null=True, blank=True, verbose_name="first promised for")
    delivered_on = models.DateField(null=True, blank=True)
    withdrawn_on = models.DateField(null=True, blank=True)
    asked_by_us = models.BooleanField(default=False, verbose_name="we asked for it")
    matters = models.PositiveSmallIntegerField(choices=WEIGHTS, default=2, verbose_name="how much it matters")

    class Meta(Entry.Meta):
        ordering = ["-promised_on", "-pk"]
        indexes = [models.Index(fields=["partner", "promised_on"], name="promise_by_partner")]
        constraints = [
            reference_of_partner(name="promise_reference_unique"),
            not_before("due_on", "promised_on", name="promise_due_after_promised"),
            not_before("delivered_on", "promised_on", name="promise_delivered_after_promised"),
            not_before("withdrawn_on", "promised_on", name="promise_withdrawn_after_promised"),
            models.CheckConstraint(
                condition=Q(delivered_on=None) | Q(withdrawn_on=None), name="promise_delivered_or_withdrawn"
            ),
            models.CheckConstraint(
                condition=Q(due_on__isnull=False) | Q(asked_by_us=True), name="promise_has_a_day_or_we_asked"
            ),
            models.CheckConstraint(condition=Q(matters__gte=1, matters__lte=3), name="promise_weight_known"),
        ]

    def __str__(self) -> str:
        return self.what

    def slip(self, today: date) -> int:
        """Days from the first promised day, which it must have, to its delivery or, while open, to today."""
        return ((self.delivered_on or today) - self.due_on).days  # type: ignore[operator]


class PromiseMove(models.Model):
    """A later change of a promise's day: said on which day, to which day, and why."""

    OF = "promise"

    promise = models.ForeignKey(Promise, on_delete=models.CASCADE, related_name="moves", db_index=False)
    moved_on = models.DateField()
    due_on = models.DateField(verbose_name="now promised for")
    reason = models.CharField(max_length=500, blank=True)

    objects = PartQuerySet.as_manager()

    class Meta:
        ordering = ["moved_on", "pk"]
        constraints = [models.UniqueConstraint(fields=["promise", "moved_on"], name="one_move_a_day")]
        triggers = audited()

    def __str__(self) -> str:
        return f"{self.promise}, {self.due_on}"


NOTHING, REWARD, PENALTY = "", "reward", "penalty"
CONSEQUENCES = [(NOTHING, "Nothing"), (REWARD, "A reward if met"), (PENALTY, "A penalty if missed")]


class Commitment(Entry):
    """A milestone or objective of either side (P12), with a reward or penalty that is settled or outstanding."""

    SLUG, DAY = "commitment", "due_on"

    made_by = models.CharField(max_length=4, choices=SIDES, verbose_name="by")
    what = models.CharField(max_length=500)
    target = models.CharField(max_length=500, blank=True)
    due_on = models.DateField()
    met_on = models.DateField(null=True, blank=True)
    consequence = models.CharField(
        max_length=7, choices=CONSEQUENCES, blank=True, verbose_name="what hangs on it"
    )
    amount = models.DecimalField(**MONEY, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    settled_on = models.DateField(null=True, blank=True)

    class Meta(Entry.Meta):
        ordering = ["-due_on", "-pk"]
        indexes = [models.Index(fields=["partner", "due_on"], name="commitment_by_partner")]
        constraints = [
            reference_of_partner(name="commitment_reference_unique"),
            one_of("made_by", SIDES, name="commitment_side_known"),
            one_of("consequence", CONSEQUENCES, name="commitment_consequence_known"),
            positive("amount", name="commitment_amount_positive"),
            models.CheckConstraint(
                condition=Q(consequence=NOTHING, amount=None, currency="", settled_on=None)
                | (~Q(consequence=NOTHING) & Q(amount__isnull=False) & ~Q(currency="")),
                name="commitment_money_with_a_consequence",
            ),
        ]

    def __str__(self) -> str:
        return self.what
