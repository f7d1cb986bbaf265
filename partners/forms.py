"""What people may type about partners, contacts and contracts. Choices come from what they may see."""

import re
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q

from accounts.fields import DayField, LineField, WholeNumberField, refuse_hidden_signs
from accounts.models import BusinessUnit, User
from accounts.templatetags.look import day
from accounts.versions import VersionedForm
from partners.dates import before, plus_months
from partners.fields import CountryField, CurrencyField, LinkField, MoneyField, TimeZoneField
from partners.models import CANDIDATE, EVERGREEN, EXTENSIONS, Contact, Contract, Partner
from partners.search import look_alikes
from vendorhub.roles import may

_LONGEST_NOTICE = {"days": 3650, "weeks": 520, "months": 120}
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.ASCII)


NOT_ADMITTED = (
    "{} is not admitted, and only admitted partners get contracts. Have its admission decided first, "
    "or ask an administrator, who may make an exception and say why."
)


class OwnedForm(VersionedForm):
    """A form whose owner and unit fields offer only people and units the user may name."""

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        seen = User.objects.visible_to(user).able_to_sign_in()
        owner, unit = self.fields["owner"], self.fields["unit"]
        owner.queryset = User.objects.filter(Q(pk__in=seen.values("pk")) | Q(pk=self.instance.owner_id))
        owner.empty_label = "Nobody yet"
        units = BusinessUnit.objects.visible_to(user)
        unit.queryset = BusinessUnit.objects.filter(
            Q(pk__in=units.values("pk")) | Q(pk=self.instance.unit_id)
        )
        unit.empty_label = "The whole company" if user.sees_all_units else "Choose a unit"
        unit.help_text = ""
        if not user.sees_all_units:
            self._hold_within_walls(unit, list(units))

    def _hold_within_walls(self, unit: Any, units: list[BusinessUnit]) -> None:
        """From within a unit, what is the company's stays so, and what is new belongs to the unit."""
        if self.instance.pk and self.instance.unit_id is None:
            unit.disabled = True
            unit.empty_label = "The whole company"
        elif not self.instance.pk and len(units) == 1:
            self.initial["unit"] = units[0].pk

    def clean_unit(self) -> BusinessUnit | None:
        """Only people who see all units may make something that belongs to the whole company."""
        unit = self.cleaned_data["unit"]
        if unit is None and not (self.user.sees_all_units or self.fields["unit"].disabled):
            raise ValidationError("Choose one of your business units.")
        return unit


class PartnerForm(OwnedForm):
    name = LineField(max_length=300)
    supplies = LineField(max_length=300, required=False, label="What it supplies")
    email_domains = forms.CharField(
        required=False, max_length=2000, label="E-mail domains",
        help_text="Separated by commas, for example example.org, example.net.",
    )  # fmt: skip
    is_candidate = forms.BooleanField(
        required=False, label="A candidate: to be scored and admitted before it gets contracts"
    )
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
        if self.instance.pk:
            del self.fields["is_candidate"]
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
        if data.get("is_candidate"):
            self.instance.admission = CANDIDATE
        if data.get("name") and not self.instance.pk and "anyway" not in self.data:
            self.look_alikes = look_alikes(data["name"], self.user)
            if self.look_alikes:
                first, others = self.look_alikes[0], len(self.look_alikes) - 1
                more = f", and {others} more like it" if others else ""
                self.add_error("name", f"There is already “{first}”{more}: see above.")
        return data


