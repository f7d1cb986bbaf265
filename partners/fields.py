"""Form fields for what people type about contracts: money, currency, links, places. Nothing is guessed or rounded."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from partners.calendars import countries, time_zones
from partners.register.money import CURRENCIES

_MONEY = re.compile(
    r"(?P<whole>[0-9]+|[0-9]{1,3}(?P<sign>[ ,'’\u00a0\u202f])[0-9]{3}(?:(?P=sign)[0-9]{3})*)(?P<decimals>\.[0-9]+)?"
)
_UNCLEAR = re.compile(r"[0-9]{1,3},[0-9]{3}")  # a thousand, or three decimals?
_LARGEST = Decimal("99999999999999.99")


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


class CountryField(forms.CharField):
    """An ISO 3166 code of a country whose public holidays are known."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault(
            "help_text", "ISO code, for example DE. Its public holidays count; empty: weekends only."
        )
        super().__init__(required=False, max_length=2, **kwargs)

    def clean(self, value: Any) -> str:
        code = str(value or "").strip().upper()
        if code and code not in countries():
            raise ValidationError("This is not an ISO country code. Write for example DE, US or AU.")
        return code


class TimeZoneField(forms.CharField):
    """A time zone by its name in the time zone database."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", f"In which its days end. Empty: {settings.TIME_ZONE}.")
        super().__init__(required=False, max_length=64, **kwargs)

    def clean(self, value: Any) -> str:
        name = str(value or "").strip()
        if name and name not in time_zones():
            raise ValidationError(
                "This is not a time zone. Write for example Europe/Berlin or America/Chicago."
            )
        return name
