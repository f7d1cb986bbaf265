"""What people may type about decisions and reminders."""

import re
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.fields import DayField, refuse_unreadable
from accounts.templatetags.look import day
from accounts.versions import VersionedForm
from governance.models import AT_ADMISSION, AT_RENEWAL, CONDITIONS, DEFER, Decision, LeadTimes
from governance.models.packs import A4, AUDIENCES, INTERNAL, PAPERS
from governance.packs.quarter import Quarter, choices
from partners.models import SEGMENTS, Contract, Partner

LONGEST = 20_000


class TextField(forms.CharField):
    """Text of several lines that others can read as it was typed."""

    def __init__(self, *, called: str, rows: int = 3, **kwargs: Any) -> None:
        # No max_length: a browser would cut what is pasted without a word.
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), **kwargs)
        self.called = called

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value) or "").replace("\r\n", "\n")

    def validate(self, value: str) -> None:
        super().validate(value)
        if len(value) > LONGEST:
            raise ValidationError(
                f"This is {len(value):,} characters long; {LONGEST:,} are kept. Shorten it: a link to a document will do."
            )
        refuse_unreadable(value, self.called)


class DecisionForm(forms.Form):
    """What is decided and why. `last`: the decision there is already, which this one replaces."""

    outcome = forms.ChoiceField(
        widget=forms.RadioSelect, label="Decision",
        error_messages={"required": "Choose what is decided.", "invalid_choice": "Choose one of these."},
    )  # fmt: skip
    reasons = TextField(
        called="text", label="Reasons, kept with this brief",
        error_messages={"required": "Say why: next time this is what people will ask."},
    )  # fmt: skip
    conditions = TextField(called="text", rows=2, required=False, label="On what conditions")
    instead_of = forms.CharField(required=False)
    offered: list[tuple[str, str]] = []

    def __init__(self, *args: Any, last: Decision | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.last = last
        self.fields["outcome"].choices = self.offered  # type: ignore[attr-defined]

    def clean_instead_of(self) -> int | None:
        """Which decision this one replaces has to be said."""
        typed = self.data.get("instead_of")
        if self.last and typed != str(self.last.pk):
            raise ValidationError("Something is decided already. Tick that this decision counts instead.")
        return self.last.pk if self.last else None


class AdmissionForm(DecisionForm):
    """What is decided about admitting a partner."""

    offered = AT_ADMISSION

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if (
            data.get("outcome") == CONDITIONS
            and not data.get("conditions")
            and "conditions" not in self.errors
        ):
            self.add_error("conditions", "Say on what conditions.")
        return data


class RenewalForm(DecisionForm):
    """What is decided about a contract's term."""

    deferred_to = DayField(required=False, label="Look at it again on")
    offered = AT_RENEWAL

    def __init__(self, *args: Any, contract: Contract, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.contract = contract

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        outcome, until = data.get("outcome"), data.get("deferred_to")
        if outcome == DEFER and not until and "deferred_to" not in self.errors:
            self.add_error("deferred_to", "Say on which day it has to be looked at again.")
        elif outcome and outcome != DEFER and until:
            self.add_error("deferred_to", "Only deferring has a day. Clear it, or choose to defer.")
        elif until and (wrong := self._wrong_day(until)):
            self.add_error("deferred_to", wrong)
        return data

    def _wrong_day(self, until: date) -> str:
        """Why a day is too early or too late to look at it again; empty if it is not."""
        today, deadline, ends = self.contract.today, self.contract.notice_deadline, self.contract.term_ends
        if until <= today:
            return f"{day(until)} is not ahead. Choose a day from tomorrow on."
        if ends and until > ends:
            return f"The term ends on {day(ends)}; by {day(until)} there is nothing left to decide."
        if deadline and deadline >= today and until > deadline:
            return f"Notice is due by {day(deadline)}. Choose a day up to then."
        return ""


class FollowUpForm(VersionedForm):
    """What came of a decision, written down later."""

    came_of_it = TextField(called="text", required=False, label="What came of it")

    class Meta:
        model = Decision
        fields = ["came_of_it"]


class LeadTimesField(forms.CharField):
    """Days before a deadline as one writes them: 180, 90, 30. Kept with the longest first."""

    MOST, LONGEST = 12, 730
    default_error_messages = {"required": "Give at least one, so that no deadline passes unsaid."}

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)

    def clean(self, value: Any) -> list[int]:
        words = [word for word in re.split(r"[,;\s]+", super().clean(value)) if word]
        for word in words:
            if not re.fullmatch(r"[0-9]{1,9}", word):
                raise ValidationError(
                    f"“{word[:40]}” is no number of days. Write for example 180, 90, 30, 3."
                )
        days = [int(word) for word in words]
        if wrong := next((number for number in days if not 1 <= number <= self.LONGEST), None):
            raise ValidationError(
                f"{wrong} is too long: a reminder comes 1 to {self.LONGEST} days before the deadline."
            )
        if 0 in days:
            raise ValidationError("0 is no lead time: on the deadline itself it is too late to decide.")
        if twice := next((number for number in days if days.count(number) > 1), None):
            raise ValidationError(f"{twice} stands there twice.")
        if len(days) > self.MOST:
            raise ValidationError(f"{len(days)} are too many: at most {self.MOST}.")
        if not days:
            raise ValidationError(self.error_messages["required"])
        return sorted(days, reverse=True)


class LeadTimesForm(VersionedForm):
    """When people are reminded of a deadline, by the segment of the partner."""

    strategic = LeadTimesField()
    preferred = LeadTimesField()
    tactical = LeadTimesField()
    transactional = LeadTimesField()

    class Meta:
        model = LeadTimes
        fields = [segment for segment, _ in SEGMENTS]


class PackForm(forms.Form):
    """Which quarter a pack is about, for whom, and on which paper. What an address leaves out is as usual."""

    quarter = forms.ChoiceField(
        required=False, error_messages={"invalid_choice": "Choose one of these quarters."}
    )
    audience = forms.ChoiceField(
        required=False,
        choices=AUDIENCES,
        label="For whom",
        error_messages={"invalid_choice": "Choose one of these."},
    )
    paper = forms.ChoiceField(
        required=False, choices=PAPERS, error_messages={"invalid_choice": "Choose A4 or Letter."}
    )

    def __init__(self, *args: Any, partner: Partner | None, today: date, **kwargs: Any) -> None:
        usual = {"quarter": Quarter.of(today).before.slug, "audience": INTERNAL, "paper": A4}
        super().__init__(*args, initial=usual, **kwargs)
        self.fields["quarter"].choices = [(one.slug, str(one)) for one in choices(today)]  # type: ignore[attr-defined]
        if partner is None or partner.kind == "own":
            del self.fields["audience"]

    def clean(self) -> dict[str, Any]:
        """With what is usual where nothing was chosen."""
        return {name: value or self.initial[name] for name, value in self.cleaned_data.items()}