class ContactForm(VersionedForm):
    name = LineField(max_length=200)
    role = LineField(max_length=200, required=False)
    phone = LineField(max_length=50, required=False)
    since = DayField(required=False)
    until = DayField(required=False)

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
    starts = DayField(required=False)
    ends = DayField(required=False)
    notice_period = WholeNumberField(min_value=0, required=False)
    renewal_months = WholeNumberField(
        min_value=1, max_value=240, required=False, label="Renewal term, months",
        help_text="Months each renewal or extension adds.",
    )  # fmt: skip
    extensions = WholeNumberField(
        min_value=0, max_value=100, required=False, label="Extensions",
        help_text="How many we may use, if they are counted.",
    )  # fmt: skip
    end_of_life = DayField(
        required=False, label="End of life",
        help_text="When we expect to stop using it, if that is later than the end. Costs are counted until then.",
    )  # fmt: skip
    annual_value = MoneyField(label="Value a year")
    total_value = MoneyField(label="Total value")
    currency = CurrencyField()
    country = CountryField()
    time_zone = TimeZoneField()
    link = LinkField(label="Link to the document")
    waiver = forms.CharField(
        max_length=2_000, widget=forms.Textarea(attrs={"rows": 2}), validators=[refuse_hidden_signs],
        label="Why a contract before it is admitted",
        error_messages={"required": "Only admitted partners get contracts. Say why this one does all the same."},
    )  # fmt: skip

    class Meta:
        model = Contract
        fields = [
            "reference", "title", "term", "starts", "ends", "notice_period", "notice_unit", "auto_renews",
            "renewal_months", "extensions", "end_of_life", "country", "time_zone", "annual_value", "total_value", "currency", "unit", "owner", "delivered_by", "link", "waiver",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["extended"] = self.instance.extended
        if self.instance.renewed_until:
            self.fields[
                "ends"
            ].help_text = f"Of the first term; it now runs until {day(self.instance.renewed_until)}."
        if not self._waives_admission():
            del self.fields["waiver"]
        providers = Partner.objects.visible_to(self.user).active().filter(kind="provider")
        delivered_by = self.fields["delivered_by"]
        delivered_by.queryset = Partner.objects.filter(
            Q(pk__in=providers.values("pk")) | Q(pk=self.instance.delivered_by_id)
        ).exclude(pk=self.instance.partner_id)
        delivered_by.empty_label = "The partner itself"
        delivered_by.help_text = "The solution provider, where the partner does not deliver it itself."
        self.fields["notice_unit"].label = "Counted in"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.instance.pk and not self.instance.partner.is_admitted and "waiver" not in self.fields:
            self.add_error(None, NOT_ADMITTED.format(self.instance.partner))
        starts, ends = data.get("starts"), data.get("ends")
        if starts and ends and ends < starts:
            self.add_error("ends", "The contract ends before it starts.")
        if ends and data.get("end_of_life") and data["end_of_life"] < ends:
            self.add_error("end_of_life", "The end of life lies before the end of the term.")
        self._check_term(data)
        self._check_notice(data)
        self._check_terms_behind(data)
        if data.get("auto_renews") and not data.get("renewal_months") and "renewal_months" not in self.errors:
            self.add_error("renewal_months", "Say by how many months it renews itself.")
        reference = data.get("reference")
        twins = Contract.objects.filter(
            partner=self.instance.partner, reference=reference or "-", reference_suffix=""
        )
        if reference and not self.instance.reference_suffix and twins.exclude(pk=self.instance.pk).exists():
            self.add_error("reference", "This partner already has a contract with this reference.")
        return data

    def _waives_admission(self) -> bool:
        """Whether this contract needs a reason of its own to be, and the user may give it."""
        if self.instance.pk:
            return bool(self.instance.waiver) and may(self.user, "waive_admission")
        return not self.instance.partner.is_admitted and may(self.user, "waive_admission")

    def _check_term(self, data: dict[str, Any]) -> None:
        """What goes without an end has none and does not renew; what we may extend does not do so by itself."""
        if data.get("term") == EVERGREEN and data.get("ends"):
            self.add_error("ends", "An evergreen contract has no end. Clear it, or choose another term.")
        if data.get("term") == EVERGREEN and data.get("auto_renews"):
            self.add_error("auto_renews", "An evergreen contract goes on anyway; it has nothing to renew.")
        if data.get("term") == EXTENSIONS and data.get("auto_renews"):
            self.add_error("auto_renews", "A contract is extended at our option or renews itself, not both.")

    def _check_terms_behind(self, data: dict[str, Any]) -> None:
        """What the contract was extended or has renewed itself into is not lost by an edit of something else."""
        contract, ends = self.instance, data.get("ends")
        if data.get("extensions") is not None and data.get("term") != EXTENSIONS:
            self.add_error(
                "extensions",
                "Extensions are counted only where the term is fixed with extensions at our option.",
            )
        if not contract.pk or "ends" in self.changed_data or not contract.renewed_until or not ends:
            return
        until = day(contract.renewed_until)
        used = self.initial["extended"]
        if used:
            changed = {"renewal_months", "term"} & set(self.changed_data)
            if changed:
                self.add_error(
                    min(changed),
                    f"It was extended until {until}. Take the extension back first, or enter that day as the end.",
                )
            elif data.get("extensions") is not None and data["extensions"] < used:
                self.add_error("extensions", f"{used} {'are' if used > 1 else 'is'} used already.")
        elif (
            "auto_renews" in self.changed_data
            and data.get("renewal_months")
            and plus_months(ends, data["renewal_months"]) < contract.renewed_until - timedelta(days=3)
        ):
            self.add_error(
                "ends", f"It has renewed itself until {until}. Which day does it end on now? "
                "Enter that day, or the end of the term before.",
            )  # fmt: skip

    def _check_notice(self, data: dict[str, Any]) -> None:
        """Ten years at most, and no longer than the term."""
        number, unit = data.get("notice_period"), data.get("notice_unit")
        if number is None or not unit:
            return
        starts, ends = data.get("starts"), data.get("ends")
        if number > _LONGEST_NOTICE[unit]:
            longest = f"{_LONGEST_NOTICE[unit]:,} {unit}"
            self.add_error("notice_period", f"A notice period is ten years at most, that is {longest}.")
        elif starts and ends and starts <= ends and before(ends, number, unit) < starts - timedelta(days=1):
            self.add_error("notice_period", "The notice period is longer than the whole term.")
