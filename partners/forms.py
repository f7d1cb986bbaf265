"""What people may type about partners, contacts and contracts. Choices come from what they may see."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import BusinessUnit, User
from accounts.versions import VersionedForm
from partners.fields import CurrencyField, LineField, MoneyField, SensibleDateField, refuse_hidden_signs
from partners.models import Contact, Contract, Partner
from partners.services.partners import look_alikes

_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.ASCII)


class OwnedForm(VersionedForm):
    """A form whose owner and unit fields offer only people and units the user may name."""

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if "owner" in self.fields:
            self.fields["owner"].queryset = User.objects.visible_to(user).able_to_sign_in()
            self.fields["owner"].empty_label = "Nobody yet"
        if "unit" in self.fields:
            self.fields["unit"].queryset = BusinessUnit.objects.visible_to(user)
            self.fields["unit"].empty_label = "The whole company"

    def clean_unit(self) -> BusinessUnit | None:
        """Only people who see all units may make something that belongs to the whole company."""
        unit = self.cleaned_data["unit"]
        if unit is None and not self.user.sees_all_units and (not self.instance.pk or self.instance.unit_id):
            raise ValidationError("Choose one of your business units.")
        return unit


class PartnerForm(OwnedForm):
    name = LineField(max_length=300)
    supplies = LineField(max_length=300, required=False, label="What it supplies")
    email_domains = forms.CharField(
        required=False, max_length=2000, label="E-mail domains",
        help_text="Separated by commas, for example example.org, example.net.",
    )  # fmt: skip
    notes = forms.CharField(
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        validators=[refuse_hidden_signs],
    )

    class Meta:
        model = Partner
        fields = ["name", "kind", "segment", "owner", "unit", "supplies", "email_domains", "notes"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.look_alikes: list[Partner] = []
        self.initial["email_domains"] = ", ".join(self.instance.email_domains)

    def clean_email_domains(self) -> list[str]:
        """Domains in lower case, each once."""
        typed = re.split(r"[\s,;]+", self.cleaned_data["email_domains"].lower().strip())
        domains = list(dict.fromkeys(domain.removeprefix("@") for domain in typed if domain))
        if wrong := [domain for domain in domains if not _DOMAIN.fullmatch(domain)]:
            raise ValidationError(f"“{wrong[0][:60]}” is not a domain. Write it as example.org.")
        return domains

    def clean_kind(self) -> str:
        """At most one partner is our own organisation."""
        kind = self.cleaned_data["kind"]
        own = Partner.objects.filter(kind="own").exclude(pk=self.instance.pk).first()
        if kind == "own" and own:
            visible = Partner.objects.visible_to(self.user).filter(pk=own.pk).exists()
            name = f"“{own}”" if visible else "Another partner"
            raise ValidationError(f"{name} already is our own organisation; there can be only one.")
        return kind

    def clean(self) -> dict[str, Any]:
        """Stop once where a partner of that name is there; the person may go on."""
        data = super().clean() or self.cleaned_data
        if data.get("name") and not self.instance.pk and "anyway" not in self.data:
            self.look_alikes = look_alikes(data["name"], self.user)
            if self.look_alikes:
                self.add_error("name", "A partner with such a name is already there: see below.")
        return data


class ContactForm(VersionedForm):
    name = LineField(max_length=200)
    role = LineField(max_length=200, required=False)
    phone = LineField(max_length=50, required=False)
    since = SensibleDateField()
    until = SensibleDateField()

    class Meta:
        model = Contact
        fields = ["name", "role", "email", "phone", "since", "until"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("since") and data.get("until") and data["until"] < data["since"]:
            self.add_error("until", "The last day lies before the first day.")
        return data


class ContractForm(OwnedForm):
    reference = LineField(max_length=100, required=False)
    title = LineField(max_length=500)
    starts = SensibleDateField()
    ends = SensibleDateField()
    notice_period = forms.IntegerField(min_value=0, max_value=3650, required=False)
    renewal_months = forms.IntegerField(
        min_value=1, max_value=240, required=False, label="Renewal term, months",
        help_text="Months each automatic renewal adds.",
    )  # fmt: skip
    annual_value = MoneyField(label="Value a year")
    total_value = MoneyField(label="Total value")
    currency = CurrencyField()
    link = forms.URLField(required=False, max_length=1000, assume_scheme="https")

    class Meta:
        model = Contract
        fields = [
            "reference", "title", "starts", "ends", "notice_period", "notice_unit", "auto_renews", "renewal_months",
            "annual_value", "total_value", "currency", "unit", "owner", "delivered_by", "link",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        providers = Partner.objects.visible_to(self.user).active().filter(kind="provider")
        self.fields["delivered_by"].queryset = providers.exclude(pk=self.instance.partner_id)

    def clean_link(self) -> str:
        link = self.cleaned_data["link"]
        if link and not link.startswith(("http://", "https://")):
            raise ValidationError("A link begins with https://.")
        return link

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        starts, ends = data.get("starts"), data.get("ends")
        if starts and ends and ends < starts:
            self.add_error("ends", "The contract ends before it starts.")
        if data.get("auto_renews") and not data.get("renewal_months") and "renewal_months" not in self.errors:
            self.add_error("renewal_months", "Say by how many months it renews itself.")
        reference = data.get("reference")
        twins = Contract.objects.filter(
            partner=self.instance.partner, reference=reference or "-", reference_suffix=""
        )
        if reference and not self.instance.reference_suffix and twins.exclude(pk=self.instance.pk).exists():
            self.add_error("reference", "This partner already has a contract with this reference.")
        return data
