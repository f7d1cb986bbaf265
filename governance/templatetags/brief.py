"""Drawings of a brief, from the plain values it is kept in: {% load brief %}."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils.safestring import SafeString

from accounts.templatetags.look import moment
from governance.brief.drawings import compare_dot, cost_bars
from scorecards.charts import TrendPoint, trend_chart

register = template.Library()


@register.filter
def drawn_by(section: Mapping[str, Any]) -> str:
    """The template that draws a section."""
    return f"governance/brief/{section['key']}.html"


@register.filter
def as_of(stamp: str) -> str:
    """A kept moment as everywhere else."""
    return moment(datetime.fromisoformat(stamp))


@register.simple_tag
def brief_trend(data: Mapping[str, Any], width: int = 430, height: int = 196) -> SafeString:
    """The trend over the bands."""
    points = [TrendPoint(**{**row, "score": _decimal(row["score"])}) for row in data["points"]]
    return trend_chart(points, _bands(data["bands"]), width, height)


@register.simple_tag
def brief_dot(row: Mapping[str, Any], data: Mapping[str, Any]) -> SafeString:
    """A category now, before and beside its peers."""
    now, before, peers = (_decimal(row[name]) for name in ("score", "before", "peers"))
    return compare_dot(now or Decimal(0), before, peers, row["letter"], data["low"], data["high"])


@register.simple_tag
def brief_costs(data: Mapping[str, Any]) -> SafeString:
    """A bar for each year."""
    rows = [(row["label"], Decimal(row["amount"]), Decimal(row["leaving"])) for row in data["rows"]]
    return cost_bars(rows, data["currency"])


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _bands(rows: Sequence[Sequence[str]]) -> list[tuple[str, str, Decimal]]:
    return [(letter, name, Decimal(lower)) for letter, name, lower in rows]
