"""Extending a contract at our option, taking that back, and keeping what was amended."""

from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from accounts.templatetags.look import day
from accounts.versions import StaleSave
from partners.models import EXTENSIONS, Amendment, Contract
from partners.services.deadlines import WORKED_OUT, keep_terms, numbered, set_deadlines
from partners.services.partners import AT_THE_SAME_MOMENT

LATE = timedelta(days=31)  # so long after the end an extension may still be entered


class CannotExtend(Exception):
    """The sentence says why."""


def why_not_extended(contract: Contract) -> str:
    """Why the contract cannot be extended once more; empty if it can."""
    if contract.term != EXTENSIONS:
        return "It renews itself." if contract.auto_renews else "There are no extensions at our option."
    if not contract.term_ends:
        return "No end is recorded."
    if not contract.renewal_months:
        return "Enter by how many months an extension adds."
    if contract.extensions is not None and contract.extended >= contract.extensions:
        return (
            f"All {contract.extensions} extensions are used."
            if contract.extensions != 1
            else "The only extension is used."
        )
    if contract.ends_for_good == contract.term_ends:
        return (
            f"It was decided that it ends for good on {day(contract.term_ends)}. Take another decision first."
        )
    if contract.term_ends < contract.today - LATE:
        return f"It ended on {day(contract.term_ends)}, more than {LATE.days} days ago. Enter its new end instead."
    end = numbered(contract, contract.extended + 1).ends
    if end <= contract.term_ends:
        return "There is no later day in the calendar."
    if contract.end_of_life and contract.end_of_life < end:
        return f"It would run until {day(end)}, past its end of life on {day(contract.end_of_life)}. Edit that first."
    return ""


def why_not_taken_back(contract: Contract) -> str:
    """Why the last extension cannot be taken back; empty if it can."""
    if not contract.extended:
        return "It has not been extended."
    return "The term it was extended into has ended." if contract.has_ended else ""


def extend(contract: Contract, *, version: int | None) -> Contract:
    """Use one extension of a contract that is still as it was shown. StaleSave, or CannotExtend saying why."""
    return _step(contract, 1, version)


def take_extension_back(contract: Contract, *, version: int | None) -> Contract:
    """Undo the last extension while its term is current. StaleSave, or CannotExtend saying why."""
    return _step(contract, -1, version)


@transaction.atomic
def _step(contract: Contract, by: int, version: int | None) -> Contract:
    saved = Contract.objects.select_for_update(of=("self",)).get(pk=contract.pk)
    if saved.version != version:
        raise StaleSave(saved)
    if why := why_not_extended(saved) if by > 0 else why_not_taken_back(saved):
        raise CannotExtend(why)
    saved.extended += by
    _write(saved)
    return saved


def save_amendment(form: Any) -> Amendment | None:
    """Save a valid form; an end or a value that it newly names becomes the contract's, unless a later amendment names one.

    None and a sentence on the form if that does not go together with what was saved at the same moment.
    """
    try:
        with transaction.atomic():
            contract = Contract.objects.select_for_update(of=("self",)).get(pk=form.instance.contract_id)
            amendment: Amendment = form.save()
            _amend(contract, amendment, set(form.changed_data))
            return amendment
    except IntegrityError:
        form.add_error(None, AT_THE_SAME_MOMENT)
        return None


def _amend(contract: Contract, amendment: Amendment, typed: set[str]) -> None:
    end: date | None = _newly(amendment, "new_end", typed)
    value = _newly(amendment, "new_value", typed)
    if end and end != contract.term_ends:
        contract.ends, contract.extended = end, 0
    if value is not None:
        contract.annual_value = value
    if end or value is not None:
        _write(contract, "ends", "annual_value")


def _newly(amendment: Amendment, name: str, typed: set[str]) -> Any:
    """What the amendment names, if it was typed just now and no later amendment names another."""
    later = Amendment.objects.filter(contract=amendment.contract_id, day__gt=amendment.day).exclude(
        **{name: None}
    )
    found = getattr(amendment, name)
    return found if name in typed and found is not None and not later.exists() else None


def _write(contract: Contract, *fields: str) -> None:
    contract.version += 1
    set_deadlines([contract])
    contract.save(update_fields=["version", *fields, *WORKED_OUT])
    keep_terms([contract])
