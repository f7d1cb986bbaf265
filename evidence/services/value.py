"""Statements of a quarter, all parties' at once; and what figures are measured against."""

from dataclasses import replace
from typing import Any

from django.db import transaction

from accounts.versions import StaleSave
from evidence.models import Agreement, ValueStatement


@transaction.atomic
def save_quarter(forms: list[Any], *, by: Any) -> int:
    """Save what the parties said; a statement taken back is deleted. Returns how many changed.

    StaleSave, and nothing is written, if somebody changed one meanwhile.
    """
    changed = 0
    for form in forms:
        statement = form.instance
        if not form.has_changed():
            continue
        if form.says_something:
            if statement.pk is None:
                statement.author = by
                twin = ValueStatement.objects.filter(
                    partner=statement.partner, provider=statement.provider, quarter=statement.quarter,
                    party=statement.party,
                ).first()  # fmt: skip
                if twin:
                    raise StaleSave(twin)
            _save(form)
        elif statement.pk:
            row = ValueStatement.objects.select_for_update().get(pk=statement.pk)
            if row.version != form.cleaned_data.get("version"):
                raise StaleSave(row)
            row.delete()
        else:
            continue
        changed += 1
    return changed


def _save(form: Any) -> None:
    try:
        form.save()
    except StaleSave as stale:  # of several forms on one page: the two are compared, not chosen from
        found = [replace(one, name="") for one in stale.differences or ()]
        raise StaleSave(stale.saved, found) from stale


@transaction.atomic
def save_agreement(form: Any) -> Agreement:
    """Save the one row, made when it is first changed."""
    if not Agreement.objects.filter(pk=1).exists():
        Agreement.objects.create(pk=1)
    return form.save()
