"""The top of a brief about admitting a partner."""

from typing import Any

from accounts.templatetags.look import day
from governance.brief.head import raters, score_of
from governance.brief.section import short
from governance.brief.subject import Subject
from governance.decisions import admission_decision_of


def of(about: Subject) -> dict[str, Any]:
    partner = about.partner
    return {
        "heading": heading(about),
        "contract": None,
        "partner": {"id": partner.pk, "name": short(partner.name)},
        "score": score_of(about),
        "facts": [
            ("Kind", partner.get_kind_display()), ("Would supply", short(partner.supplies, 40) or "not said"),
            ("Business unit", short(str(partner.unit or "whole company"), 30)), ("Raters", raters(about)),
            ("Owner", short(str(partner.owner), 30) if partner.owner else "nobody yet"),
        ],
    }  # fmt: skip


def heading(about: Subject) -> str:
    """The question, or how it was answered."""
    name, decision = short(about.partner.name), admission_decision_of(about.partner)
    if decision:
        what = {"admit": "admitted", "conditions": "admitted on conditions", "reject": "rejected"}
        return f"{name}: {what[decision.outcome]} on {day(decision.at)}."
    return f"Admit {name}?" if not about.partner.is_admitted else f"{name} has been a partner all along."
