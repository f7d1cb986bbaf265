"""Text people type that is shown to others: one line, nothing invisible."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


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
