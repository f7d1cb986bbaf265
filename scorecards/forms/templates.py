"""What people may type when they work on a template."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import inlineformset_factory, modelformset_factory

from accounts.models import RATER_ROLES
from accounts.versions import VersionedForm
from partners.models import KINDS
from scorecards.models import Band, Category, Criterion, Template
from scorecards.numbers import NotANumber, parse_decimal
from scorecards.services.templates import HEADER


class PlainDecimalField(forms.Field):
    """A decimal in plain digits; nothing is guessed and nothing rounded."""

    def __init__(self, *, least: int = 0, most: int = 10_000, places: int = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.limits = {"least": least, "most": most, "places": places}
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def prepare_value(self, value: Any) -> Any:
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip()
        if not text:
            return None
        try:
            return parse_decimal(text, **self.limits)
        except NotANumber as error:
            raise ValidationError(str(error)) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.prepare_value(initial) != (data or None) and str(initial or "") != str(data or "")


class TemplateForm(VersionedForm):
    """What holds for the whole template."""

    minimum_coverage = PlainDecimalField(
        most=100, places=2, help_text="Per cent of the weight that must be scored for a final score."
    )
    minimum_raters = forms.IntegerField(min_value=1, max_value=1000)

    class Meta:
        model = Template
        fields = ["kind", "minimum_coverage", "minimum_raters"]


class CategoryForm(forms.ModelForm):
    weight = PlainDecimalField()

    class Meta:
        model = Category
        fields = ["name", "weight", "position"]
        widgets = {"position": forms.NumberInput(attrs={"min": 0, "max": 999})}


class CriterionForm(forms.ModelForm):
    weight = PlainDecimalField()
    critical_minimum = PlainDecimalField(most=100, required=False)
    anchors = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 5}), max_length=5000,
        help_text="One sentence a line, lowest level first.",
    )  # fmt: skip
    roles = forms.MultipleChoiceField(
        choices=RATER_ROLES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: everybody.",
    )

    class Meta:
        model = Criterion
        fields = ["category", "name", "weight", "position", "roles", "critical_minimum", "anchors"]
        widgets = {"position": forms.NumberInput(attrs={"min": 0, "max": 999})}

    def __init__(self, *args: Any, template: Template, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.template = template
        self.fields["category"].queryset = template.categories.all()
        if self.instance.pk:
            self.initial["anchors"] = "\n".join(self.instance.anchors)

    def clean_anchors(self) -> list[str]:
        """One sentence a level, or none at all."""
        lines = [" ".join(line.split()) for line in self.cleaned_data["anchors"].splitlines() if line.strip()]
        levels = self.template.scale_max - self.template.scale_min + 1
        if lines and len(lines) != levels:
            raise ValidationError(f"Write {levels} sentences, one for each level; there are {len(lines)}.")
        if any(len(line) > 500 for line in lines):
            raise ValidationError("A sentence has more than 500 characters.")
        return lines


class BandForm(forms.ModelForm):
    lower = PlainDecimalField(most=100, places=1)

    class Meta:
        model = Band
        fields = ["letter", "name", "lower"]


CategoryFormSet = inlineformset_factory(Template, Category, form=CategoryForm, extra=1, can_delete=True)
CriterionFormSet = modelformset_factory(Criterion, form=CriterionForm, extra=2, can_delete=True)
BandFormSet = inlineformset_factory(Template, Band, form=BandForm, extra=0, can_delete=False)


class ImportForm(forms.Form):
    """A template table, uploaded."""

    file = forms.FileField(label="CSV file", help_text=f"Columns: {', '.join(HEADER)}, anchor_1 … anchor_5.")
    name = forms.CharField(max_length=200, help_text="An existing name makes its next version.")
    kind = forms.ChoiceField(choices=KINDS, label="For partners of kind")

    def clean_file(self) -> str:
        """The file's text."""
        upload = self.cleaned_data["file"]
        if upload.size > 2_000_000:
            raise ValidationError("This file is larger than 2 MB; a template is a short table.")
        try:
            return upload.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ValidationError(
                "This is not a CSV file in UTF-8. Save it as “CSV UTF-8” and try again."
            ) from None


def weight_fields(template: Template, data: Any) -> tuple[dict[str, Decimal], dict[str, str]]:
    """Read what-if weights from a query: ({field: weight}, {field: sentence}); unknown fields are ignored."""
    weights: dict[str, Decimal] = {}
    errors: dict[str, str] = {}
    for category in template.categories.all():
        for prefix, row in [("g", category), *(("c", criterion) for criterion in category.criteria.all())]:
            name = f"{prefix}{row.pk}"
            try:
                weights[name] = (
                    parse_decimal(data[name], least=0, most=10_000) if data.get(name) else row.weight
                )
            except NotANumber as error:
                weights[name], errors[name] = row.weight, str(error)
    return weights, errors
