"""Quarterly packs as they were issued, and what a worker has made of one so far."""

from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.audit import audited
from governance.packs.quarter import Quarter
from partners.models import Partner
from vendorhub.roles import may

INTERNAL, PARTNER = "internal", "partner"
AUDIENCES = [(INTERNAL, "For ourselves"), (PARTNER, "For the partner")]
A4, LETTER = "A4", "letter"
PAPERS = [(A4, "A4"), (LETTER, "Letter")]


class PackQuerySet(models.QuerySet["Pack"]):
    def visible_to(self, user: Any) -> "PackQuerySet":
        """Packs that tell of nothing outside the user's walls; of the whole portfolio only one's own.

        Whoever sees all units sees all packs.
        """
        if not may(user, "make_packs"):
            return self.none()
        if user.sees_all_units:
            return self
        own = list(user.units.values_list("pk", flat=True))
        inside = Q(partner__in=Partner.objects.visible_to(user)) | Q(partner=None, made_by=user)
        return self.filter(inside, units__contained_by=own)

    def unfinished(self) -> "PackQuerySet":
        """Those a worker has something to do for, oldest first."""
        return self.filter(state__in=(Pack.QUEUED, Pack.WORKING)).order_by("pk")


class Pack(models.Model):
    """What was brought to the table about a quarter: of one partner, or (`partner` None) of the portfolio.

    Its parts are frozen when they are made, as far as `made_by` may see; `units` are those it tells of.
    """

    QUEUED, WORKING, DONE, FAILED = "queued", "working", "done", "failed"
    STATES = [(state, state.capitalize()) for state in (QUEUED, WORKING, DONE, FAILED)]

    quarter = models.DateField(help_text="Its first day.")
    partner = models.ForeignKey(
        Partner, null=True, blank=True, on_delete=models.PROTECT, related_name="packs"
    )
    audience = models.CharField(max_length=8, choices=AUDIENCES, default=INTERNAL)
    paper = models.CharField(max_length=6, choices=PAPERS, default=A4)
    units = ArrayField(models.BigIntegerField(), default=list, help_text="Business units it tells of.")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="packs")
    made_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=7, choices=STATES, default=QUEUED)
    done = models.PositiveIntegerField(default=0, help_text="Steps done, of `of`.")
    of = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often a worker began.")
    pages = models.PositiveIntegerField(null=True)
    failure = models.TextField(blank=True, help_text="Why there is no PDF, in a sentence.")

    objects = PackQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(audience=PARTNER) | Q(partner__isnull=False), name="pack_for_a_partner_is_of_it"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "working", "done", "failed"]), name="pack_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(failure=""), name="failed_pack_says_why"
            ),
        ]
        indexes = [models.Index(fields=["partner", "-made_at"], name="pack_by_partner")]
        triggers = audited(ignore=("done", "of"))

    def __str__(self) -> str:
        return f"Quarterly pack, {self.of_quarter}: {self.about}"

    def get_absolute_url(self) -> str:
        return reverse("pack_detail", args=[self.pk])

    @property
    def of_quarter(self) -> Quarter:
        return Quarter(self.quarter)

    @property
    def about(self) -> str:
        return str(self.partner) if self.partner else "the portfolio"

    @property
    def is_for_partner(self) -> bool:
        return self.audience == PARTNER

    @property
    def is_with_a_worker(self) -> bool:
        return self.state in (self.QUEUED, self.WORKING)

    @property
    def file_name(self) -> str:
        copy = ", for the partner" if self.is_for_partner else ""
        return f"{self}{copy}.pdf".replace("/", "-").replace(":", "")


class OfPack(models.QuerySet):
    """Rows that belong to a pack."""

    def visible_to(self, user: Any) -> Self:
        return self.filter(pack__in=Pack.objects.visible_to(user))


class PackPart(models.Model):
    """Some pages of a pack, frozen: markup without addresses, empty until a worker has written it, which it does once.

    The first part holds the cover; `partners` are those whose chapters a part holds, in their order.
    """

    pack = models.ForeignKey(Pack, on_delete=models.CASCADE, related_name="parts")
    place = models.PositiveIntegerField()
    partners = ArrayField(models.BigIntegerField(), default=list)
    html = models.TextField(blank=True)

    objects = OfPack.as_manager()

    class Meta:
        ordering = ["pack", "place"]
        constraints = [models.UniqueConstraint(fields=["pack", "place"], name="one_part_a_place")]

    def __str__(self) -> str:
        return f"{self.pack}, part {self.place}"


class PackPdf(models.Model):
    """The file that was made of a pack; apart from it, so that a list of packs does not read files."""

    pack = models.OneToOneField(Pack, on_delete=models.CASCADE, related_name="pdf")
    content = models.BinaryField()

    objects = OfPack.as_manager()

    def __str__(self) -> str:
        return f"{self.pack}, PDF"
