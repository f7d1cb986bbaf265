"""Optimistic locking: a row that two people may hold open carries `version`; a stale save is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.forms.models import model_to_dict
from django.http import QueryDict
from django.shortcuts import get_object_or_404

from accounts.models import AuditEntry
from accounts.templatetags.look import day

TAKE, SAVED = "take:", "saved:"  # in what the page of a stale save sends: which of the two, and the saved one


@dataclass(frozen=True)
class Difference:
    """A field in which what is saved and what was typed differ, in words; `values`: the saved one as a form sends it.

    Without a `name` the two can only be compared.
    `whose`: "theirs" or "mine" where only one of the two changed it since it was opened; empty: choose.
    """

    name: str
    label: str
    saved: str
    typed: str
    values: Sequence[str] = ()
    whose: str = ""


class StaleSave(Exception):
    """Somebody saved the row since it was read. `differences` None: there was no form, only something to be done."""

    def __init__(self, saved: models.Model, differences: Sequence[Difference] | None = None) -> None:
        super().__init__(f"{saved} was changed by somebody else")
        self.saved = saved
        self.differences = differences

    @property
    def can_choose(self) -> bool:
        """Whether the page can offer to save one or the other, field by field."""
        return bool(self.differences) and all(found.name for found in self.differences or ())

    @property
    def change(self) -> AuditEntry | None:
        """The last change on record: by whom and when."""
        return last_changes(self.saved).select_related("actor").first()


def last_changes(row: models.Model) -> models.QuerySet[AuditEntry]:
    """Changes of the row itself, the newest first."""
    found = AuditEntry.objects.filter(table_name=row._meta.db_table, row_id=row.pk, action="update")
    return found.order_by("-pk")


def with_choices(data: QueryDict) -> QueryDict:
    """What the page of a stale save sends, with the saved value wherever that one was chosen."""
    chosen = data.copy()
    for key in [key for key in data if key.startswith(TAKE) and data[key] == "theirs"]:
        name = key.removeprefix(TAKE)
        chosen.setlist(name, data.getlist(SAVED + name))
    return chosen


class VersionField(forms.IntegerField):
    """The version a page was opened with. One that cannot be read is no version: the save is stale, not refused."""

    widget = forms.HiddenInput

    def clean(self, value: Any) -> int | None:
        try:
            return super().clean(value)
        except ValidationError:
            return None


class VersionedForm(forms.ModelForm):
    """A model form that carries the row's version and refuses to overwrite a newer one.

    `save()` raises StaleSave inside the caller's transaction; nothing is written then. It writes only what the form
    changed: a password set or a sign-in noted at the same moment stays.
    """

    version = VersionField(required=False)

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(with_choices(data) if isinstance(data, QueryDict) else data, *args, **kwargs)
        self.initial["version"] = self.instance.version if self.instance.pk else None
        self._read = self._columns()

    def _columns(self) -> dict[str, Any]:
        return {
            field.name: getattr(self.instance, field.attname) for field in self.instance._meta.concrete_fields
        }

    @transaction.atomic
    def save(self, commit: bool = True) -> Any:
        """Save under a row lock, or raise StaleSave with the fields in which the two differ."""
        if self.instance.pk is None or not commit:
            return super().save(commit)
        rows = type(self.instance)._default_manager.select_for_update(of=("self",))
        saved = get_object_or_404(rows, pk=self.instance.pk)
        if saved.version != self.cleaned_data.get("version"):
            raise StaleSave(saved, self._differences(saved))
        self.instance.version = saved.version + 1
        changed = [name for name, value in self._columns().items() if value != self._read[name]]
        self.instance.save(update_fields=changed)
        self._save_m2m()
        return self.instance

    def _differences(self, saved: models.Model) -> list[Difference]:
        """Fields in which what was typed is not what is saved now."""
        own = {field.name for field in saved._meta.get_fields()}
        found = []
        for name in self.changed_data:
            if name == "version" or name not in own:
                continue
            there, typed = _shown(saved, name), _shown(saved, name, self.cleaned_data[name])
            if there != typed:
                label, values = str(self[name].label), _as_sent(self.fields[name], saved, name)
                found.append(Difference(name, label, there, typed, values, self._whose(saved, name)))
        return found

    def _whose(self, saved: Any, name: str) -> str:
        """Who changed a field since the form was opened, as far as the history tells: "theirs", "mine" or neither."""
        field: Any = saved._meta.get_field(name)
        since = saved.version - (self.cleaned_data.get("version") or 0)
        if field.many_to_many or not 0 < since < 100:
            return ""
        entries = [entry for entry in last_changes(saved)[:since] if field.column in (entry.before or {})]
        if not entries:
            return "mine"
        opened = entries[-1].before[field.column]  # type: ignore[index]
        opened = opened if opened is None or isinstance(opened, list | bool) else field.to_python(str(opened))
        return "theirs" if opened == getattr(self.instance, field.attname) else ""


def _as_sent(field: forms.Field, row: models.Model, name: str) -> list[str]:
    """The row's value as a browser would send it for this form field."""
    value = model_to_dict(row, [name])[name]
    if isinstance(field, forms.BooleanField):
        return ["on"] if value else []
    if isinstance(field, forms.ModelMultipleChoiceField):
        return [str(field.prepare_value(item)) for item in value]
    if isinstance(value, list):
        return [", ".join(str(item) for item in value)]
    held = field.widget.format_value(field.prepare_value(value))
    return [str(item) for item in held] if isinstance(held, list) else [] if held is None else [str(held)]


def _shown(row: models.Model, name: str, *value: Any) -> str:
    """A value of the row's field (the row's own if none is given) as a person reads it."""
    field: Any = row._meta.get_field(name)
    held = value[0] if value else getattr(row, name)
    if field.many_to_many:
        return ", ".join(str(item) for item in (held if value else held.all()))
    if field.choices:
        return str(dict(field.flatchoices).get(held, held or ""))
    if isinstance(held, bool):
        return "yes" if held else "no"
    if isinstance(held, list):
        return ", ".join(str(item) for item in held)
    if isinstance(held, date):
        return day(held)
    if isinstance(held, Decimal):  # in full: two amounts may differ in a cent only
        return f"{held:,.2f}" if field.decimal_places == 2 else f"{held.normalize():,f}"
    return "" if held is None else str(held)
