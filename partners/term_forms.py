"""What people may type about amendments and documents of a contract."""

from datetime import timedelta
from typing import Any

from accounts.fields import DayField, LineField
from accounts.templatetags.look import day
from accounts.versions import VersionedForm
from partners.dates import before
from partners.fields import LinkField, MoneyField
from partners.models import EVERGREEN, Amendment, Document


class AmendmentForm(VersionedForm):
    day = DayField(label="Agreed on")
    what = LineField(max_length=500, label="What changed")
    new_end = DayField(
        required=False,
        label="New end",
        help_text="If it changes: becomes the contract’s end, with a new deadline.",
    )
    new_value = MoneyField(label="New value a year", help_text="If it changes: becomes the contract’s.")
    link = LinkField(label="Link to the document")

    class Meta:
        model = Amendment
        fields = ["day", "what", "new_end", "new_value", "link"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        contract = self.instance.contract
        if data.get("day") and data["day"] > contract.today:
            self.add_error("day", "This day has not come yet. Enter an amendment once it is agreed.")
        end = data.get("new_end")
        if end and "new_end" in self.changed_data and (why := self._why_not(contract, end)):
            self.add_error("new_end", why)
        return data

    @staticmethod
    def _why_not(contract: Any, end: Any) -> str:
        """Why the contract cannot end then; empty if it can."""
        if contract.term == EVERGREEN:
            return "The contract is evergreen and has no end. Edit its term first."
        if contract.starts and end < contract.starts:
            return f"The contract would end before it starts on {day(contract.starts)}."
        if contract.end_of_life and contract.end_of_life < end:
            return f"The contract’s end of life, {day(contract.end_of_life)}, lies before. Edit that first."
        first = contract.starts and contract.starts - timedelta(days=1)
        if contract.notice and first and before(end, *contract.notice) < first:
            return "The notice period would be longer than the whole term."
        return ""


class DocumentForm(VersionedForm):
    title = LineField(max_length=300)
    link = LinkField(label="Address")
    day = DayField(required=False, label="Date")

    class Meta:
        model = Document
        fields = ["title", "link", "day"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["link"].required = True
