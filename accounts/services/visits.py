"""When somebody was here last, so that their start page can say what changed since."""

from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User

PAUSE = timedelta(hours=1)  # a visit is written down at most this often


def note_visit(user: User) -> datetime | None:
    """Note that the user opens their start page; returns when they last did on an earlier day, None if never.

    What changed stays on the page for the whole day, however often it is opened.
    """
    now = timezone.now()
    last, before = user.last_seen, user.seen_before
    is_new_day = last is not None and timezone.localdate(last) < timezone.localdate(now)
    if is_new_day:
        before = last
    if last is None or is_new_day or now - last > PAUSE:
        # Of two pages opened at once the first one writes; both say the same.
        User.objects.filter(pk=user.pk, last_seen=last).update(last_seen=now, seen_before=before)
    return before
