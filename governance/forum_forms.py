"""What people may type about forums and when they meet. Choices come from what they may see."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from accounts.fields import DayField, LineField, WholeNumberField
from accounts.models import User
from accounts.versions import VersionedForm
from governance.forms import TextField
from governance.meeting_forms import people_who_see
from governance.models import Forum, Meeting, Member
from governance.models.forums import THEM, US, USUAL
from partners.fields import CountryField, TimeZoneField
from partners.models import Contact, Partner


class HourField(forms.TimeField):
    """A time of day from the browser's picker."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"), input_formats=["%H:%M", "%H:%M:%S"],
            error_messages={"invalid": "This is not a time of day. Write it as 14:30."}, **kwargs,
        )  # fmt: skip


def _lasts(**kwargs: Any) -> WholeNumberField:
    return WholeNumberField(min_value=5, max_value=600, label="Minutes it lasts", **kwargs)


class ForumForm(VersionedForm):
    purpose = LineField(max_length=500, help_text="What this round is for, in a sentence.")
    first_on = DayField(label="First meeting", help_text="Later ones are counted from this day.")
    starts_at = HourField(label="Begins at")
    lasts = _lasts()
    place = LineField(max_length=300, required=False, help_text="A room, or the address of a video call.")
    country = CountryField(help_text="Whose public holidays are avoided, as DE or US. Empty: weekends only.")
    time_zone = TimeZoneField(help_text=f"Empty: {settings.TIME_ZONE}.")
    standing_agenda = TextField(
        called="agenda", rows=4, required=False, help_text="One item a line; every meeting begins with them."
    )

    class Meta:
        model = Forum
        fields = [
            "level", "purpose", "cadence", "first_on", "starts_at", "lasts", "place", "chair", "our_level", "their_level",
            "country", "time_zone", "standing_agenda",
        ]  # fmt: skip

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chair: Any = self.fields["chair"]
        chair.queryset = people_who_see(self.instance.partner, user, self.instance.chair_id)
        chair.empty_label = "Nobody yet"
        if self.instance.partner_id is None:
            self.instance.their_level = self.instance.our_level
            del self.fields["their_level"]

    def clean_time_zone(self) -> str:
        return self.cleaned_data["time_zone"] or settings.TIME_ZONE

    def clean_standing_agenda(self) -> str:
        text = self.cleaned_data["standing_agenda"]
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if len(lines) > 30:
            raise ValidationError(f"These are {len(lines)} items; 30 are more than a meeting holds.")
        if long := next((line for line in lines if len(line) > 300), None):
            raise ValidationError(f"“{long[:40]}…” is longer than 300 characters. Shorten it.")
        return "\n".join(lines)

    def clean_level(self) -> str:
        """A partner has one forum a level."""
        level = self.cleaned_data["level"]
        twins = Forum.objects.kept().filter(partner=self.instance.partner_id, level=level)
        if twins.exclude(pk=self.instance.pk).exists():
            whose = self.instance.partner or "The portfolio"
            raise ValidationError(f"{whose} has a {level} forum already. Change that one.")
        return level


def usual(level: str) -> dict[str, int]:
    """What a form for a forum of a level begins with."""
    months, seniority = USUAL[level]
    return {"cadence": months, "our_level": seniority, "their_level": seniority}


class MoveForm(VersionedForm):
    day = DayField(label="Day")
    starts_at = HourField(label="Begins at")
    lasts = _lasts()
    place = LineField(max_length=300, required=False)
    reason = LineField(
        max_length=500, required=False, label="Why", help_text="Members read it in the update."
    )

    class Meta:
        model = Meeting
        fields = ["day", "starts_at", "lasts", "place", "reason"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        moved = {"day", "starts_at"} & set(self.changed_data)
        if moved and not data.get("reason") and "reason" not in self.errors:
            self.add_error("reason", "Say why it is moved: everybody who is invited will ask.")
        return data


class SkipForm(forms.Form):
    reason = LineField(
        max_length=500, label="Why it is left out",
        error_messages={"required": "Say why: whether the rhythm is kept is counted."},
    )  # fmt: skip


class MemberForm(VersionedForm):
    """Somebody of ours is a user; somebody of theirs a contact of the partner."""

    who = forms.ChoiceField(label="Who", error_messages={"required": "Choose a person."})

    class Meta:
        model = Member
        fields = ["seniority"]

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        forum = self.instance.forum
        there = forum.members.filter(left_on=None)
        ours = (
            User.objects.visible_to(user)
            .able_to_sign_in()
            .exclude(pk__in=there.exclude(user=None).values("user"))
        )
        theirs = Contact.objects.filter(
            partner__in=Partner.objects.visible_to(user).filter(pk=forum.partner_id)
        ).exclude(pk__in=there.exclude(contact=None).values("contact"))
        self.people = {
            **{f"us-{one.pk}": one for one in ours.order_by("name")},
            **{f"them-{one.pk}": one for one in theirs if not one.has_ended},
        }
        groups: list[Any] = [("", "Choose a person")]
        for side, label in ((US, "Us"), (THEM, str(forum.partner))):
            names = [
                (key, f"{one.name}{f', {one.role}' if isinstance(one, Contact) and one.role else ''}")
                for key, one in self.people.items()
                if key.startswith(f"{side}-")
            ]
            if names:
                groups.append((label, names))
        self.fields["who"].choices = groups  # type: ignore[attr-defined]
        self.order_fields(["who", "seniority"])

    def clean_who(self) -> str:
        person = self.people[self.cleaned_data["who"]]
        member = self.instance
        member.name = person.name
        if isinstance(person, User):
            member.side, member.user = US, person
        else:
            member.side, member.contact = THEM, person
        return self.cleaned_data["who"]
