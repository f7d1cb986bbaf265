"""Finding partners whatever the spelling: case, accents and typos are forgiven."""

from typing import Any

from django.contrib.postgres.search import TrigramSimilarity, TrigramWordSimilarity
from django.db.models import Case, F, FloatField, Func, Q, QuerySet, TextField, Value, When

from partners.models import Partner, PartnerAlias
from partners.names import name_key

ALIKE = 0.6  # trigram similarity from which on two whole names look like one
LONGEST = 200


class PlainText(Func):
    """The database's `plain_text`: no accents, no case. The trigram indexes are on it."""

    function = "plain_text"
    output_field = TextField()


def partners_called(partners: "QuerySet[Partner]", name: str) -> "QuerySet[Partner]":
    """Partners of this name, or with this other spelling; legal forms, case and punctuation may differ."""
    alias = PartnerAlias.objects.filter(name__iexact=name).values("partner")
    return partners.filter(Q(name__iexact=name) | Q(name_key=name_key(name)) | Q(pk__in=alias))


def search_partners(partners: "QuerySet[Partner]", text: str) -> "QuerySet[Partner]":
    """Partners whose name, other spelling or supply holds the text, or words much like it; best match first.

    How alike a word has to be is the connection's `pg_trgm.word_similarity_threshold`: only the operator that
    reads it can use the indexes.
    """
    text = " ".join(text.replace("\x00", "").split())[:LONGEST]
    if not text:
        return partners
    wanted = PlainText(Value(text))
    if len(text) < 3:  # too short to be alike: the letters themselves, in names
        found = partners.alias(plain=PlainText(F("name"))).filter(plain__contains=wanted)
        begins = Case(When(plain__startswith=wanted, then=0), default=1)
        return found.order_by(begins, "name", "pk")
    named, aliased = _holding(Partner, "name", wanted), _holding(PartnerAlias, "name", wanted)
    supplying = _holding(Partner, "supplies", wanted)
    plain = PlainText(F("name"))
    found = partners.alias(plain=plain).filter(
        Q(pk__in=named.values("pk")) | Q(pk__in=supplying.values("pk")) | Q(pk__in=aliased.values("partner"))
    )
    return found.order_by(
        Case(
            When(plain__startswith=wanted, then=Value(3.0)),
            When(plain__contains=wanted, then=Value(2.0)),
            When(pk__in=aliased.filter(plain__contains=wanted).values("partner"), then=Value(1.5)),
            default=TrigramWordSimilarity(wanted, plain),  # type: ignore[arg-type]
            output_field=FloatField(),
        ).desc(),
        "name",
        "pk",
    )


def _holding(model: Any, field: str, wanted: Any) -> QuerySet:
    rows = model.objects.alias(plain=PlainText(F(field))).order_by()
    return rows.filter(Q(plain__contains=wanted) | Q(plain__trigram_word_similar=wanted))


def look_alikes(name: str, user: Any) -> list[Partner]:
    """Up to five visible partners whose name or other spelling is, or nearly is, this one; the likest first."""
    key = name_key(name)
    likeness = TrigramSimilarity("name_key", key)
    aliased = PartnerAlias.objects.alias(plain=PlainText(F("name"))).filter(plain=PlainText(Value(name)))
    return list(
        Partner.objects.visible_to(user)
        .annotate(likeness=likeness)
        .filter(Q(name_key=key) | Q(likeness__gte=ALIKE) | Q(pk__in=aliased.values("partner")))
        .select_related("unit")
        .order_by("-likeness", "name", "pk")[:5]
    )
