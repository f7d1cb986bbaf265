"""What every kind of evidence has in common: a partner, an author, a note, the walls of its partner."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.audit import audited
from partners.models import Partner
from vendorhub.roles import may

THEM, US = "them", "us"
SIDES = [(THEM, "Them"), (US, "Us")]


class EntryQuerySet(models.QuerySet):
    def visible_to(self, user: Any) -> Self:
        """Entries about the partners the user sees."""
        if not may(user, "see_evidence"):
            return self.none()
        partners = Partner.objects.visible_to(user)
        return self.filter(partner__in=partners) if partners.query.has_filters() else self

    def editable_by(self, user: Any) -> Self:
        """Visible ones the user may change or remove: their own, of partners they own, or any with a wider role."""
        seen = self.visible_to(user)
        if may(user, "mend_evidence"):
            return seen
        return seen.filter(Q(author=user) | Q(partner__owner=user))


class Entry(models.Model):
    """Something that happened. `SLUG` names the kind in addresses and files, `DAY` the field that dates an entry."""

    SLUG: ClassVar[str]
    DAY: ClassVar[str]

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="%(class)ss", db_index=False)
    # Its number elsewhere (a ticket's, say): an import that names it again changes this entry.
    reference = models.CharField(max_length=100, blank=True)
    note = models.TextField(blank=True, max_length=5_000)
    link = models.URLField(blank=True, max_length=1_000)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = EntryQuerySet.as_manager()

    class Meta:
        abstract = True
        triggers = audited()

    def validate_constraints(self, exclude: Any = None) -> None:
        """Nothing: forms say all of it beside the field, and asking the database costs a statement a rule and row."""

    def get_absolute_url(self) -> str:
        return reverse("entry", args=[self.SLUG, self.pk])


class PartQuerySet(models.QuerySet):
    """Rows that belong to an entry."""

    def visible_to(self, user: Any) -> Self:
        """Those of the entries the user sees."""
        key: Any = self.model._meta.get_field(self.model.OF)
        return self.filter(**{f"{self.model.OF}__in": key.related_model.objects.visible_to(user)})


def one_of(field: str, choices: Sequence[tuple[str, str]], *, name: str) -> models.CheckConstraint:
    """A constraint: the column holds one of the choices."""
    return models.CheckConstraint(condition=Q(**{f"{field}__in": [value for value, _ in choices]}), name=name)


def not_before(later: str, earlier: str, *, name: str) -> models.CheckConstraint:
    """A constraint: the one day is empty, or no earlier than the other."""
    condition = Q(**{later: None}) | Q(**{earlier: None}) | Q(**{f"{later}__gte": models.F(earlier)})
    return models.CheckConstraint(condition=condition, name=name)


def positive(*fields: str, name: str) -> models.CheckConstraint:
    """A constraint: none of the columns is negative; each may be empty."""
    condition = Q()
    for field in fields:
        condition &= Q(**{field: None}) | Q(**{f"{field}__gte": 0})
    return models.CheckConstraint(condition=condition, name=name)


def reference_of_partner(*, name: str) -> models.UniqueConstraint:
    """A constraint: two entries of a kind about one partner do not share a reference."""
    return models.UniqueConstraint(fields=["partner", "reference"], condition=~Q(reference=""), name=name)


MONEY: dict[str, Any] = {"max_digits": 16, "decimal_places": 2}
