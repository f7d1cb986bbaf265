"""Writes the parts of a pack as markup that can be kept: no addresses, no ids that two partners share."""

import re
from collections.abc import Iterable
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import escape

from governance.packs.about import About
from governance.packs.chapters import chapters
from partners.models import Partner
from scorecards.models import Assessment

_LINKS = re.compile(r"</?a\b[^>]*>")
_IDS = re.compile(r' (?:id|aria-labelledby|href|data-label)="[^"]*"')
_TAG = re.compile(r"(<[^>]*>)")
SHORTEST = 3  # letters of a name that is looked for in free text


def partner_pages(about: About) -> str:
    """The chapters of one partner, frozen. In a copy for it, names of others and of raters are blotted out."""
    html = frozen(render_to_string("governance/pack/partner.html", chapters(about)))
    return without(html, names_of_others(about.partner)) if about.for_partner else html


def frozen(html: str) -> str:
    """Without what leads somewhere, and without ids. Words are escaped by the templates, so every tag is ours."""
    return _TAG.sub(lambda tag: _IDS.sub("", tag[0]), _LINKS.sub("", html))


def names_of_others(partner: Partner) -> list[str]:
    """Other partners, and people who rated this one: what no text for it may name, whoever wrote it."""
    raters = Assessment.objects.filter(scorecard__partner=partner).order_by()
    names = {*Partner.objects.exclude(pk=partner.pk).values_list("name", flat=True)}
    names |= {*raters.values_list("rater__name", flat=True).distinct()}
    own = partner.name.casefold()
    return [name for name in names if len(name) >= SHORTEST and name.casefold() not in own]


def without(html: str, names: Iterable[str]) -> str:
    """The markup with these names blotted out of its words, whatever their case; never a part of a longer word."""
    words = " ".join(_TAG.sub(" ", html).casefold().split())
    found = {one for name in names if (one := str(escape(" ".join(name.split()))).casefold()) in words}
    if not found:
        return html
    longest_first = sorted(found, key=len, reverse=True)
    either = "|".join(r"\s+".join(map(re.escape, name.split())) for name in longest_first)
    pattern = re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)
    pieces = _TAG.split(html)
    return "".join(piece if piece.startswith("<") else pattern.sub("[another]", piece) for piece in pieces)


def written(template: str, context: dict[str, Any]) -> str:
    """Any other part of a pack, frozen."""
    return frozen(render_to_string(f"governance/pack/{template}.html", context))
