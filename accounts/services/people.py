"""Who has an account: saving a person, inviting them, and never leaving the site without an administrator."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.forms import ModelForm
from django.urls import reverse

from accounts.models import BusinessUnit, User
from accounts.services.mail import queue_mail
from accounts.versions import VersionedForm

LAST_ADMINISTRATOR = (
    "Nobody else could administer the site then. Make somebody else an administrator first, and wait until they have "
    "set a password."
)
SAME_NAME = "There is a business unit of this name already."


def save_person(form: VersionedForm) -> User:
    """Save a person's form; a new one gets no password yet.

    Raises ValidationError by field: the address was taken or a unit deleted meanwhile, or nobody could administer
    any more.
    """
    try:
        with transaction.atomic():
            # One at a time: two administrators must not take the role from each other.
            before = set(
                User.objects.administrators().order_by("pk").select_for_update().values_list("pk", flat=True)
            )
            if form.instance.pk is None:
                form.instance.set_unusable_password()
            person = form.save()
            left = User.objects.administrators()
            gave_up = person.pk in before and not left.filter(pk=person.pk).exists()
            if gave_up and not left.with_password().exists():
                raise ValidationError({"role": LAST_ADMINISTRATOR})
            return person
    except IntegrityError as error:
        if "email" in error.__cause__.diag.constraint_name:
            raise ValidationError({"email": "Somebody else was given this address meanwhile."}) from error
        raise ValidationError({"units": "A business unit was deleted meanwhile. Choose again."}) from error


def set_password_link(person: User) -> str:
    """An address at which the person sets a password: until it is used, at most for three days."""
    key, token = user_pk_to_url_str(person), default_token_generator.make_token(person)
    return settings.SITE_URL + reverse("account_reset_password_from_key", args=[key, token])


def invite_person(person: User) -> str:
    """Queue the mail with which a person sets a password; returns the link in it."""
    link = set_password_link(person)
    text = (
        f"Hello {person.name},\n\nyou have an account for VendorHub. Set your password here:\n\n{link}\n\n"
        f"The link works once, within three days. After that, sign in at {settings.SITE_URL}/ with the address "
        f"{person.email}.\n"
    )
    queue_mail(person, subject="Your VendorHub account", text=text, kind="account")
    return link


def save_unit(form: ModelForm) -> BusinessUnit | None:
    """Save a business unit's form; None, and a sentence on it, if somebody took the name a moment ago."""
    try:
        with transaction.atomic():
            return form.save()
    except IntegrityError:
        form.add_error("name", SAME_NAME)
        return None


@transaction.atomic
def delete_unit(unit: BusinessUnit) -> None:
    """Delete a business unit nobody and nothing belongs to. Raises ValidationError, or ProtectedError for records."""
    BusinessUnit.objects.select_for_update().get(pk=unit.pk)
    if unit.members.exists():
        raise ValidationError(f"People still belong to {unit}. Take them out of it first.")
    unit.delete()
