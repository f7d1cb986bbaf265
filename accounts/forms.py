"""What an administrator may type about people and business units."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from accounts.fields import DayField, LineField
from accounts.history import ACTIONS
from accounts.models import AuditEntry, BusinessUnit, User
from accounts.services.people import SAME_NAME
from accounts.versions import VersionedForm


class PersonForm(VersionedForm):
    """A person's account."""

    name = LineField(max_length=200)

    class Meta:
        model = User
        fields = ["name", "email", "role", "rater_role", "all_units", "units", "is_active"]
        labels = {"email": "E-mail", "rater_role": "Rates as", "is_active": "May sign in"}
        help_texts = {
            "rater_role": "The side this person speaks for when they rate partners.",
            "all_units": "Otherwise they see the records of the whole company and of their own business units.",
            "is_active": "Switched off, they are signed out at once; what they did stays.",
        }
        widgets = {"units": forms.CheckboxSelectMultiple}

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["units"].queryset = BusinessUnit.objects.visible_to(user)
        has_address = bool(self.instance.email)
        self.fields["email"].required = not self.instance.pk or has_address
        if self.instance.pk and not has_address:
            self.fields[
                "email"
            ].help_text = "Without one this person has no account and only stands in imports."

    def clean_email(self) -> str | None:
        """In lower case, and nobody else's."""
        email = (self.cleaned_data["email"] or "").strip().lower() or None
        if email and User.objects.filter(email__iexact=email).exclude(pk=self.instance.pk).exists():
            raise ValidationError("Somebody already has this address.")
        return email


class UnitForm(forms.ModelForm):
    """A business unit's name."""

    name = LineField(max_length=200)

    class Meta:
        model = BusinessUnit
        fields = ["name"]

    def clean_name(self) -> str:
        """Nobody tells two units apart by capitals."""
        name = self.cleaned_data["name"]
        if BusinessUnit.objects.filter(name__iexact=name).exclude(pk=self.instance.pk).exists():
            raise ValidationError(SAME_NAME)
        return name


class AuditFilter(forms.Form):
    """What part of the history to show; every field may be left open."""

    who = forms.ModelChoiceField(User.objects.all(), required=False, empty_label="Everybody")
    what = forms.ChoiceField(required=False)
    action = forms.ChoiceField(
        required=False,
        choices=[("", "Every change"), *((action, word.capitalize()) for action, word in ACTIONS.items())],
    )
    since = DayField(required=False)
    until = DayField(required=False)

    def __init__(self, *args: Any, tables: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["what"].choices = [("", "Everything"), *tables]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("since") and data.get("until") and data["until"] < data["since"]:
            self.add_error("until", "This is before the first day.")
        return data

    def narrow(self, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """The entries that were asked for; none while the question makes no sense."""
        if not self.is_valid():
            return entries.none()
        asked = self.cleaned_data
        conditions = {
            "actor": asked["who"], "table_name": asked["what"], "action": asked["action"],
            "at__gte": _midnight(asked["since"]), "at__lt": _midnight(asked["until"], days_later=1),
        }  # fmt: skip
        return entries.filter(**{name: value for name, value in conditions.items() if value})


def _midnight(day: date | None, *, days_later: int = 0) -> datetime | None:
    if day is None:
        return None
    return timezone.make_aware(datetime.combine(day, time()) + timedelta(days=days_later))
