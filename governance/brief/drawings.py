"""Drawings of a brief as inline SVG: a category beside the cycle before and its peers, and costs by year."""

from collections.abc import Sequence
from decimal import Decimal

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from accounts.templatetags.look import money, score

SIZES = [(Decimal(10) ** 9, "bn"), (Decimal(10) ** 6, "m"), (Decimal(10) ** 3, "thousand"), (Decimal(1), "")]


def compare_dot(
    now: Decimal, before: Decimal | None, peers: Decimal | None, letter: str, low: int, high: int
) -> SafeString:
    """A dot for the score now, a tail from the one before, a tick for the peers, on a line from `low` to `high`."""

    def across(value: Decimal) -> float:
        return 4 + 88 * (float(value) - low) / (high - low)

    body = ['<path class="ax" d="M4 7H92"/>']
    if peers is not None:
        body.append(f'<path class="ci" d="M{across(peers):.1f} 1v12"/>')
    if before is not None:
        body.append(f'<path class="ln2" d="M{across(before):.1f} 7H{across(now):.1f}"/>')
    css = f"f{letter}" if letter in tuple("ABCDE") else "fP"
    body.append(f'<circle class="{css}" cx="{across(now):.1f}" cy="7" r="4"/>')
    said = [f"now {score(now)}"]
    said += [f"before {score(before)}"] if before is not None else []
    said += [f"peers {score(peers)}"] if peers is not None else []
    return _svg("", 96, 14, ", ".join(said), body)


def cost_bars(rows: Sequence[tuple[str, Decimal, Decimal]], currency: str) -> SafeString:
    """A bar for each (label, amount, part of it for leaving), which is an outline; the figure in one unit for all."""
    largest = max((value for _, value, _ in rows), default=Decimal(0)) or Decimal(1)
    size, unit = next(found for found in SIZES if largest >= found[0] or found[1] == "")
    body = []
    for place, (label, value, leaving) in enumerate(rows):
        y, wide, out = 2 + place * 22, float(value / largest) * 140, float(leaving / largest) * 140
        figure = f"{value / size:,.2f}" if unit else money(value)
        body.append(
            f'<text class="t3" x="0" y="{y + 13}">{conditional_escape(label)}</text>'
            f'<rect class="bar1" x="84" y="{y}" width="{max(wide - out, 0.5):.1f}" height="16"/>'
            f'<text class="t0" x="{94 + wide:.1f}" y="{y + 13}">{figure}</text>'
        )
        if leaving:
            body.append(
                f'<rect class="open" x="{84 + wide - out:.1f}" y="{y + 0.5}" width="{out:.1f}" height="15"/>'
            )
    said = ", ".join(f"{label} {money(value)}" for label, value, _ in rows)
    unit_said = conditional_escape(f"{currency} {unit}".strip())
    body.append(f'<text class="t3 t11" x="84" y="{len(rows) * 22 + 13}">{unit_said}</text>')
    return _svg("fluid", 300, len(rows) * 22 + 18, f"{currency} a year: {said}", body)


def _svg(css: str, width: int, height: int, title: str, body: Sequence[str]) -> SafeString:
    size = ' class="fluid"' if css else f' width="{width}" height="{height}"'
    return mark_safe(  # noqa: S308  (labels are escaped above, the rest is numbers)
        f'<svg{size} viewBox="0 0 {width} {height}" role="img"><title>{conditional_escape(title)}</title>{"".join(body)}</svg>'
    )
