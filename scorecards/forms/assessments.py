"""What a rater may type into a cell of the scoring grid."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.fields import refuse_unreadable
from scorecards.models import Comment, Rating, Template
from scorecards.services.comments import fingerprint

COMMENT_LENGTH = Comment._meta.get_field("text").max_length
REASON_LENGTH = Rating._meta.get_field("reason").max_length
_WHOLE = re.compile(r"-?[0-9]{1,6}", re.ASCII)


class PlainText(forms.Field):
    """Text as people type it."""

    widget = forms.Textarea

    def __init__(self, *, name: str, max_length: int) -> None:
        super().__init__(required=False)
        self.name, self.max_length = name, max_length

    def clean(self, value: Any) -> str:
        text = str(value or "").replace("\r\n", "\n").replace("\r", "\n").strip()
        if len(text) > self.max_length:
            raise ValidationError(
                f"This {self.name} has {len(text):,} characters; at most {self.max_length:,} fit. Shorten it."
            )
        refuse_unreadable(text, self.name)
        return text


class WholeNumber(forms.Field):
    """Plain ASCII digits: no 1_000, no 4.0, no other alphabet's digits. Empty is 0."""

    def clean(self, value: Any) -> int:
        text = "0" if value in (None, "") else str(value)
        if isinstance(value, bool) or not _WHOLE.fullmatch(text):
            raise ValidationError("The page sent something it should not have. Load it again.")
        return int(text)


class CellForm(forms.Form):
    """One cell: a mark ("4", "na" or empty), and a comment. Either may be sent alone."""

    value = forms.Field(required=False)
    reason = PlainText(name="reason", max_length=REASON_LENGTH)
    version = WholeNumber(required=False)
    comment = PlainText(name="comment", max_length=COMMENT_LENGTH)
    anonymous = forms.BooleanField(required=False)
    known = PlainText(name="comment", max_length=64)

    def __init__(self, data: dict[str, Any], *, template: Template) -> None:
        super().__init__(data)
        self.template = template

    @property
    def has_mark(self) -> bool:
        return "value" in self.data

    @property
    def has_comment(self) -> bool:
        return "comment" in self.data

    def clean(self) -> None:
        if not self.has_mark and not self.has_comment:
            raise ValidationError("There was nothing to save. Load the page again.")

    def clean_value(self) -> int | str | None:
        """The mark as a number, "na", or None for not answered."""
        value = self.cleaned_data["value"]
        if value in (None, "", "na"):
            return value or None
        lowest, highest = self.template.scale_min, self.template.scale_max
        text = str(value)
        if isinstance(value, bool) or not _WHOLE.fullmatch(text) or not lowest <= int(text) <= highest:
            shown = f"“{text[:20]}”" if text.isprintable() else "What was sent"
            raise ValidationError(
                f"{shown} is no mark here. Choose a whole number from {lowest} to {highest}."
            )
        return int(text)

    @property
    def mark(self) -> dict[str, Any]:
        """The mark as `save_cell` takes it."""
        value = self.cleaned_data["value"]
        return {
            "value": None if value == "na" else value,
            "not_applicable": value == "na",
            "reason": self.cleaned_data["reason"],
            "version": self.cleaned_data["version"],
        }


def changed_cell(sent: Any, criterion_id: int) -> dict[str, Any]:
    """What a page sent without scripts changes in one cell, as CellForm takes it; empty for nothing.

    The page says what it knew to be saved: what it left alone is not saved, so that another window's newer
    mark is neither overwritten nor reported as a conflict.
    """
    version, _, known = sent.get(f"known-{criterion_id}", "").partition(":")
    choice, reason = sent.get(f"mark-{criterion_id}", ""), sent.get(f"reason-{criterion_id}", "").strip()
    cell: dict[str, Any] = {}
    if f"{choice}:{reason if choice == 'na' else ''}" != known and known:
        cell |= {"value": choice, "reason": reason, "version": version}
    text = sent.get(f"comment-{criterion_id}", "").replace("\r\n", "\n").strip()
    anonymous, known_text = f"anonymous-{criterion_id}" in sent, sent.get(f"text-{criterion_id}", "")
    if f"comment-{criterion_id}" in sent and fingerprint(text, anonymous) != known_text:
        cell |= {"comment": text, "anonymous": anonymous, "known": known_text}
    return cell
