"""/livez and /readyz: what a load balancer and a person on call can rely on."""

import socket
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from accounts.models import Heartbeat
from governance.services.reminders import make_reminders
from scorecards.models import RecomputeRequest
from tests.factories import make_contract, make_scorecard, make_user
from vendorhub.celery import app
from vendorhub.health import HealthMiddleware


@pytest.fixture
def healthy(db, valkey, settings):
    """Everything the site depends on is there."""
    settings.CELERY_BROKER_URL = valkey
    Heartbeat.objects.create(name="worker", at=timezone.now())
    Heartbeat.objects.create(name="beat", at=timezone.now())


def readyz(client) -> tuple[int, str, dict]:
    response = client.get("/readyz", headers={"host": "an-address-of-the-load-balancer"})
    answer = response.json()
    return response.status_code, answer["status"], answer.get("checks", {})


def test_livez_asks_nothing_of_the_database(client):
    assert client.get("/livez").json() == {"status": "ok"}


def test_readyz_is_ok_when_everything_is_there(client, healthy):
    status, word, checks = readyz(client)
    assert (status, word) == (200, "ok")
    assert set(checks) == {
        "database",
        "migrations",
        "broker",
        "worker",
        "beat",
        "recompute",
        "mail",
        "reminders",
    }


def test_a_worker_that_fell_silent_is_degraded_not_down(client, healthy):
    Heartbeat.objects.filter(name="worker").update(at=timezone.now() - timedelta(seconds=45))
    status, word, checks = readyz(client)
    assert (status, word) == (200, "degraded")
    assert checks["worker"] == "last seen 45 s ago"
    assert checks["beat"] == "ok"


def test_a_beat_that_was_never_seen_is_degraded(client, healthy):
    Heartbeat.objects.filter(name="beat").delete()
    assert readyz(client)[1:] == ("degraded", readyz(client)[2] | {"beat": "never seen"})


def test_a_score_that_waits_too_long_is_degraded(client, healthy):
    request = RecomputeRequest.objects.create(scorecard=make_scorecard())
    assert readyz(client)[1] == "ok"
    RecomputeRequest.objects.filter(pk=request.pk).update(requested_at=timezone.now() - timedelta(seconds=31))
    assert readyz(client)[2]["recompute"] == "oldest request waits for 31 s"


def test_a_dead_broker_is_degraded(client, healthy, settings, tmp_path):
    settings.CELERY_BROKER_URL = f"redis+socket://{tmp_path}/nothing.sock"
    assert readyz(client)[:2] == (200, "degraded")


def test_a_hanging_broker_costs_a_second_at_most(client, healthy, settings, data_dir):
    with socket.socket(socket.AF_UNIX) as listener:  # accepts, and never says a word
        listener.bind(str(data_dir / "mute.sock"))
        listener.listen()
        settings.CELERY_BROKER_URL = f"redis+socket://{data_dir}/mute.sock"
        started = time.monotonic()
        status, word, checks = readyz(client)
    assert (status, word, checks["broker"]) == (200, "degraded", "does not answer")
    assert time.monotonic() - started < 2


def test_a_migration_that_is_not_applied_makes_it_unavailable(client, healthy, monkeypatch):
    monkeypatch.setattr(HealthMiddleware, "migrated", False)
    latest = MigrationRecorder.Migration.objects.filter(app="accounts").latest("name")
    MigrationRecorder(connection).record_unapplied("accounts", latest.name)
    status, word, checks = readyz(client)
    assert (status, word) == (503, "unavailable")
    assert "migrate" in checks["migrations"]


def test_a_lost_database_makes_it_unavailable(client, healthy):
    def refuse(*args):
        raise OperationalError("server closed the connection unexpectedly")

    with connection.execute_wrapper(refuse):
        assert client.get("/livez").status_code == 200
        status, word, checks = readyz(client)
    assert (status, word, checks) == (503, "unavailable", {"database": "does not answer"})


def test_the_nightly_look_comes_however_often_beat_is_started_again():
    with time_machine.travel(datetime(2026, 11, 22, 1, 59, tzinfo=UTC), tick=False):  # 02:59 in Berlin
        schedule = app.conf.beat_schedule["reconcile"]["schedule"]
        just_started = schedule.now()
        assert schedule.remaining_estimate(just_started) == timedelta(minutes=1)


def test_reminders_that_are_due_and_not_made_are_degraded(client, healthy):
    make_contract(
        ends=timezone.localdate() + timedelta(days=10), owner=make_user("procurement", all_units=True)
    )
    assert readyz(client)[2]["reminders"] == "1 contract with a reminder due and not made"
    make_reminders()
    assert readyz(client)[2]["reminders"] == "ok"
    later = timezone.now() + timedelta(days=8)
    with time_machine.travel(later, tick=False):
        assert "not made" in readyz(client)[2]["reminders"]
