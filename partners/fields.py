"""Form fields for what people type about contracts: money, currency, dates, links. Nothing is guessed or rounded."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from partners.register.money import CURRENCIES

_MONEY = re.compile(r"-?[0-9]{1,13}(\.[0-9]+)?|-?[0-9]{1,3}(,[0-9]{3}){1,4}(\.[0-9]+)?", re.ASCII)
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
FIRST_YEAR, LAST_YEAR = 1990, 2100


def refuse_hidden_signs(text: str) -> None:
    """Refuse control characters and signs that turn the reading direction around."""
    if _HIDDEN.search(text):
        raise ValidationError("This holds invisible signs. Type it again instead of pasting it.")


class LineField(forms.CharField):
    """One line of text, white space folded."""

    def to_python(self, value: Any) -> str:
        return " ".join(str(super().to_python(value) or "").split())

    def validate(self, value: str) -> None:
        super().validate(value)
        refuse_hidden_signs(value)


class MoneyField(forms.CharField):
    """An amount with a point for decimals; thousands may be set apart by commas: 1,234.50."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, required=False, **kwargs)
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def prepare_value(self, value: Any) -> Any:
        return f"{value:f}" if isinstance(value, Decimal) else value

    def to_python(self, value: Any) -> Any:
        text = (super().to_python(value) or "").replace(" ", "")
        if not text:
            return None
        if not _MONEY.fullmatch(text):
            raise ValidationError("This is not an amount. Write digits with a point, for example 12500.50.")
        amount = Decimal(text.replace(",", ""))
        if amount < 0:
            raise ValidationError("An amount cannot be negative.")
        if amount != amount.quantize(Decimal("0.01")):
            raise ValidationError("An amount has at most two decimals; nothing is rounded silently.")
        return amount.quantize(Decimal("0.01"))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(self.prepare_value(initial) or "") != str(data or "")


class CurrencyField(forms.CharField):
    """An ISO 4217 code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=3, help_text="ISO code, for example EUR.", **kwargs)

    def clean(self, value: Any) -> str:
        code = str(value or "").strip().upper()
        if code not in CURRENCIES:
            raise ValidationError("This is not an ISO currency code. Write for example EUR, USD or AUD.")
        return code


class SensibleDateField(forms.DateField):
    """A date from the browser's picker, between 1990 and 2100."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        messages = {"invalid": "This is not a date. Write it as 2026-12-31."}
        super().__init__(
            required=False, widget=widget, input_formats=["%Y-%m-%d"], error_messages=messages, **kwargs
        )

    def to_python(self, value: Any) -> date | None:
        found = super().to_python(value)
        if found and not FIRST_YEAR <= found.year <= LAST_YEAR:
            raise ValidationError(f"The year {found.year} is not between {FIRST_YEAR} and {LAST_YEAR}.")
        return found
