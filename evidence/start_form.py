"""Something happened, with whom and of which kind? The line from which an entry is begun anywhere."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.fields import DayField, LineField
from evidence.kinds import ENTERED
from partners.models import Partner
from partners.search import LONGEST, partners_called, search_partners

OFFERED = 300  # names in the list below the field
MEANT = 3  # names that may have been meant


class StartForm(forms.Form):
    """A partner by name, among those the user sees; `cleaned_data["partner"]` is the partner."""

    partner = LineField(
        max_length=LONGEST, label="With whom", error_messages={"required": "Name the partner."}
    )
    text = LineField(required=False, max_length=500, label="What happened")
    kind = forms.ChoiceField(
        label="Kind", choices=[(slug, kind.one.capitalize()) for slug, kind in ENTERED.items()]
    )
    day = DayField(required=False, label="Day")

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.partners = Partner.objects.visible_to(user).active()
        self.fields["partner"].widget.attrs |= {"list": "partners", "autocomplete": "off"}
        self.fields["text"].widget.attrs["autocomplete"] = "off"

    def offered(self) -> Iterable[str]:
        """Names to choose from."""
        return self.partners.order_by("name").values_list("name", flat=True)[:OFFERED]

    def clean_partner(self) -> Partner:
        name = self.cleaned_data["partner"]
        found = partners_called(self.partners, name)[:2]
        found = found if len(found) else self.partners.filter(name__istartswith=name)[:2]
        if len(found) == 1:
            return found[0]
        meant = [partner.name for partner in search_partners(self.partners, name)[:MEANT]]
        if len(found) > 1:
            raise ValidationError(
                f"Several partners are called so: {', '.join(meant)}. Write the whole name."
            )
        said = f" Perhaps you mean {' or '.join(meant)}." if meant else ""
        raise ValidationError(f"No partner that you can see is called so.{said}")
