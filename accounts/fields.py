"""Form fields for what people type on several pages: one line of text, a whole number, a day. Nothing is guessed."""

import re
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.numbers import YEARS
from accounts.signs import TURNS_TEXT, UNSEEN, without_joiners

_REVERSING = re.compile(f"[{TURNS_TEXT}]")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")  # and halves of characters
_INVISIBLE = re.compile(f"[{UNSEEN}]")  # pasted prose is full of them


def refuse_hidden_signs(text: str) -> None:
    """Refuse control characters and signs that nobody sees or that turn the reading direction around."""
    joiners_alone = text and not without_joiners(text).strip()
    if joiners_alone or _CONTROLS.search(text) or _INVISIBLE.search(text) or _REVERSING.search(text):
        raise ValidationError("This holds invisible signs. Type it again instead of pasting it.")


def refuse_unreadable(text: str, name: str) -> None:
    """Refuse what would hide or reorder what others read in a longer text; says which and why."""
    if _REVERSING.search(text):
        raise ValidationError(
            f"This {name} holds invisible signs that reverse the reading direction. "
            "Type it again instead of pasting it."
        )
    if _CONTROLS.search(text):
        raise ValidationError(
            f"This {name} holds signs that cannot be shown. Type it again instead of pasting it."
        )


class LineField(forms.CharField):
    """One line of text, white space folded."""

    def to_python(self, value: Any) -> str:
        return " ".join(str(super().to_python(value) or "").split())

    def validate(self, value: str) -> None:
        super().validate(value)
        refuse_hidden_signs(value)


class WholeNumberField(forms.IntegerField):
    """A whole number in plain digits: no 1_000, no digits of other scripts."""

    def to_python(self, value: Any) -> int | None:
        text = str(value if value is not None else "").strip()
        if text and not re.fullmatch(r"-?[0-9]{1,9}", text):
            raise ValidationError("Write a whole number in digits, for example 90.")
        return super().to_python(text)


class DayField(forms.DateField):
    """A day from the browser's picker, in a year that makes sense."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        messages = {"invalid": "This is not a date. Write it as 2026-12-31."}
        super().__init__(widget=widget, input_formats=["%Y-%m-%d"], error_messages=messages, **kwargs)

    def to_python(self, value: Any) -> date | None:
        text = value.strip() if isinstance(value, str) else ""
        if text and not re.fullmatch(r"[0-9]{4}(-[0-9]{1,2}){2}", text):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        found = super().to_python(value)
        if found and found.year not in YEARS:
            raise ValidationError(f"The year {found.year} is not between {YEARS.start} and {YEARS.stop - 1}.")
        return found
