"""The Celery application. Redis only wakes workers; the work itself is rows in PostgreSQL."""

import os
import threading
import time
from typing import Any

from celery import Celery
from celery.signals import beat_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vendorhub.settings")

app = Celery("vendorhub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

SIGN_OF_LIFE_EVERY = 10.0  # seconds


@beat_init.connect
def show_signs_of_life(sender: Any, **kwargs: Any) -> None:
    """Let beat write its heartbeat for /readyz, for as long as it lives."""
    threading.Thread(target=_write_heartbeats, daemon=True, name="heartbeat").start()


def _write_heartbeats() -> None:
    from django.db import DatabaseError, InterfaceError, connection
    from django.utils import timezone

    from accounts.models import Heartbeat

    while True:
        try:
            Heartbeat.objects.update_or_create(name="beat", defaults={"at": timezone.now()})
        except (DatabaseError, InterfaceError):  # the database is away: connect afresh next time
            connection.close()
        time.sleep(SIGN_OF_LIFE_EVERY)
