"""Home: what should I do now, and what changed since I was here last?"""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Heartbeat, OutgoingMail, User
from accounts.services.mail import is_without_server, late_in_words
from accounts.services.visits import note_visit
from accounts.words import counted
from evidence.followups import talks, talks_due
from evidence.models import Engagement
from governance import todo
from governance.models import Action, Meeting
from governance.models.meetings import HELD, PLANNED
from governance.news import news
from governance.renewals import Renewals
from governance.services.reminders import not_made
from governance.unheard import unheard
from partners.models import Contract, Partner, RegisterImport, term_end
from scorecards.models import Assessment, Cycle, RecomputeRequest, Scorecard
from scorecards.progress import Owed, by_cycle, owed
from vendorhub.roles import may, needs

SOON = 90  # days
SHOWN = 6
DECIDE_WITHIN = 30  # days
MOST_TALKS = 50
NEAR, MONTH = 14, 31  # days


@needs("use")
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    mine = _open_assessments(user)
    context: dict[str, Any] = {"mine": mine, "soon": SOON}
    context["talks"] = talks(
        talks_due(user).filter(partner__owner=user).select_related("partner")[:MOST_TALKS]
    )
    context |= _governance(user)
    said = [todo.left_to_score(mine), todo.actions_due(context["actions"]), todo.talks_due(context["talks"])]
    if may(user, "add_evidence"):
        context["meetings"] = Engagement.objects.drafts_of(user).count()
    if may(user, "manage_users"):
        said += _administration(user, context)
        context["mail_waits"] = is_without_server()
    if may(user, "see_renewals"):
        context["late"] = late_in_words()
    if may(user, "manage_partners"):
        unfinished = RegisterImport.objects.filter(by=user).exclude(state=RegisterImport.DONE)
        context["imports"] = unfinished.only("file_name", "created_at", "state")[:5]
        context["unheard"] = unheard(user)
        said.append(todo.nobody_told(context["unheard"]))
        context["is_new"] = not Partner.objects.visible_to(user).exists()
    if may(user, "decide"):
        context["decisions"] = Renewals(user).waiting(DECIDE_WITHIN, SHOWN)
        said.append(todo.decisions_due(context["decisions"], DECIDE_WITHIN))
    cycles = _open_cycles(user) if may(user, "see_cycles") else []
    manages = may(user, "manage_cycles")
    progress = [todo.cycle_progress(cycle, can_close=manages) for cycle in cycles]
    said += progress if manages else []
    if may(user, "see_portfolio"):
        said += _portfolio(user, context)
    said += [] if manages else progress
    said.append(todo.meetings_waiting(context.get("meetings", 0)))
    missing = _missing(user)[:SHOWN] if manages and cycles else []
    context |= {"open_cycles": cycles, "missing": missing, "said": [text for text in said if text]}
    return render(request, "governance/home.html", context)


def _governance(user: Any) -> dict[str, Any]:
    """My actions that come due or are overdue, and the meetings I chair that want something of me."""
    today = timezone.localdate()
    chaired = Meeting.objects.visible_to(user).filter(forum__chair=user).select_related("forum__partner")
    want = Q(state=PLANNED, day__lte=today + timedelta(days=NEAR), day__gte=today - timedelta(days=MONTH))
    want |= Q(state=HELD, approved_at=None)
    actions = (
        Action.objects.visible_to(user).open().filter(owner=user, due_on__lte=today + timedelta(days=NEAR))
    )
    return {
        "actions": list(actions.select_related("forum__partner")[:SHOWN]),
        "chaired": list(chaired.filter(want).order_by("day", "pk")[:SHOWN]),
    }


def _portfolio(user: User, context: dict[str, Any]) -> list[str]:
    """What changed since the last visit, and which contracts end soon."""
    context["news"] = news(user, note_visit(user))
    today = timezone.localdate()
    contracts = Contract.objects.visible_to(user).alias(term_end=term_end())
    ending = contracts.filter(
        term_end__gte=today, term_end__lte=today + timedelta(days=SOON), partner__archived_at=None
    )
    context["ending"] = list(ending.select_related("partner").order_by("term_end", "pk")[:SHOWN])
    context["ending_count"] = ending.count()
    ends = todo.contracts_ending(context["ending_count"], context["ending"], SOON)
    return [todo.what_changed(context["news"]), ends]


def _administration(user: User, context: dict[str, Any]) -> list[str]:
    able = User.objects.visible_to(user).able_to_sign_in()
    context |= {
        "attention": OutgoingMail.objects.filter(state__in=OutgoingMail.ATTENTION).count(),
        "invited": able.count() - able.with_password().count(),
        "unwell": _unwell(),
    }
    return todo.of_administration(context["attention"], context["invited"], context["unwell"])


def _unwell() -> list[str]:
    """What does not run, in words."""
    ago = timezone.now() - Heartbeat.SILENT
    alive = set(Heartbeat.objects.filter(at__gte=ago).values_list("name", flat=True))
    found = []
    if not alive & {"worker", "beat"}:
        found.append("background work has stopped: scores and mail wait")
    elif len(alive & {"worker", "beat"}) == 1:
        name = "timer" if "worker" in alive else "worker"
        found.append(f"the {name} gives no sign of life: scores and mail wait")
    if RecomputeRequest.objects.filter(requested_at__lt=ago).exists():
        found.append("scores have been waiting to be recomputed for too long")
    if late := not_made():
        found.append(f"reminders of {counted(late, 'contract')} are due and were not made")
    return found


def _open_assessments(user: Any) -> list[Owed]:
    """What this person still has to submit, with how much of it is done."""
    mine = Assessment.objects.visible_to(user).filter(scorecard__cycle__state=Cycle.OPEN, submitted_at=None)
    found = owed(mine.select_related("scorecard__partner", "scorecard__cycle", "scorecard__template"))
    return sorted(
        found,
        key=lambda one: (
            one.assessment.scorecard.cycle.due, -one.given, one.assessment.scorecard.partner.name.casefold(),
        ),
    )  # fmt: skip


def _asked(user: Any) -> Any:
    """Everybody's assessments in open cycles, inside the user's walls: who, never what they say."""
    seen = Scorecard.objects.visible_to(user).filter(cycle__state=Cycle.OPEN)
    return Assessment.objects.filter(scorecard__in=seen).order_by()


def _open_cycles(user: Any) -> list[Cycle]:
    """Open cycles, the first due on top, with how many assessments were asked for and are in."""
    cycles = list(Cycle.objects.visible_to(user).filter(state=Cycle.OPEN).order_by("due", "pk"))
    counts = by_cycle(cycles, Scorecard.objects.visible_to(user))
    for cycle in cycles:
        cycle.asked, cycle.submitted = counts[cycle.pk].asked, counts[cycle.pk].submitted
    return cycles


def _missing(user: Any) -> Any:
    """Who has something left to submit in open cycles, those with most first."""
    waiting = _asked(user).filter(submitted_at=None)
    return (
        waiting.values("rater__name", "scorecard__cycle", "scorecard__cycle__name")
        .annotate(left=Count("pk"))
        .order_by("scorecard__cycle__due", "-left", "rater__name")
    )
