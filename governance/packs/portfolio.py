"""The front of the portfolio's pack: who is strong, who slips, where the money is, and our own organisation."""

from typing import TYPE_CHECKING, Any

from governance import words
from governance.charts import Dot, spend_and_score
from governance.figures import Line
from governance.packs.writing import partner_pages, written
from governance.portfolio import Asked, Portfolio
from partners.models import APART_KINDS, Partner
from scorecards.models import Cycle

if TYPE_CHECKING:
    from governance.packs.document import Issue

MOST = 200  # partners with chapters of their own: those with the largest spend
LOOKED_AT = 4  # cycles, for one of others than ourselves


def members(issue: "Issue") -> list[int]:
    """The partners that get chapters, by id: those scored by the end of the quarter, by spend; else all by name."""
    lines = _lines(_seen(issue))
    if lines:
        return [line.partner_id for line in lines[:MOST]]
    known = Partner.objects.visible_to(issue.user).active().exclude(kind__in=APART_KINDS)
    return list(known.order_by("name", "pk").values_list("pk", flat=True)[:MOST])


def front(issue: "Issue") -> str:
    """The summary of all partners, and our own organisation's scorecard."""
    seen = _seen(issue)
    context: dict[str, Any] = {"quarter": issue.quarter, "cycle": None}
    if seen:
        found, lines = seen.findings(), _lines(seen)
        bands = seen.bands(found["drawn"][0].template_id if found["drawn"] else None)
        context |= {
            "cycle": seen.cycle, "headline": words.headline(found, seen.currency), "lede": words.lede(found),
            "chart": spend_and_score([_dot(line) for line in found["drawn"]], bands, seen.currency, width=660),
            "found": found, "before": seen.year or seen.last, "in_a_year": bool(seen.year), "currency": seen.currency,
            "lines": lines[:MOST], "more": len(lines) - MOST, "spend": words.amount(found["totals"]["spend"], seen.currency),
        }  # fmt: skip
    own = Partner.objects.visible_to(issue.user).filter(kind="own").select_related("unit", "owner").first()
    return written("portfolio", context) + (partner_pages(issue.about(own)) if own else "")


def _seen(issue: "Issue") -> Portfolio | None:
    """The portfolio in the last cycle that was closed by the end of the quarter and scored partners of others' houses."""
    cycles = Portfolio(issue.user).cycles
    closed = [row for row in cycles if row.state == Cycle.CLOSED and row.ends <= issue.quarter.last]
    latest_first = sorted(closed, key=lambda row: (row.ends, row.pk), reverse=True)
    looked_at = (Portfolio(issue.user, str(row.pk)) for row in latest_first[:LOOKED_AT])
    return next((seen for seen in looked_at if _lines(seen)), None)


def _lines(seen: Portfolio | None) -> list[Line]:
    return [line for line in seen.all_lines(Asked()) if not line.is_apart] if seen else []


def _dot(line: Line) -> Dot:
    before: Any = None if line.year_ago is None else float(line.year_ago)
    return Dot(line.name, float(line.spend or 0), float(line.overall or 0), line.standing, before)
