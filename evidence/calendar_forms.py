"""What a person says about a calendar file, the drafts made of it, and the words of titles."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.fields import LineField, WholeNumberField
from accounts.versions import VersionedForm
from evidence.models import SIDES, Engagement, TitleRule
from evidence.models.contacts import PURPOSES
from evidence.services.calendar import entries_beside
from partners.register.safety import MAX_BYTES, MEGABYTE


class CalendarFileForm(forms.Form):
    file = forms.FileField(
        label="Calendar file (.ics)",
        help_text=f"Up to {MAX_BYTES // MEGABYTE} MB. It is read once and not kept.",
        error_messages={"required": "Choose a file first.", "empty": "The file is empty."},
        widget=forms.FileInput(attrs={"accept": ".ics,.ical,.ifb,text/calendar", "class": "form-control"}),
    )


class DraftsForm(forms.Form):
    """Drafts with who began and what for, to be chosen for each."""

    def __init__(self, drafts: Sequence[Engagement], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.drafts = drafts
        for draft in drafts:
            for name, label, choices in (("side", "Started by", SIDES), ("purpose", "What for", PURPOSES)):
                self.fields[f"{name}-{draft.pk}"] = forms.ChoiceField(
                    choices=choices, label=f"{label}: {draft}",
                    initial=draft.started_by if name == "side" else draft.purpose,
                    error_messages={"invalid_choice": "Choose one of the list.", "required": "Choose one of the list."},
                    widget=forms.Select(attrs={"class": "form-select", "aria-label": f"{label}: {draft}"}),
                )  # fmt: skip

    def choices(self) -> dict[int, dict[str, str]]:
        """What was chosen, as the service takes it."""
        chosen = self.cleaned_data
        return {
            draft.pk: {"started_by": chosen[f"side-{draft.pk}"], "purpose": chosen[f"purpose-{draft.pk}"]}
            for draft in self.drafts
        }

    def rows(self) -> list[dict[str, Any]]:
        """For the page: each draft with its fields, what is ticked, and the entry it would change. One statement."""
        beside = entries_beside(self.drafts)
        ticked = self.data.getlist("tick") if self.is_bound else []
        return [
            {
                "draft": draft, "side": self[f"side-{draft.pk}"], "purpose": self[f"purpose-{draft.pk}"],
                "entry": beside.get(draft.pk), "is_ticked": str(draft.pk) in ticked,
            }
            for draft in self.drafts
        ]  # fmt: skip


class TitleRuleForm(VersionedForm):
    word = LineField(max_length=60, label="A word of the title begins with")
    position = WholeNumberField(min_value=0, max_value=9_999, label="Place", help_text="The first rule that fits counts.")  # fmt: skip

    class Meta:
        model = TitleRule
        fields = ["word", "purpose", "position"]

    def clean_word(self) -> str:
        """Each word once, in whatever case."""
        word = self.cleaned_data["word"]
        if TitleRule.objects.filter(word__iexact=word).exclude(pk=self.instance.pk).exists():
            raise ValidationError("There is a rule for this word already.")
        return word
