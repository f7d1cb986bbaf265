"""How values look, everywhere: scores, bands, changes, money, dates. Built into every template."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

BAND_NAMES = {"A": "Strong", "B": "Good", "C": "Fair", "D": "Weak", "E": "Failing"}
MINUS, DASH, THIN = "−", "–", "\u202f"
FAR_OFF = 3 * 365  # days, from which on nobody counts them


def round_shown(value: Decimal, places: int = 1) -> Decimal:
    """Round half up, as every figure on the screen is."""
    return Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


@register.filter
def score(value: Any, places: int = 1) -> str:
    """A score with one decimal, or an en dash where there is none."""
    return DASH if value is None or value == "" else str(round_shown(value, places))


@register.filter
def change(value: Any, places: int = 1) -> str:
    """A difference between two scores with its sign: +2.4, −3.1, 0.0."""
    if value is None or value == "":
        return DASH
    shown = round_shown(value, places)
    return f"{'+' if shown > 0 else MINUS if shown < 0 else ''}{abs(shown)}"


@register.filter
def plain(value: Any) -> str:
    """A decimal without trailing zeros: weights, percentages."""
    if value is None or value == "":
        return DASH
    return f"{Decimal(value).normalize():f}"


@register.filter
def percent(value: Any, places: int = 0) -> str:
    """A percentage with its unit: 70 %."""
    return DASH if value is None or value == "" else f"{round_shown(value, places)}{THIN}%"


@register.filter
def money(value: Any) -> str:
    """An amount with thousands separators; no decimals from 10,000 on. The currency stands beside it."""
    if value is None or value == "":
        return DASH
    amount = Decimal(value)
    return f"{amount:,.0f}" if abs(amount) >= 10_000 or amount == amount.to_integral() else f"{amount:,.2f}"


@register.filter
def whole(value: Any) -> str:
    """A count with thousands separators: 10,000."""
    return DASH if value is None or value == "" else f"{int(value):,}"


@register.filter
def day(value: date | None) -> str:
    """A date as 30 Nov 2026."""
    if not value:
        return DASH
    if hasattr(value, "hour"):
        value = timezone.localtime(value)  # type: ignore[arg-type, type-var]
    return f"{value.day} {value:%b %Y}"


@register.filter
def moment(value: Any) -> str:
    """A time as 30 Nov 2026, 14:05."""
    if not value:
        return DASH
    local = timezone.localtime(value)
    return f"{local.day} {local:%b %Y, %H:%M}"


@register.filter
def away(value: date | None, today: date | None = None) -> str:
    """How far a date is from today, here or where it is another day already: in 8 days, 3 days ago, in 20 years."""
    if not value:
        return ""
    days = (value - (today or timezone.localdate())).days
    if days == 0:
        return "today"
    count, unit = (abs(days), "day") if abs(days) < FAR_OFF else (abs(days) // 365, "year")
    said = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"in {said}" if days > 0 else f"{said} ago"


@register.simple_tag
def band(letter: str, name: str = "", status: str = "final") -> SafeString:
    """The standing: a letter in its colour and its name in words; a dashed mark where there is none."""
    if status == "no score":
        return format_html('<span class="band P"><b>{}</b>No score</span>', DASH)
    if status == "provisional" or not letter:
        return format_html('<span class="band P"><b>{}</b>Provisional</span>', DASH)
    return format_html(
        '<span class="band {0}"><b>{0}</b>{1}</span>', letter, name or BAND_NAMES.get(letter, "")
    )


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: Any) -> str:
    """This page's query string with some parameters changed (None removes one): filters live in the URL."""
    parameters = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None or value == "":
            parameters.pop(name, None)
        else:
            parameters[name] = str(value)
    return f"?{parameters.urlencode()}"
