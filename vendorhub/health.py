"""/livez: the process answers. /readyz: what the site depends on. Both as JSON, without signing in.

Readiness is lost (503) only with what a page cannot do without: the database and its migrations. A dead broker, worker
or beat costs freshness, never a save, so they are reported as `degraded` with 200.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from redis.backoff import NoBackoff
from redis.retry import Retry

from accounts.models import Heartbeat
from accounts.services.mail import late_in_words
from accounts.words import counted
from governance.services.reminders import not_made
from scorecards.models import RecomputeRequest

BROKER_TIMEOUT = 1.0  # seconds; a hanging broker must not hang the probe
OK = "ok"


class HealthMiddleware:
    """Answers the two addresses before anything else can fail: no session, no host check, no redirect."""

    migrated = False  # once true it stays true: a process never meets migrations newer than its own code

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/livez":
            return _answer({"status": OK})
        if request.path == "/readyz":
            return self.readiness()
        return self.get_response(request)

    def readiness(self) -> HttpResponse:
        """Check everything the site depends on, essentials first."""
        checks = {"database": OK, "migrations": OK}
        try:
            self.migrated = self.migrated or not _pending_migrations()
            if not self.migrated:
                checks["migrations"] = "not applied: run manage.py migrate"
                return _answer({"status": "unavailable", "checks": checks}, status=503)
            checks |= {"broker": check_broker(), "worker": check_sign_of_life("worker")}
            checks |= {
                "beat": check_sign_of_life("beat"),
                "recompute": check_recompute(),
                "mail": check_mail(),
                "reminders": check_reminders(),
            }
        except (DatabaseError, InterfaceError):
            connection.close()
            return _answer({"status": "unavailable", "checks": {"database": "does not answer"}}, status=503)
        status = OK if set(checks.values()) == {OK} else "degraded"
        return _answer({"status": status, "checks": checks})


def _answer(content: dict[str, Any], status: int = 200) -> HttpResponse:
    return JsonResponse(content, status=status, headers={"Cache-Control": "no-store"})


def _pending_migrations() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def check_broker() -> str:
    """Whether the broker answers within a second."""
    address = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://")
    try:
        client = redis.Redis.from_url(
            address,
            socket_timeout=BROKER_TIMEOUT,
            socket_connect_timeout=BROKER_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError:
        return OK  # a broker of another kind: the worker's sign of life speaks for it
    try:
        client.ping()
    except (redis.RedisError, OSError):
        return "does not answer"
    finally:
        client.close()
    return OK


def check_sign_of_life(name: str) -> str:
    """Whether a background process wrote its heartbeat within the last half minute."""
    at = Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
    if at is None:
        return "never seen"
    age = timezone.now() - at
    return OK if age < Heartbeat.SILENT else f"last seen {age.total_seconds():.0f} s ago"


def check_recompute() -> str:
    """Whether changed scorecards are recomputed soon after."""
    oldest = RecomputeRequest.objects.order_by("requested_at").values_list("requested_at", flat=True).first()
    age = timezone.now() - oldest if oldest else timedelta()
    return OK if age < Heartbeat.SILENT else f"oldest request waits for {age.total_seconds():.0f} s"


def check_mail() -> str:
    """Whether what must arrive left soon after it was due."""
    return late_in_words() or OK


def check_reminders() -> str:
    """Whether reminders are made when they are due."""
    late = not_made()
    return f"{counted(late, 'contract')} with a reminder due and not made" if late else OK
