"""What people may type about value statements, and about what figures are measured against."""

from typing import Any

from django import forms

from accounts.fields import LineField, WholeNumberField, refuse_unreadable
from accounts.versions import VersionedForm
from evidence.models import Agreement, ValueStatement
from evidence.models.service import CUSTOMER, RETURNS


class StatementForm(VersionedForm):
    """One party's word on a quarter. Without an answer to what came back there is no statement."""

    felt_return = forms.TypedChoiceField(
        coerce=int, required=False, empty_value=None, label="What came back, against what was put in",
        choices=[("", "Has not said"), *reversed(RETURNS)],
    )  # fmt: skip
    hours = WholeNumberField(required=False, min_value=0, max_value=1_000_000, label="Hours put in")
    people = WholeNumberField(required=False, min_value=0, max_value=10_000, label="People put in")
    resources = LineField(required=False, max_length=500, label="What else was put in")
    came_back = LineField(required=False, max_length=500, label="What came back")
    note = forms.CharField(
        required=False, max_length=5_000, widget=forms.Textarea(attrs={"rows": 2}), label="Note"
    )

    class Meta:
        model = ValueStatement
        fields = ["felt_return", "hours", "people", "resources", "came_back", "note"]

    def __init__(self, *args: Any, may_change: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.hours is not None:
            self.initial["hours"] = int(self.instance.hours)
        if not may_change:
            for name in self.fields:
                self.fields[name].disabled = name != "version"

    @property
    def says_something(self) -> bool:
        return self.cleaned_data.get("felt_return") is not None

    def clean_note(self) -> str:
        refuse_unreadable(self.cleaned_data["note"], "note")
        return self.cleaned_data["note"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        rest = [name for name in ("hours", "people", "resources", "came_back", "note") if data.get(name)]
        if rest and not self.says_something and "felt_return" not in self.errors:
            self.add_error("felt_return", "Say whether more or less came back than was put in.")
        return data

    def _post_clean(self) -> None:
        if not self.errors and not self.says_something:
            return  # nothing will be saved of it
        self.instance.on_their_word = self.instance.party != CUSTOMER
        super()._post_clean()


class AgreementForm(VersionedForm):
    """What figures are measured against."""

    answer_days = WholeNumberField(min_value=1, max_value=250, label="Working days for an answer")
    customer_weight = WholeNumberField(min_value=1, max_value=1_000, label="Our own word")
    vendor_weight = WholeNumberField(min_value=0, max_value=1_000, label="The vendor’s word")
    provider_weight = WholeNumberField(min_value=0, max_value=1_000, label="The solution provider’s word")

    class Meta:
        model = Agreement
        fields = ["answer_days", "customer_weight", "vendor_weight", "provider_weight"]
        help_texts = {"answer_days": "For requests that name no other time."}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        own = data.get("customer_weight")
        for name in ("vendor_weight", "provider_weight"):
            if own is not None and data.get(name) is not None and data[name] > own:
                self.add_error(name, "Nobody’s word weighs more than our own.")
        return data
