"""Optimistic locking: a row that two people may hold open carries `version`; a stale save is refused."""

from typing import Any

from django import forms
from django.db import models, transaction
from django.shortcuts import get_object_or_404


class StaleSave(Exception):
    """Somebody saved the row since it was read. `differences`: (field label, saved value, typed value), as text."""

    def __init__(self, saved: models.Model, differences: list[tuple[str, str, str]]) -> None:
        super().__init__(f"{saved} was changed by somebody else")
        self.saved = saved
        self.differences = differences


class VersionedForm(forms.ModelForm):
    """A model form that carries the row's version and refuses to overwrite a newer one.

    `save()` raises StaleSave inside the caller's transaction; nothing is written then. It writes only what the form
    changed: a password set or a sign-in noted at the same moment stays.
    """

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
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
            differences = [
                (
                    str(self.fields[name].label or name),
                    _shown(saved, name),
                    _shown(saved, name, self.cleaned_data[name]),
                )
                for name in self.changed_data
                if name != "version" and name in {field.name for field in saved._meta.get_fields()}
            ]
            raise StaleSave(saved, differences)
        self.instance.version = saved.version + 1
        changed = [name for name, value in self._columns().items() if value != self._read[name]]
        self.instance.save(update_fields=changed)
        self._save_m2m()
        return self.instance


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
    return "" if held is None else str(held)
