"""What every page needs: which parts of the site the signed-in person may open."""

from typing import Any

from django.http import HttpRequest

from vendorhub.roles import may

# label, URL name, permission, first path segments that belong to it
PLACES = [
    ("Home", "home", "use", ("", "assessments")),
    ("Renewals", "renewals", "see_renewals", ("renewals", "decisions")),
    ("Portfolio", "portfolio", "see_portfolio", ("portfolio", "packs")),
    (
        "Partners",
        "partner_list",
        "see_partners",
        ("partners", "contacts", "evidence", "import", "scorecards"),
    ),
    ("Contracts", "contract_list", "see_partners", ("contracts", "amendments", "documents")),
    ("Governance", "forum_list", "see_meetings", ("forums", "meetings", "items", "actions", "members")),
    ("Cycles", "cycle_list", "see_cycles", ("cycles",)),
    ("Templates", "template_list", "see_templates", ("templates",)),
    ("Settings", "settings", "manage_users", ("settings",)),
]


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Places the user may open, and which of them this page belongs to; `may` answers in templates."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"places": []}
    segment = "renewals" if request.path.endswith("/brief/") else request.path.split("/")[1]
    places = [
        {"label": label, "url_name": name, "current": segment in segments}
        for label, name, permission, segments in PLACES
        if may(user, permission)
    ]
    return {"places": places, "may": _Permissions(user)}


class _Permissions:
    """Lets a template write `{% if may.manage_partners %}`."""

    def __init__(self, user: Any) -> None:
        self.user = user

    def __getitem__(self, permission: str) -> bool:
        return may(self.user, permission)
