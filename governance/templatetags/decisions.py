"""Decisions about a contract as its pages show them: {% load decisions %}."""

from typing import Any

from django import template

from governance.decisions import has_lapsed
from governance.words import lapse
from partners.models import Contract

register = template.Library()


@register.simple_tag
def decisions_of(contract: Contract) -> dict[str, Any]:
    """All of them, the latest first, each with `gone`: why it does not count; and `lapse`, a sentence if the last one lapsed."""
    found: list[Any] = list(contract.decisions.select_related("by").defer("snapshot"))
    seen = set()
    for decision in found:
        decision.gone = "no longer applies" if has_lapsed(decision, contract) else ""
        if decision.term_ends in seen:
            decision.gone = "replaced by a later one"
        seen.add(decision.term_ends)
    last = found[0] if found else None
    return {
        "all": found,
        "lapse": lapse(last, contract) if last and last.gone and not contract.has_ended else "",
    }
