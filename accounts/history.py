"""The audit trail in words: which thing, which field, from what to what; and which of it a person may read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import Q

from accounts.models import AuditEntry, BusinessUnit, Membership, User
from accounts.templatetags.look import day, moment, plain
from vendorhub.roles import may

ACTIONS = {"insert": "added", "update": "changed", "delete": "deleted", "submit": "handed in"}
# Whose walls hold for a row that has none of its own, nearest first.
PARENTS = ("assessment", "scorecard", "partner", "criterion", "category", "cycle", "template")
OF_ADMINISTRATORS = (User, Membership, BusinessUnit)


@dataclass(frozen=True)
class Change:
    """One line of history. `fields` holds (label, before, after); `exists`: the thing is still there to look at."""

    entry: AuditEntry
    thing: str
    action: str
    fields: list[tuple[str, str, str]]
    exists: bool


def audited_models() -> dict[str, type[models.Model]]:
    """Models whose history is kept, by table name."""
    return {
        model._meta.db_table: model
        for model in apps.get_models()
        if hasattr(model, "history_kept")
        or any(trigger.name.startswith("audit_") for trigger in getattr(model._meta, "triggers", []))
    }


def tables() -> list[tuple[str, str]]:
    """Table names and what they hold, in words, for a filter."""
    named = [
        (table, str(model._meta.verbose_name_plural).capitalize())
        for table, model in audited_models().items()
    ]
    return sorted(named, key=lambda row: row[1])


def withheld_tables(user: Any) -> list[str]:
    """Tables whose history the user may not read for now, whatever their role: others' marks before their own."""
    return [
        table
        for table, model in audited_models().items()
        if (ask := getattr(model._default_manager.all(), "history_withheld_from", None)) and ask(user)
    ]


def entries_about(row: models.Model) -> models.QuerySet[AuditEntry]:
    """The history of one thing with its parts; of a person, with the business units they came to and left."""
    entries = Q(table_name=row._meta.db_table, row_id=row.pk)
    for table, model in audited_models().items():
        if key := _part_of(model, type(row)):
            there = model._default_manager.filter(**{key.name: row}).values("pk")
            gone = AuditEntry.objects.filter(
                table_name=table, action="delete", before__contains={key.attname: row.pk}
            )
            entries |= Q(table_name=table) & (Q(row_id__in=there) | Q(row_id__in=gone.values("row_id")))
    if isinstance(row, User):
        own = Q(after__user_id=row.pk) | Q(before__user_id=row.pk)
        entries |= own & Q(table_name=Membership._meta.db_table)
    return AuditEntry.objects.filter(entries)


def _part_of(model: type[models.Model], whole: type[models.Model]) -> models.ForeignKey | None:
    """The key by which rows of the model are parts of the other (`OF` names it), if they are."""
    key: Any = model._meta.get_field(model.OF) if hasattr(model, "OF") else None
    return key if key and key.related_model is whole else None


def visible_row(table: str, row_id: int, user: Any) -> models.Model | None:
    """The row if the user may see it: by its own walls, or by those of what it belongs to."""
    model = audited_models().get(table)
    if model is None or table in withheld_tables(user):
        return None
    if may(user, "see_audit"):
        return model._default_manager.filter(pk=row_id).first()
    return None if model in OF_ADMINISTRATORS else _inside_walls(model, user).filter(pk=row_id).first()


def _inside_walls(model: type[models.Model], user: User) -> models.QuerySet:
    """Rows of the model inside the user's walls; what belongs to nothing with walls is the whole company's."""
    rows = model._default_manager.all()
    if hasattr(rows, "visible_to"):
        return rows.visible_to(user)
    for parent in PARENTS:
        try:
            owner = model._meta.get_field(parent).related_model
        except FieldDoesNotExist:
            continue
        return rows.filter(**{f"{parent}__in": _inside_walls(owner, user)})
    return rows


def in_words(entries: Iterable[AuditEntry]) -> list[Change]:
    """Say what the entries mean: labels instead of columns, names instead of numbers, one query a model."""
    entries = list(entries)
    known = audited_models()
    names = _names(entries, known)
    return [_change(entry, known.get(entry.table_name), names) for entry in entries]


def _columns(model: type[models.Model]) -> dict[str, models.Field]:
    return {field.column: field for field in model._meta.concrete_fields if not field.primary_key}


def _related(model: type[models.Model]) -> list[models.ForeignKey]:
    return [field for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)]


def _names(entries: list[AuditEntry], known: dict[str, type[models.Model]]) -> dict[tuple[type, Any], str]:
    """What every row that is pointed at is called, by (model, key)."""
    wanted: dict[type[models.Model], set] = {}
    for entry in entries:
        model = known.get(entry.table_name)
        if model is None:
            continue
        wanted.setdefault(model, set()).add(entry.row_id)
        for field in _related(model):
            for values in (entry.before or {}, entry.after or {}):
                if values.get(field.column) is not None:
                    wanted.setdefault(field.related_model, set()).add(values[field.column])
    names = {}
    for model, keys in wanted.items():
        # A row may be called after what it points at, and that after what it points at in turn.
        paths = [field.name for field in _related(model)]
        paths += [
            f"{field.name}__{further.name}"
            for field in _related(model)
            for further in _related(field.related_model)
        ]
        for row in model._default_manager.select_related(*paths).filter(pk__in=keys):
            names[model, row.pk] = getattr(row, "history_name", None) or str(row)
    return names


def _change(
    entry: AuditEntry, model: type[models.Model] | None, names: dict[tuple[type, Any], str]
) -> Change:
    before, after = entry.before or {}, entry.after or {}
    action = ACTIONS.get(entry.action, entry.action)
    if model is None:
        return Change(entry, f"{entry.table_name} no. {entry.row_id}", action, [], exists=False)
    lines = []
    for column, field in _columns(model).items():
        if column in before or column in after:
            old, new = (_say(field, values.get(column), names) for values in (before, after))
            if old or new:
                label = str(field.verbose_name)
                lines.append((label[:1].upper() + label[1:], old, new))
    if entry.action == "submit":
        lines.append(("Marks", "", str(len(after.get("marks", {})))))
    called = names.get((model, entry.row_id))
    thing = (
        f"{str(model._meta.verbose_name).capitalize()} {called or _gone(model, {**before, **after}, names)}"
    )
    return Change(entry, thing, action, lines, exists=called is not None)


def _gone(model: type[models.Model], values: dict[str, Any], names: dict[tuple[type, Any], str]) -> str:
    """What to call a row that is no more: by its name, or by what it pointed at."""
    if own := values.get("name") or values.get("title"):
        return str(own)
    pointed = [names.get((field.related_model, values.get(field.column))) for field in _related(model)]
    return " in ".join(name for name in pointed if name) or "that is no more"


def _say(field: models.Field, value: Any, names: dict[tuple[type, Any], str]) -> str:
    """A stored value as a person would say it; empty for nothing."""
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(field, models.ForeignKey):
        return names.get((field.related_model, value), "one that is no more")
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        labels = dict(getattr(getattr(field, "base_field", None), "flatchoices", None) or [])
        return ", ".join(str(labels.get(item, item)) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {item}" for key, item in value.items())
    return _format(field, value)


def _format(field: models.Field, value: Any) -> str:
    """Dates, times and decimals as everywhere else on the screen."""
    formats = ((models.DateTimeField, moment), (models.DateField, day), (models.DecimalField, plain))
    for kind, form in formats:
        if isinstance(field, kind):
            try:
                return form(field.to_python(str(value)))
            except (ValidationError, ValueError):
                break
    return str(value)
