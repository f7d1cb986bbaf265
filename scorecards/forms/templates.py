"""What people may type when they work on a template."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BaseInlineFormSet, BaseModelFormSet, inlineformset_factory, modelformset_factory

from accounts.fields import LineField, WholeNumberField
from accounts.models import RATER_ROLES
from accounts.numbers import NotANumber, parse_decimal
from accounts.versions import VersionedForm
from evidence.figures import FIGURES
from scorecards import measures
from scorecards.models import TEMPLATE_KINDS, Band, Category, Criterion, Template
from scorecards.scoring import STANDINGS
from scorecards.services.templates import HEADER, text_of


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
        return str(self.prepare_value(initial) or "") != str(data or "").strip()


class LevelField(forms.Field):
    """A value of a figure, as `measures.read_level` reads it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.widget.attrs |= {"autocomplete": "off", "maxlength": 20}

    def to_python(self, value: Any) -> Decimal | None:
        text = str(value or "").strip()
        try:
            return measures.read_level(text) if text else None
        except NotANumber as error:
            raise ValidationError(str(error)) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(initial or "") != str(data or "").strip()


def _figures() -> list:
    """The figures to choose from, those that measure first."""
    able = [(kind.name, kind.label) for kind in FIGURES.values() if kind.measurable]
    others = [(kind.name, kind.label) for kind in FIGURES.values() if not kind.measurable]
    return [("", "none"), ("Can measure", able), ("Can only stand beside it", others)]


