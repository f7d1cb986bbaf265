"""Which actions an address asks for, and in which order."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import F, Q

from accounts.numbers import row_number
from governance.models import Action
from governance.models.forums import SIDES
from governance.models.meetings import ActionQuerySet

OPEN, OVERDUE, CLOSED, EVERY = "open", "overdue", "closed", "all"
SHOWS = [(OPEN, "Open"), (OVERDUE, "Overdue"), (CLOSED, "Closed"), (EVERY, "All")]
FILTERS = ("find", "show", "side", "mine", "partner")
SORTS = {
    "due": "due_on",
    "what": "what",
    "partner": "forum__partner__name",
    "whose": "owner__name",
    "made": "made_on",
}


def actions_asked_for(user: Any, asked: Mapping[str, str], today: date) -> ActionQuerySet:
    """Visible actions that match; what makes no sense in an address is left out."""
    found = Action.objects.visible_to(user).select_related("forum__partner", "meeting", "owner")
    show = asked.get("show") or OPEN
    if show == OVERDUE:
        found = found.overdue(today)
    elif show == CLOSED:
        found = found.exclude(outcome="")
    elif show != EVERY:
        found = found.open()
    if asked.get("side") in dict(SIDES):
        found = found.filter(side=asked["side"])
    if asked.get("mine"):
        found = found.filter(owner=user)
    if partner := row_number(asked.get("partner")):
        found = found.filter(forum__partner=partner)
    for word in asked.get("find", "").replace("\0", "").split()[:10]:
        holds = ("what", "their_owner", "owner__name", "forum__partner__name", "evidence")
        found = found.filter(Q(*[(f"{field}__icontains", word) for field in holds], _connector=Q.OR))
    sort = asked.get("sort") or "due"
    column = SORTS.get(sort.removeprefix("-"), "due_on")
    order = F(column).desc(nulls_last=True) if sort.startswith("-") else F(column).asc(nulls_last=True)
    return found.order_by(order, "due_on", "pk")
