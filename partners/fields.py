"""Form fields for what people type about contracts: money, currency, dates, links. Nothing is guessed or rounded."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from partners.register.money import CURRENCIES

_MONEY = re.compile(
    r"(?P<whole>[0-9]+|[0-9]{1,3}(?P<sign>[ ,'’\u00a0\u202f])[0-9]{3}(?:(?P=sign)[0-9]{3})*)(?P<decimals>\.[0-9]+)?"
)
_UNCLEAR = re.compile(r"[0-9]{1,3},[0-9]{3}")  # a thousand, or three decimals?
_LARGEST = Decimal("99999999999999.99")
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
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


class MoneyField(forms.Field):
    """An amount with a point for decimals; thousands may be set apart, where that can mean one thing only: 1,234.50."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "maxlength": 60})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return f"{value:,.2f}" if isinstance(value, Decimal) else value

    def to_python(self, value: Any) -> Decimal | None:
        text = str(value or "").strip()
        if not text:
            return None
        if text[0] in "-−" and len(text) <= 60 and _MONEY.fullmatch(text[1:].strip()):
            raise ValidationError("An amount cannot be negative.")
        found = _MONEY.fullmatch(text) if len(text) <= 60 else None
        if not found:
            raise ValidationError("This is not an amount. Write digits with a point, for example 12500.50.")
        if _UNCLEAR.fullmatch(text):
            raise ValidationError(
                f"{text} may be {text.replace(',', '')} or {text.replace(',', '.')}. Write it without the comma."
            )
        if len(found["decimals"] or "") > 3:
            raise ValidationError("An amount has at most two decimals; nothing is rounded for you.")
        amount = Decimal(re.sub("[^0-9]", "", found["whole"]) + (found["decimals"] or ""))
        if amount > _LARGEST:
            raise ValidationError(f"An amount is at most {_LARGEST:,}.")
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


class WholeNumberField(forms.IntegerField):
    """A whole number in plain digits: no 1_000, no digits of other scripts."""

    def to_python(self, value: Any) -> int | None:
        text = str(value if value is not None else "").strip()
        if text and not re.fullmatch(r"-?[0-9]{1,9}", text):
            raise ValidationError("Write a whole number in digits, for example 90.")
        return super().to_python(text)


class LinkField(forms.URLField):
    """An address in the web."""

    default_validators = [
        URLValidator(schemes=["http", "https"], message="This is not a link. It begins with https://.")
    ]

    def __init__(self, **kwargs: Any) -> None:
        messages = {"invalid": "This is not a link. It begins with https://."}
        super().__init__(
            required=False, max_length=1000, assume_scheme="https", error_messages=messages, **kwargs
        )


class SensibleDateField(forms.DateField):
    """A date from the browser's picker, between 1990 and 2100."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        messages = {"invalid": "This is not a date. Write it as 2026-12-31."}
        super().__init__(
            required=False, widget=widget, input_formats=["%Y-%m-%d"], error_messages=messages, **kwargs
        )

    def to_python(self, value: Any) -> date | None:
        if (
            isinstance(value, str)
            and value.strip()
            and not re.fullmatch(r"[0-9]{4}(-[0-9]{1,2}){2}", value.strip())
        ):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        found = super().to_python(value)
        if found and not FIRST_YEAR <= found.year <= LAST_YEAR:
            raise ValidationError(f"The year {found.year} is not between {FIRST_YEAR} and {LAST_YEAR}.")
        return found
