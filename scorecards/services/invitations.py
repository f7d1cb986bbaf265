"""What raters are told: that they are asked, that something is still missing, that they have another day."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import OutgoingMail, User
from accounts.services.mail import queue_mail
from accounts.words import counted
from scorecards.models import Assessment, Cycle

NAMES_A_MAIL = 40


def invite(cycle: Cycle, *, by: Any, only: Iterable[int] | None = None) -> None:
    """One mail a rater, listing what they are asked: everything, or what was added (`only`, assessments by id)."""
    waiting = _waiting(cycle)
    new = None if only is None else set(only)
    for rater, everything in waiting.items():
        listed = {pk: name for pk, name in everything.items() if new is None or pk in new}
        if listed:
            count = counted(len(listed), "partner" if new is None else "more partner")
            opening = f"{cycle} is open for scoring. " if new is None else ""
            opening += f"Please score {count} by {_day(cycle.due)}:"
            text = _letter(
                rater, opening, listed,
                "A partner takes a few minutes, and what you enter is kept as you go. Everybody scores alone first: "
                "you see what the others say once yours is in.\n\n"
                "If you cannot judge something, leave it open or say that it does not apply.",
                by,
            )  # fmt: skip
            key = f"invite:{cycle.pk}:{rater.pk}:{max(listed)}"
            subject = f"{cycle}: please score {count} by {_day(cycle.due, short=True)}"
            queue_mail(rater, subject=subject, text=text, kind="invitation", key=key)


def remind(cycle: Cycle, *, by: Any) -> tuple[int, int]:
    """Remind everybody who has not submitted, at most once a day each: mails queued now, and people missing."""
    today, queued, waiting = timezone.localdate(), 0, _waiting(cycle)
    for rater, listed in waiting.items():
        count = counted(len(listed), "partner")
        due = f"was due on {_day(cycle.due)}" if cycle.due < today else f"is due on {_day(cycle.due)}"
        text = _letter(
            rater, f"{cycle} {due}, and your view of {count} is still missing:", listed,
            "If you have begun, your marks are kept: go on where you stopped, and press Submit at the end. "
            "If you are the wrong person to ask, just tell me.",
            by,
        )  # fmt: skip
        key = f"nudge:{cycle.pk}:{rater.pk}:{today:%Y-%m-%d}"
        subject = f"{cycle}: {count} still without your score"
        queued += queue_mail(rater, subject=subject, text=text, kind="nudge", key=key) is not None
    return queued, len(waiting)


def tell_new_due_date(cycle: Cycle, *, by: Any) -> None:
    """Tell those with something left to submit that the due date is another one."""
    for rater, listed in _waiting(cycle).items():
        text = _letter(
            rater, f"{cycle} is now due on {_day(cycle.due)}. Still missing from you:", listed,
            "What you have entered so far is kept.", by,
        )  # fmt: skip
        key = f"due:{cycle.pk}:{rater.pk}:{cycle.due:%Y-%m-%d}:{cycle.version}"
        subject = f"{cycle}: now due on {_day(cycle.due, short=True)}"
        queue_mail(rater, subject=subject, text=text, kind="new due date", key=key)


def mails_about(cycle: Cycle, what: str) -> "QuerySet[OutgoingMail]":
    """Mails of one sort (`invite`, `nudge`) about this cycle."""
    return OutgoingMail.objects.filter(key__startswith=f"{what}:{cycle.pk}:")


def _waiting(cycle: Cycle) -> dict[User, dict[int, str]]:
    """People with something left to submit: the assessments by id with the names of the partners, in that order."""
    left = Assessment.objects.filter(cycle.scorecards.holds(), submitted_at=None)
    in_order = left.order_by("rater__name", "rater", "scorecard__partner__name", "pk")
    rows = list(in_order.values_list("rater", "pk", "scorecard__partner__name"))
    people = User.objects.in_bulk({rater for rater, _, _ in rows})
    waiting: dict[User, dict[int, str]] = defaultdict(dict)
    for rater, pk, name in rows:
        waiting[people[rater]][pk] = name
    return waiting


def _letter(rater: User, opening: str, listed: dict[int, str], closing: str, by: Any) -> str:
    lines = [f"  - {name}" for name in list(listed.values())[:NAMES_A_MAIL]]
    if len(listed) > NAMES_A_MAIL:
        lines.append(f"  and {len(listed) - NAMES_A_MAIL:,} more, all on your start page")
    return (
        f"Hello {rater.name},\n\n{opening}\n\n{chr(10).join(lines)}\n\nStart here: {settings.SITE_URL}/\n\n"
        f"{closing}\n\nThank you\n{by.name}\n{by.email or ''}\n"
    )


def _day(day: date, *, short: bool = False) -> str:
    return f"{day.day} {day:%B}" if short else f"{day:%A}, {day.day} {day:%B %Y}"
