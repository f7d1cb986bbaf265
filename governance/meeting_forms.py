"""What people may type in and around a meeting."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone

from accounts.fields import DayField, LineField
from accounts.models import User
from accounts.versions import VersionedForm
from governance.forms import TextField
from governance.models import Action, AgendaItem, Attendance, MeetingDecision, MinutesAmendment
from governance.models.forums import SENIORITIES, SIDES, THEM, US
from partners.fields import LinkField
from partners.models import Partner
from vendorhub.roles import ADMINISTRATOR


class MinutesForm(VersionedForm):
    """What was said on an item."""

    minutes = TextField(called="text", rows=3, required=False, label="What was said")
    internal_note = TextField(called="note", rows=2, required=False, label="For our side alone")

    class Meta:
        model = AgendaItem
        fields = ["minutes", "internal_note"]


class ItemForm(VersionedForm):
    """An item's words. A person has touched it then: a new draft leaves them alone."""

    title = LineField(max_length=300, error_messages={"required": "What is it about?"})

    class Meta:
        model = AgendaItem
        fields = ["title", "is_internal"]

    def save(self, commit: bool = True) -> Any:
        self.instance.is_touched = True
        return super().save(commit)


class DropForm(forms.Form):
    reason = LineField(
        max_length=500,
        label="Why it is left out",
        error_messages={"required": "Say why: it is kept with the agenda."},
    )


class DecisionLineForm(forms.ModelForm):
    text = LineField(max_length=1_000, label="Decided", error_messages={"required": "What was decided?"})

    class Meta:
        model = MeetingDecision
        fields = ["text"]


class AttendeeForm(forms.ModelForm):
    """Somebody who came without being expected."""

    name = LineField(max_length=200, error_messages={"required": "Who came?"})
    side = forms.ChoiceField(choices=SIDES)
    seniority = forms.TypedChoiceField(choices=SENIORITIES, coerce=int)

    class Meta:
        model = Attendance
        fields = ["name", "side", "seniority"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        there = Attendance.objects.filter(
            meeting=self.instance.meeting_id, side=data.get("side"), name=data.get("name")
        )
        if data.get("name") and there.exists():
            self.add_error("name", "This name is on the list already.")
        return data


class AmendmentForm(forms.ModelForm):
    text = TextField(
        called="text",
        rows=3,
        label="What has to be corrected or added",
        error_messages={"required": "What is to be said?"},
    )

    class Meta:
        model = MinutesAmendment
        fields = ["text"]

    def clean_text(self) -> str:
        text = self.cleaned_data["text"]
        if len(text) > 5_000:
            raise ValidationError(f"This is {len(text):,} characters long; 5,000 are kept. Shorten it.")
        return text


def people_who_see(partner: Partner | None, user: Any, there: int | None = None) -> Any:
    """People the user may name who stand inside a partner's walls (None: see every unit), and who is there already."""
    inside = Q(all_units=True) | Q(role=ADMINISTRATOR)
    if partner and partner.unit_id is None:
        inside = Q()
    elif partner:
        inside |= Q(units=partner.unit_id)
    named = User.objects.visible_to(user).able_to_sign_in().filter(inside)
    return User.objects.filter(Q(pk__in=named.values("pk")) | Q(pk=there))


class ActionForm(VersionedForm):
    """Who does what until when. Ours have an owner who signs in, theirs a name."""

    what = LineField(max_length=500, error_messages={"required": "What is to be done?"})
    their_owner = LineField(max_length=200, required=False, label="Their owner")
    due_on = DayField(label="Due")

    class Meta:
        model = Action
        fields = ["what", "side", "owner", "their_owner", "due_on"]

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner: Any = self.fields["owner"]
        owner.queryset = people_who_see(self.instance.forum.partner, user, self.instance.owner_id)
        owner.empty_label = "Nobody yet"
        owner.label = "Our owner"

    def clean_due_on(self) -> date:
        due: date = self.cleaned_data["due_on"]
        made = self.instance.made_on or timezone.localdate()
        if due < made and "due_on" in self.changed_data:
            raise ValidationError("It cannot be due before it was agreed.")
        return due

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("side") == US and data.get("their_owner"):
            self.add_error("their_owner", "It is ours: choose one of us instead, or make it theirs.")
        elif data.get("side") == THEM and data.get("owner"):
            self.add_error("owner", "It is theirs: write their name instead, or make it ours.")
        return data


class CloseForm(forms.Form):
    """How an action ended, and what shows it."""

    outcome = forms.ChoiceField(
        choices=Action.OUTCOMES[1:], widget=forms.RadioSelect, initial=Action.DONE, label="What became of it",
        error_messages={"required": "Done or dropped?", "invalid_choice": "Done or dropped?"},
    )  # fmt: skip
    evidence = LineField(
        max_length=1_000, label="What shows it", help_text="What was sent, seen or measured; or why it was dropped.",
        error_messages={"required": "Say what shows that it is done, or why it is dropped."},
    )  # fmt: skip
    link = LinkField()
