"""Entering, changing and taking out what happened."""

from typing import Any

from django.db import IntegrityError, transaction

from evidence.models import Entry
from partners.services.partners import AT_THE_SAME_MOMENT, delete_unchanged


def save_entry(form: Any) -> Entry | None:
    """Save a valid form with the rows that belong to the entry, or raise StaleSave.

    None and a sentence on the form if what was saved at the same moment does not go together with it.
    """
    try:
        with transaction.atomic():
            return form.save()
    except IntegrityError:  # the form has looked: only a save at the same moment comes to this
        form.add_error(None, AT_THE_SAME_MOMENT)
        return None


def delete_entry(entry: Entry, *, version: int | None) -> None:
    """Take an entry out that is still as it was shown, or raise StaleSave. The history keeps what it said."""
    delete_unchanged(entry, version=version)
