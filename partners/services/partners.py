"""Saving, archiving and deleting what belongs to partners."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS, IntegrityError, models, transaction
from django.db.models.deletion import Collector
from django.utils import timezone

from accounts.versions import StaleSave
from accounts.words import counted
from partners.models import Contract, Partner
from partners.names import name_key
from partners.services.deadlines import keep_terms, set_deadlines

AT_THE_SAME_MOMENT = (
    "Somebody saved something at the same moment that does not go together with this. "
    "Nothing was saved: look again, then save once more."
)


def save_partner(form: Any) -> Partner | None:
    """Save a valid partner form with the key that finds other spellings; None and a sentence if it cannot be."""
    form.instance.name_key = name_key(form.instance.name)
    return save_holding(form)


def save_belonging(form: Any) -> models.Model | None:
    """Save a valid form of a contract or contact while nobody can merge its partner away.

    Partner.DoesNotExist if that has happened already; None and a sentence on the form if it cannot be saved.
    """
    if isinstance(form.instance, Contract):
        if "ends" in form.changed_data:
            form.instance.extended = 0  # extensions used are counted from the end they were used at
        set_deadlines([form.instance])
    return save_holding(
        form, Partner.objects.select_for_update(no_key=True).filter(pk=form.instance.partner_id)
    )


def save_holding(form: Any, held: "models.QuerySet | None" = None) -> Any:
    """Save a valid form while the one row of `held` is locked; DoesNotExist if it is gone.

    None and a sentence on the form if what was saved at the same moment does not go together with it.
    """
    try:
        with transaction.atomic():
            if held is not None:
                held.get()
            saved = form.save()
            if isinstance(saved, Contract):
                keep_terms([saved])
            return saved
    except IntegrityError:  # the form has looked: only a save at the same moment comes to this
        form.add_error(None, AT_THE_SAME_MOMENT)
        return None


@transaction.atomic
def set_archived(partner: Partner, *, archived: bool) -> Partner:
    """Archive a partner or bring it back; what is so already stays as it is."""
    partner = Partner.objects.select_for_update().get(pk=partner.pk)
    if bool(partner.archived_at) != archived:
        partner.archived_at = timezone.now() if archived else None
        partner.version += 1
        partner.save(update_fields=["archived_at", "version"])
    return partner


@transaction.atomic
def delete_unchanged(row: Any, *, version: int | None) -> None:
    """Delete a row that is still as it was shown, or raise StaleSave."""
    saved = type(row)._default_manager.select_for_update(of=("self",)).get(pk=row.pk)
    if saved.version != version:
        raise StaleSave(saved)
    saved.delete()


def kept_by(row: models.Model) -> str:
    """What the row cannot be deleted for, as "2 decisions"; empty if nothing."""
    try:
        Collector(using=row._state.db or DEFAULT_DB_ALIAS, origin=row).collect([row])
    except models.ProtectedError as error:
        kept = list(error.protected_objects)
        names = kept[0]._meta
        return counted(len(kept), str(names.verbose_name), str(names.verbose_name_plural))
    return ""


@transaction.atomic
def end_contact(contact: Any) -> Any:
    """Note that today is the last day of a contact."""
    contact = type(contact).objects.select_for_update(of=("self",)).get(pk=contact.pk)
    today = timezone.localdate()
    contact.until = max(today, contact.since) if contact.since else today
    contact.version += 1
    contact.save(update_fields=["until", "version"])
    return contact
