"""What happened between a partner and us, and the figures drawn from it."""

from evidence.models.contacts import Disclosure, Engagement, Request, TitleRule
from evidence.models.entries import SIDES, THEM, US, Entry, EntryQuerySet
from evidence.models.figures import Agreement, Figure, FigureRequest
from evidence.models.promises import Commitment, Promise, PromiseMove
from evidence.models.service import (
    Benchmark,
    Benefit,
    Incident,
    Obligation,
    Programme,
    ValueStatement,
)

# In the order in which people meet them: on the timeline, in forms, in files.
ENTRIES: tuple[type[Entry], ...] = (
    Engagement, Request, Promise, Incident, Commitment, Programme, ValueStatement, Benchmark, Disclosure,
)  # fmt: skip

__all__ = [
    "ENTRIES", "SIDES", "THEM", "US", "Agreement", "Benchmark", "Benefit", "Commitment", "Disclosure", "Engagement",
    "Entry", "EntryQuerySet", "Figure", "FigureRequest", "Incident", "Obligation", "Programme", "Promise",
    "PromiseMove", "Request", "TitleRule", "ValueStatement",
]  # fmt: skip
