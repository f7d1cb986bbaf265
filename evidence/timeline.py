"""What happened between a partner and us, newest first: rows of every kind in one order, a page at a time."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Cast

from accounts.fields import DayField
from evidence.kinds import KINDS, Kind, address_of
from evidence.models import SIDES, Entry

ROWS_A_PAGE = 50


@dataclass(frozen=True)
class Line:
    """An entry on the timeline."""

    kind: Kind
    entry: Entry
    day: date
    side: str

    @property
    def reads(self) -> str:
        return self.kind.reads(self.entry)

    @property
    def address(self) -> str:
        return address_of(self.entry)


class PeriodForm(forms.Form):
    """From which day to which; either may be left open."""

    since = DayField(required=False, label="From")
    until = DayField(required=False, label="To")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("since") and data.get("until") and data["until"] < data["since"]:
            self.add_error("until", "This lies before the first day.")
        return data


@dataclass(frozen=True)
class Asked:
    """What the address asks for; what it does not know is not asked."""

    kind: str = ""
    side: str = ""
    days: tuple[date | None, date | None] = (None, None)  # the first and the last
    kinds: tuple[str, ...] = ()  # no others, where there are any

    @classmethod
    def of(cls, query: Mapping[str, str], period: PeriodForm) -> "Asked":
        kind, side = query.get("kind", ""), query.get("side", "")
        period.is_valid()
        since, until = (period.cleaned_data.get(name) for name in ("since", "until"))
        return cls(kind if kind in KINDS else "", side if side in dict(SIDES) else "", (since, until))

    @property
    def narrows(self) -> bool:
        return bool(self.kind or self.side or any(self.days))


def timeline(partner: Any, user: Any, asked: Asked, page: Any) -> Page:
    """A page of `Line`s about a partner, newest first. As many statements as there are kinds, at most."""
    rows = _rows(partner, user, asked)
    found = Paginator(rows, ROWS_A_PAGE).get_page(page)
    keys: dict[str, list[int]] = defaultdict(list)
    for row in found.object_list:
        keys[row[0]].append(row[1])
    entries: dict[tuple[str, int], Entry] = {}
    for slug, pks in keys.items():
        kind = KINDS[slug]
        held = kind.model._default_manager.filter(pk__in=pks).prefetch_related(*kind.parts)
        entries |= {(slug, entry.pk): entry for entry in held.select_related("author")}
    found.object_list = [
        Line(KINDS[slug], entries[slug, pk], day, side)
        for slug, pk, day, side in found.object_list
        if (slug, pk) in entries
    ]
    return found


def _rows(partner: Any, user: Any, asked: Asked) -> Any:
    """(slug, id, day, side) of the entries asked for, as one statement."""
    parts: list[QuerySet] = []
    for slug, kind in KINDS.items():
        if asked.kind not in ("", slug) or (asked.kinds and slug not in asked.kinds):
            continue
        rows = kind.model.objects.visible_to(user).filter(partner=partner)  # type: ignore[attr-defined]
        if slug == "engagement":
            rows = rows.filter(is_draft=False)
        rows = rows.annotate(of_kind=Value(slug), on_day=kind.day, whose=Cast(kind.side, CharField()))
        if asked.side:
            rows = rows.filter(whose=asked.side)
        bounds = zip(("on_day__gte", "on_day__lte"), asked.days, strict=True)
        rows = rows.filter(**{bound: when for bound, when in bounds if when})
        parts.append(rows.order_by().values_list("of_kind", "pk", "on_day", "whose"))
    return parts[0].union(*parts[1:], all=True).order_by("-on_day", "of_kind", "-pk")


def first_year(partner: Any, user: Any) -> int | None:
    """The year in which something happened first."""
    oldest = _rows(partner, user, Asked()).order_by("on_day")[:1]
    return oldest[0][2].year if oldest else None
