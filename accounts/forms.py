"""What an administrator may type about people and business units."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import BusinessUnit, User
from accounts.versions import VersionedForm
from vendorhub.roles import ADMINISTRATOR


class PersonForm(VersionedForm):
    """A person's account."""

    class Meta:
        model = User
        fields = ["name", "email", "role", "rater_role", "all_units", "units", "is_active"]
        labels = {"is_active": "May sign in"}
        widgets = {"units": forms.CheckboxSelectMultiple}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["units"].queryset = BusinessUnit.objects.visible_to(user)
        self.fields["email"].required = not self.instance.pk or bool(self.instance.email)

    def clean_email(self) -> str | None:
        """In lower case, and nobody else's."""
        email = (self.cleaned_data["email"] or "").strip().lower() or None
        if email and User.objects.filter(email__iexact=email).exclude(pk=self.instance.pk).exists():
            raise ValidationError("Somebody already has this address.")
        return email

    def clean(self) -> dict[str, Any]:
        """Somebody must be able to administer, and everybody to see something."""
        data = super().clean() or self.cleaned_data
        stays = data.get("role") == ADMINISTRATOR and data.get("is_active")
        others = User.objects.able_to_sign_in().filter(role=ADMINISTRATOR).exclude(pk=self.instance.pk)
        was = self.instance.pk and User.objects.filter(pk=self.instance.pk, role=ADMINISTRATOR).exists()
        if was and not stays and not others.exists():
            self.add_error("role", "This is the last administrator: make somebody else one first.")
        return data


class UnitForm(forms.ModelForm):
    class Meta:
        model = BusinessUnit
        fields = ["name"]


class AuditFilter(forms.Form):
    """What part of the history to show; every field may be left open."""

    who = forms.ModelChoiceField(User.objects.all(), required=False, empty_label="Everybody")
    what = forms.ChoiceField(required=False)
    action = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Every change"),
            ("insert", "Added"),
            ("update", "Changed"),
            ("delete", "Deleted"),
            ("submit", "Submitted"),
        ],
    )
    since = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, tables: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["what"].choices = [("", "Everything"), *tables]
