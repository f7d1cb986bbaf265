"""Costs to the end as inline SVG: a string built on the server, without styles or scripts, that prints."""

from decimal import Decimal

from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe

from accounts.templatetags.look import money
from partners.cost_table import KINDS, CostTable, Row

MOST_BARS = 12  # years drawn; the table has all
UNITS = [
    (Decimal(10) ** 9, "bn", 2),
    (Decimal(10) ** 6, "m", 2),
    (Decimal(10) ** 3, "thousand", 1),
    (Decimal(1), "", 0),
]
_ROW, _BAR, _LABEL, _FIGURE, _LETTER = 26, 15, 92, 52, 5.8  # pixels
# A fill tells the kinds apart without a colour: full, striped, dotted, an outline for leaving.
_FILLS = {"licence": "k1", "service": "k2", "effort": "k3", "exit": "k4", "value": "k1"}


def cost_bars(table: CostTable, width: int = 560, key: bool = True) -> SafeString:
    """A bar for each contract year: what is still ahead of it, stacked by kind. Empty where nothing is.

    `width` in pixels; it also tells two drawings on one page apart.
    """
    rows = table.rows[:MOST_BARS]
    most = max((row.still for row in rows), default=Decimal(0))
    if not most:
        return mark_safe("")
    size, unit, places = unit_of(most)
    scale = (width - _LABEL - _FIGURE) / float(most)
    parts = [_patterns(width)]
    for place, row in enumerate(rows):
        parts.append(_bar(row, place * _ROW, scale, table, width, size, places))
    height = len(rows) * _ROW
    if key and len(table.kinds) > 1:
        height += _key(table, parts, height, width)
    more = len(table.rows) - len(rows)
    said = f"{table.currency}{f' {unit}' if unit else ''} a contract year"
    said += f"; {more} later years stand in the table" if more else ""
    parts.append(f'<text class="t3 t11" x="0" y="{height + 14}">{escape(said)}</text>')
    total = f"{table.currency} {money(table.total.total)}"
    title = f"Costs still ahead by contract year, {total} in all; the table holds the same figures"
    return mark_safe(  # noqa: S308  (names are escaped, the rest is ours)
        f'<svg class="fluid costs" viewBox="0 0 {width} {height + 20}" role="img">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def unit_of(amount: Decimal) -> tuple[Decimal, str, int]:
    """In which unit amounts up to this one are short: its size, its name and how many decimals."""
    return next((unit for unit in UNITS if abs(amount) >= unit[0]), UNITS[-1])


def short(amount: Decimal, currency: str) -> str:
    """An amount as a heading says it: EUR 8.72 m, EUR 12,500."""
    size, unit, places = unit_of(amount)
    if size <= 1000:
        return f"{currency} {money(amount)}"
    return f"{currency} {amount / size:,.{places}f} {unit}"


def _bar(row: Row, y: int, scale: float, table: CostTable, width: int, size: Decimal, places: int) -> str:
    name = f"{row.name}, rest" if row.days else row.name
    weight = "" if row.days is None else " t3"
    parts, x = [f'<text class="t11{weight}" x="0" y="{y + 12}">{name}</text>'], float(_LABEL)
    for kind, _ in table.kinds:
        amount = row.ahead.get(kind, Decimal(0))
        wide = float(amount) * scale
        if wide:
            said = f"{name}, {KINDS[kind]}: {table.currency} {money(amount)}"
            parts.append(
                f'<g><title>{conditional_escape(said)}</title><rect class="{_FILLS[kind]}" {_fill(kind, width)}'
                f'x="{x:.1f}" y="{y}" width="{max(wide, 0.5):.1f}" height="{_BAR}"/></g>'
            )
            x += wide
    parts.append(f'<text class="t1" x="{x + 6:.1f}" y="{y + 12}">{row.still / size:,.{places}f}</text>')
    return "".join(parts)


def _fill(kind: str, width: int) -> str:
    pattern = {"service": "stripes", "effort": "dots"}.get(kind)
    return f'fill="url(#{pattern}{width})" ' if pattern else ""


def _patterns(width: int) -> str:
    return (
        f'<defs><pattern id="stripes{width}" width="5" height="5" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><path class="ink" d="M1.25 0V5"/></pattern>'
        f'<pattern id="dots{width}" width="5" height="5" patternUnits="userSpaceOnUse">'
        '<circle class="dot" cx="2.5" cy="2.5" r="1"/></pattern></defs>'
    )


def _key(table: CostTable, parts: list[str], top: int, width: int) -> int:
    """Which fill is which kind, in as many lines as that takes; returns their height."""
    x, y = 0.0, top + 4
    for kind, name in table.kinds:
        long = 22 + _LETTER * len(name) + 14
        if x and x + long > width:
            x, y = 0.0, y + 18
        parts.append(
            f'<rect class="{_FILLS[kind]}" {_fill(kind, width)}x="{x + 0.5:.1f}" y="{y}" width="15" height="11"/>'
            f'<text class="t11" x="{x + 21:.1f}" y="{y + 10}">{escape(name)}</text>'
        )
        x += long
    return y + 18 - top
