"""Form fields for what happened: days and moments that have come, numbers in plain digits, each a clear sentence."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from accounts.fields import DayField, LineField, WholeNumberField, refuse_unreadable
from accounts.numbers import YEARS, NotANumber, parse_decimal
from partners.fields import CurrencyField, LinkField, MoneyField

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?")


class PastDayField(DayField):
    """A day that has come."""

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value and value > timezone.localdate():
            raise ValidationError("This day has not come yet.")


class MomentField(forms.DateTimeField):
    """A moment that has come, from the browser's picker, in the site's time zone."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(
            widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
            error_messages={"invalid": "This is not a moment. Write it as 2026-12-31T14:05."}, **kwargs,
        )  # fmt: skip

    def to_python(self, value: Any) -> datetime | None:
        text = value.strip().replace(" ", "T") if isinstance(value, str) else ""
        if text and not _MOMENT.fullmatch(text):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        found = super().to_python(text)
        if found and found.year not in YEARS:
            raise ValidationError(f"The year {found.year} is not between {YEARS.start} and {YEARS.stop - 1}.")
        if found and found > timezone.now():
            raise ValidationError("This moment has not come yet.")
        return found


class NumberField(forms.Field):
    """A number that is not negative, in plain digits with a point."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "maxlength": 40})

    def __init__(self, *, places: int, most: int, **kwargs: Any) -> None:
        self.places, self.most = places, most
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value

    def to_python(self, value: Any) -> Decimal | None:
        text = str(value if value is not None else "").strip()
        if not text:
            return None
        try:
            return parse_decimal(text, least=0, most=self.most, places=self.places)
        except NotANumber as wrong:
            raise ValidationError(str(wrong)) from wrong

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(self.prepare_value(initial) if initial is not None else "") != str(data or "")


class ProseField(forms.CharField):
    """Several lines of text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 3}), **kwargs)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        refuse_unreadable(text, "note")
        return text


def form_field(column: models.Field, *, past: bool) -> forms.Field:
    """The form field for a column of an entry; `past`: a day that must have come."""
    kwargs: dict[str, Any] = {"required": not column.blank}
    if column.help_text:
        kwargs["help_text"] = column.help_text
    kwargs["label"] = str(column.verbose_name).capitalize()
    if column.name == "currency":
        return CurrencyOrNone(**kwargs)
    if isinstance(column, models.DateTimeField):
        return MomentField(**kwargs)
    if isinstance(column, models.DateField):
        return (PastDayField if past else DayField)(**kwargs)
    if isinstance(column, models.DecimalField) and column.name == "amount":
        del kwargs["required"]
        return MoneyField(**kwargs)
    if isinstance(column, models.DecimalField):
        most = 10 ** (column.max_digits - column.decimal_places) - 1
        return NumberField(places=column.decimal_places, most=most, **kwargs)
    if isinstance(column, models.URLField):
        del kwargs["required"]
        return LinkField(**kwargs)
    if isinstance(column, models.TextField):
        return ProseField(max_length=column.max_length, **kwargs)
    if column.choices or isinstance(column, models.BooleanField):
        return column.formfield(label=kwargs["label"])  # type: ignore[return-value]
    if isinstance(column, models.IntegerField):
        return WholeNumberField(min_value=0, max_value=32_767, **kwargs)
    return LineField(max_length=column.max_length, **kwargs)


class CurrencyOrNone(CurrencyField):
    """An ISO 4217 code, or nothing where it may be left out."""

    def __init__(self, *, required: bool, **kwargs: Any) -> None:
        kwargs.pop("help_text", None)
        super().__init__(**kwargs)
        self.required = required

    def clean(self, value: Any) -> str:
        return "" if not self.required and not str(value or "").strip() else super().clean(value)
