"""The audit trail in words: which thing, which field, from what to what."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from accounts.models import AuditEntry

ACTIONS = {"insert": "added", "update": "changed", "delete": "deleted", "submit": "submitted"}


@dataclass(frozen=True)
class Change:
    """One line of history: `fields` holds (label, before, after)."""

    entry: AuditEntry
    thing: str
    action: str
    fields: list[tuple[str, str, str]]


def audited_models() -> dict[str, type[models.Model]]:
    """Models with an audit trigger, by table name."""
    return {
        model._meta.db_table: model
        for model in apps.get_models()
        if any(trigger.name == "audit" for trigger in getattr(model._meta, "triggers", []))
    }


def tables() -> list[tuple[str, str]]:
    """Table names and what they hold, in words, for a filter."""
    named = [
        (table, str(model._meta.verbose_name_plural).capitalize())
        for table, model in audited_models().items()
    ]
    return sorted(named, key=lambda row: row[1])


def in_words(entries: Iterable[AuditEntry]) -> list[Change]:
    """Say what the entries mean: labels instead of columns, names instead of numbers, one query a model."""
    entries = list(entries)
    known = audited_models()
    names = _names(entries, known)
    return [_change(entry, known.get(entry.table_name), names) for entry in entries]


def _fields(model: type[models.Model]) -> dict[str, models.Field]:
    return {field.column: field for field in model._meta.concrete_fields}


def _names(entries: list[AuditEntry], known: dict[str, type[models.Model]]) -> dict[tuple[type, Any], str]:
    """What every row that is pointed at is called, by (model, key)."""
    wanted: dict[type[models.Model], set] = {}
    for entry in entries:
        model = known.get(entry.table_name)
        if model is None:
            continue
        wanted.setdefault(model, set()).add(entry.row_id)
        for column, field in _fields(model).items():
            if isinstance(field, models.ForeignKey):
                for values in (entry.before or {}, entry.after or {}):
                    if values.get(column) is not None:
                        wanted.setdefault(field.related_model, set()).add(values[column])
    names = {}
    for model, keys in wanted.items():
        related = [f.name for f in model._meta.concrete_fields if isinstance(f, models.ForeignKey)]
        for row in model._default_manager.select_related(*related).filter(pk__in=keys):
            names[model, row.pk] = str(row)
    return names


def _change(
    entry: AuditEntry, model: type[models.Model] | None, names: dict[tuple[type, Any], str]
) -> Change:
    before, after = entry.before or {}, entry.after or {}
    if model is None:
        return Change(entry, entry.table_name, ACTIONS.get(entry.action, entry.action), [])
    fields = _fields(model)
    lines = []
    for column in fields:
        if column == "id" or (column not in before and column not in after):
            continue
        old, new = (_say(fields[column], values.get(column), names) for values in (before, after))
        if old or new:
            lines.append((str(fields[column].verbose_name).capitalize(), old, new))
    called = names.get((model, entry.row_id)) or str((before or after).get("name") or f"no. {entry.row_id}")
    return Change(
        entry,
        f"{str(model._meta.verbose_name).capitalize()} {called}",
        ACTIONS.get(entry.action, entry.action),
        lines,
    )


def _say(field: models.Field, value: Any, names: dict[tuple[type, Any], str]) -> str:
    """A stored value as a person would say it; empty for nothing."""
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(field, models.ForeignKey):
        return names.get((field.related_model, value), f"no. {value}")
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
