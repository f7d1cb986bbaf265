"""What people may type when they set up a cycle."""

from typing import Any

from django import forms

from accounts.fields import DayField, LineField
from accounts.models import RATER_ROLES, BusinessUnit, User
from accounts.versions import VersionedForm
from partners.models import KINDS, SEGMENTS, Partner
from scorecards.models import Cycle

RULES = [
    ("owner", "each partner’s owner"),
    ("unit", "everybody of the partner’s business unit"),
    ("all", "everybody chosen below, on every partner they may see"),
]


class CycleForm(VersionedForm):
    name = LineField(max_length=100)
    starts = DayField(label="First day")
    ends = DayField(label="Last day")
    due = DayField(label="Raters submit by")

    class Meta:
        model = Cycle
        fields = ["name", "starts", "ends", "due"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("starts") and data.get("ends") and data["ends"] < data["starts"]:
            self.add_error("ends", "The last day lies before the first day.")
        if data.get("starts") and data.get("due") and data["due"] < data["starts"]:
            self.add_error("due", "Raters cannot submit before the first day.")
        return data


class PartnerFilter(forms.Form):
    """Which partners to choose from; every field may be left open."""

    find = forms.CharField(required=False, max_length=200, label="Find")
    kind = forms.ChoiceField(required=False, choices=[("", "All kinds"), *KINDS])
    segment = forms.ChoiceField(required=False, choices=[("", "All segments"), *SEGMENTS])
    unit = forms.ModelChoiceField(BusinessUnit.objects.none(), required=False, empty_label="All units")

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["unit"].queryset = BusinessUnit.objects.visible_to(user)

    def partners(self) -> Any:
        """The visible, active partners that match."""
        found = Partner.objects.visible_to(self.user).active()
        if not self.is_valid():
            return found
        chosen = self.cleaned_data
        for name in ("kind", "segment", "unit"):
            if chosen[name]:
                found = found.filter(**{name: chosen[name]})
        return found.filter(name__icontains=chosen["find"]) if chosen["find"] else found


class RaterRuleForm(forms.Form):
    """Ask several people at once, by a rule."""

    rule = forms.ChoiceField(choices=RULES)
    rater_roles = forms.MultipleChoiceField(
        choices=RATER_ROLES, widget=forms.CheckboxSelectMultiple, label="People from",
        initial=[role for role, _ in RATER_ROLES],
    )  # fmt: skip


class RaterForm(forms.Form):
    """Ask one person."""

    rater = forms.ModelChoiceField(User.objects.none(), empty_label="Choose a person")
    rater_role = forms.ChoiceField(choices=RATER_ROLES, label="As")

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rater"].queryset = User.objects.visible_to(user).able_to_sign_in()


class ExtendForm(forms.Form):
    due = DayField(label="New due date")


class ReopenForm(forms.Form):
    reason = forms.CharField(
        max_length=2000, widget=forms.Textarea(attrs={"rows": 2}), label="Why it is opened again"
    )
