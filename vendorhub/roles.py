"""The one table of roles and what each may do. `may(user, "manage_cycles")` is the only question to ask.

Nothing of our apps is imported here, so that every floor may ask.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

ADMINISTRATOR = "administrator"
PROCUREMENT = "procurement"
RATER = "rater"
EXECUTIVE = "executive"
GOVERNANCE = "governance"

ROLES = [
    (ADMINISTRATOR, "Administrator"),
    (PROCUREMENT, "Procurement"),
    (RATER, "Rater"),
    (EXECUTIVE, "Executive"),
    (GOVERNANCE, "Governance"),
]

EVERYONE = {ADMINISTRATOR, PROCUREMENT, RATER, EXECUTIVE, GOVERNANCE}

# permission: the roles that hold it. Walls between business units come on top (`visible_to`).
PERMISSIONS: dict[str, set[str]] = {
    "use": EVERYONE,  # sign in, home, own assessments
    "see_partners": EVERYONE,
    "manage_partners": {ADMINISTRATOR, PROCUREMENT},  # create, edit, archive, merge, contracts, import
    "see_portfolio": {ADMINISTRATOR, PROCUREMENT, EXECUTIVE, GOVERNANCE},
    "see_scores": {ADMINISTRATOR, PROCUREMENT, EXECUTIVE, GOVERNANCE},
    "export": {ADMINISTRATOR, PROCUREMENT, EXECUTIVE, GOVERNANCE},
    "see_renewals": {ADMINISTRATOR, PROCUREMENT, EXECUTIVE, GOVERNANCE},  # deadlines, briefs, decisions
    "make_packs": {ADMINISTRATOR, PROCUREMENT, EXECUTIVE, GOVERNANCE},  # quarterly packs, preview and PDF
    "decide": {ADMINISTRATOR, EXECUTIVE},  # record decisions at renewals and admissions
    "waive_admission": {ADMINISTRATOR},  # contracts with partners that are not admitted
    "see_evidence": EVERYONE,  # what happened, and the figures drawn from it
    "add_evidence": EVERYONE,  # enter and import it; change one's own and that of partners one owns
    "mend_evidence": {ADMINISTRATOR, PROCUREMENT, GOVERNANCE},  # change anybody's
    "set_evidence": {ADMINISTRATOR},  # what figures are measured against
    "see_meetings": EVERYONE,  # of forums one belongs to, and one's own actions
    "see_all_meetings": {ADMINISTRATOR, PROCUREMENT, EXECUTIVE, GOVERNANCE},
    "manage_forums": {ADMINISTRATOR, PROCUREMENT, GOVERNANCE},  # set up forums, plan and run every meeting
    "see_cycles": {ADMINISTRATOR, PROCUREMENT, EXECUTIVE, GOVERNANCE},
    "manage_cycles": {ADMINISTRATOR, PROCUREMENT},  # create, open, assign raters, nudge, extend, close
    "see_templates": {ADMINISTRATOR, PROCUREMENT, EXECUTIVE, GOVERNANCE},
    "manage_templates": {ADMINISTRATOR, PROCUREMENT},
    "reopen_cycle": {ADMINISTRATOR},
    "see_severity": {ADMINISTRATOR},  # of each rater; everybody sees their own, and counts
    "see_mail": {ADMINISTRATOR},
    "see_history": {ADMINISTRATOR, PROCUREMENT, GOVERNANCE},  # of one object they can see
    "see_audit": {ADMINISTRATOR},  # of everything
    "manage_users": {ADMINISTRATOR},
}

# The page a role begins with after signing in; all others begin at home.
STARTS = {EXECUTIVE: "renewals"}


def may(user: Any, permission: str) -> bool:
    """Whether a signed-in, active user's role holds the permission. Unknown permissions raise KeyError."""
    allowed = PERMISSIONS[permission]
    return bool(user.is_authenticated and user.is_active and user.role in allowed)


def needs(permission: str) -> Callable:
    """Mark a view with the permission it needs: the wrong role gets 403. The URL test reads the mark."""
    PERMISSIONS[permission]

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not may(request.user, permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return decorate
