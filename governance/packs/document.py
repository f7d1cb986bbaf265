"""A pack put together: its cover, what stands in its margins, and which partners stand in which part."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from accounts.models import BusinessUnit
from accounts.templatetags.look import day
from governance.brief.section import short
from governance.packs import portfolio
from governance.packs.about import About
from governance.packs.quarter import Quarter
from governance.packs.writing import partner_pages, written
from partners.models import Partner

PARTNERS_A_PART = 4  # of the portfolio: what is printed in one go, and held in memory
TITLE = 70  # letters in a margin


@dataclass(frozen=True)
class Issue:
    """What a pack is about, for whom, and as far as who sees it."""

    user: Any
    quarter: Quarter
    today: date
    partner: Partner | None = None
    for_partner: bool = False

    @property
    def title(self) -> str:
        return str(self.partner) if self.partner else "The portfolio"

    @property
    def secret(self) -> str:
        """Who may read it."""
        if self.for_partner:
            return f"Confidential: for {self.title} and for us"
        return "Confidential: for internal use"

    @property
    def margins(self) -> dict[str, str]:
        """The words around every page; see `margins_css`."""
        return {"title": short(f"Quarterly pack: {self.title}", TITLE), "quarter": str(self.quarter), "secret": short(self.secret, TITLE)}  # fmt: skip

    @property
    def margins_query(self) -> str:
        return urlencode(self.margins)

    def about(self, partner: Partner) -> About:
        return About(partner, self.user, quarter=self.quarter, today=self.today, for_partner=self.for_partner)

    @property
    def units(self) -> list[int]:
        """Business units it may tell of."""
        if self.partner:
            return sorted(self.about(self.partner).units)
        return list(BusinessUnit.objects.visible_to(self.user).order_by("pk").values_list("pk", flat=True))

    def parts(self) -> list[list[int]]:
        """The partners of each part; the first part begins with the cover."""
        if self.partner:
            return [[self.partner.pk]]
        members = portfolio.members(self)
        size = PARTNERS_A_PART
        return [[], *(members[first : first + size] for first in range(0, len(members), size))]

    def pages(self, place: int, partners: Sequence[int]) -> str:
        """The markup of a part."""
        seen = Partner.objects.visible_to(self.user).select_related("unit", "owner").in_bulk(list(partners))
        chapters = [partner_pages(self.about(seen[pk])) for pk in partners if pk in seen]
        if place:
            return "".join(chapters)
        front = "" if self.partner else portfolio.front(self)
        return "".join([self._cover(), front, *chapters])

    def _cover(self) -> str:
        lines = [("Made on", day(self.today))]
        if not self.for_partner:
            lines.append(("Made by", str(self.user)))
        context = {
            "title": self.title, "kicker": f"Quarterly pack · {self.quarter}", "secret": self.secret,
            "lines": [("Quarter", f"{day(self.quarter.first)} to {day(self.quarter.last)}"), *lines],
        }  # fmt: skip
        return written("cover", context)


def margins_css(
    *, title: str, quarter: str, secret: str, total: int = 0, first: int = 1, paper: str = ""
) -> str:
    """Rules for the margins of every page. `total`: pages of the whole, where this prints a part from `first` on."""
    pages = f'"Page " counter(page) " of {total}"' if total else '"Page " counter(page) " of " counter(pages)'
    boxes = {"top-left": _quoted(title), "top-right": _quoted(quarter), "bottom-left": _quoted(secret), "bottom-right": pages}  # fmt: skip
    look = 'font: 8pt/10pt Inter, "Liberation Sans", "DejaVu Sans", Arial, sans-serif; color: #474b53; white-space: nowrap'
    rules = " ".join(f"@{name} {{ content: {content}; {look} }}" for name, content in boxes.items())
    size = f"size: {paper}; " if paper else ""
    start = f" @page :first {{ counter-reset: page {first} }}" if first > 1 else ""
    return f"@page {{ {size}{rules} }}{start}"


def _quoted(text: str) -> str:
    """A CSS string: whatever is no letter, digit or space is written by its number (which ends with a space), so that nothing ends it."""
    return '"{}"'.format(re.sub(r"[^A-Za-z0-9 ]", lambda sign: f"\\{ord(sign[0]):x} ", text))
