"""What happened between a partner and us, newest first: rows of every kind in one order, a page at a time."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Cast

from accounts.numbers import YEARS
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


@dataclass(frozen=True)
class Asked:
    """What the address asks for; what it does not know is not asked."""

    kind: str = ""
    side: str = ""
    year: int | None = None
    days: tuple[date, date] | None = None
    kinds: tuple[str, ...] = ()  # no others, where there are any

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Asked":
        kind, side, year = (query.get(name, "") for name in ("kind", "side", "year"))
        return cls(
            kind if kind in KINDS else "",
            side if side in dict(SIDES) else "",
            int(year) if re.fullmatch("[0-9]{4}", year) and int(year) in YEARS else None,
        )

    @property
    def narrows(self) -> bool:
        return bool(self.kind or self.side or self.year)


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
        if asked.year:
            rows = rows.filter(on_day__range=(date(asked.year, 1, 1), date(asked.year, 12, 31)))
        if asked.days:
            rows = rows.filter(on_day__range=asked.days)
        parts.append(rows.order_by().values_list("of_kind", "pk", "on_day", "whose"))
    return parts[0].union(*parts[1:], all=True).order_by("-on_day", "of_kind", "-pk")


def years_of(partner: Any, user: Any) -> list[int]:
    """The years in which something happened, newest first."""
    rows = _rows(partner, user, Asked())
    newest, oldest = list(rows[:1]), list(rows.order_by("on_day")[:1])
    return list(range(newest[0][2].year, oldest[0][2].year - 1, -1)) if newest else []
