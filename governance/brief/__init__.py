"""The decision brief: one page about one contract's renewal, or about admitting a partner.

A section is a function from a `Subject` to a `Section`, or to None when it has nothing to say. To add one, append it to
OF_RENEWALS and put its template beside the others; its questions and sources find their places by themselves.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from governance.brief import (
    admission,
    asking,
    categories,
    costs,
    criteria,
    facts,
    head,
    last_time,
    open_items,
    ourselves,
    trend,
)
from governance.brief.section import Section
from governance.brief.subject import Renewal, Subject
from partners.models import Contract, Partner

Sections = Sequence[Callable[[Any], Section | None]]
# Findings, then what stands beside the questions that come of them.
OF_RENEWALS: Sections = [
    trend.section, categories.section, facts.promises, facts.section, criteria.section, costs.section, open_items.section,
    last_time.section,
]  # fmt: skip
OF_ADMISSIONS: Sections = [trend.section, categories.section, criteria.section, open_items.of_admission]
CLOSING: Sections = [ourselves.section]
MOST_QUESTIONS, COLUMNS = 5, 6


def brief_of(contract: Contract, user: Any) -> dict[str, Any]:
    """The brief of a renewal as `user` may see it; select the contract's partner, owner and unit.

    Plain values: what is shown and what is kept are the same thing.
    """
    about = Renewal(contract.partner, user, contract=contract)
    return _said(about, head.of(about), OF_RENEWALS, CLOSING)


def admission_of(partner: Partner, user: Any) -> dict[str, Any]:
    """The same about admitting a partner; select its owner and unit."""
    about = Subject(partner, user)
    return _said(about, admission.of(about), OF_ADMISSIONS, ())


def _said(about: Subject, top: dict[str, Any], of: Sections, closing_of: Sections) -> dict[str, Any]:
    findings = [found for section in of if (found := section(about))]
    closing = [found for section in closing_of if (found := section(about))]
    asked = asking.section([*findings, *closing], MOST_QUESTIONS)
    said = {
        "at": about.at.isoformat(),
        "cards": sorted(
            {*about.cards, *(card for section in [*findings, *closing] for card in section.cards)}
        ),
        **top,
        "sections": [asdict(section) for section in laid_out([*findings, *asked, *closing])],
    }
    return json.loads(json.dumps(said, cls=DjangoJSONEncoder))


def laid_out(sections: list[Section]) -> list[Section]:
    """In rows that are filled: the last of each takes what is left of it."""
    rows: list[list[Section]] = []
    for section in sections:
        if rows and sum(one.span for one in rows[-1]) + section.span <= COLUMNS:
            rows[-1].append(section)
        else:
            rows.append([section])
    for row in rows:
        row[-1] = replace(row[-1], span=COLUMNS - sum(one.span for one in row[:-1]))
    return [section for row in rows for section in row]
