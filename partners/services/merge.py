"""Two partners that are one: everything the one owns moves to the other."""

from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import F, Q

from accounts.versions import StaleSave
from accounts.words import in_words
from partners.models import Contract, Partner, PartnerAlias

NOTES_AT_MOST = 20_000


@dataclass
class Preview:
    """What a merge would do: (name, number) of what moves, what else to know, and why it cannot be."""

    moves: list[tuple[str, int]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)


def references() -> list[models.ForeignKey]:
    """Every foreign key to a partner, in any app, named backwards or not; what is only worked out goes with it."""
    keys = (getattr(relation, "field", None) for relation in Partner._meta.get_fields(include_hidden=True))
    found = [key for key in keys if isinstance(key, models.ForeignKey) and key.related_model is Partner]
    return [key for key in found if not getattr(key.model, "DERIVED", False)]


def preview(loser: Partner, winner: Partner, *, by: Any) -> Preview:
    """Look at what merging the two would do. Reads only."""
    result = Preview(obstacles=_obstacles(loser, winner, by))
    for key in references():
        number = key.model._base_manager.filter(**{key.name: loser}).count()
        if number:
            name = key.model._meta.verbose_name if number == 1 else key.model._meta.verbose_name_plural
            result.moves.append((str(name if key.name == "partner" else f"{name} it has a part in"), number))
    if twins := _twins(loser, winner).count():
        result.remarks.append(
            f"{twins} contract{'s share' if twins > 1 else ' shares'} a reference with one of {winner}. "
            "Both are kept and told apart."
        )
    if loser.unit_id != winner.unit_id:
        result.remarks.append(
            f"What {loser} owns will be seen by {winner.unit or 'the whole company'} "
            f"instead of {loser.unit or 'the whole company'}."
        )
    return result


def merge_partners(loser: Partner, winner: Partner, *, by: Any, versions: tuple[Any, Any]) -> Partner:
    """Move everything the loser owns to the winner, keep its name as another spelling, and delete it.

    `versions` are those of loser and winner as they were shown: StaleSave if either was changed since.
    ValidationError with the obstacles if it cannot be. In both cases nothing has moved.
    """
    try:
        with transaction.atomic():
            return _merge(loser, winner, by, versions)
    except IntegrityError as error:
        raise ValidationError(
            f"{loser} and {winner} both own something of which a partner can have only one. Nothing was moved."
        ) from error


def _merge(loser: Partner, winner: Partner, by: Any, versions: tuple[Any, Any]) -> Partner:
    ids = [loser.pk, winner.pk]
    locked = {row.pk: row for row in Partner.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    for row, version in zip((loser, winner), versions, strict=True):
        if row.pk not in locked or locked[row.pk].version != version:
            raise StaleSave(locked.get(row.pk, row))
    loser, winner = locked[loser.pk], locked[winner.pk]
    if obstacles := _obstacles(loser, winner, by):
        raise ValidationError(obstacles)
    _keep_walls_and_twins(loser, winner)
    for key in references():
        _move(key, loser, winner)
    Contract.objects.filter(partner=winner, delivered_by=winner).update(delivered_by=None)
    if loser.name != winner.name:
        PartnerAlias.objects.get_or_create(name=loser.name, defaults={"partner": winner})
    _take_facts(loser, winner)
    loser.delete()
    return winner


def _obstacles(loser: Partner, winner: Partner, by: Any) -> list[str]:
    """Why the two cannot become one, as sentences a person can act on."""
    if loser.pk == winner.pk:
        return ["This is the same partner. Choose another one."]
    sentences = []
    if not Partner.objects.belonging_to(by).filter(pk=loser.pk).exists():
        sentences.append(
            f"{loser} belongs to the whole company. Ask somebody who sees all business units to merge it."
        )
    if loser.kind == "own":
        sentences.append(
            f"{loser} is our own organisation. Merge the other way round: {winner} into {loser}."
        )
    if winner.archived_at:
        sentences.append(f"{winner} is archived. Bring it back first, or merge the other way round.")
    sentences += _only_one_each(loser, winner)
    if len(_joined_notes(loser, winner)) > NOTES_AT_MOST:
        sentences.append(
            f"Their notes together are longer than {NOTES_AT_MOST:,} characters. Shorten them first."
        )
    return sentences


def _only_one_each(loser: Partner, winner: Partner) -> list[str]:
    """What both have and a partner can have only one of: a scorecard in a cycle, say. Contracts are told apart."""
    sentences = []
    for key in references():
        rules = [
            (rule.fields, rule.condition or Q())
            for rule in key.model._meta.constraints
            if isinstance(rule, models.UniqueConstraint)
        ]
        rules += [((key.name,), Q())] if key.unique else []
        for rule, condition in rules:
            if key.name not in rule or key.model is Contract:
                continue
            others = [name for name in rule if name != key.name]
            rows = key.model._base_manager.filter(condition)
            there = rows.filter(**{key.name: winner, **{name: models.OuterRef(name) for name in others}})
            both = rows.filter(models.Exists(there), **{key.name: loser})
            shared = [" ".join(str(getattr(row, name)) for name in others) for row in both[:5]]
            if shared:
                name = str(key.model._meta.verbose_name)
                what = f"Both have a{'n' if name[0] in 'aeiou' else ''} {name}"
                sentences.append(
                    f"{what}{' in ' if others else ''}{in_words(shared, both.count())}. Take one of the two away first; "
                    "where that cannot be done, they stay two partners."
                )
    return sentences


def _twins(loser: Partner, winner: Partner) -> models.QuerySet:
    """Contracts of the loser whose reference, and what tells twins apart, the winner has already."""
    there = winner.contracts.filter(
        reference=models.OuterRef("reference"), reference_suffix=models.OuterRef("reference_suffix")
    )
    return loser.contracts.exclude(reference="").filter(models.Exists(there))


def _keep_walls_and_twins(loser: Partner, winner: Partner) -> None:
    """Tell contracts with the same reference apart, and keep those behind the loser's wall behind it."""
    for contract in _twins(loser, winner):
        contract.reference_suffix = f"merged-{contract.pk}"
        contract.save(update_fields=["reference_suffix"])
    if loser.unit_id and loser.unit_id != winner.unit_id:
        loser.contracts.filter(unit=None).update(unit=loser.unit_id)


def _move(key: models.ForeignKey, loser: Partner, winner: Partner) -> None:
    """Point the rows at the winner; forms of them that are open now are out of date."""
    changes: dict[str, Any] = {key.name: winner}
    if any(column.name == "version" for column in key.model._meta.concrete_fields):
        changes["version"] = F("version") + 1
    key.model._base_manager.filter(**{key.name: loser}).update(**changes)


def _take_facts(loser: Partner, winner: Partner) -> None:
    """Notes and domains are joined; owner and supplies fill a gap; admitted is who was admitted as either."""
    winner.notes = _joined_notes(loser, winner)
    winner.email_domains = list(dict.fromkeys([*winner.email_domains, *loser.email_domains]))
    winner.owner_id = winner.owner_id or loser.owner_id
    winner.supplies = winner.supplies or loser.supplies
    if loser.is_admitted:
        winner.admission = loser.admission
    winner.version += 1
    winner.save(update_fields=["notes", "email_domains", "owner", "supplies", "admission", "version"])


def _joined_notes(loser: Partner, winner: Partner) -> str:
    return "\n\n".join(filter(None, [winner.notes, loser.notes]))
