"""How standings and opened rows look on a scorecard: {% load scorecards %}."""

from fractions import Fraction
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.templatetags.look import band, change
from scorecards.findings import band_name
from scorecards.measures import label_of, line_of
from scorecards.models import Criterion, Score, Scorecard
from scorecards.scoring import rounded

register = template.Library()


@register.simple_tag
def standing(card: Scorecard, outcome: Score) -> SafeString:
    """The standing of a scorecard by its own template's bands."""
    return band(outcome.standing, band_name(card, outcome.standing), outcome.status)


@register.simple_tag
def band_of(card: Scorecard, letter: str) -> SafeString:
    return band(letter, band_name(card, letter))


@register.filter
def figure(metric: str) -> str:
    """What a figure is called."""
    return label_of(metric)


@register.filter
def measuring(criterion: Criterion) -> str:
    """The line of a measured criterion in words."""
    return line_of(criterion)


@register.filter
def places(value: Fraction, number: int) -> str:
    """An exact number rounded half-up to so many decimals."""
    return str(rounded(value, number))


@register.filter
def moved(value: Fraction) -> str:
    """By how many points something moved, with its sign: −1.42."""
    return change(rounded(value, 2), 2)


@register.simple_tag
def toggle(row: Any, opened: set[str], against: int | None = None) -> SafeString:
    """The name of a row as a link that opens or closes its arithmetic, here and without scripts.

    `against`: the cycle this page is compared with, where the address says so; the link keeps it.
    """
    name = getattr(row, "criterion", None) or row.category
    if row.explain is None:
        return format_html("{}", name)
    keys = opened - {"all"} ^ {row.key} if "all" not in opened else {"none"}
    href = "?" + (f"against={against}&" if against else "")
    href += f"open={','.join(sorted(keys))}" if keys - {"none"} else ""
    return format_html(
        '<a class="tog" href="{0}#{1}" aria-expanded="{2}" hx-get="{0}" hx-select="#where" hx-target="#where" '
        'hx-swap="outerHTML" hx-push-url="true">{3}<span class="sr">: {4} the arithmetic</span></a>',
        href, row.key, "true" if row.is_open else "false", name, "hide" if row.is_open else "show",
    )  # fmt: skip
