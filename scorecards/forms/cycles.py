"""What people may type when they set up a cycle."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.fields import DayField, LineField, refuse_hidden_signs
from accounts.models import RATER_ROLES, BusinessUnit, User
from accounts.numbers import row_number
from accounts.versions import VersionedForm
from partners.models import KINDS, SEGMENTS, Partner
from partners.search import search_partners
from scorecards.models import TEMPLATE_KINDS, Cycle, Template

RULES = [
    ("owner", "each partner’s owner"),
    ("unit", "everybody of the partner’s business unit"),
    ("all", "everybody, on every partner they may see"),
]
LONGEST_REASON = 2000


class CycleForm(VersionedForm):
    name = LineField(max_length=100, help_text="For example 2026 Q4. It stands on every score.")
    starts = DayField(label="First day")
    ends = DayField(label="Last day")
    due = DayField(label="Raters submit by")

    class Meta:
        model = Cycle
        fields = ["name", "starts", "ends", "due"]

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        if Cycle.objects.filter(name__iexact=name).exclude(pk=self.instance.pk).exists():
            raise ValidationError(f"There is a cycle {name} already. Choose another name.")
        return name

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        starts, ends, due = (data.get(name) for name in ("starts", "ends", "due"))
        if starts and ends and ends < starts:
            self.add_error("ends", "The last day lies before the first day.")
        if starts and due and due < starts:
            self.add_error("due", "Raters cannot submit before the first day.")
        elif due and "due" in self.changed_data and due < timezone.localdate():
            self.add_error("due", "This day has passed. Choose today or a later day.")
        return data


class NewCycleForm(CycleForm):
    """A new cycle, empty or with the partners and raters of an earlier one."""

    source = forms.ModelChoiceField(
        Cycle.objects.none(), required=False, empty_label="Nothing: I choose them", label="Start from",
        help_text="Partners still active and raters still able to sign in come over. You can change both before opening.",
        error_messages={"invalid_choice": "This cycle is no longer there. Choose another."},
    )  # fmt: skip

    def __init__(self, *args: Any, sources: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].queryset = sources
        self.fields["source"].label_from_instance = lambda cycle: f"the partners and raters of {cycle}"  # type: ignore[attr-defined]
        if not sources.exists():
            del self.fields["source"]


class PartnerFilter(forms.Form):
    """Which partners to choose from; every field may be left open."""

    find = forms.CharField(required=False, max_length=200, label="Find")
    kind = forms.ChoiceField(required=False, choices=[("", "All kinds"), *KINDS])
    segment = forms.ChoiceField(required=False, choices=[("", "All segments"), *SEGMENTS])
    unit = forms.ModelChoiceField(
        BusinessUnit.objects.none(), required=False, empty_label="All units", label="Business unit"
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["unit"].queryset = BusinessUnit.objects.visible_to(user)

    def partners(self, *, archived: bool = False) -> Any:
        """The visible partners that match, archived ones only if asked for; none while the filter cannot be read."""
        seen = Partner.objects.visible_to(self.user)
        found = seen if archived else seen.active()
        if not self.is_bound:
            return found
        if not self.is_valid():
            return found.none()
        chosen = self.cleaned_data
        for name in ("kind", "segment", "unit"):
            if chosen[name]:
                found = found.filter(**{name: chosen[name]})
        return search_partners(found, chosen["find"])


class RaterRuleForm(forms.Form):
    """Ask several people at once, by a rule."""

    rule = forms.ChoiceField(choices=RULES, label="Ask")
    rater_roles = forms.MultipleChoiceField(
        choices=RATER_ROLES, widget=forms.CheckboxSelectMultiple, label="Only people from",
        initial=[role for role, _ in RATER_ROLES], error_messages={"required": "Tick at least one side."},
    )  # fmt: skip

    def people(self, user: Any) -> Any:
        """The people the rule may choose, with their units."""
        people = User.objects.visible_to(user).able_to_sign_in().prefetch_related("units")
        return people.filter(rater_role__in=self.cleaned_data["rater_roles"])


class RaterForm(forms.Form):
    """Ask one person."""

    rater = forms.ModelChoiceField(
        User.objects.none(), empty_label="Choose a person", label="Person",
        error_messages={
            "required": "Choose a person.", "invalid_choice": "This person is no longer there. Choose another.",
        },
    )  # fmt: skip
    rater_role = forms.ChoiceField(
        choices=[("", "Their usual side"), *RATER_ROLES], required=False, label="As", help_text="The side they rate from.",
    )  # fmt: skip

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rater"].queryset = User.objects.visible_to(user).able_to_sign_in()

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("rater"):
            data["rater_role"] = data.get("rater_role") or data["rater"].rater_role
        return data


class TemplateForm(forms.Form):
    """Another template for partners of a kind."""

    kind = forms.ChoiceField(choices=TEMPLATE_KINDS)
    template = forms.ModelChoiceField(
        Template.objects.filter(state=Template.ACTIVE),
        error_messages={"required": "Choose a template.", "invalid_choice": "This template is no longer active."},
    )  # fmt: skip


class ExtendForm(forms.Form):
    due = DayField(label="New due date")


class ReopenForm(forms.Form):
    # No max_length: a browser would cut what is pasted without a word.
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), label="Why it is opened again",
        help_text=f"At most {LONGEST_REASON:,} characters. It is kept in the cycle’s history.",
        error_messages={"required": "Say why the cycle is opened again: it is kept in its history."},
        validators=[refuse_hidden_signs],
    )  # fmt: skip

    def clean_reason(self) -> str:
        reason = self.cleaned_data["reason"].replace("\r\n", "\n")
        if len(reason) > LONGEST_REASON:
            raise ValidationError(
                f"This is {len(reason):,} characters long, {len(reason) - LONGEST_REASON:,} too many."
            )
        return reason


def ticked(rows: Any, numbers: list[str], noun: str) -> Any:
    """The rows of a list that were ticked; ValidationError where one of them is not there (any more)."""
    wanted = {row_number(number) for number in numbers}
    found = rows.filter(pk__in=wanted - {None})
    if not wanted:
        raise ValidationError(f"Tick at least one {noun}.")
    if None in wanted or found.count() < len(wanted):
        raise ValidationError(
            f"A {noun} you ticked is no longer in this list. Look at it again: nothing was changed."
        )
    return found
