"""Weights at which the order changes, and shares of weightings: {% load order %}."""

from fractions import Fraction

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.templatetags.look import band
from governance import order_words
from governance.order import Place

register = template.Library()
register.filter("first_in", order_words.first)
register.filter("same_in", order_words.same)


@register.simple_tag
def turn(
    lost: tuple[Fraction, Place] | None, typed: str, template_id: int, cycle_id: int, second: Place | None
) -> SafeString | str:
    """The weight from which on somebody else is ahead, as a link that tries it; and who, unless that was asked."""
    if lost is None:
        return "never"
    shown = order_words.share(lost[0])
    if typed:
        address = f"{reverse('template_what_if', args=[template_id])}?cycle={cycle_id}&{typed}"
        shown = format_html('<a href="{}">{}</a>', address, shown)
    return shown if second else format_html('{} <span class="sub">to {}</span>', shown, lost[1].name)


@register.simple_tag
def stands(place: Place, names: dict[str, str]) -> SafeString:
    """The standing of a place in the order, as its template calls it."""
    return band(place.standing, names.get(place.standing, ""))
