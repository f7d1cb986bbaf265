"""What a person may say about a register: the file, how its columns are read, who is whom."""

import hashlib
from typing import Any

from django import forms

from accounts.models import BusinessUnit
from partners.models import RegisterImport
from partners.register.columns import FIELDS
from partners.register.money import CURRENCIES
from partners.register.resolving import SEPARATE
from partners.register.safety import MAX_BYTES, MEGABYTE

DATE_ORDERS = [("", "As the columns tell"), ("dmy", "3 April (day first)"), ("mdy", "4 March (month first)")]


class _UnitForm(forms.Form):
    """The business unit of everything in the file; people inside walls with several units must choose."""

    unit = forms.ModelChoiceField(BusinessUnit.objects.none(), required=False, label="Business unit")

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit = self.fields["unit"]
        unit.queryset = BusinessUnit.objects.visible_to(user)  # type: ignore[attr-defined]
        unit.empty_label = "As the file says"  # type: ignore[attr-defined]
        unit.widget.attrs["class"] = "form-select"


class UploadForm(_UnitForm):
    """A register to look at."""

    file = forms.FileField(
        label="CSV or XLSX file",
        help_text=f"Up to {MAX_BYTES // MEGABYTE} MB and 100,000 rows, with a line of headings. Nothing is written yet.",
        error_messages={"required": "Choose a file first.", "empty": "The file is empty."},
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".csv,.txt,.tsv,.xlsx"}),
    )
    field_order = ["file", "unit"]


class ReviewForm(_UnitForm):
    """Corrections to how a register is read, and decisions on spellings that may be one partner."""

    currency = forms.CharField(required=False, max_length=3, label="Currency of amounts that name none")
    date_order = forms.ChoiceField(choices=DATE_ORDERS, required=False, label="03/04/2026 means")
    sheet = forms.ChoiceField(required=False)

    def __init__(self, user: Any, register: RegisterImport, *args: Any, **kwargs: Any) -> None:
        self.register, self.report = register, register.report
        super().__init__(user, *args, **kwargs)
        places = self.report.get("places", {})
        headings = self.report.get("headings", [])
        self.initial = {**self.initial, "unit": register.unit_id, **register.options}
        self.fields["currency"].widget.attrs |= {
            "class": "form-control",
            "placeholder": "EUR",
            "autocomplete": "off",
        }
        self.fields["date_order"].widget.attrs["class"] = "form-select"
        for name, label in FIELDS.items():
            self.fields[f"column_{name}"] = forms.ChoiceField(
                choices=[("", "not in the file"), *((h, h) for h in headings)], required=False, label=label,
                initial=register.columns.get(name, places.get(name, "")),
                widget=forms.Select(attrs={"class": "form-select", "aria-label": f"Column for {label.lower()}"}),
            )  # fmt: skip
        sheets = self.report.get("sheets", [])
        if len(sheets) > 1:
            self.fields["sheet"].choices = [(s, s) for s in sheets]  # type: ignore[attr-defined]
            self.fields["sheet"].widget.attrs["class"] = "form-select"
            self.initial["sheet"] = self.report.get("sheet", "")
        else:
            del self.fields["sheet"]
        for proposal in self.report.get("proposals", []):
            key = proposal_key(proposal["spelling"])
            self.fields[key] = forms.ChoiceField(
                choices=[(SEPARATE, "A partner of its own"), (proposal["target"], f"The same as {proposal['other']}")],
                required=False, initial=register.decisions.get(proposal["spelling"], SEPARATE),
                widget=forms.RadioSelect,
            )  # fmt: skip

    def clean_currency(self) -> str:
        code: str = self.cleaned_data["currency"].strip().upper()
        if code and code not in CURRENCIES:
            raise forms.ValidationError(
                f"“{code}” is no ISO 4217 currency code. Write one such as EUR or AUD."
            )
        return code

    def clean_column_partner(self) -> str:
        column: str = self.cleaned_data["column_partner"]
        if not column:
            raise forms.ValidationError(
                "Choose the column that names the partner: no row can come in without one."
            )
        return column

    def said(self) -> dict[str, Any]:
        """What differs from how the file is read anyway, in the form that `decide` takes."""
        said = self.cleaned_data
        places, before = self.report.get("places", {}), self.register.columns
        columns = {
            name: said[f"column_{name}"]
            for name in FIELDS
            if name in before or said[f"column_{name}"] != places.get(name, "")
        }
        options = {n: said.get(n, "") for n in ("currency", "date_order") if said.get(n)}
        if (
            said.get("sheet", "") not in ("", self.report.get("sheet", ""))
            or "sheet" in self.register.options
        ):
            options["sheet"] = said.get("sheet") or self.register.options["sheet"]
        if options.get("sheet", "") != self.register.options.get("sheet", ""):
            columns = {}  # another sheet has other columns
        decisions = dict(self.register.decisions)
        for proposal in self.report.get("proposals", []):
            choice = said.get(proposal_key(proposal["spelling"])) or SEPARATE
            if choice != SEPARATE or proposal["spelling"] in decisions:
                decisions[proposal["spelling"]] = choice
        return {"columns": columns, "options": options, "decisions": decisions, "unit": said["unit"]}

    def mark_certain_the_same(self) -> None:
        """Decide, as the person asked, that spellings which differ in case, signs or legal form only are one partner."""
        for proposal in self.report.get("proposals", []):
            if proposal["certain"]:
                self.cleaned_data[proposal_key(proposal["spelling"])] = proposal["target"]

    # --- for the page ------------------------------------------------------------------------------------
    def column_rows(self) -> list[dict[str, Any]]:
        """Each FIELD with its select, how it was matched and the first values of its column."""
        examples = dict(zip(self.report.get("headings", []), self.report.get("examples", []), strict=False))
        places, how = self.report.get("places", {}), self.report.get("how", {})
        words = {"name": "by its heading", "content": "by its content", "chosen": "as you chose"}
        rows = [
            {
                "label": label, "field": self[f"column_{name}"], "how": words.get(how.get(name, ""), ""),
                "example": examples.get(places.get(name, ""), ""),
            }
            for name, label in FIELDS.items()
        ]  # fmt: skip
        return sorted(rows, key=lambda row: not (row["how"] or row["field"].errors))

    def proposal_rows(self) -> list[dict[str, Any]]:
        """Each proposal with its field."""
        return [{**p, "field": self[proposal_key(p["spelling"])]} for p in self.report.get("proposals", [])]


def proposal_key(spelling: str) -> str:
    """A form field's name for a spelling."""
    return f"same-{hashlib.sha256(spelling.encode()).hexdigest()[:16]}"