class RolesField(forms.MultipleChoiceField):
    """Sides, kept as a list; none means all of them."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return set(initial or []) != set(data or [])


class TemplateForm(VersionedForm):
    """What holds for the whole template; `weight_it` and its like are what an assessment of that side counts."""

    minimum_coverage = PlainDecimalField(
        most=100, places=2, label="Final from coverage, %", help_text="Under it, the score is provisional."
    )
    minimum_raters = WholeNumberField(min_value=1, max_value=1000, label="Final from raters")

    class Meta:
        model = Template
        fields = ["kind", "minimum_coverage", "minimum_raters"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for role, name in RATER_ROLES:
            field = PlainDecimalField(most=9999, required=False, label=f"{name} counts", initial=Decimal(1))
            self.fields[f"weight_{role}"] = field
            self.initial[f"weight_{role}"] = Decimal(self.instance.role_weights.get(role, 1))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        weights = {role: data.get(f"weight_{role}") for role, _ in RATER_ROLES}
        weights = {role: Decimal(1) if weight is None else weight for role, weight in weights.items()}
        if not any(weights.values()):
            self.add_error("weight_procurement", "At least one side must count.")
        # One constraint of the table: four digits before the point, four after it.
        self.instance.role_weights = {
            role: f"{weight.normalize():f}" for role, weight in weights.items() if weight != 1
        }
        return data

    @property
    def sides(self) -> list[forms.BoundField]:
        """What each side counts."""
        return [self[f"weight_{role}"] for role, _ in RATER_ROLES]


class _NamedForm(forms.ModelForm):
    """A row of a draft. Whether its name is taken is for the set of them to say: others may give theirs up."""

    def _get_validation_exclusions(self) -> set[str]:
        return {*super()._get_validation_exclusions(), "name"}


class CategoryForm(_NamedForm):
    name = LineField(max_length=200, label="Category")
    weight = PlainDecimalField(label="Weight, %")

    class Meta:
        model = Category
        fields = ["name", "weight"]


class CriterionForm(_NamedForm):
    """A criterion; `anchor_1` and on are its sentences, lowest mark first."""

    name = LineField(max_length=200, label="Criterion")
    weight = PlainDecimalField(label="Weight, %")
    critical_minimum = PlainDecimalField(
        most=100, required=False, label="Critical under", help_text="A score, 0 to 100. Empty: not critical."
    )
    critical_cap = forms.ChoiceField(required=False, label="Then at most")
    roles = RolesField(
        choices=RATER_ROLES, required=False, widget=forms.CheckboxSelectMultiple, label="Asked of",
        help_text="None ticked: everybody.",
    )  # fmt: skip

    kind = forms.ChoiceField(
        choices=[(Criterion.RATED, "People who rate it"), (Criterion.MEASURED, "A figure, measured")],
        label="The score comes from",
    )  # fmt: skip
    metric = forms.ChoiceField(
        required=False, label="Figure", help_text="Stands beside the criterion for raters, or measures it."
    )
    floor = LevelField(label="0 points at")
    target = LevelField(label="100 points at")
    min_observations = WholeNumberField(
        min_value=1, max_value=10_000, required=False, label="From observations"
    )

    class Meta:
        model = Criterion
        fields = [
            "category", "name", "weight", "roles", "critical_minimum", "critical_cap", "kind", "metric", "floor", "target",
            "min_observations",
        ]  # fmt: skip

    def __init__(self, *args: Any, template: Template, among: list, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"] = forms.ModelChoiceField(template.categories.all(), empty_label=None)
        self.fields["category"].choices = among  # read once, not for every criterion
        letters = [(band.letter, f"{band.letter} {band.name}") for band in template.bands.all()]
        self.fields["critical_cap"].choices = [("", "the second lowest"), *letters]
        stored = self.instance.metric
        unknown = [] if not stored or stored in FIGURES else [(stored, stored)]
        self.fields["metric"].choices = [*_figures(), *unknown]
        for end in ("floor", "target"):
            self.initial[end] = measures.typed(stored, getattr(self.instance, end))
        self.levels = range(template.scale_min, template.scale_max + 1)
        for place, level in enumerate(self.levels):
            self.fields[f"anchor_{level}"] = LineField(required=False, max_length=500, label=str(level))
            self.initial[f"anchor_{level}"] = (self.instance.anchors + [""] * len(self.levels))[place]

    @property
    def anchors(self) -> list[forms.BoundField]:
        return [self[f"anchor_{level}"] for level in self.levels]

    @property
    def opens(self) -> bool:
        """Whether something inside the folded part is wrong or still to be written."""
        inside = set(self.errors) - {"name", "weight"} if self.is_bound else set()
        return bool(inside) or self.instance.name.startswith("New criterion")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        sentences = [data.get(f"anchor_{level}", "") for level in self.levels]
        for level, sentence in zip(self.levels, sentences, strict=True):
            if not sentence and any(sentences) and f"anchor_{level}" not in self.errors:
                self.add_error(f"anchor_{level}", "Write a sentence for every mark, or for none.")
        self.instance.anchors = sentences if any(sentences) else []
        self._clean_line(data)
        return data

    def _clean_line(self, data: dict[str, Any]) -> None:
        """A measured criterion has a figure that measures and a line: the figure's usual one unless somebody says."""
        data["min_observations"] = data.get("min_observations") or 1
        if data.get("kind") != Criterion.MEASURED:
            data |= {"floor": None, "target": None}
            return
        metric, ends = data.get("metric", ""), {"floor", "target"}
        untouched = "metric" in self.changed_data and not ends & set(self.changed_data)
        if metric and not ends & set(self.errors) and (untouched or data["floor"] is data["target"] is None):
            data["floor"], data["target"] = measures.usual_line(metric)
        reason = measures.problem_of(
            Criterion(metric=metric, floor=data.get("floor"), target=data.get("target"))
        )
        figure = FIGURES.get(metric)
        if reason and not (figure and figure.measurable):
            self.add_error("metric", reason if figure else "Choose the figure that measures it.")
        elif reason and not ends & set(self.errors):
            self.add_error("floor" if data["floor"] is None else "target", reason)
        elif not reason and data["floor"] == data["target"]:
            self.add_error("target", "0 points and 100 cannot lie at the same value.")


