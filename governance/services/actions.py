"""Actions: changed, closed with what shows it, opened again; their owners are reminded until then."""

from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.services.mail import queue_mail
from accounts.templatetags.look import day
from accounts.versions import StaleSave
from accounts.words import counted
from governance.models import Action

KIND = "action reminder"
BEFORE = 7  # days before an action is due


def _locked(action: Action, version: int | None) -> Action:
    saved = Action.objects.select_for_update(of=("self",)).select_related("forum__partner").get(pk=action.pk)
    if saved.version != version:
        raise StaleSave(saved)
    return saved


@transaction.atomic
def close_action(action: Action, *, outcome: str, evidence: str, link: str, version: int | None) -> Action:
    """Close it as done or dropped, with what shows that; StaleSave where somebody changed it since it was shown."""
    saved = _locked(action, version)
    if saved.outcome:
        raise StaleSave(saved)
    saved.outcome, saved.evidence, saved.link = outcome, evidence, link
    saved.closed_on = timezone.localdate()
    saved.version += 1
    saved.save(update_fields=["outcome", "evidence", "link", "closed_on", "version"])
    return saved


@transaction.atomic
def reopen_action(action: Action, *, version: int | None) -> Action:
    """It is open again; what was said when it was closed stays in the history."""
    saved = _locked(action, version)
    saved.outcome, saved.closed_on = "", None
    saved.version += 1
    saved.save(update_fields=["outcome", "closed_on", "version"])
    return saved


def stage_of(due: date, today: date) -> str:
    """Which reminder of an open action has come: a week before it is due, then for every week it is overdue."""
    if today < due - timedelta(days=BEFORE):
        return ""
    return "soon" if today <= due else f"over-{(today - due).days // 7}"


def remind_owners(today: date | None = None) -> int:
    """Tell our owners of actions that come due or are overdue; returns how many mails were queued.

    Each stage of an action is told once to its owner: the key says which. After days of standstill only the stage that
    has come by now is told.
    """
    today = today or timezone.localdate()
    due = Action.objects.open().filter(due_on__lte=today + timedelta(days=BEFORE), owner__is_active=True)
    return sum(_remind(action, today) for action in due.select_related("owner", "forum__partner"))


def _remind(action: Action, today: date) -> bool:
    if not Action.objects.visible_to(action.owner).filter(pk=action.pk).exists():
        return False  # the owner has moved outside the walls
    over = (today - action.due_on).days
    when = f"{counted(over, 'day')} overdue" if over > 0 else f"due {day(action.due_on)}"
    text = "\n".join([
        f"“{action.what}” is {when}.", "", f"  Agreed in: {action.forum}", f"  Due: {day(action.due_on)}", "",
        f"Close it or say when: {settings.SITE_URL}{action.get_absolute_url()}",
    ])  # fmt: skip
    key = f"action-{action.pk}-{action.due_on}-{action.owner_id}-{stage_of(action.due_on, today)}"
    return bool(
        queue_mail(action.owner, subject=f"{when.capitalize()}: {action.what}", text=text, kind=KIND, key=key)
    )
