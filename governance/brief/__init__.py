"""The decision brief: one page about one contract's renewal.

A section is a function from a `Subject` to a `Section`, or to None when it has nothing to say. To add one, append it to
SECTIONS and put its template beside the others; its questions and sources find their places by themselves.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from governance.brief import head, trend
from governance.brief.section import Section
from governance.brief.subject import Subject
from partners.models import Contract

SECTIONS: list[Callable[[Subject], Section | None]] = [trend.section]


def brief_of(contract: Contract, user: Any) -> dict[str, Any]:
    """The brief as `user` may see it, in plain values: what is shown and what is kept are the same thing."""
    about = Subject(contract, user)
    sections = [found for section in SECTIONS if (found := section(about))]
    said = {
        "at": about.at.isoformat(),
        "cards": sorted(about.cards),
        **head.of(about),
        "sections": [asdict(section) for section in sections],
    }
    return json.loads(json.dumps(said, cls=DjangoJSONEncoder))