class BandsForm(forms.Form):
    """The standings, best first; one whose edge is left empty is not used."""

    def __init__(self, *args: Any, template: Template, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.template = template
        saved = {band.letter: band for band in template.bands.all()}
        for letter, name, _ in STANDINGS:
            band = saved.get(letter)
            self.fields[f"name_{letter}"] = LineField(max_length=40, label=f"Name of {letter}")
            self.fields[f"lower_{letter}"] = PlainDecimalField(
                most=100, places=1, required=False, label=f"{letter} begins at"
            )
            self.initial[f"name_{letter}"] = band.name if band else name
            self.initial[f"lower_{letter}"] = band.lower if band else None

    @property
    def rows(self) -> list[tuple[str, forms.BoundField, forms.BoundField]]:
        return [(letter, self[f"name_{letter}"], self[f"lower_{letter}"]) for letter, _, _ in STANDINGS]

    def clean(self) -> dict[str, Any]:
        """Edges fall from one standing to the next, down to 0."""
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        used = [
            (letter, data[f"lower_{letter}"])
            for letter, _, _ in STANDINGS
            if data[f"lower_{letter}"] is not None
        ]
        for (_, above), (letter, edge) in pairwise(used):
            if edge >= above:
                self.add_error(f"lower_{letter}", "It must begin below the standing above it.")
        if len(used) < 2:
            raise ValidationError("Use at least two standings.")
        if used[-1][1] != 0:
            self.add_error(f"lower_{used[-1][0]}", "The lowest standing that is used must begin at 0.")
        return data

    def save(self) -> None:
        """Write the standings anew: edges may change places without meeting on the way."""
        if not self.has_changed():
            return
        self.template.bands.all().delete()
        data = self.cleaned_data
        Band.objects.bulk_create(
            Band(
                template=self.template, letter=letter, name=data[f"name_{letter}"], lower=data[f"lower_{letter}"]
            )
            for letter, _, _ in STANDINGS if data[f"lower_{letter}"] is not None
        )  # fmt: skip


class _NamedApart(BaseModelFormSet):
    """Names are compared as they will stand after the save, so that two rows can change theirs about."""

    def validate_unique(self) -> None:
        staying = [form for form in self.forms if form not in self.deleted_forms]
        sent = {form.instance.pk for form in self.forms}
        taken = {self._place(row) for row in self.get_queryset() if row.pk not in sent}
        for form in staying:
            if not form.is_valid():
                continue
            if (place := self._place(form.instance)) in taken:
                form.add_error("name", "This name is taken here. Choose another one.")
            taken.add(place)

    @staticmethod
    def _place(row: Category | Criterion) -> tuple[int | None, str]:
        return (row.category_id if isinstance(row, Criterion) else None), row.name


class _CategoriesApart(_NamedApart, BaseInlineFormSet):
    pass


CategoryFormSet = inlineformset_factory(
    Template, Category, form=CategoryForm, formset=_CategoriesApart,
    extra=0, can_delete=True, max_num=200, absolute_max=200,
)  # fmt: skip
CriterionFormSet = modelformset_factory(
    Criterion, form=CriterionForm, formset=_NamedApart,
    extra=0, can_delete=True, max_num=400, absolute_max=400,
)  # fmt: skip


class ImportForm(forms.Form):
    """A template table, uploaded."""

    file = forms.FileField(label="CSV file", help_text=f"Columns: {', '.join(HEADER)}, anchor_1 … anchor_5.")
    name = LineField(max_length=200, help_text="An existing name makes its next version.")
    kind = forms.ChoiceField(choices=TEMPLATE_KINDS, label="For partners of kind")
    scale_min = WholeNumberField(min_value=-100, max_value=100, initial=1, label="Lowest mark")
    scale_max = WholeNumberField(min_value=-100, max_value=100, initial=5, label="Highest mark")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        lowest, highest = data.get("scale_min"), data.get("scale_max")
        if lowest is not None and highest is not None and not lowest < highest <= lowest + 20:
            self.add_error("scale_max", "The highest mark lies above the lowest, by at most 20.")
        return data

    def clean_file(self) -> str:
        """The file's text."""
        return text_of(self.cleaned_data["file"])


def weight_fields(template: Template, data: Any) -> tuple[dict[str, Decimal], dict[str, str], dict[str, str]]:
    """Read what-if weights from a query: ({field: weight}, {field: sentence}, {field: what was typed}).

    A field that is missing, empty or wrong keeps the template's weight; unknown fields are ignored.
    """
    weights: dict[str, Decimal] = {}
    errors: dict[str, str] = {}
    typed: dict[str, str] = {}
    for category in template.categories.all():
        for prefix, row in [("g", category), *(("c", criterion) for criterion in category.criteria.all())]:
            name = f"{prefix}{row.pk}"
            typed[name] = data.get(name, "").strip()[:40] or f"{row.weight.normalize():f}"
            try:
                weights[name] = parse_decimal(typed[name], least=0, most=10_000)
            except NotANumber as error:
                weights[name], errors[name] = row.weight, str(error)
    return weights, errors, typed
