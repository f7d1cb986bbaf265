"""What people may type about costs, rates and the reporting currency."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.fields import DayField, LineField
from accounts.templatetags.look import day
from accounts.versions import VersionedForm
from partners.cost_file import line_problems
from partners.fields import CurrencyField, MoneyField
from partners.models import CostLine, Rate, Reporting

TWIN = (
    "There is such a line already: of the same kind, for the same and from the same day. Change that one, or say in "
    "“What for” what tells them apart."
)
_UNITS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,40})?")


class CostLineForm(VersionedForm):
    note = LineField(
        max_length=300, required=False, label="What for", help_text="For example: 400 named users."
    )
    amount = MoneyField(label="Amount", help_text="A year, or once.")
    starts = DayField(
        required=False, label="First day", help_text="Paid once: the day. Empty: from the start."
    )
    ends = DayField(required=False, label="Last day", help_text="Empty: to the end of life.")
    currency = CurrencyField()

    class Meta:
        model = CostLine
        fields = ["kind", "note", "amount", "currency", "once", "starts", "ends"]
        labels = {"once": "Paid once, not every year"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["currency"] = self.instance.currency or self.instance.contract.currency

    def clean_amount(self) -> Decimal:
        """Costs are known, or they are no line."""
        amount = self.cleaned_data["amount"]
        if amount is None:
            raise ValidationError("Say how much it costs.")
        return amount

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors:
            for name, reason in line_problems(self.instance.contract, data):
                self.add_error(name, reason)
        if not self.errors and self._twins(data).exists():
            self.add_error("note", TWIN)
        return data

    def _twins(self, data: dict[str, Any]) -> Any:
        same = {name: data[name] for name in ("kind", "note", "once")}
        begins = {"starts": data["starts"]} if data["starts"] else {"starts__isnull": True}
        return self.instance.contract.cost_lines.filter(**same, **begins).exclude(pk=self.instance.pk)


class ReportingForm(VersionedForm):
    currency = CurrencyField()

    class Meta:
        model = Reporting
        fields = ["currency"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="sums_%s", **kwargs)  # two forms stand on its page


class UnitsField(forms.Field):
    """A rate: digits with a point, above zero, with at most eight decimals."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "maxlength": 60})

    def prepare_value(self, value: Any) -> Any:
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip()
        if not text:
            return None
        if not _UNITS.fullmatch(text):
            raise ValidationError("This is not a rate. Write digits with a point, for example 1.0842.")
        units = Decimal(text)
        if not units:
            raise ValidationError("A rate is above zero.")
        if units != round(units, 8):
            raise ValidationError("A rate has at most eight decimals; nothing is rounded for you.")
        return units

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(self.prepare_value(initial) or "") != str(data or "")


class RateForm(VersionedForm):
    currency = CurrencyField()
    units = UnitsField(label="Rate")
    valid_from = DayField(label="From")

    class Meta:
        model = Rate
        fields = ["currency", "units", "valid_from"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        one = f"1 {self.instance.reporting}"
        self.fields["units"].help_text = f"How many units of it {one} is worth, for example 1.0842."

    def clean_currency(self) -> str:
        """Another one than the reporting currency."""
        currency = self.cleaned_data["currency"]
        if currency == self.instance.reporting:
            raise ValidationError(f"Sums are in {currency}; it needs no rate.")
        return currency

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("currency") and data.get("valid_from"):
            same = Rate.objects.filter(reporting=self.instance.reporting, currency=data["currency"])
            if same.filter(valid_from=data["valid_from"]).exclude(pk=self.instance.pk).exists():
                self.add_error(
                    "valid_from",
                    f"There is a rate of {data['currency']} from {day(data['valid_from'])} already.",
                )
        return data


class TableFileForm(forms.Form):
    file = forms.FileField(
        label="CSV or XLSX file",
        error_messages={"required": "Choose a file first.", "empty": "The file is empty."},
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )
