"""What people may type about what happened: one form a kind, made of its columns; and the rules between fields."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django import forms
from django.forms import BaseInlineFormSet, BoundField, inlineformset_factory

from accounts.versions import VersionedForm
from evidence.fields import NumberField, form_field
from evidence.models import (
    Benchmark,
    Commitment,
    Disclosure,
    Engagement,
    Entry,
    Incident,
    Programme,
    Promise,
    PromiseMove,
    Request,
)
from evidence.models.contacts import IGNORED
from evidence.models.promises import NOTHING
from evidence.models.service import BENEFITS, OBLIGATIONS, PRAISE

REST = ["reference", "link", "note"]
PAST = {
    "day", "asked_on", "answered_on", "promised_on", "delivered_on", "withdrawn_on", "met_on", "settled_on",
    "conversation_on", "shared_on", "as_of", "moved_on",
}  # fmt: skip
ALL, MOST, HALF, THIRD = "all", "most", "half", "third"


def _callback(column: Any, **_kwargs: Any) -> Any:
    return form_field(column, past=column.name in PAST)


class EntryForm(VersionedForm):
    """An entry. `order`: fields in pairs of (name, share of the line)."""

    order: ClassVar[Sequence[tuple[str, str]]] = ()

    def __init__(self, *args: Any, user: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        for name, field in self.fields.items():
            field.widget.attrs.setdefault("data-field", name)

    def lines(self) -> Iterator[tuple[BoundField, str]]:
        """The fields as they are laid out: (field, class of its width)."""
        for name, share in self.order:
            share = f"{share} check" if isinstance(self.fields[name], forms.BooleanField) else share
            yield self[name], share
        yield from ((self["reference"], THIRD), (self["link"], MOST), (self["note"], ALL))

    def not_before(self, later: str, earlier: str, sentence: str) -> None:
        """Say so beside the later field if it lies before the earlier one."""
        one, other = self.cleaned_data.get(later), self.cleaned_data.get(earlier)
        if one and other and one < other:
            self.add_error(later, sentence)

    def needs(self, name: str, sentence: str) -> None:
        """Say so beside a field that is empty and has no other trouble."""
        if self.cleaned_data.get(name) in (None, "") and name not in self.errors:
            self.add_error(name, sentence)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        self.check(data)
        twins = type(self.instance)._default_manager.filter(
            partner=self.instance.partner_id, reference=data.get("reference")
        )
        if data.get("reference") and twins.exclude(pk=self.instance.pk).exists():
            self.add_error("reference", f"{self.instance.partner} has an entry with this reference already.")
        return data

    def check(self, data: dict[str, Any]) -> None:
        """What does not go together."""

    def save(self, commit: bool = True) -> Any:
        if self.instance.pk is None:
            self.instance.author = self.user
        saved = super().save(commit)
        self.save_parts()
        return saved

    def save_parts(self) -> None:
        """Rows that belong to the entry."""

    def parts_valid(self) -> bool:
        return True

    def is_valid(self) -> bool:
        return all([super().is_valid(), self.parts_valid()])


def _meta(entry: type[Entry], order: Sequence[tuple[str, str]]) -> type:
    return type(
        "Meta", (),
        {"model": entry, "fields": [name for name, _ in order] + REST, "formfield_callback": staticmethod(_callback)},
    )  # fmt: skip


class EngagementForm(EntryForm):
    order = [
        ("day", THIRD), ("started_by", THIRD), ("channel", THIRD), ("purpose", THIRD), ("subject", MOST),
        ("took_part", MOST), ("cancelled_by", THIRD),
    ]  # fmt: skip
    Meta = _meta(Engagement, order)


class RequestForm(EntryForm):
    order = [
        ("what", ALL), ("asked_by", THIRD), ("asked_on", THIRD), ("kind", THIRD), ("outcome", THIRD),
        ("answered_on", THIRD), ("agreed_days", THIRD),
    ]  # fmt: skip
    Meta = _meta(Request, order)

    def check(self, data: dict[str, Any]) -> None:
        self.not_before("answered_on", "asked_on", "It cannot be answered before it was asked.")
        unanswered = data.get("outcome") in ("", IGNORED)
        if "outcome" not in self.errors and not unanswered:
            self.needs("answered_on", "On which day did the answer come?")
        elif "outcome" not in self.errors and data.get("answered_on"):
            self.add_error(
                "outcome", "It was answered: say whether delivered, declined or declined with a pointer."
            )


class BaseMoveSet(BaseInlineFormSet):
    def get_unique_error_message(self, unique_check: Sequence[str]) -> str:
        return "It moved twice on one day; enter the last word of that day."


MoveSet = inlineformset_factory(
    Promise, PromiseMove, formset=BaseMoveSet, fields=["moved_on", "due_on", "reason"], extra=1, max_num=40, validate_max=True,
    formfield_callback=_callback,
)  # fmt: skip


class PromiseForm(EntryForm):
    order = [
        ("what", ALL), ("promised_on", THIRD), ("due_on", THIRD), ("matters", THIRD), ("delivered_on", THIRD),
        ("withdrawn_on", THIRD), ("asked_by_us", THIRD),
    ]  # fmt: skip
    Meta = _meta(Promise, order)

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        there = data is not None and f"{self.prefix or 'moves'}-TOTAL_FORMS" in data
        self.moves = MoveSet(data if there else None, instance=self.instance, prefix="moves")

    def check(self, data: dict[str, Any]) -> None:
        if not data.get("asked_by_us"):
            self.needs("due_on", "For which day was it promised? Only what we asked for may have none.")
        self.not_before("due_on", "promised_on", "It cannot be promised for a day before that.")
        self.not_before("delivered_on", "promised_on", "It cannot be delivered before it was promised.")
        self.not_before("withdrawn_on", "promised_on", "It cannot be withdrawn before it was promised.")
        if data.get("delivered_on") and data.get("withdrawn_on"):
            self.add_error("withdrawn_on", "It was delivered, so it was not withdrawn.")

    def parts_valid(self) -> bool:
        if not self.moves.is_bound or not self.moves.is_valid():
            return not self.moves.is_bound
        said = self.cleaned_data.get("promised_on") if hasattr(self, "cleaned_data") else None
        for form in self.moves.forms:
            moved = form.cleaned_data.get("moved_on")
            if not moved or form.cleaned_data.get("DELETE"):
                continue
            if said and moved < said:
                form.add_error("moved_on", "It cannot be moved before it was promised.")
        return not any(form.errors for form in self.moves.forms)

    def save_parts(self) -> None:
        if self.moves.is_bound:
            self.moves.instance = self.instance
            self.moves.save()


class IncidentForm(EntryForm):
    order = [
        ("kind", THIRD), ("what", MOST), ("opened_at", THIRD), ("severity", THIRD), ("ownership", THIRD),
        ("acknowledged_at", THIRD), ("fixed_at", THIRD), ("cause_shared", THIRD),
        ("acknowledge_within", THIRD), ("fix_within", THIRD), ("conversation_on", THIRD),
    ]  # fmt: skip
    Meta = _meta(Incident, order)

    def check(self, data: dict[str, Any]) -> None:
        self.not_before("acknowledged_at", "opened_at", "It cannot be acknowledged before it was opened.")
        self.not_before("fixed_at", "opened_at", "It cannot be fixed before it was opened.")
        opened, talked = data.get("opened_at"), data.get("conversation_on")
        if opened and talked and talked < opened.date():
            self.add_error("conversation_on", "It cannot be talked about before it happened.")
        if data.get("kind") == PRAISE:
            for name in ("severity", "acknowledged_at", "fixed_at", "acknowledge_within", "fix_within", "ownership", "cause_shared"):  # fmt: skip
                if data.get(name) not in (None, "", False):
                    self.add_error(name, "Praise has none of this. Leave it empty.")
        elif "severity" not in self.errors and not data.get("severity"):
            self.add_error("severity", "How severe was it?")


class CommitmentForm(EntryForm):
    order = [
        ("what", ALL), ("made_by", THIRD), ("due_on", THIRD), ("met_on", THIRD), ("target", ALL),
        ("consequence", THIRD), ("amount", THIRD), ("currency", THIRD), ("settled_on", THIRD),
    ]  # fmt: skip
    Meta = _meta(Commitment, order)

    def check(self, data: dict[str, Any]) -> None:
        if "consequence" in self.errors:
            return
        if data.get("consequence") == NOTHING:
            for name in ("amount", "settled_on"):
                if data.get(name):
                    self.add_error(name, "Say first whether it is a reward or a penalty.")
            data["currency"] = "" if not self.errors else data.get("currency", "")
        else:
            self.needs("amount", "How much is it?")
            self.needs("currency", "In which currency?")


class ProgrammeForm(EntryForm):
    """A year of a programme with a number for each kind of benefit and obligation; what is nothing is left empty."""

    order = [("year", THIRD), ("level", THIRD), ("currency", THIRD)]
    Meta = _meta(Programme, order)
    parts: ClassVar[Sequence[tuple[str, Sequence[tuple[str, str]], Sequence[tuple[str, str]]]]] = (
        ("benefits", BENEFITS, (("promised", "Promised"), ("received", "Received"))),
        ("obligations", OBLIGATIONS, (("hours", "Hours"), ("cost", "Cost"))),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.there: dict[str, dict[str, Any]] = {}
        for related, kinds, columns in self.parts:
            rows = getattr(self.instance, related).all() if self.instance.pk else []
            self.there[related] = {row.kind: row for row in rows}
            for kind, label in kinds:
                row = self.there[related].get(kind)
                for column, heading in columns:
                    name = f"{related}-{kind}-{column}"
                    self.fields[name] = NumberField(
                        places=2, most=9_999_999, required=False, label=f"{label}: {heading.lower()}"
                    )
                    self.initial[name] = (getattr(row, column) or None) if row else None

    def tables(self) -> list[tuple[str, list[str], list[tuple[str, list[BoundField]]]]]:
        """(title, column headings, rows of (kind, fields))."""
        titles = {"benefits": "What it brought", "obligations": "What it took"}
        return [
            (
                titles[related], [heading for _, heading in columns],
                [(label, [self[f"{related}-{kind}-{column}"] for column, _ in columns]) for kind, label in kinds],
            )
            for related, kinds, columns in self.parts
        ]  # fmt: skip

    def check(self, data: dict[str, Any]) -> None:
        year = data.get("year")
        if year is not None and not 1990 <= year <= 2100:
            self.add_error("year", "Write the year with four digits, for example 2026.")
        twins = Programme.objects.filter(partner=self.instance.partner_id, year=year).exclude(
            pk=self.instance.pk
        )
        if year is not None and twins.exists():
            self.add_error("year", f"The programme of {year} is entered already. Change that one.")

    def save_parts(self) -> None:
        for related, kinds, columns in self.parts:
            for kind, _ in kinds:
                values = {
                    column: self.cleaned_data.get(f"{related}-{kind}-{column}") or 0 for column, _ in columns
                }
                row = self.there[related].get(kind)
                if any(values.values()):
                    getattr(self.instance, related).update_or_create(kind=kind, defaults=values)
                elif row:
                    row.delete()


class BenchmarkForm(EntryForm):
    order = [
        ("item", MOST), ("as_of", THIRD), ("our_price", THIRD), ("currency", THIRD), ("shared", THIRD), ("low", THIRD),
        ("median", THIRD), ("high", THIRD), ("source", ALL),
    ]  # fmt: skip
    Meta = _meta(Benchmark, order)

    def check(self, data: dict[str, Any]) -> None:
        low, median, high = (data.get(name) for name in ("low", "median", "high"))
        if median is not None and not median:
            self.add_error("median", "The market median is above zero.")
        if low is not None and median is not None and low > median:
            self.add_error("low", "The lowest price cannot be above the median.")
        if high is not None and median is not None and high < median:
            self.add_error("high", "The highest price cannot be below the median.")
        twins = Benchmark.objects.filter(
            partner=self.instance.partner_id, item=data.get("item"), as_of=data.get("as_of")
        )
        if data.get("item") and data.get("as_of") and twins.exclude(pk=self.instance.pk).exists():
            self.add_error("item", "This item was compared on that day already. Change that entry.")


class DisclosureForm(EntryForm):
    order = [
        ("what", ALL), ("shared_by", THIRD), ("shared_on", THIRD), ("kind", THIRD), ("effect_on", THIRD),
        ("chance_to_act", MOST),
    ]  # fmt: skip
    Meta = _meta(Disclosure, order)
