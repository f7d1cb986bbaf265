"""Calendars at a secret address: made, made anew, revoked."""

import hashlib
import secrets
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.models import CalendarFeed


def digest_of(secret: str) -> str:
    """What is kept of a secret: it cannot be guessed, so nothing slower is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def make_feed(user: Any, *, kind: str) -> str:
    """Make a feed, or a new address for the one there is, and return its secret; an earlier address ends."""
    secret = secrets.token_urlsafe(32)
    values = {"digest": digest_of(secret), "created_at": timezone.now()}
    CalendarFeed.objects.update_or_create(user=user, kind=kind, defaults=values)
    return secret


def revoke_feed(user: Any, *, kind: str) -> bool:
    """End the address of a feed; whether there was one."""
    return bool(CalendarFeed.objects.visible_to(user).filter(kind=kind).delete()[0])
