"""Finding partners whatever the spelling, archiving them, and merging two that are one."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import Case, F, FloatField, Func, Q, QuerySet, Value, When
from django.db.models.functions import Greatest
from django.utils import timezone

from partners.models import Partner, PartnerAlias
from partners.names import name_key

ALIKE = 0.6  # trigram similarity from which on two names look like one


class PlainText(Func):
    """The database's `plain_text`: no accents, no case; the trigram index is on it."""

    function = "plain_text"
    output_field = models.TextField()


class WordSimilarity(Func):
    function = "strict_word_similarity"
    output_field = FloatField()


def search_partners(partners: "QuerySet[Partner]", text: str) -> "QuerySet[Partner]":
    """Partners whose name holds the text, or words much like it, best match first.

    Forgives case, accents and typos; what a partner supplies is searched as it is written.
    """
    text = " ".join(text.replace("\x00", "").split())[:200]
    if not text:
        return partners
    wanted = PlainText(Value(text))
    return (
        partners.annotate(plain=PlainText(F("name")), likeness=WordSimilarity(wanted, PlainText(F("name"))))
        .annotate(holds=Case(When(plain__contains=wanted, then=Value(1.0)), default=Value(0.0)))
        .filter(
            Q(holds=1)
            | Q(likeness__gte=0.45)
            | Q(supplies__icontains=text)
            | Q(aliases__name__icontains=text)
        )
        .annotate(match=Greatest(F("holds"), F("likeness")))
        .order_by("-match", "name", "pk")
        .distinct()
    )


def look_alikes(name: str, user: Any) -> list[Partner]:
    """Up to five visible partners whose name is, or nearly is, this one."""
    visible = Partner.objects.visible_to(user)
    wanted = PlainText(Value(name.replace("\x00", "")))
    likeness = Func(wanted, PlainText(F("name")), function="similarity", output_field=FloatField())
    return list(
        visible.annotate(likeness=likeness)
        .filter(Q(name_key=name_key(name)) | Q(likeness__gte=ALIKE))
        .order_by("-likeness")[:5]
    )


@transaction.atomic
def save_partner(partner: Partner, form: Any) -> Partner:
    """Save what the form holds, with the key that finds other spellings."""
    partner.name_key = name_key(partner.name)
    return form.save()


@transaction.atomic
def toggle_archived(partner: Partner) -> Partner:
    """Archive a partner, or bring it back."""
    partner = Partner.objects.select_for_update().get(pk=partner.pk)
    partner.archived_at = None if partner.archived_at else timezone.now()
    partner.version += 1
    partner.save(update_fields=["archived_at", "version"])
    return partner


def _references() -> list[models.ForeignKey]:
    """Every foreign key to a partner, in any app."""
    return [
        relation.field
        for relation in Partner._meta.related_objects
        if isinstance(relation.field, models.ForeignKey)
    ]


def what_moves(loser: Partner) -> list[tuple[str, int]]:
    """What the partner owns, as (name, number), for the preview of a merge."""
    counted = [
        (
            field.model._meta.verbose_name_plural,
            field.model._default_manager.filter(**{field.name: loser}).count(),
        )
        for field in _references()
    ]
    return [(str(name), number) for name, number in counted if number]


def merge_obstacles(loser: Partner, winner: Partner) -> list[str]:
    """Why the two cannot become one, as sentences."""
    if loser.pk == winner.pk:
        return ["Choose another partner: this is the same one."]
    sentences = []
    if loser.kind == "own":
        sentences.append(f"{loser} is our own organisation; it cannot become part of another partner.")
    both = loser.scorecards.filter(cycle__scorecards__partner=winner).values_list("cycle__name", flat=True)
    if both:
        sentences.append(
            f"Both have a scorecard in {', '.join(both)}. Take one of them out of the cycle first."
        )
    references = loser.contracts.exclude(reference="").values_list("reference", flat=True)
    twins = winner.contracts.filter(reference__in=references).values_list("reference", flat=True)
    if twins:
        sentences.append(
            f"Both have a contract with the reference {', '.join(sorted(set(twins))[:5])}. Change one first."
        )
    return sentences


@transaction.atomic
def merge_partners(loser: Partner, winner: Partner) -> Partner:
    """Move everything the loser owns to the winner, keep its name as another spelling, and delete it.

    Raises ValidationError with the obstacles; nothing has moved then.
    """
    locked = {
        p.pk: p
        for p in Partner.objects.select_for_update().filter(pk__in=[loser.pk, winner.pk]).order_by("pk")
    }
    if loser.pk not in locked or winner.pk not in locked:
        raise ValidationError("One of the two is gone: somebody else changed it meanwhile.")
    loser, winner = locked[loser.pk], locked[winner.pk]
    if sentences := merge_obstacles(loser, winner):
        raise ValidationError(sentences)
    try:
        with transaction.atomic():
            for field in _references():
                field.model._default_manager.filter(**{field.name: loser}).update(**{field.name: winner})
    except IntegrityError as error:
        raise ValidationError(
            "Both own something that there can be only one of, so they cannot be merged."
        ) from error
    winner.contracts.filter(delivered_by=winner).update(delivered_by=None)
    if loser.name != winner.name:
        PartnerAlias.objects.get_or_create(name=loser.name, defaults={"partner": winner})
    winner.email_domains = sorted({*winner.email_domains, *loser.email_domains})
    winner.notes = "\n\n".join(filter(None, [winner.notes, loser.notes]))[:20_000]
    winner.version += 1
    winner.save(update_fields=["email_domains", "notes", "version"])
    loser.delete()
    return winner
